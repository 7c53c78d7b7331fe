"""An idle program: what is found of its use of a processor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.engines.processor import ProcessorTime
from orchestrator.runner import idle
from orchestrator.runner.idle import measured

Thread = tuple[float, float]


def session(*times: Thread | None) -> Any:
    """Return a session of a program of one thread that has used these times, one after another."""
    left = [None if one is None else ProcessorTime({1: one}) for one in times]
    peer = SimpleNamespace(host_pid=lambda: left.pop(0))
    return SimpleNamespace(peer=peer, take_in=lambda _: None)


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "processor_time", lambda found: found)


@pytest.mark.parametrize(
    ("times", "outcome", "uses"),
    [
        ([(0.0, 0.0), (0.0, 0.0)], "ok", False),
        ([(0.0, 0.0), (9.0, 0.0)], "ok", True),
        ([(0.0, 0.0), (0.0, 9.0), (0.0, 18.0), (0.0, 27.0)], "ok", True),
        ([(0.0, 0.0), (0.0, 9.0), (0.0, 9.0), (0.0, 0.0)], "ok", False),
        ([(0.0, 0.0), None], "info", False),
        ([None, (0.0, 0.0)], "info", False),
    ],
)
def test_what_is_measured(times: list[Thread | None], outcome: str, *, uses: bool) -> None:
    ended, fields = measured(session(*times), 0.01, 0.5)
    assert ended == outcome
    assert (fields.get("processor", 0) > 0.5) is uses

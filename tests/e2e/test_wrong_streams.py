"""Streams that are bent in another way than was asked for: the run is `unknown`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.sidecar import rules
from orchestrator.faults.effect import CLEAR, Effect, Link
from tests.orchestrator.harness import Harness, judged, outcomes

pytestmark = pytest.mark.timeout(150)  # on a busy machine

SCENARIO = "peers: [alice, bob]\nsteps:\n  - stream: {{from: alice, to: bob, {does}}}\n"
WRONG: dict[str, tuple[str, Callable[[Effect], Effect], str]] = {
    "held back": ("hold: 0.5", lambda each: replace(each, hold=0.0, lag=0.5), "at most wanted"),
    "reset": ("reset: 300", lambda _: CLEAR, "no reset: "),
    "delayed": ("delay: 0.2", lambda _: CLEAR, "200 ms wanted"),
    "delayed more": ("delay: 0.2", lambda each: replace(each, lag=2.5), "200 ms wanted"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_stream_that_is_bent_otherwise_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    does, otherwise, says = WRONG[kind]
    real: Callable[..., rules.Rules] = rules.for_stream

    def for_stream(effects: Mapping[Link, Effect], *more: Any) -> rules.Rules:
        return real({link: otherwise(each) for link, each in effects.items()}, *more)

    monkeypatch.setattr(rules, "for_stream", for_stream)
    with Harness("process", tmp_path) as bench:
        run = bench.run(SCENARIO.format(does=does))
    (given,) = outcomes(run, "stream")
    assert (given.type, judged(run)["expectations"]) == ("info", "unknown")
    assert says in given.fields["said"]

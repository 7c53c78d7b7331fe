"""What a program does by itself after the last step is part of the run; waiting for it is cheap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engines import thread_waits
from tests.orchestrator.harness import Harness, judged, odd

pytestmark = pytest.mark.skipif(
    not thread_waits.IS_KNOWN_HERE, reason="the kernel of this machine does not say it"
)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with Harness("process", tmp_path_factory.mktemp("timers")) as one:
        yield one


def scenario(folder: Path, *lines: str) -> str:
    """Return a scenario in which some lines are typed at the odd program."""
    steps = "".join(f"  - type: {{at: alice, line: {line}}}\n" for line in lines)
    return f"peers: [alice]\nprofile: {odd(folder)}\nsteps:\n{steps}"


@pytest.mark.parametrize("way", ["timer", "sleep", "silence"])
def test_a_late_crash_is_the_fault_of_its_own_run(harness: Harness, way: str) -> None:
    run = harness.run(scenario(harness.folder, f"crash later {way}"))
    assert judged(run)["crashes"] == "invalid"
    verbs = [entry.verb for entry in run.entries]
    assert verbs.index("crash") < verbs.index("settled")


def test_a_thread_that_only_polls_is_awaited_once(harness: Harness) -> None:
    timers = harness.runner.pool.timers
    before = timers.in_vain["odd"]
    harness.run(scenario(harness.folder, "poll"), discard=True)
    once = timers.in_vain["odd"]
    assert once > before
    harness.run(scenario(harness.folder, "poll"), discard=True)
    assert timers.in_vain["odd"] == once


def test_what_waits_for_input_is_not_awaited(harness: Harness) -> None:
    before = harness.runner.pool.timers.in_vain["odd"]
    run = harness.run(scenario(harness.folder, "hello"))
    assert judged(run)["crashes"] == "valid"
    assert harness.runner.pool.timers.in_vain["odd"] == before


def test_a_program_that_prints_without_end_is_not_awaited_for_ever(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers, known = harness.runner.pool.timers, harness.runner.pool.timers.waited["odd"]
    monkeypatch.setattr("orchestrator.runner.timers._MOST_IN_ALL", known + 0.5)
    harness.run(scenario(harness.folder, "tick"), discard=True)
    assert known < timers.waited["odd"] <= known + 0.6

"""The live view of what is under way."""

from __future__ import annotations

from orchestrator.cli.live import LiveView


def test_what_began_is_shown_until_a_scenario_goes_on() -> None:
    live = LiveView(["one", "two"])
    live.begin(0)
    live.phase("starting 2 processes")
    assert _shown(live) == "starting 2 processes"
    live.step(0, "step 1 of 2")
    assert _shown(live) == ""


def _shown(live: LiveView) -> str:
    (task,) = live._progress.tasks
    return str(task.fields["now"])

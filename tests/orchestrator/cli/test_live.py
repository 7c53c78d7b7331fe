"""The live view of what is under way."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from orchestrator.checks import Finding, Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.cli.live import LiveView
from orchestrator.history.entries import Entry


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


def test_a_line_says_how_each_of_several_ended(tmp_path: Path) -> None:
    file = io.StringIO()
    live = LiveView(["one", "two"], lines=Console(file=file, width=80))
    wrong = Verdict("ids", Judgement.INVALID, "1 wrong", (Finding("at 2.000 s, x" * 99, 2.0),), 1)
    for number, verdict in enumerate([Verdict("ids", Judgement.VALID, "2 ids"), wrong]):
        live.begin(number)
        began = Entry(0.0, "lab", "", "began", 0, {"scenario": live.names[number], "peers": ["a"]})
        live.end(number, Run(tmp_path, [began, Entry(1.0, "lab", "", "over")], [verdict], None))
    one, two = file.getvalue().splitlines()
    assert one == "✓ one: valid: 1 peer, 0 operations"
    assert two.startswith("✗ two: invalid: ids: xat 2.000 s, x")
    assert two.endswith("…")
    assert len(two) < 250


def test_nothing_is_printed_if_that_is_wanted(tmp_path: Path) -> None:
    live = LiveView(["one", "two"], lines=None)
    live.begin(0)
    live.end(0, Run(tmp_path, [], [], None))
    assert live.ended[0].folder == tmp_path

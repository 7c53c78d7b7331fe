"""Which step a finding is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks import Finding
from orchestrator.checks.judged_run import Run
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.report.steps import WrittenSteps

SCENARIO = "name: one\nwhy: w\nsteps:\n  - send: {at: alice}\n  - list: bob\n  - list: carol\n"


def _run(folder: Path, file: str, text: str, *steps: tuple[int, float, str, int]) -> Run:
    (folder / runs.SCENARIO).write_text(text)
    began = Entry(0.0, "lab", "", "began", 0, {"file": file} if file else {})
    operations = [
        Entry(at, "invoke", peer, "list", number, {"step": line} if line else {})
        for number, at, peer, line in steps
    ]
    return Run(folder, [began, *operations], [], None)


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (Finding("w", 9.0, ("bob",), operation=1), 4),  # its check knows
        (Finding("w", 2.0, ("bob",)), 5),  # the last at its console
        (Finding("w", 9.0), 6),  # the last of all
        (Finding("w", 9.0, ("alice",), operation=4), 4),  # what the lab did on its own is no step
        (Finding("w", 0.5, ("bob",)), 0),
        (Finding("w", 9.0, ("dave",)), 0),
    ],
)
def test_the_step_of_a_finding(tmp_path: Path, finding: Finding, line: int) -> None:
    steps = ((1, 1.0, "alice", 4), (2, 2.0, "bob", 5), (3, 3.0, "carol", 6), (4, 4.0, "alice", 0))
    found = WrittenSteps(_run(tmp_path, "here/one.yaml", SCENARIO, *steps)).of(finding)
    assert (found.line if found else 0) == line
    if found:
        after = "after " if finding.operation != 1 else ""
        assert found.place == f"{after}here/one.yaml:{line}"
        assert f"  {found.text}" in SCENARIO.splitlines()[line - 1]


def test_a_line_that_is_not_in_the_kept_scenario_is_not_quoted(tmp_path: Path) -> None:
    run = _run(tmp_path, "", SCENARIO, (1, 1.0, "alice", 99))
    found = WrittenSteps(run).of(Finding("w", 2.0))
    assert found is not None
    assert (found.file, found.text) == (str(tmp_path / runs.SCENARIO), "")


def test_a_line_of_a_test_is_quoted_if_it_is_kept_with_the_run(tmp_path: Path) -> None:
    test = tmp_path / "test_one.py"
    test.write_text("def test_one(lab):\n    alice.list()\n    changed()\n")
    kept = "# A test drove this run: test_one\n#\n# def test_one(lab):\n#     alice.list()\n"
    run = _run(tmp_path, str(test), kept, (1, 1.0, "alice", 2), (2, 2.0, "alice", 3))
    steps = WrittenSteps(run)
    texts = [found.text for at in (1.0, 2.0) if (found := steps.of(Finding("w", at)))]
    assert texts == ["alice.list()", ""]

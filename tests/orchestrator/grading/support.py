"""Runs as if one had been: their verdicts, and what ended them."""

from __future__ import annotations

from pathlib import Path

from orchestrator.checks import Finding, Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.grading.rubric import RubricTest, Task
from orchestrator.history.entries import Entry
from orchestrator.scenario import Scenario

SCENARIO = Scenario.model_validate({
    "name": "burst", "why": "Twenty sends arrive.", "peers": ["alice", "bob"], "steps": [],
})  # fmt: skip


def task(*checks: str, points: float = 5, required: bool = False, extra: bool = False) -> Task:
    test = RubricTest(test="burst", points=points, required=required, extra=extra,
                checks=[*checks] or ["expectations"])  # fmt: skip
    return Task(test, SCENARIO, "name: burst\n")


def verdict(check: str, judgement: Judgement, says: str = "seen", at: float = 1.0) -> Verdict:
    finding = Finding(says, at, ("alice", "bob"))
    return Verdict(check, judgement, "1 wrong", () if judgement is Judgement.VALID else (finding,))


def run(folder: Path, *verdicts: Verdict, error: LabError | None = None, ready: bool = True) -> Run:
    entries = [Entry(0.0, "lab", "", "began", 0, {"peers": ["alice", "bob"]})]
    if ready:
        entries += [Entry(0.5, "lab", name, "ready", 0, {"warm": False}) for name in ("alice",)]
    return Run(folder, [*entries, Entry(3.0, "lab", "", "over")], [*verdicts], None, error)

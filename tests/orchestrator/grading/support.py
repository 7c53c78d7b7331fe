"""Tests, programs and finished runs for the unit tests of grading, and a display that records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator import profile
from orchestrator.checks import Finding, Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import RubricTest, Task
from orchestrator.history.entries import Entry
from orchestrator.scenario import Scenario

PEERLAB = profile.load("peerlab")
SCENARIO = Scenario.model_validate({
    "name": "burst", "why": "Twenty sends arrive.", "peers": ["alice", "bob"], "steps": [],
})  # fmt: skip


def task(
    *checks: str,
    name: str = "burst",
    points: float = 5,
    required: bool = False,
    extra: bool = False,
    needs: Sequence[str] = (),
) -> Task:
    test = RubricTest(test=name, points=points, required=required, extra=extra, needs=[*needs],
                      checks=[*checks] or ["expectations"])  # fmt: skip
    return Task(test, SCENARIO, f"name: {name}\n")


def program(name: str, folder: Path) -> Program:
    """Return a program with a profile file in a folder of its own."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    (home / "profile.yaml").write_text(f"name: {name}\n")
    return Program(name, home / "profile.yaml", PEERLAB, folder=home)


def verdict(check: str, judgement: Judgement, says: str = "seen", at: float = 1.0) -> Verdict:
    finding = Finding(says, at, ("alice", "bob"))
    return Verdict(check, judgement, "1 wrong", () if judgement is Judgement.VALID else (finding,))


def run(
    folder: Path,
    *verdicts: Verdict,
    error: LabError | None = None,
    ready: Sequence[str] = ("alice",),
    warm: bool = False,
) -> Run:
    """Return a run that is over."""
    entries = [Entry(0.0, "lab", "", "began", 0, {"peers": ["alice", "bob"]})]
    entries += [Entry(0.5, "lab", name, "ready", 0, {"warm": warm}) for name in ready]
    return Run(folder, [*entries, Entry(3.0, "lab", "", "over")], [*verdicts], None, error)


class RecordingDisplay:
    """Records what it is shown."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.begun: list[int] = []
        self.marks: list[tuple[int, Outcome]] = []

    @contextlib.contextmanager
    def __call__(self, titles: list[str]) -> Iterator[RecordingDisplay]:
        self.titles += titles
        yield self

    def phase(self, line: str) -> None:
        """Record nothing."""

    def step(self, number: int, line: str) -> None:
        """Record nothing."""

    def begin(self, number: int) -> None:
        self.begun.append(number)

    def marked(self, number: int, result: Result) -> None:
        self.marks.append((number, result.outcome))

"""A course: a rubric, programs, and gradings of them on a real engine."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.base import Engine
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.grading import GradingOptions, grade_programs
from orchestrator.grading.programs import find
from orchestrator.grading.results import Grade, Outcome
from orchestrator.scenario import EngineName
from tests.orchestrator.grading.submissions import rubric
from tests.orchestrator.grading.support import RecordingDisplay
from tests.orchestrator.support import make_engine, processes_of, run_of


class Course:
    """A rubric, programs, and gradings of them."""

    def __init__(self, home: Path, engine: str = "process", *tests: str) -> None:
        self.home, self.engine = home, EngineName(engine)
        self.programs, self.output = home / "programs", home / "grades"
        self.rubric = rubric(home, *tests)
        self.options = GradingOptions(self.engine, self.open_engine, self.output)
        self.published: list[list[Grade]] = []
        self._owners: list[str] = []

    def open_engine(self, _: EngineName) -> Engine:
        engine = make_engine(self.engine)
        self._owners.append(run_of(engine))
        return engine

    def grade(self, display: RecordingDisplay | None = None, *, jobs: int = 1) -> list[Grade]:
        self.options.jobs = jobs
        programs = find([self.programs], None, self.output, trust=True)
        done = grade_programs(
            rubrics.load(self.rubric),
            programs,
            self.options,
            display or RecordingDisplay(),
            self.published.append,
        )
        assert [processes_of(owner, canary=True) for owner in self._owners] == [
            [] for _ in self._owners
        ]
        return done


def outcomes(grade: Grade) -> list[Outcome]:
    return [result.outcome for result in grade.results]

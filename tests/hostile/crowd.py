"""Grading good programs among hostile ones, which must not change their grades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.grading.results import Grade
from orchestrator.grading.rubric import Suite
from orchestrator.scenario import EngineName
from tests.examples import trial

HERE = Path(__file__).parent
HOSTILE = ("fork_bomb", "disk_filler", "endless_printer", "never_starts")
GOOD = ("by-the-book", "json-wire", "bad-number", "ephemeral", "one-recv", "positions")
"""Six examples, whose findings when graded alone are in `findings.yaml`."""


@dataclass(frozen=True)
class Crowd:
    """A grading of good programs among hostile ones.

    Attributes:
        good: the grades of the good programs.
        hostile: the grades of the hostile ones.
    """

    good: list[Grade]
    hostile: list[Grade]

    @classmethod
    def graded(
        cls, output: Path, *, jobs: int, suite: Suite | None = None, good: Sequence[str] = GOOD
    ) -> Crowd:
        """Grade all of them at the same time."""
        paths = [HERE / f"{name}.yaml" for name in HOSTILE]
        paths += [trial.HOME / name for name in good]
        done = trial.graded(paths, EngineName.DOCKER, output, jobs=jobs, suite=suite)
        return cls(
            [grade for grade in done if grade.program in good],
            [grade for grade in done if grade.program not in good],
        )

    @property
    def differences(self) -> list[str]:
        """How the good programs' grades differ from those they get alone, one per line."""
        return [
            f"{grade.program}: {line}"
            for grade in self.good
            for line in trial.differences(grade, EngineName.DOCKER)
        ]

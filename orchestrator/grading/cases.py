"""One case type: a test with one program, or with two that talk to each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.grading.marking import without_run
from orchestrator.grading.matrix import DIALLER, OTHER
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import Task
from orchestrator.grading.store import Store
from orchestrator.profile import Profile
from orchestrator.runner.jobs import misfit
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import missing

CaseKey = tuple[tuple[str, ...], str]
"""The names of the programs, and the test's."""


@dataclass(frozen=True)
class Participant:
    """A program that takes part in a case.

    Attributes:
        program: which one.
        name: what reasons call it if there are two; empty for one alone.
        peers: those that run it; None for all.
    """

    program: Program
    name: str = ""
    peers: Collection[str] | None = None

    @property
    def whose(self) -> str:
        """What reasons call its profile."""
        return f"the profile of {self.name}" if self.name else "the profile"

    def shortfall(self, task: Task) -> tuple[Outcome, str] | None:
        """Return the outcome of a test that needs more than its profile has, and why; else None."""
        profile = self.program.profile
        names = missing(task.scenario, profile, self.peers) if profile else []
        if profile is None or not names:
            return None
        if absent := _absent(profile, names):
            return Outcome.LACKING, f"{self.name or 'the program'} has no {absent}"
        quoted = " and ".join(map(repr, names))
        return Outcome.UNKNOWN, f"{self.whose} does not say how {quoted} looks"


def _absent(profile: Profile, names: Sequence[str]) -> str:
    """Return the features that a program does not have according to its profile, with reasons."""
    lacks = {name: why for name, why in profile.lacks.items() if name in names}
    return "; ".join(f"{name} ({why})" if why else name for name, why in lacks.items())


@dataclass(frozen=True)
class GradingCase:
    """One test with one program, or with a pair.

    Attributes:
        task: the test.
        programs: the program that all peers run, or the one that dials and the one it dials.
        output: the folder of results.
        digest: of everything that the result depends on.
    """

    task: Task
    programs: tuple[Program, ...]
    output: Path
    digest: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the programs."""
        return tuple(program.name for program in self.programs)

    @property
    def key(self) -> CaseKey:
        """Its identity among all cases."""
        return self.names, self.task.test.name

    @property
    def title(self) -> str:
        """The programs and the test, for people."""
        return f"{' → '.join(self.names)}: {self.task.test.name}"

    @property
    def is_pair(self) -> bool:
        """Whether two programs take part."""
        return len(self.programs) > 1

    def program_at(self, peer: str) -> Program:
        """Return the program that a peer runs."""
        return self.programs[-1 if peer == OTHER else 0]

    @property
    def home(self) -> Path:
        """The folder that the paths of runs are relative to."""
        return self.output if self.is_pair else self.output / self.names[0]

    def folder(self, kind: str) -> Path:
        """Return the folder for runs, kept results or failures."""
        return Path(self.home, kind, *self.names) if self.is_pair else self.home / kind

    @property
    def store(self) -> Store:
        """The kept results of its program or pair."""
        return Store(self.folder("kept"))

    @cached_property
    def source(self) -> ScenarioSource:
        """The test's scenario, with the programs' profiles."""
        return self._source(fresh=self.task.scenario.fresh)

    @cached_property
    def fresh_source(self) -> ScenarioSource:
        """The same, with new peers."""
        return self._source(fresh=True)

    def _source(self, *, fresh: bool) -> ScenarioSource:
        files = [str(program.file) for program in self.programs]
        changes: dict[str, Any] = {"profile": files[0], "fresh": fresh}
        if self.is_pair:
            changes["profiles"] = {OTHER: files[1]}
        return ScenarioSource(self.task.scenario.model_copy(update=changes), self.task.text)

    def decided(self, engine: EngineName) -> Result | None:
        """Return the result if it is known without a run; else None."""
        participants = self._participants
        for one in participants:
            if one.program.profile is None:
                says = f"{one.whose} {one.program.trouble_line}"
                return without_run(self.task, Outcome.UNKNOWN, says)
        if why := misfit(self.task.scenario, engine):
            return without_run(self.task, Outcome.NOT_RUN, f"it {why}")
        for one in participants:
            if found := one.shortfall(self.task):
                return without_run(self.task, *found)
        return None

    @property
    def _participants(self) -> list[Participant]:
        if not self.is_pair:
            return [Participant(self.programs[0])]
        pair = zip((DIALLER, OTHER), self.programs, strict=True)
        return [Participant(program, program.name, [peer]) for peer, program in pair]

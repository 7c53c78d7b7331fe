"""One case type: a test with one program, or with two that talk to each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.errors import LimitError
from orchestrator.grading.marking import without_run
from orchestrator.grading.programs import Program
from orchestrator.grading.results import DIALLER, OTHER, Outcome, Result
from orchestrator.grading.rubric import Suite, Task
from orchestrator.grading.store import Store
from orchestrator.image.program import refuse_large
from orchestrator.profile import NOTICES, Profile
from orchestrator.runner.jobs import misfit
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import missing

CaseKey = tuple[tuple[str, ...], str]  # the names of the programs, and the test's


@dataclass(frozen=True)
class Participant:
    """A program that takes part in a case."""

    program: Program  # which one
    name: str = ""  # what reasons call it if there are two; empty for one alone
    peers: Collection[str] | None = None  # those that run it; None for all

    @property
    def whose(self) -> str:
        """What reasons call its profile."""
        return f"the profile of {self.name}" if self.name else "the profile"

    def shortfall(self, task: Task) -> tuple[Outcome, str] | None:
        """Return the outcome of a test that needs more than its profile has, and why; else None."""
        profile = self.program.profile
        peers = _own_peers(task) if self.peers is None else self.peers
        names = missing(task.scenario, profile, peers) if profile else []
        if profile is None or not names:
            return None
        if absent := _absent(profile, names):
            return Outcome.LACKING, f"{self.name or 'the program'} has no {absent}"
        return Outcome.UNKNOWN, f"{self.whose} {_flaw(profile, names)}"


def _flaw(profile: Profile, names: Sequence[str]) -> str:
    """Return what is wrong with a profile from which a test needs these, to be read behind it."""
    doubts = {name: why for name in names if (why := _doubt(profile, name))}
    if not doubts:
        return f"does not say how {' and '.join(map(repr, names))} looks"
    name, why = next(iter(doubts.items()))
    key = f"operations.{name}"
    return f"may misread {name!r} ({why}): correct `{key}`, and take `{key}.doubt` out"


def _doubt(profile: Profile, name: str) -> str:
    """Return why a profile may misread an operation; empty if it does not say so."""
    operation = profile.operations.get(name)
    return operation.doubt if operation else ""


def fitting(program: Program, engine: EngineName) -> Program:
    """Return a program; without its profile if a container has too little room for its folder."""
    if program.profile is None or not program.profile.start.folder or engine is EngineName.PROCESS:
        return program
    try:
        refuse_large(program.folder, program.profile.start)
    except LimitError as error:
        trouble = f"{error.what}; {error.hint}"
        return replace(program, profile=None, flaw="is of too large a program", trouble=trouble)
    return program


def usable(program: Program, suite: Suite) -> Program:
    """Return a program; without its profile if that says too little to grade with.

    That is one in which something is not said, or a doubt, that a required test needs, or every
    test if none is required.
    """
    if program.profile is None:
        return program
    required = [task for task in suite.tasks if task.test.required]
    profile = program.profile
    open_of = {task.test.name: _undecided(profile, task) for task in required or suite.tasks}
    undecided = {test: names for test, names in open_of.items() if names}
    if not undecided or (not required and len(undecided) < len(open_of)):
        return program
    trouble = "\n".join(_supply(program, undecided))
    return replace(program, profile=None, flaw="cannot be graded with", trouble=trouble)


def _undecided(profile: Profile, task: Task) -> list[str]:
    """Return what a test needs and a profile neither has nor lacks for certain."""
    names = missing(task.scenario, profile, _own_peers(task))
    return [] if _absent(profile, names) else names


def _own_peers(task: Task) -> Collection[str] | None:
    """Return the peers that run the graded program; None for all of them."""
    others = task.scenario.profiles
    return [peer for peer in task.scenario.peers if peer not in others] if others else None


def _supply(program: Program, undecided: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what is missing in a profile, and how to supply it, in lines."""
    tests = ", ".join(undecided)
    if program.profile and program.profile.vocabulary != "chat":
        yield f"{program.file} describes no chat, and {tests} are tests of chats"
        yield "write tests with its own operations, and name their rubric with --rubric"
        return
    yield f"{program.file} does not say all that {tests} need, so nothing was graded"
    for name in dict.fromkeys(name for names in undecided.values() for name in names):
        if program.profile and (why := _doubt(program.profile, name)):
            yield f"doubtful: operations.{name} ({why}); correct it, and take its `doubt` out"
            continue
        key = "notices" if name in NOTICES else "operations"
        known = program.profile.lacks.get(name) if program.profile else None
        why = f" ({known.reason})" if known and known.reason else ""
        yield (
            f"missing: {key}.{name}{why}; write how it looks, or, if the program has none, under"
            f' `lacks`: {{{name}: "never written"}}'
        )
    yield f"`peerlab profile test {program.file}` shows what its patterns match"


def _absent(profile: Profile, names: Sequence[str]) -> str:
    lacks = {name: it.reason for name, it in profile.lacks.items()
             if name in names and not it.doubt}  # fmt: skip
    return "; ".join(f"{name} ({why})" if why else name for name, why in lacks.items())


@dataclass(frozen=True)
class GradingCase:
    """One test with one program, or with a pair."""

    task: Task
    # the program that all peers run, or the one that dials and the one it dials
    programs: tuple[Program, ...]
    output: Path  # the folder of results
    digest: str = ""  # of everything that the result depends on

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
        changed = self.task.scenario.model_copy(update=changes)
        return ScenarioSource(changed, self.task.text, self.task.file)

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

"""The result of a test, the grade of a program and the matrix of pairs. Pure data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from orchestrator.checks.verdict import Finding, Judgement, Verdict

_MOST_FINDINGS = 5  # of a check that are kept; the run's record has all


class Outcome(StrEnum):
    """How a test ended. Only `passed` earns points; `unknown` is the lab's fault.

    `not tested`: it failed, but only by a fault that a more basic test shows, or there was nothing
    to judge.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_TESTED = "not tested"
    UNKNOWN = "unknown"
    LACKING = "lacking"
    NOT_RUN = "not run"


class KeptModel(BaseModel):
    """A model that is kept in files."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class CheckResult(KeptModel):
    """A check that counts and is not valid."""

    check: str  # its name
    verdict: str  # ``invalid`` or ``unknown``
    says: str  # a summary in a few words
    kinds: tuple[str, ...] = ()  # the sorts of things that are wrong
    findings: tuple[Finding, ...] = ()  # the first few

    @classmethod
    def of(cls, verdict: Verdict) -> CheckResult:
        """Return the part of a verdict that is kept."""
        return cls(
            check=verdict.check,
            verdict=verdict.judgement.word,
            says=verdict.says,
            kinds=tuple(verdict.kinds),
            findings=verdict.findings[:_MOST_FINDINGS],
        )

    @property
    def is_wrong(self) -> bool:
        """Whether the program broke its promise."""
        return self.verdict == Judgement.INVALID.word


class Result(KeptModel):
    """The result of one test with one program or pair."""

    test: str  # its name
    why: str  # its purpose
    points: float  # what it is worth
    required: bool = False  # whether a program that does not pass it fails as a whole
    extra: bool = False  # whether its points are added on top of the total
    checks: tuple[str, ...] = ()  # the checks that count
    needs: tuple[str, ...] = ()  # the more basic tests without which it shows nothing
    outcome: Outcome  # how it ended
    reason: str = ""  # why, in one line; empty if it passed
    findings: tuple[CheckResult, ...] = ()  # the checks that count and are not valid, worst first
    # what other checks found in its run, which does not count here, whatever the outcome
    also: tuple[CheckResult, ...] = ()
    kinds: tuple[str, ...] = ()  # what sorts of things are wrong; the same fault has the same kind
    perhaps: tuple[str, ...] = ()  # what sorts of things may be wrong besides
    because: str = ""  # the more basic test that shows why it failed; empty if it failed by itself
    left_out: bool = False  # whether its points are left out of the total
    run: str = ""  # the run's folder, relative to the program's; empty if there was no run
    at: float | None = None  # when the reason occurred, in seconds since the run began
    seconds: float = 0.0  # how long the run took
    started: bool | None = None  # whether the program got ready; None if that was never tried
    settled: bool = True  # whether it may be kept, that is, does not come from a failure of the lab
    asked: bool = True  # whether the test has been requested yet
    repeated: int = 0  # how often it was run before, in vain, because the machine was busy

    @property
    def is_blocked(self) -> bool:
        """Whether it was not run because a program does not start."""
        return self.outcome is Outcome.NOT_RUN and self.started is False

    @property
    def earned(self) -> float:
        """The points it gives."""
        return self.points if self.outcome is Outcome.PASSED else 0.0


class Grade(KeptModel):
    """All results of one program."""

    program: str  # its name
    profile: str  # the file of its profile
    summary: str = ""  # what the profile says it is
    start: str = ""  # how to start it by hand; may be empty
    engine: str = ""  # where it ran
    trouble: str = ""  # why none of it could be run, such as a mistake in its profile; else empty
    folder: str = ""  # where the program is
    sync: tuple[str, ...] = ()  # the lines that the lab types to see whether the program is done
    results: tuple[Result, ...]  # of every test, in the order of the rubric

    @property
    def points(self) -> float:
        """What it earned, extra points included."""
        return sum(result.earned for result in self.results)

    @property
    def extra(self) -> float:
        """The extra points it earned."""
        return sum(result.earned for result in self.results if result.extra)

    @property
    def total(self) -> float:
        """What all tests are worth, but the extra ones and those that are left out."""
        counting = (r for r in self.results if not r.extra and not r.left_out)
        return sum(result.points for result in counting)

    @property
    def depending(self) -> dict[str, list[Result]]:
        """The tests that were not tested, by the more basic test that shows why."""
        found: dict[str, list[Result]] = {}
        for result in self.results:
            if result.because:
                found.setdefault(result.because, []).append(result)
        return found

    @property
    def passes(self) -> bool | None:
        """Whether it passed all required tests; None if there are none, or some are undecided."""
        required = [result for result in self.results if result.required]
        decided = [r for r in required if r.asked and r.outcome is not Outcome.UNKNOWN]
        if any(result.outcome is not Outcome.PASSED for result in decided):
            return False
        return True if required and decided == required else None

    @property
    def is_certain(self) -> bool:
        """Whether no result is unknown."""
        return all(result.outcome is not Outcome.UNKNOWN for result in self.results)

    @property
    def findings(self) -> dict[str, list[str]]:
        """The names of the checks that were broken, by test."""
        own = [result for result in self.results if result.outcome is Outcome.FAILED]
        wrong = {r.test: [f.check for f in r.findings if f.is_wrong] for r in own}
        return {test: names for test, names in wrong.items() if names}

    @property
    def uncounted(self) -> dict[str, list[tuple[Result, CheckResult]]]:
        """What checks found that costs no points in any test, by the sort of thing.

        Only what no failed test has for its reason: a fault that is counted once is not repeated.
        """
        counted = {kind for result in self.results for kind in result.kinds}
        found: dict[str, list[tuple[Result, CheckResult]]] = {}
        for result in self.results:
            for check in result.also:
                for kind in {*check.kinds} - counted:
                    found.setdefault(kind, []).append((result, check))
        return found

    @property
    def repeated(self) -> int:
        """How many of its tests were run again alone, because the machine was busy."""
        return sum(bool(result.repeated) for result in self.results)

    def counts(self) -> Counter[Outcome]:
        """Return the number of tests with each outcome."""
        return Counter(result.outcome for result in self.results)


DIALLER, OTHER = "alice", "bob"  # the peers that run the two programs of a pair


@dataclass(frozen=True)
class Cell:
    """The results of one pair."""

    dialler: str  # the program that dials
    other: str  # the program that is dialled
    # of every test, in order; their runs are relative to the output folder
    results: Sequence[Result]

    @property
    def works(self) -> bool:
        """Whether all tests passed."""
        return all(result.outcome is Outcome.PASSED for result in self.results)

    @property
    def troubles(self) -> list[Result]:
        """What did not pass, without the tests that were not run as a consequence."""
        bad = [result for result in self.results if result.outcome is not Outcome.PASSED]
        return [result for result in bad if result.outcome is not Outcome.NOT_RUN] or bad[:1]


@dataclass(frozen=True)
class Matrix:
    """The results of all pairs."""

    title: str  # of the rubric
    why: str  # its purpose
    tests: Sequence[tuple[str, str]]  # their names, each with its purpose
    programs: Sequence[str]  # their names, in the order of rows and columns
    engine: str  # where they ran
    cells: Sequence[Cell]  # the pairs, row by row; the program of the row dials

    @property
    def rows(self) -> Iterator[tuple[str, Sequence[Cell]]]:
        """Each program with the pairs in which it dials."""
        count = len(self.programs)
        for number, name in enumerate(self.programs):
            yield name, self.cells[number * count : (number + 1) * count]

    @property
    def is_certain(self) -> bool:
        """Whether no result is unknown."""
        outcomes = (result.outcome for cell in self.cells for result in cell.results)
        return Outcome.UNKNOWN not in outcomes

    @property
    def repeated(self) -> int:
        """How many tests were run again alone, because the machine was busy."""
        return sum(bool(result.repeated) for cell in self.cells for result in cell.results)

    @property
    def working(self) -> int:
        """The number of pairs that pass all tests."""
        return sum(cell.works for cell in self.cells)

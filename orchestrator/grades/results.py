"""What became of a test, and of a whole program. Pure data, kept as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from orchestrator.checks.verdict import Finding, Judgement, Verdict

_MOST_WITNESSES = 5  # of a finding that are kept; the run's record has all


class Outcome(StrEnum):
    """How a test ended.

    `passed` alone gives points; `unknown` is the lab's failure, and nobody's fault.
    """

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LACKING = "lacking"
    NOT_RUN = "not run"


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckResult(_Kept):
    """A check that counts, and is not valid.

    Attributes:
        check: its name.
        verdict: ``invalid`` or ``unknown``.
        says: a few words of what was found.
        witnesses: the first ones; see `Finding`.
    """

    check: str
    verdict: str
    says: str
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, verdict: Verdict) -> CheckResult:
        """Return what a verdict says."""
        findings = verdict.findings[:_MOST_WITNESSES]
        return cls(check=verdict.check, verdict=verdict.judgement.word, says=verdict.says,
                   findings=findings)  # fmt: skip

    @property
    def is_wrong(self) -> bool:
        """Whether the program broke its promise."""
        return self.verdict == Judgement.INVALID.word


class Result(_Kept):
    """What became of one test with one program.

    Attributes:
        test: its name.
        why: what it is for.
        points: what it is worth.
        required: whether a program fails as a whole without it.
        extra: whether its points come on top.
        checks: the checks that count.
        outcome: how it ended.
        reason: why, in one line; empty where it passed.
        findings: the checks that count and are not valid, the worst first.
        run: the folder of its run, as seen from the program's; empty where none was begun.
        at: when what the reason tells of happened, in seconds since the run began.
        seconds: how long it took.
        started: whether the program was ready to take part; None where nobody tried.
        settled: whether it may be kept: it does not come from a failure of the lab.
        asked: whether somebody has asked for it: else it only is not known yet.
    """

    test: str
    why: str
    points: float
    required: bool = False
    extra: bool = False
    checks: tuple[str, ...] = ()
    outcome: Outcome
    reason: str = ""
    findings: tuple[CheckResult, ...] = ()
    run: str = ""
    at: float | None = None
    seconds: float = 0.0
    started: bool | None = None
    settled: bool = True
    asked: bool = True

    @property
    def is_for_want_of_a_start(self) -> bool:
        """Whether it was not done because a program, seen to be tried, does not start."""
        return self.outcome is Outcome.NOT_RUN and self.started is False

    @property
    def earned(self) -> float:
        """The points that it gives."""
        return self.points if self.outcome is Outcome.PASSED else 0.0


class Grade(_Kept):
    """What became of one program.

    Attributes:
        program: what people call it.
        profile: the file of its profile.
        summary: what the profile says that it is.
        start: how it is started, as somebody types it; may be empty.
        engine: where it ran.
        trouble: why nothing of it could be run, such as a profile that is wrong; else empty.
        folder: where the program is.
        sync: what the lab types to see whether the program is done, line by line.
        results: of every test, in the order of the rubric.
    """

    program: str
    profile: str
    summary: str = ""
    start: str = ""
    engine: str = ""
    trouble: str = ""
    folder: str = ""
    sync: tuple[str, ...] = ()
    results: tuple[Result, ...]

    @property
    def points(self) -> float:
        """What it earned, with what comes on top."""
        return sum(each.earned for each in self.results)

    @property
    def extra(self) -> float:
        """What it earned on top."""
        return sum(each.earned for each in self.results if each.extra)

    @property
    def total(self) -> float:
        """What all tests but the extra ones are worth."""
        return sum(each.points for each in self.results if not each.extra)

    @property
    def passes(self) -> bool | None:
        """Whether it passed all required tests; None where there are none, or it is not known."""
        required = [each for each in self.results if each.required]
        open_ones = [each for each in required if not each.asked or each.outcome is Outcome.UNKNOWN]
        if any(each.outcome is not Outcome.PASSED for each in required if each not in open_ones):
            return False
        return True if required and not open_ones else None

    @property
    def is_certain(self) -> bool:
        """Whether every test ended in a way that speaks of the program, not of the lab."""
        return all(each.outcome is not Outcome.UNKNOWN for each in self.results)

    @property
    def findings(self) -> dict[str, list[str]]:
        """The checks that were broken, by test."""
        wrong = {each.test: _wrong(each.findings) for each in self.results}
        return {test: names for test, names in wrong.items() if names}

    def having(self, outcome: Outcome) -> list[str]:
        """Return the tests that ended so."""
        return [each.test for each in self.results if each.outcome is outcome]

    def counts(self) -> Counter[Outcome]:
        """Return how many tests ended in each way."""
        return Counter(each.outcome for each in self.results)


def _wrong(findings: Sequence[CheckResult]) -> list[str]:
    return [each.check for each in findings if each.is_wrong]

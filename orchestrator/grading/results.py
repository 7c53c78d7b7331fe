"""The result of one test. Pure data, kept as JSON."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from orchestrator.checks.verdict import Finding, Judgement, Verdict

_MOST_FINDINGS = 5  # of a check that are kept; the run's record has all


class Outcome(StrEnum):
    """How a test ended. Only `passed` earns points; `unknown` is the lab's fault."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LACKING = "lacking"
    NOT_RUN = "not run"


class KeptModel(BaseModel):
    """A model that is kept in files."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckResult(KeptModel):
    """A check that counts and is not valid.

    Attributes:
        check: its name.
        verdict: ``invalid`` or ``unknown``.
        says: a summary in a few words.
        findings: the first few.
    """

    check: str
    verdict: str
    says: str
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, verdict: Verdict) -> CheckResult:
        """Return the part of a verdict that is kept."""
        return cls(
            check=verdict.check,
            verdict=verdict.judgement.word,
            says=verdict.says,
            findings=verdict.findings[:_MOST_FINDINGS],
        )

    @property
    def is_wrong(self) -> bool:
        """Whether the program broke its promise."""
        return self.verdict == Judgement.INVALID.word


class Result(KeptModel):
    """The result of one test with one program or pair.

    Attributes:
        test: its name.
        why: its purpose.
        points: what it is worth.
        required: whether a program that does not pass it fails as a whole.
        extra: whether its points are added on top of the total.
        checks: the checks that count.
        outcome: how it ended.
        reason: why, in one line; empty if it passed.
        findings: the checks that count and are not valid, worst first.
        run: the run's folder, relative to the program's; empty if there was no run.
        at: when the reason occurred, in seconds since the run began.
        seconds: how long the run took.
        started: whether the program got ready; None if that was never tried.
        settled: whether it may be kept, that is, does not come from a failure of the lab.
        asked: whether the test has been requested yet.
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
    def is_blocked(self) -> bool:
        """Whether it was not run because a program does not start."""
        return self.outcome is Outcome.NOT_RUN and self.started is False

    @property
    def earned(self) -> float:
        """The points it gives."""
        return self.points if self.outcome is Outcome.PASSED else 0.0

"""Marking: from a run that is over to the result of a test.

A program is blamed only for what it did. If the lab could not read its output, or the lab itself
ended the run, the result is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.checks import punctuality
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding, Judgement, Verdict
from orchestrator.errors import (
    QUOTE_MARK,
    BuildError,
    LabError,
    NoAnswerError,
    SessionError,
    first_line,
)
from orchestrator.grading.results import CheckResult, Outcome, Result
from orchestrator.grading.rubric import Task
from orchestrator.history import machine, runs, transcript
from orchestrator.text import cut

_ENDS = ("crashes", "end states")
"""The checks of how programs ended: if one is invalid, it explains why others are unknown."""

_LONGEST = 300  # characters of a reason


@dataclass(frozen=True)
class _Mark:
    outcome: Outcome
    reason: str = ""
    at: float | None = None
    findings: Sequence[Verdict] = ()


def mark(task: Task, run: Run) -> Result:
    """Return the result of a test from its run, which must be fresh: its error is not kept."""
    found = _mark(task, run)
    return _result(
        task,
        outcome=found.outcome,
        reason=cut(" ".join(found.reason.split()), _LONGEST),
        findings=tuple(map(CheckResult.of, found.findings)),
        also=tuple(map(CheckResult.of, _uncounted(found, run))),
        kinds=_kinds(found, run),
        perhaps=_perhaps(found),
        at=found.at,
        seconds=round(sum(run.seconds.values()), 3),
        started=_started(run),
        settled=found.outcome is not Outcome.UNKNOWN or not (blames_lab(run) or run.is_doubtful),
    )


def _kinds(found: _Mark, run: Run) -> tuple[str, ...]:
    """Return what sorts of things are wrong, each once; of a run that ended early also how."""
    if found.outcome not in (Outcome.FAILED, Outcome.NOT_TESTED):
        return ()
    early = [type(run.error).__name__] if isinstance(run.error, SessionError) else []
    return tuple(dict.fromkeys([*early, *(kind for v in found.findings for kind in v.kinds)]))


def _perhaps(found: _Mark) -> tuple[str, ...]:
    """Return what sorts of things may be wrong, each once."""
    return tuple(dict.fromkeys(kind for _, kind in _uncertain(found.findings)))


def _uncertain(verdicts: Iterable[Verdict]) -> Iterator[tuple[Finding, str]]:
    """Yield the findings that are not certain, each with its kind."""
    for verdict in verdicts:
        for finding in verdict.findings[verdict.wrong :]:
            yield finding, verdict.kind_of(finding)


def late_kinds(task: Task, run: Run) -> set[str]:
    """Return the kinds of what is not certain in a test because the machine was busy."""
    uncertain = _uncertain(verdict for verdict in run.verdicts if verdict.check in task.test.checks)
    return {kind for finding, kind in uncertain if machine.is_named(finding.says)}


def _uncounted(found: _Mark, run: Run) -> list[Verdict]:
    """Return what is wrong in a run and no part of the mark."""
    invalid = [verdict for verdict in run.verdicts if verdict.judgement is Judgement.INVALID]
    return [verdict for verdict in invalid if verdict not in found.findings]


def without_run(
    task: Task, outcome: Outcome, reason: str, *, started: bool | None = None, asked: bool = True
) -> Result:
    """Return the result of a test that was not run, or not to its end.

    Args:
        task: the test.
        outcome: what it counts as.
        reason: why.
        started: False if a program does not start.
        asked: whether the test has been requested yet.
    """
    return _result(
        task, outcome=outcome, reason=reason, started=started, settled=False, asked=asked
    )


def _result(task: Task, **found: object) -> Result:
    rubric = task.test.model_dump(exclude={"test"})
    return Result.model_validate(
        {"test": task.test.name, "why": task.scenario.why, **rubric, **found}
    )


def blames_lab(run: Run) -> bool:
    """Return whether a run ended early for a reason that says nothing about its program."""
    return run.error is not None and not isinstance(run.error, SessionError | BuildError)


def passes_cleanly(task: Task, verdicts: Iterable[Verdict]) -> bool:
    """Return whether a test is passed and none of its programs ended unexpectedly."""
    counting = {*task.test.checks, *_ENDS}
    return all(v.judgement is Judgement.VALID for v in verdicts if v.check in counting)


def _started(run: Run) -> bool | None:
    """Return whether the program got ready; None if the lab is the reason it did not."""
    if run.index.marks("ready"):
        return True
    return None if blames_lab(run) else False


def _mark(task: Task, run: Run) -> _Mark:
    if isinstance(run.error, BuildError):
        return _Mark(Outcome.FAILED, _with_quote(run.error), 0.0)
    if run.error and _started(run) is False:
        return _not_ready(run, run.error)
    return _judged([v for v in run.verdicts if v.check in task.test.checks], run)


def _not_ready(run: Run, error: LabError) -> _Mark:
    """Mark a run in which a program did not get ready.

    If it printed something the profile does not recognise, it may be right.
    """
    at, late = run.index.last_at, _lateness(run)
    if late:
        return _Mark(Outcome.UNKNOWN, f"it did not start: {_with_quote(error)}{late}", at)
    if isinstance(error, NoAnswerError) and _says_something(run, error):
        says = f"the lab could not read whether it is ready: {_with_quote(error)}"
        return _Mark(Outcome.UNKNOWN, says, at)
    silence = " and printed nothing" if isinstance(error, NoAnswerError) else ""
    return _Mark(Outcome.FAILED, f"it did not start: {_with_quote(error)}{silence}", at)


def _lateness(run: Run) -> str:
    """Return how the machine may explain a silence that ended a run; empty if it does not."""
    return punctuality.of_break(run.index) if isinstance(run.error, NoAnswerError) else ""


def _says_something(run: Run, error: NoAnswerError) -> bool:
    """Return whether the program has printed anything since a line was last typed there."""
    try:
        pieces = transcript.read(runs.transcript(run.folder, error.peer))
    except (OSError, ValueError):
        return False
    typed = [index for index, piece in enumerate(pieces) if piece.typed]
    return bool(transcript.screen(pieces[typed[-1] + 1 if typed else 0 :]))


def _judged(counting: Sequence[Verdict], run: Run) -> _Mark:
    worst_first = sorted(counting, key=lambda verdict: -verdict.judgement.badness)
    bad = [verdict for verdict in worst_first if verdict.judgement is not Judgement.VALID]
    if bad and bad[0].judgement is Judgement.INVALID:
        return _Mark(Outcome.FAILED, *_first(bad[0]), bad)
    if not bad and not run.error and not any(verdict.judged for verdict in counting):
        return _nothing_judged(run)
    if not bad and not run.error:
        return _Mark(Outcome.PASSED)
    if ends := [v for v in run.verdicts if v.check in _ENDS and v.judgement is Judgement.INVALID]:
        return _Mark(Outcome.FAILED, *_first(ends[0]), [*ends, *bad])
    if not run.error:
        return _Mark(Outcome.UNKNOWN, *_first(bad[0]), bad)
    outcome, says = Outcome.UNKNOWN, f"the run broke off: {first_line(run.error)}"
    if isinstance(run.error, NoAnswerError) and _says_something(run, run.error):
        says = f"the lab could not read the answer: {_with_quote(run.error)}"
    elif late := _lateness(run):
        says = f"{_with_quote(run.error)}{late}"
    elif isinstance(run.error, SessionError):
        outcome, says = Outcome.FAILED, _with_quote(run.error)
    return _Mark(outcome, says, run.index.last_at, bad)


def _nothing_judged(run: Run) -> _Mark:
    """Mark a run in which no check that counts had anything to judge; steps that failed say why."""
    says = "there was nothing to judge"
    wrong = [v for v in run.verdicts if v.judgement is Judgement.INVALID]
    if not wrong:
        return _Mark(Outcome.UNKNOWN, f"{says}: {run.nothing_judged or 'nothing that counts'}")
    why, at = _first(wrong[0])
    return _Mark(Outcome.NOT_TESTED, f"{says}: {why}", at, wrong)


def _first(verdict: Verdict) -> tuple[str, float | None]:
    """Return what the first finding says, and its time."""
    if verdict.findings:
        return verdict.findings[0].says, verdict.findings[0].at
    return verdict.says, None


def _with_quote(error: LabError) -> str:
    """Return what went wrong, with the last line of the transcript that it quotes."""
    what, *quoted = error.what.split("\n")
    last = quoted[-1].removeprefix(QUOTE_MARK).strip() if quoted else ""
    return f"{what} {last}" if last else what

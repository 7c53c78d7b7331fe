"""From a run that is over to the result of a test.

A program is blamed for what it did, and for nothing else: what the lab could not read, and what
ended the run on the lab's side, is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
from orchestrator.grades.results import CheckResult, Outcome, Result
from orchestrator.grades.rubric import Task
from orchestrator.history import runs, transcript
from orchestrator.text import cut

_ITS_OWN_END = ("crashes", "end states")
"""Checks that tell of a program's end: where one is invalid, that explains what is unknown."""

_LONGEST = 300  # characters of a reason


@dataclass(frozen=True)
class _Mark:
    outcome: Outcome
    reason: str = ""
    at: float | None = None
    findings: Sequence[Verdict] = field(default_factory=list)


def mark(task: Task, run: Run) -> Result:
    """Return the result of a test, of which this is a run that is over.

    Args:
        task: the test.
        run: fresh: what ended it early is known as an error, if anything did.
    """
    found = _marked(task, run)
    return Result(
        test=task.test.name,
        why=task.scenario.why,
        points=task.test.points,
        required=task.test.required,
        extra=task.test.extra,
        checks=tuple(task.test.checks),
        outcome=found.outcome,
        reason=one_line(found.reason),
        findings=tuple(map(CheckResult.of, found.findings)),
        at=found.at,
        seconds=round(sum(run.seconds.values()), 3),
        started=_started(run),
        settled=not (found.outcome is Outcome.UNKNOWN and blames_lab(run)),
    )


def unrun(task: Task, outcome: Outcome, reason: str) -> Result:
    """Return the result of a test that was not run, or not to its end."""
    test = task.test
    return Result(test=test.name, why=task.scenario.why, points=test.points,
                  required=test.required, extra=test.extra, checks=tuple(test.checks),
                  outcome=outcome, reason=reason, settled=False)  # fmt: skip


def blames_lab(run: Run) -> bool:
    """Tell whether a run broke off for a reason that says nothing of its program."""
    return run.error is not None and not isinstance(run.error, SessionError | BuildError)


def leaves_fit(task: Task, verdicts: Iterable[Verdict]) -> bool:
    """Tell whether a test is passed and none of its programs came to an end of its own."""
    counting = {*task.test.checks, *_ITS_OWN_END}
    return all(v.judgement is Judgement.VALID for v in verdicts if v.check in counting)


def _started(run: Run) -> bool | None:
    """Tell whether the program was ready; None where the lab alone is why it was not."""
    if run.index.marks("ready"):
        return True
    return None if blames_lab(run) else False


def _marked(task: Task, run: Run) -> _Mark:
    if isinstance(run.error, BuildError):
        return _Mark(Outcome.FAILED, _with_quote(run.error), 0.0)
    if run.error and _started(run) is False:
        return _not_ready(run, run.error)
    return _judged([each for each in run.verdicts if each.check in task.test.checks], run)


def _not_ready(run: Run, error: LabError) -> _Mark:
    """Mark a run in which a program was not ready to take part.

    One that says something, which the profile does not know as being ready, may be right.
    """
    at = run.index.last_at
    if isinstance(error, NoAnswerError) and _says_something(run, error):
        says = f"the lab could not read whether it is ready: {_with_quote(error)}"
        return _Mark(Outcome.UNKNOWN, says, at)
    silence = " and printed nothing" if isinstance(error, NoAnswerError) else ""
    return _Mark(Outcome.FAILED, f"it did not start: {_with_quote(error)}{silence}", at)


def _says_something(run: Run, error: NoAnswerError) -> bool:
    """Tell whether a program has shown anything since something was typed there last."""
    try:
        pieces = transcript.read(runs.transcript(run.folder, error.peer))
    except (OSError, ValueError):
        return False
    typed = [index for index, piece in enumerate(pieces) if piece.typed]
    return bool(transcript.screen(pieces[typed[-1] + 1 if typed else 0 :]))


def _judged(counting: Sequence[Verdict], run: Run) -> _Mark:
    worst_first = sorted(counting, key=lambda each: -each.judgement.badness)
    bad = [each for each in worst_first if each.judgement is not Judgement.VALID]
    if bad and bad[0].judgement is Judgement.INVALID:
        return _Mark(Outcome.FAILED, *_first(bad[0]), bad)
    if not bad and not run.error:
        return _Mark(Outcome.PASSED)
    if own := _own_end(run.verdicts):
        return _Mark(Outcome.FAILED, *_first(own[0]), [*own, *bad])
    if isinstance(run.error, NoAnswerError) and _says_something(run, run.error):
        says = f"the lab could not read the answer: {_with_quote(run.error)}"
        return _Mark(Outcome.UNKNOWN, says, run.index.last_at, bad)
    if isinstance(run.error, SessionError):
        return _Mark(Outcome.FAILED, _with_quote(run.error), run.index.last_at, bad)
    if run.error:
        return _Mark(Outcome.UNKNOWN, f"the run broke off: {first_line(run.error)}",
                     run.index.last_at, bad)  # fmt: skip
    return _Mark(Outcome.UNKNOWN, *_first(bad[0]), bad)


def _own_end(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return [
        each
        for each in verdicts
        if each.check in _ITS_OWN_END and each.judgement is Judgement.INVALID
    ]


def _first(verdict: Verdict) -> tuple[str, float | None]:
    """Return the first witness's sentence, and when it saw that."""
    first: Finding | None = next(iter(verdict.findings), None)
    return (first.says, first.at) if first else (verdict.says, None)


def _with_quote(error: LabError) -> str:
    """Return what went wrong, with the last line that it quotes."""
    what, *quoted = error.what.split("\n")
    last = quoted[-1].removeprefix(QUOTE_MARK).strip() if quoted else ""
    return f"{what} {last}" if last else what


def one_line(text: str) -> str:
    """Return a text as it fits in a cell."""
    return cut(" ".join(text.split()), _LONGEST)

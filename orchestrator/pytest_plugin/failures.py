"""A test that fails by the verdict of a run, or because the lab broke: how pytest reports it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest._code.code import (  # what pytest-xdist sends from its workers
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTracebackNative,
)
from _pytest.outcomes import Failed

from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError, first_line
from orchestrator.report.findings import first_finding, reason
from orchestrator.report.run_report import as_text
from orchestrator.report.steps import WrittenSteps
from orchestrator.text import printable

_MOST_COLUMNS = 100


@dataclass(frozen=True)
class Failure:
    """Why a test fails.

    Attributes:
        reason: on one line; the summary has it.
        text: what the report has.
        file: where the step is that is to blame, or the test.
        line: counted from 1.
    """

    reason: str
    text: str
    file: Path
    line: int = 1


class ReportedError(Failed):
    """A test has failed; its report has no traceback, which would be the lab's."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__("\n\n".join(failure.text for failure in failures), pytrace=False)
        self._failures = failures

    def amend_report(self, report: pytest.TestReport) -> None:
        """Show the reason in the summary, and the text as it is."""
        first = self._failures[0]
        crash = ReprFileLocation(str(first.file), first.line, first.reason)
        report.longrepr = ReprExceptionInfo(ReprTracebackNative([f"{self}\n"]), crash)


def of_run(run: Run, declared: str, test: Path) -> Failure:
    """Return that a run has not the verdict that it must have.

    Args:
        run: the run.
        declared: how the verdict differs from the one that was declared; empty if none was.
        test: the file of the test.
    """
    is_valid = run.judgement is Judgement.VALID
    why = ": ".join(filter(None, (printable(declared), "" if is_valid else printable(reason(run)))))
    text = as_text(run, width=min(_MOST_COLUMNS, shutil.get_terminal_size().columns)).rstrip()
    lines = [printable(declared)] if declared else []
    lines += [text, *([error_text(run.error)] if run.error else [])]
    first = first_finding(run)
    step = WrittenSteps(run).of(first) if first else None
    place = (Path(step.file).absolute(), step.line) if step else (test, 1)
    return Failure(why, "\n".join(lines), *place)


def of_error(error: LabError, test: Path) -> Failure:
    """Return that the lab broke before there was a verdict."""
    return Failure(printable(first_line(error)), error_text(error), test)


def error_text(error: LabError) -> str:
    """Return an error of the lab as text that is safe for any terminal."""
    hint = [f"hint: {error.hint}"] if error.hint else []
    return "\n".join(map(printable, [*error.what.split("\n"), *hint]))

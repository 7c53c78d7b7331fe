"""HTML pages: one for each program, written for its author, one of all programs, and the matrix.

Each page is a single file without scripts or links to other sites. The templates escape all text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from orchestrator.grading.results import (
    DIALLER,
    OTHER,
    Cell,
    CheckResult,
    Grade,
    Matrix,
    Outcome,
    Result,
)
from orchestrator.grading.rubric import Suite
from orchestrator.history import runs
from orchestrator.report.excerpts import Excerpts, Moment
from orchestrator.report.grading import words
from orchestrator.report.grading.diagram import WIDTH, Diagram
from orchestrator.report.grading.transcripts import (
    ConsoleLine,
    TypedLine,
    console_lines,
    faults_until,
    picture_of,
    step_of,
    typed_until,
)
from orchestrator.report.printing import shortened
from orchestrator.report.steps import WrittenStep
from orchestrator.text import printable

PROGRAM_PAGE = "report.html"

_LONGEST = 300  # characters of a line or a sentence


@dataclass(frozen=True)
class _Check:
    """A check that is not valid, with its moments."""

    result: CheckResult
    moments: list[Moment]

    @property
    def first(self) -> str:
        """What it found first; empty for nothing."""
        return self.result.findings[0].says if self.result.findings else ""


@dataclass(frozen=True)
class _Section:
    """What the page says about a test that did not pass."""

    result: Result
    checks: list[_Check]
    faults: list[str]
    typed: list[TypedLine | None]
    typed_in_all: int
    scenario: str
    step: WrittenStep | None = None  # that failed
    page: str = ""  # of the run, relative to this page; empty if there is none
    picture: Diagram | None = None  # of the first finding

    @property
    def reason(self) -> str:
        """Why it ended so, if no finding says so."""
        said = (" ".join(check.first.split()) for check in self.checks)
        start = self.result.reason.removesuffix("…")
        return "" if any(says.startswith(start) for says in said) else self.result.reason


@dataclass(frozen=True)
class _PairConsole:
    """The whole console of one program of a pair, None for lines that are left out."""

    peer: str
    program: str
    lines: Sequence[ConsoleLine | None]


@dataclass(frozen=True)
class _PairEvidence:
    result: Result
    consoles: Sequence[_PairConsole]
    page: str = ""  # of the run, relative to that of the matrix; empty if there is none


GradeCommand = Callable[[Grade], Sequence[str]]
"""Returns the command that grades a program again in the same way."""


def grade_command(grade: Grade) -> list[str]:
    """Return the command that grades a program with the default options."""
    return ["peerlab", "grade", grade.profile]


def program_page(suite: Suite, grade: Grade, home: Path, command: Sequence[str] = ()) -> str:
    """Return the page of one program; its runs are in `home`, and `command` grades it again."""
    texts = {task.test.name: task.text for task in suite.tasks}
    sections = [
        _section(result, home, texts.get(result.test, ""), grade.sync)
        for result in sorted(grade.results, key=_worst_first)
        if has_section(result)
    ]
    again = shlex.join([*(command or grade_command(grade)), "--again"])
    return render("program.html", suite=suite, grade=grade, sections=sections, again=again)


def summary_page(suite: Suite, grades: Sequence[Grade]) -> str:
    """Return the page of all programs, with links to the page of each."""
    columns = zip(*(grade.results for grade in grades), strict=True)
    failures = [sum(one.outcome is Outcome.FAILED for one in column) for column in columns]
    return render("summary.html", suite=suite, grades=grades, page=PROGRAM_PAGE, failures=failures)


def matrix_page(matrix: Matrix, output: Path) -> str:
    """Return the page of a matrix; the page and the runs are in the folder `output`."""
    evidence = {
        (cell.dialler, cell.other): [_pair_evidence(cell, r, output) for r in cell.results]
        for cell in matrix.cells
    }
    numbers = {name: position for position, name in enumerate(matrix.programs, 1)}
    used = words.legend(result for cell in matrix.cells for result in cell.results)
    return render(
        "interop.html",
        matrix=matrix,
        evidence=evidence,
        numbers=numbers,
        troubled=sorted(matrix.cells, key=lambda cell: cell.works),
        legend=used,
        roles=words.ROLES,
    )


def has_section(result: Result) -> bool:
    """Return whether the program's page has a section on a test; else its table says it all."""
    return result.outcome not in (Outcome.PASSED, Outcome.NOT_RUN, Outcome.NOT_TESTED)


def _worst_first(result: Result) -> tuple[int, bool]:
    """Return where a test stands on the page of its program."""
    order = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.LACKING)
    place = order.index(result.outcome) if result.outcome in order else len(order)
    return place, not result.required


def _section(result: Result, home: Path, scenario: str, sync: Sequence[str]) -> _Section:
    if not result.run:
        checks = [_Check(check, []) for check in result.findings]
        return _Section(result, checks, [], [], 0, scenario)
    folder = home / result.run
    excerpts = Excerpts(folder)
    checks = [_Check(check, excerpts.moments(check.findings)) for check in result.findings]
    # The lab types these to see whether a program is done. They matter only to tests about them.
    without = [line for line in sync if not re.search(rf"\b{re.escape(line)}\b", scenario)]
    typed, count = typed_until(folder, result.at, without)
    faults, step = faults_until(folder, result.at), step_of(folder, result.findings)
    page = _page_of(home, result)
    picture = picture_of(folder, result.findings)
    return _Section(result, checks, faults, typed, count, scenario, step, page, picture)


def _pair_evidence(cell: Cell, result: Result, output: Path) -> _PairEvidence:
    if not result.run:
        return _PairEvidence(result, ())
    roles = ((DIALLER, cell.dialler), (OTHER, cell.other))
    consoles = [
        _PairConsole(peer, name, console_lines(output / result.run, peer)) for peer, name in roles
    ]
    return _PairEvidence(result, consoles, _page_of(output, result))


def _page_of(home: Path, result: Result) -> str:
    """Return the page of a run, relative to a folder; empty if there is none."""
    page = f"{result.run}/{runs.PAGE}"
    return page if (home / page).is_file() else ""


def render(template: str, **given: Any) -> str:
    """Return the page that a template and these values make."""
    return _environment().get_template(template).render(**given)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": words.number,
        "plain": _plain,
        "on_one_line": lambda text: _plain(" ".join(str(text).split("\n"))),
        "whole": printable,
        "seconds": lambda at: f"{at:.3f}",
    }
    environment.globals |= {
        "marks": words.MARKS, "meanings": words.MEANINGS, "kind": words.kind,
        "place": words.place, "score": words.score, "pair_mark": words.pair_mark,
        "earned": words.earned, "points": words.points, "promises": words.promises(),
        "dependants": words.dependants, "uncounted": words.uncounted,
        "picture_width": WIDTH, "outcomes": list(Outcome), "has_section": has_section,
    }  # fmt: skip
    return environment


def _plain(text: object) -> str:
    """Return any text at a fair length and without control characters."""
    return "\n".join(printable(shortened(line, _LONGEST)) for line in str(text).split("\n"))

"""HTML for people: a page for each program, written for who wrote it, and one of all.

Each page is one file, without scripts and without anything from elsewhere. Whatever comes from a
program is escaped by the templates.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from orchestrator.checks.verdict import Finding
from orchestrator.grades import CheckResult, Grade, Outcome, Result, Suite
from orchestrator.report.grades.typed import Typed, faults_until, lines_until
from orchestrator.report.grades.words import MARKS, MEANINGS, kind, number, place, promises, score
from orchestrator.report.scenes import Scenes, Sighting
from orchestrator.report.text import shortened
from orchestrator.text import printable

PROGRAM_PAGE, SUMMARY_PAGE = "report.html", "summary.html"

_LONGEST = 300  # characters of a line or a sentence


@dataclass(frozen=True)
class _Moment:
    """Witnesses of one moment, and what stood on the consoles."""

    findings: list[Finding]
    sightings: list[Sighting]


@dataclass(frozen=True)
class _Shown:
    """A finding with its moments."""

    finding: CheckResult
    promise: str
    moments: list[_Moment]


@dataclass(frozen=True)
class _Section:
    """What the page tells of a test that did not pass."""

    result: Result
    promises: list[tuple[str, str]]
    shown: list[_Shown]
    faults: list[str]
    typed: list[Typed | None]
    typed_in_all: int
    scenario: str


Again = Callable[[Grade], Sequence[str]]
"""Tells the command that grades a program again in the same way."""


def alone(grade: Grade) -> list[str]:
    """Return the command for a program that was graded as nobody said otherwise."""
    return ["peerlab", "grade", grade.profile]


def program_page(suite: Suite, grade: Grade, home: Path, command: Sequence[str] = ()) -> str:
    """Return the page of one program.

    Args:
        suite: the tests.
        grade: what became of them.
        home: the program's folder, with its runs.
        command: what grades it again.
    """
    texts = {task.test.name: task.text for task in suite.tasks}
    told = filter(_is_told, grade.results)
    sections = [_section(each, home, texts.get(each.test, ""), grade.sync) for each in told]
    again = shlex.join([*(command or alone(grade)), "--again"])
    return _render("program.html", suite=suite, grade=grade, sections=sections, again=again)


def summary_page(suite: Suite, grades: Sequence[Grade]) -> str:
    """Return the page of all programs, which leads to the page of each."""
    return _render("summary.html", suite=suite, grades=grades, page=PROGRAM_PAGE)


def _is_told(result: Result) -> bool:
    """Tell whether the program's page has a section of a test; of others the table says all."""
    return result.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)


def _section(result: Result, home: Path, scenario: str, sync: Sequence[str]) -> _Section:
    folder = home / result.run if result.run else None
    scenes = Scenes(folder) if folder else None
    shown = [
        _Shown(each, promises().get(each.check, ""), list(_moments(each, scenes)))
        for each in result.findings
    ]
    # The lab types these to see that a program listens, unless the test itself is about them.
    without = [line for line in sync if not re.search(rf"\b{re.escape(line)}\b", scenario)]
    typed, count = lines_until(folder, result.at, without) if folder else ([], 0)
    faults = faults_until(folder, result.at) if folder else []
    known = [(name, promises().get(name, "")) for name in result.checks]
    return _Section(result, known, shown, faults, typed, count, scenario)


def _moments(finding: CheckResult, scenes: Scenes | None) -> Iterator[_Moment]:
    if scenes is None:
        return
    for scene in scenes.of(finding.findings):
        yield _Moment(scene.findings, scenes.shown(scene))


def _render(template: str, **given: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "plain": _plain,
        "whole": printable,
        "seconds": lambda at: f"{at:.3f}",
    }
    environment.globals |= {
        "marks": MARKS, "meanings": MEANINGS, "kind": kind, "place": place, "score": score,
        "outcomes": list(Outcome), "is_told": _is_told,
    }  # fmt: skip
    return environment.get_template(template).render(**given)


def _plain(text: object) -> str:
    """Return text from anywhere, of a fair length and without controls; the template escapes it."""
    return "\n".join(printable(shortened(line, _LONGEST)) for line in str(text).split("\n"))

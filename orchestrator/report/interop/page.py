"""One HTML page of all pairs: the matrix, and of each cell what stood on both consoles.

The page is one file, without scripts and without anything from elsewhere. Whatever comes from a
program is escaped by the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from orchestrator.grades import Result
from orchestrator.grades.matrix import DIALLER, OTHER, Cell, Matrix
from orchestrator.history import runs, transcript
from orchestrator.report import grades
from orchestrator.report.interop.words import ROLES, legend, mark, place
from orchestrator.report.text import shortened
from orchestrator.text import printable

_LONGEST = 300  # characters of a line
_FIRST, _LAST = 30, 30  # lines of a console of which there are many


@dataclass(frozen=True)
class _Shown:
    """One line of a console.

    Attributes:
        at: when, in seconds.
        text: the line.
        typed: whether the lab typed it, where the console does not show that.
    """

    at: float
    text: str
    typed: bool = False


@dataclass(frozen=True)
class _Console:
    """What stood on one console, None for lines that are left out."""

    peer: str
    program: str
    lines: Sequence[_Shown | None]


@dataclass(frozen=True)
class _Evidence:
    result: Result
    consoles: Sequence[_Console]


def page(matrix: Matrix, output: Path) -> str:
    """Return the page.

    Args:
        matrix: what became of all pairs.
        output: the folder that has the runs, and will have the page.
    """
    here = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([here, Path(grades.__file__).parent / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": _plain, "seconds": lambda at: f"{at:.3f}"}
    environment.globals |= {
        "mark": mark, "roles": ROLES, "place": place,
        "legend": legend(each for cell in matrix.cells for each in cell.results),
    }  # fmt: skip
    evidence = {
        (cell.dialler, cell.other): [_evidence(cell, each, output) for each in cell.results]
        for cell in matrix.cells
    }
    numbers = {name: number for number, name in enumerate(matrix.programs, 1)}
    template = environment.get_template("interop.html")
    return template.render(matrix=matrix, evidence=evidence, numbers=numbers)


def _evidence(cell: Cell, result: Result, output: Path) -> _Evidence:
    if not result.run:
        return _Evidence(result, ())
    folder = output / result.run
    roles = ((DIALLER, cell.dialler), (OTHER, cell.other))
    consoles = [_Console(peer, name, _lines(folder, peer)) for peer, name in roles]
    return _Evidence(result, consoles)


def _lines(folder: Path, peer: str) -> list[_Shown | None]:
    """Return what a console showed; what was typed as well, where it is not echoed."""
    try:
        pieces = transcript.read(runs.transcript(folder, peer))
    except (OSError, ValueError):
        return []
    shown = [_Shown(line.at, line.text) for line in transcript.screen(pieces)]
    for piece in pieces:
        for line in piece.data.decode("utf-8", "replace").splitlines() if piece.typed else ():
            text = printable("".join(filter(str.isprintable, line))).rstrip()
            if text and not any(each.text.endswith(text) for each in shown if not each.typed):
                shown.append(_Shown(piece.at, text, typed=True))
    shown.sort(key=lambda each: each.at)
    if len(shown) <= _FIRST + _LAST:
        return [*shown]
    return [*shown[:_FIRST], None, *shown[-_LAST:]]


def _plain(text: object) -> str:
    """Return text from anywhere, of a fair length and without controls; the template escapes it."""
    return printable(shortened(" ".join(str(text).split("\n")), _LONGEST))

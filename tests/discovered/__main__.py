"""`python -m tests.discovered`: examples graded by profiles that were found out.

Exit status 0 only if `peerlab profile new` writes a profile for each, and the grade by it is
exactly what the example's `findings.yaml` says; 1 otherwise, 2 where the lab itself failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.grading import rubric as rubrics
from orchestrator.grading.points import Grade
from orchestrator.report.printing import safe_lines
from orchestrator.scenario import EngineName
from tests import trials
from tests.discovered.trial import Discovery, discovered
from tests.examples.trial import NAMES, differences, graded


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Which ones; all as left out.")] = None,
    engine: Annotated[EngineName, typer.Option(help="Where.")] = EngineName.AUTO,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Tests side by side.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="A test of the suite; repeatable.")] = None,
) -> None:
    """Have profiles written for the examples, grade by them, and say where that differs."""
    console = trials.console()
    engine = trials.engine_here(engine, console)
    folder = Path(mkdtemp(prefix="peerlab-discovered-"))
    console.print(f"the profiles and the runs are kept in {folder}")
    found = [_discover(console, name, engine, folder / "peers") for name in names or NAMES]
    written = [each.folder for each in found if each.is_written]
    suite = rubrics.load(rubrics.CONFORMANCE).only(only or [])
    done = graded(written, engine, folder / "runs", jobs=jobs, suite=suite) if written else []
    differ = {each.program: differences(each, engine) for each in done}
    for name, lines in differ.items():
        for line in lines:
            console.print(f"{name}: {line}", soft_wrap=True)
    console.print(_table(found, done, differ, engine))
    is_right = len(done) == len(found) and not any(differ.values())
    raise typer.Exit(0 if is_right else 1)


def _discover(console: Console, name: str, engine: EngineName, folder: Path) -> Discovery:
    found = discovered(name, engine, folder)
    took = f"{name}: exit status {found.status}, {found.seconds:.0f} s"
    console.print(f"{took}, {found.doubtful} doubtful")
    if not found.is_written:
        console.print(safe_lines(found.said), soft_wrap=True)
    return found


def _table(
    found: Sequence[Discovery],
    done: Sequence[Grade],
    differ: dict[str, list[str]],
    engine: EngineName,
) -> Table:
    """Return what became of each, and in how many tests its grade differs."""
    by_name = {each.program: each for each in done}
    agree = sum(each.name in by_name and not differ[each.name] for each in found)
    table = Table(title=f"{engine}: {agree} of {len(found)} agree", title_justify="left")
    for name in ("example", "found out in", "doubtful", "points", "tests", "differences"):
        table.add_column(name, no_wrap=True)
    for each in found:
        seconds = f"{each.seconds:.0f} s"
        if (grade := by_name.get(each.name)) is None:
            table.add_row(each.name, seconds, "", "", "", "no profile")
            continue
        points = f"{grade.points:g} of {grade.total:g}"
        tests = str(len(grade.results))
        wrong = str(len(differ[each.name]) or "agrees")
        table.add_row(each.name, seconds, str(each.doubtful), points, tests, wrong)
    return table


if __name__ == "__main__":
    trials.run(main)

"""`python -m tests.discovered`: write profiles for the examples, and grade by them.

Exit status 0 only if `peerlab profile new` writes a profile for each example and the grade by it
is exactly what the example's `findings.yaml` says; 1 otherwise, 2 if the lab itself failed.
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
from orchestrator.grading.results import Grade
from orchestrator.report.printing import safe_lines
from orchestrator.scenario import EngineName
from tests import trials
from tests.discovered.trial import Discovery, copied, discover
from tests.examples.trial import NAMES, differences, graded


def main(
    names: Annotated[list[str] | None, typer.Argument(help="The examples; all by default.")] = None,
    engine: Annotated[EngineName, typer.Option(help="The engine.")] = EngineName.AUTO,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Tests side by side.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="A test of the suite; repeatable.")] = None,
) -> None:
    """Write profiles for the examples, grade by them, and report where the grades differ."""
    console = trials.console()
    engine = trials.engine_here(engine, console)
    folder = Path(mkdtemp(prefix="peerlab-discovered-"))
    console.print(f"the profiles and the runs are kept in {folder}")
    results = [_discover(console, name, engine, folder / "peers") for name in names or NAMES]
    written = [result.folder for result in results if result.is_written]
    suite = rubrics.load(rubrics.CONFORMANCE).only(only or [])
    done = graded(written, engine, folder / "runs", jobs=jobs, suite=suite) if written else []
    differ = {grade.program: differences(grade, engine) for grade in done}
    for name, lines in differ.items():
        for line in lines:
            console.print(f"{name}: {line}", soft_wrap=True)
    console.print(_table(results, done, differ, engine))
    is_right = len(done) == len(results) and not any(differ.values())
    raise typer.Exit(0 if is_right else 1)


def _discover(console: Console, name: str, engine: EngineName, folder: Path) -> Discovery:
    result = discover(copied(name, folder), engine)
    took = f"{name}: exit status {result.status}, {result.seconds:.0f} s"
    console.print(f"{took}, {result.doubtful} doubtful")
    if not result.is_written:
        console.print(safe_lines(result.said), soft_wrap=True)
    return result


def _table(
    results: Sequence[Discovery],
    done: Sequence[Grade],
    differ: dict[str, list[str]],
    engine: EngineName,
) -> Table:
    """Return a table of the examples: their profiles, their grades and any differences."""
    by_name = {grade.program: grade for grade in done}
    agree = sum(it.name in by_name and not differ[it.name] for it in results)
    table = Table(title=f"{engine}: {agree} of {len(results)} agree", title_justify="left")
    for name in ("example", "profile in", "doubtful", "points", "tests", "differences"):
        table.add_column(name, no_wrap=True)
    for result in results:
        seconds = f"{result.seconds:.0f} s"
        if (grade := by_name.get(result.name)) is None:
            table.add_row(result.name, seconds, "", "", "", "no profile")
            continue
        points = f"{grade.points:g} of {grade.total:g}"
        tests = str(len(grade.results))
        wrong = str(len(differ[result.name]) or "agrees")
        table.add_row(result.name, seconds, str(result.doubtful), points, tests, wrong)
    return table


if __name__ == "__main__":
    trials.run(main)

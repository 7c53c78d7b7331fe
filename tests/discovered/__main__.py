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
from tests.discovered.trial import Discovery, copied, discover_all
from tests.examples.trial import NAMES, differences, graded


def main(
    names: Annotated[list[str] | None, typer.Argument(help="The examples; all by default.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often to do all of it.")] = 1,
    engine: Annotated[EngineName, typer.Option(help="The engine.")] = EngineName.AUTO,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="How many side by side.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="A test of the suite; repeatable.")] = None,
) -> None:
    """Write profiles for the examples, grade by them, and report where the grades differ."""
    console = trials.console()
    trial = _Trial(console, trials.engine_here(engine, console), jobs, only or [])
    folder = Path(mkdtemp(prefix="peerlab-discovered-"))
    console.print(f"the profiles and the runs are kept in {folder}")
    right = [trial.round(names or NAMES, folder / str(n)) for n in range(1, rounds + 1)]
    if rounds > 1:
        console.print(f"{sum(right)} of {rounds} rounds agree")
    raise typer.Exit(0 if all(right) else 1)


class _Trial:
    """Writes profiles and grades by them, round by round."""

    def __init__(
        self, console: Console, engine: EngineName, jobs: int, only: Sequence[str]
    ) -> None:
        self._console, self._engine, self._jobs = console, engine, jobs
        self._suite = rubrics.load(rubrics.CONFORMANCE).only(only)

    def round(self, names: Sequence[str], folder: Path) -> bool:
        """Do all of it once; return whether each grade is what it must be."""
        results = self._discover([copied(name, folder / "peers") for name in names])
        written = [result.folder for result in results if result.is_written]
        done = self._grade(written, folder / "runs") if written else []
        differ = {grade.program: differences(grade, self._engine) for grade in done}
        for name, lines in differ.items():
            for line in lines:
                self._console.print(f"{name}: {line}", soft_wrap=True)
        self._console.print(_table(results, done, differ, f"{self._engine}, round {folder.name}"))
        return len(done) == len(results) and not any(differ.values())

    def _discover(self, folders: Sequence[Path]) -> list[Discovery]:
        results = []
        for result in discover_all(folders, self._engine, self._jobs):
            self._console.print(result.summary)
            if not result.is_written:
                self._console.print(safe_lines(result.said), soft_wrap=True)
            results.append(result)
        return results

    def _grade(self, programs: Sequence[Path], output: Path) -> list[Grade]:
        return graded(programs, self._engine, output, jobs=self._jobs, suite=self._suite)


def _table(
    results: Sequence[Discovery],
    done: Sequence[Grade],
    differ: dict[str, list[str]],
    title: str,
) -> Table:
    """Return a table of the examples: their profiles, their grades and any differences."""
    by_name = {grade.program: grade for grade in done}
    agree = sum(it.name in by_name and not differ[it.name] for it in results)
    table = Table(title=f"{title}: {agree} of {len(results)} agree", title_justify="left")
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

"""`python -m tests.examples --times 10`: grades every example peer repeatedly and compares.

Exit status 0 only if every example always gets exactly what its `findings.yaml` says, else 1;
2 if the lab itself failed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Grade, Outcome
from orchestrator.grading.rubric import Suite
from orchestrator.scenario import EngineName
from tests import trials
from tests.examples.trial import NAMES, differences, graded


def main(
    names: Annotated[list[str] | None, typer.Argument(help="The examples; all by default.")] = None,
    times: Annotated[int, typer.Option(min=1, help="How often to grade them.")] = 1,
    engine: Annotated[EngineName, typer.Option(help="Where programs run.")] = EngineName.AUTO,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Tests side by side.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="A test of the suite; repeatable.")] = None,
) -> None:
    """Grade the examples, and print every difference from what must be found."""
    console = trials.console()
    engine = trials.engine_here(engine, console)
    folder = Path(mkdtemp(prefix="peerlab-examples-"))
    console.print(f"the runs are kept in {folder}")
    trial = _Rounds(
        console, names or NAMES, engine, jobs, rubrics.load(rubrics.CONFORMANCE).only(only or [])
    )
    for number in range(1, times + 1):
        trial.round(folder / str(number))
    console.print(trial.table(times))
    raise typer.Exit(0 if trial.is_right else 1)


class _Rounds:
    """Grades all examples, round by round."""

    def __init__(
        self,
        console: Console,
        names: Sequence[str],
        engine: EngineName,
        jobs: int,
        suite: Suite,
    ) -> None:
        self._console, self._names, self._engine = console, names, engine
        self._jobs, self._suite = jobs, suite
        self._right: Counter[str] = Counter()
        self._rounds: list[list[Grade]] = []

    @property
    def is_right(self) -> bool:
        """Whether every grade is as it must be."""
        return self._right.total() == len(self._rounds) * len(self._names)

    def round(self, folder: Path) -> None:
        """Grade all of them once."""
        began = time.monotonic()
        done = graded(self._names, self._engine, folder, jobs=self._jobs, suite=self._suite)
        self._rounds.append(done)
        for grade in done:
            differs = differences(grade, self._engine)
            self._right[grade.program] += not differs
            for line in differs:
                self._console.print(f"{grade.program}: {line}", soft_wrap=True)
        self._console.print(f"round {folder.name}: {time.monotonic() - began:.0f} s")

    def table(self, times: int) -> Table:
        """Return how often the grades were right, and those of the last round."""
        table = Table(title=f"{self._engine}, {times} times", title_justify="left")
        for name in ("example", "as it must be", "points", "fails", "lacks", "seconds"):
            table.add_column(name, no_wrap=True)
        for grade in self._rounds[-1]:
            counts = grade.counts()
            table.add_row(
                grade.program,
                str(self._right[grade.program]),
                f"{grade.points:g} of {grade.total:g}",
                str(counts[Outcome.FAILED]),
                str(counts[Outcome.LACKING]),
                f"{sum(result.seconds for result in grade.results):.0f}",
            )
        return table


if __name__ == "__main__":
    trials.run(main)

"""`python -m tests.subjects`: grade programs whose truth is known, and compare with it.

Profiles are those in `tests/subjects/profiles`; with `--profile-new`, each program gets the one
that `peerlab profile new` writes. Nothing is written into the programs' folders.

Exit status 0 only if every program could be graded, no finding was false and no fault was missed;
1 otherwise, 2 if the lab itself failed.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.grading import rubric as rubrics
from orchestrator.grading.rubric import Suite
from orchestrator.report.printing import safe_lines
from orchestrator.scenario import EngineName
from tests import trials
from tests.discovered.trial import discover_all
from tests.examples.trial import graded
from tests.subjects.trial import (
    HOME,
    PROFILES,
    TRUTH,
    Match,
    compared,
    differences,
    handed_in,
    not_graded,
    truth_of,
)

Found = dict[str, list[Match]]
"""By test, one for each round."""


def main(
    names: Annotated[list[str] | None, typer.Argument(help="The programs; all by default.")] = None,
    folder: Annotated[Path, typer.Option(help="Where they are, with a truth.yaml each.")] = HOME,
    rounds: Annotated[int, typer.Option(min=1, help="How often to grade them.")] = 1,
    engine: Annotated[EngineName, typer.Option(help="Where programs run.")] = EngineName.AUTO,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="How many side by side.")] = 2,
    profile_new: Annotated[
        bool, typer.Option("--profile-new", help="Write each profile with `profile new`.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help="A test of the suite; repeatable.")] = None,
) -> None:
    """Grade programs, and print where the lab and the truth disagree."""
    console = trials.console()
    engine = trials.engine_here(engine, console)
    output = Path(mkdtemp(prefix="peerlab-subjects-"))
    console.print(f"the profiles and the runs are kept in {output}")
    homes = [folder / name for name in names] if names else _subjects(folder)
    trial = _Trial(console, homes, engine, jobs, rubrics.load(rubrics.CONFORMANCE).only(only or []))
    for number in range(1, rounds + 1):
        trial.round(output / str(number), profile_new=profile_new)
    console.print(trial.tests())
    console.print(trial.summary())
    raise typer.Exit(0 if trial.is_right else 1)


def _subjects(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob(f"*/{TRUTH}"))


class _Trial:
    """Grades the programs, round by round."""

    def __init__(
        self,
        console: Console,
        homes: Sequence[Path],
        engine: EngineName,
        jobs: int,
        suite: Suite,
    ) -> None:
        self._console, self._engine, self._jobs, self._suite = console, engine, jobs, suite
        self._truth = {home.name: truth_of(home) for home in homes}
        self._homes = homes
        self._found: dict[str, Found] = {home.name: defaultdict(list) for home in homes}
        self._ungraded: Counter[str] = Counter()

    @property
    def is_right(self) -> bool:
        """Whether all were graded, and nothing was said wrongly or passed wrongly."""
        wrong = {Match.FALSE, Match.MISSED, Match.SECOND_HAND}
        return not self._ungraded and not any(
            wrong & {*matches} for found in self._found.values() for matches in found.values()
        )

    def round(self, output: Path, *, profile_new: bool) -> None:
        """Grade all of them once."""
        began = time.monotonic()
        copies = [handed_in(home, output / "programs") for home in self._homes]
        read = self._discovered if profile_new else self._given
        ready = read(copies)
        self._ungraded.update({copy.name for copy in copies} - {copy.name for copy in ready})
        if ready:
            self._compare(ready, output / "runs")
        self._console.print(f"round {output.name}: {time.monotonic() - began:.0f} s")

    def _given(self, copies: Sequence[Path]) -> list[Path]:
        """Copy the profiles that are known into programs; return the programs that have one."""
        ready = []
        for copy in copies:
            profile = PROFILES / f"{copy.name}.yaml"
            if profile.is_file():
                shutil.copy2(profile, copy / "profile.yaml")
                ready.append(copy)
            else:
                said = f"{copy.name}: not graded: there is no {profile}"
                self._console.print(said, soft_wrap=True)
        return ready

    def _discovered(self, copies: Sequence[Path]) -> list[Path]:
        """Write the profiles of programs; return the programs that have one."""
        ready = []
        for result in discover_all(copies, self._engine, self._jobs):
            self._console.print(result.summary)
            if result.is_written:
                ready.append(result.folder)
            else:
                said = f"{result.name}: not graded: {safe_lines(result.said).strip()}"
                self._console.print(said)
        return ready

    def _compare(self, programs: Sequence[Path], output: Path) -> None:
        done = graded(programs, self._engine, output, jobs=self._jobs, suite=self._suite)
        for home, grade in zip(programs, done, strict=True):
            if trouble := not_graded(grade):
                self._ungraded[home.name] += 1
                self._console.print(f"{home.name}: not graded: {safe_lines(trouble)}")
                continue
            found = compared(grade, self._truth[home.name])
            for test, kind in found.items():
                self._found[home.name][test].append(kind)
            for line in differences(grade, found):
                self._console.print(safe_lines(line), soft_wrap=True)

    def tests(self) -> Table:
        """Return a row for each test on which some program disagrees with its truth."""
        table = Table(title="tests that disagree", title_justify="left")
        for name in ("test", *self._found):
            table.add_column(name, no_wrap=True)
        for test in (task.test.name for task in self._suite.tasks):
            cells = [_cell(found.get(test, [])) for found in self._found.values()]
            if any(cells):
                table.add_row(test, *cells)
        return table

    def summary(self) -> Table:
        """Return how often the results of each program agree with its truth, over all rounds."""
        table = Table(title=f"{self._engine}", title_justify="left")
        for name in ("program", "not graded", *Match):
            table.add_column(name, no_wrap=True)
        for name, found in self._found.items():
            counts = Counter(kind for matches in found.values() for kind in matches)
            table.add_row(name, str(self._ungraded[name] or ""), *(str(counts[k]) for k in Match))
        return table


def _cell(matches: Sequence[Match]) -> str:
    """Say how one test ended in all rounds: nothing if it always agrees."""
    counts = Counter(kind for kind in matches if kind is not Match.AGREES)
    worst_first = sorted(counts, key=lambda kind: kind.rank, reverse=True)
    return ", ".join(f"{k} {counts[k]}" if len(matches) > 1 else k for k in worst_first)


if __name__ == "__main__":
    trials.run(main)

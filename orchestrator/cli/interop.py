"""`interop`: every program with every other and with itself, both ways, as a matrix."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import grades
from orchestrator.cli.consoles import BROKEN, Json, err, out, print_json
from orchestrator.cli.live import Live
from orchestrator.engines.choose import available, choose
from orchestrator.grades import Result
from orchestrator.grading import Options, find
from orchestrator.interop import RUBRIC, match
from orchestrator.report import grades as report_grades
from orchestrator.report import interop as report
from orchestrator.report import safe
from orchestrator.scenario import EngineName

commands = typer.Typer()

Programs = Annotated[
    list[Path],
    typer.Argument(
        metavar="PROFILE",
        help="Profiles, folders with a profile.yaml, folders of such folders.",
    ),
]
Engine = Annotated[EngineName, typer.Option(help="Where programs run.")]
Jobs = Annotated[int, typer.Option(min=1, max=16, help="How many tests run side by side.")]
Output = Annotated[Path, typer.Option(help="Where to keep the matrix, its page and the runs.")]


@commands.command(epilog="Example: peerlab interop submissions/ --jobs 2")
def interop(
    programs: Programs,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 2,
    output: Output = Path("interop-results"),
    as_json: Json = False,
) -> None:
    """Let every program talk with every other; exit status 2 where an outcome is unknown."""
    suite = grades.load(RUBRIC)
    found = find(programs, None, output)
    if engine is EngineName.AUTO:
        engine = available(_say)
    options = Options(engine, lambda _: choose(engine, _say, stop=options.stop), output, jobs)
    matrix = match(suite, found, options, _shown)
    written = report.write_all(output, matrix)
    if as_json:
        print_json(report.matrix_as_data(matrix))
    else:
        report.print_matrix(out, matrix)
        out.print(f"the page with all consoles is {safe(written.page)}, for spreadsheets"
                  f" {safe(written.table)}", soft_wrap=True)  # fmt: skip
    raise typer.Exit(0 if matrix.is_certain else BROKEN)


def _say(line: str) -> None:
    err.print(safe(line))


@contextlib.contextmanager
def _shown(names: list[str]) -> Iterator[_Live]:
    """Show how far the tests of all pairs are."""
    with _Live(names, "tests") as live:
        yield live


class _Live(Live):
    """Shows tests of pairs instead of runs."""

    def marked(self, number: int, result: Result) -> None:
        """Show what a test came to; it may never have begun."""
        self.over(number, report_grades.result_line(self.names[number], result))

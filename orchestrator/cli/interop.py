"""`interop`: every program with every other and with itself, both ways, as a matrix."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import grades
from orchestrator.cli.consoles import BROKEN, out, print_json, say
from orchestrator.cli.live import Live
from orchestrator.cli.options import Engine, Jobs, Json, Programs, Trust
from orchestrator.engines.choose import available, choose
from orchestrator.grading import Options, find
from orchestrator.interop import RUBRIC, match
from orchestrator.report import interop as report
from orchestrator.report import safe
from orchestrator.scenario import EngineName

commands = typer.Typer()

Output = Annotated[Path, typer.Option(help="Where to keep the matrix, its page and the runs.")]


@commands.command(epilog="Example: peerlab interop submissions/ --jobs 2")
def interop(
    programs: Programs,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 2,
    output: Output = Path("interop-results"),
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Let every program talk with every other; exit status 2 where an outcome is unknown."""
    suite = grades.load(RUBRIC)
    found = find(programs, None, output, trust=trust)
    if engine is EngineName.AUTO:
        engine = available(say)
    options = Options(engine, lambda _: choose(engine, say, stop=options.stop), output, jobs)
    matrix = match(suite, found, options, functools.partial(Live, what="tests"))
    written = report.write_all(output, matrix)
    if as_json:
        print_json(report.matrix_as_data(matrix))
    else:
        report.print_matrix(out, matrix, output)
        out.print(f"the page with all consoles is {safe(written.page)}, for spreadsheets"
                  f" {safe(written.table)}", soft_wrap=True)  # fmt: skip
    raise typer.Exit(0 if matrix.is_certain else BROKEN)

"""`interop`: every program with every other and with itself, both ways, as a matrix."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.consoles import BROKEN, out, print_json, say
from orchestrator.cli.live import LiveView
from orchestrator.cli.options import Again, Engine, Jobs, Json, Programs, Trust
from orchestrator.engines.choose import available, choose
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.grading import GradingOptions, match_programs
from orchestrator.grading.programs import find
from orchestrator.report import safe
from orchestrator.report.grading.formats import matrix_as_data
from orchestrator.report.grading.publish import publish_matrix
from orchestrator.report.grading.tables import print_matrix
from orchestrator.scenario import EngineName

commands = typer.Typer()

Output = Annotated[Path, typer.Option(help="Where to keep the matrix, its page and the runs.")]


@commands.command(epilog="Example: peerlab interop submissions/ --jobs 2")
def interop(
    programs: Programs,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 2,
    output: Output = Path("interop-results"),
    again: Again = False,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Let every program talk with every other, both ways. Run the same command again to resume.

    Exit status 2 if a result is unknown, or the lab broke.
    """
    suite = rubrics.load(rubrics.INTEROP)
    found = find(programs, None, output, trust=trust)
    if engine is EngineName.AUTO:
        engine = available(say)
    options = GradingOptions(
        engine, lambda _: choose(engine, say, cancel=options.cancel), output, jobs, again=again
    )
    matrix = match_programs(suite, found, options, functools.partial(LiveView, what="tests"))
    files = publish_matrix(output, matrix)
    if as_json:
        print_json(matrix_as_data(matrix))
    else:
        print_matrix(out, matrix, output)
        out.print(f"the page with all consoles is {safe(files.page)}, for spreadsheets"
                  f" {safe(files.table)}", soft_wrap=True)  # fmt: skip
    raise typer.Exit(0 if matrix.is_certain else BROKEN)

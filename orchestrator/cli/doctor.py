"""`doctor`: whether this machine can run scenarios, what it lacks, and what helps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import BROKEN, out, print_json, progress
from orchestrator.cli.options import Engine, Json
from orchestrator.diagnosis.examination import examine
from orchestrator.errors import LabError
from orchestrator.report.conditions import diagnosis_as_data, print_diagnosis
from orchestrator.scenario import EngineName

commands = Commands()


@commands.command(epilog="Example: peerlab doctor --engine docker")
def doctor(
    engine: Engine = EngineName.AUTO,
    output: Annotated[
        Path,
        typer.Option("--output", metavar="DIR", help="Where runs will be kept, for its disk."),
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Examine this machine: what works, what does not, what that means, and what helps.

    A scenario of two peers runs as a trial. Exit status 0 if scenarios can run here, else 2.
    """
    if not output.is_dir():
        raise LabError(f"{output} is not a folder")
    with progress() as telling:
        found = examine(engine, output, telling)
    if as_json:
        print_json(diagnosis_as_data(found))
    else:
        print_diagnosis(out, found)
    if not found.can_run:
        raise typer.Exit(BROKEN)

"""`validate` and `schema`: scenario files, without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.consoles import BROKEN, out, print_json, print_mistakes
from orchestrator.scenario import schema as scenario_schema
from orchestrator.scenario.validation import Validator, find

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Scenario files, and folders of them.")
]

commands = typer.Typer()


@commands.command(epilog="Example: peerlab validate scenarios/")
def validate(files: Files) -> None:
    """Look through scenarios without running them; exit status 0 right, 2 wrong."""
    paths, validator = find(files), Validator()
    validator.check_files(paths)
    print_mistakes(validator.mistakes)
    what = "1 file is" if len(paths) == 1 else f"{len(paths):,} files are"
    out.print(f"{validator.right:,} of {what} right" if validator.mistakes else f"{what} right")
    if validator.mistakes:
        raise typer.Exit(BROKEN)


@commands.command(epilog="Example: peerlab schema > scenario.schema.json")
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors and other programs."""
    print_json(scenario_schema())

"""The command line, `peerlab`."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import traceback
from typing import NoReturn

import typer

from orchestrator.cli import (
    consoles,
    faults,
    grade,
    interop,
    interrupted,
    mesh,
    profile,
    saved,
    scenario,
)
from orchestrator.errors import LabError
from orchestrator.report import safe

app = typer.Typer(
    help="A lab bench for programs that talk to each other over a network and to a person.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for commands in (
    scenario.commands,
    grade.commands,
    interop.commands,
    saved.commands,
    mesh.commands,
    faults.commands,
):
    app.add_typer(commands)
app.add_typer(profile.commands, name="profile")


def main() -> NoReturn:
    """Run the command line; every error becomes one message and exit status 2."""
    try:
        interrupted.install()
        consoles.prepare()
        app()
    except LabError as error:
        consoles.print_error("error:", error)
        sys.exit(consoles.BROKEN)
    except interrupted.Interrupted as end:
        left = end.left or "nothing was left running"
        consoles.err.print(f"interrupted: {safe(left)}", soft_wrap=True)
        interrupted.ignore()
        sys.exit(interrupted.STATUS)
    except Exception as error:  # noqa: BLE001 - status 1 would be a verdict
        _print_bug(error)
        sys.exit(consoles.BROKEN)
    sys.exit(0)


def _print_bug(error: Exception) -> None:
    """Print a bug of the lab's own in one line, and the file that has its traceback."""
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    hint = "its traceback could not be kept: report it"
    with contextlib.suppress(OSError):
        with tempfile.NamedTemporaryFile(
            "w", prefix="peerlab-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exception(error, file=file)
        hint = f"its traceback is in {file.name}: report it"
    consoles.print_error("the lab itself failed:", LabError(what, hint=hint))

"""`peerlab`: one command line for all of it."""

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
    files,
    grade,
    interop,
    interrupted,
    mesh,
    profile,
    run,
    saved,
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
    run.commands,
    grade.commands,
    interop.commands,
    saved.commands,
    files.commands,
    mesh.commands,
    faults.commands,
):
    app.add_typer(commands)
app.add_typer(profile.commands, name="profile")


def main() -> NoReturn:
    """Run the command line; every error becomes one message and status 2."""
    try:
        interrupted.expect()
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
    except Exception as error:  # noqa: BLE001 - a fault of the lab's own is not status 1, which is a verdict
        _print_own(error)
        sys.exit(consoles.BROKEN)
    sys.exit(0)


def _print_own(error: Exception) -> None:
    """Print in a line what went wrong in the lab itself, and where to read more of it."""
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    where = "its traceback could not be kept"
    with contextlib.suppress(OSError):
        with tempfile.NamedTemporaryFile(
            "w", prefix="peerlab-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exception(error, file=file)
        where = f"its traceback is in {file.name}"
    consoles.print_error("the lab itself failed:", LabError(what, hint=f"{where}: report it"))

"""The command line, `peerlab`."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
import tempfile
import traceback
from collections import UserDict
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from orchestrator.cli import consoles, interrupted
from orchestrator.errors import LabError
from orchestrator.report.printing import safe

FILES = {
    **dict.fromkeys(("run", "validate", "schema"), "scenario"),
    **dict.fromkeys(("grade", "interop"), "grade"),
    **dict.fromkeys(("check", "report", "schedule"), "saved"),
    **dict.fromkeys(("up", "down", "ps", "image", "attach"), "mesh"),
    **dict.fromkeys(("heal", "faults", "fault"), "faults"),
    "profile": "profile",
}
"""The file of each command, in the order of the help."""


class _Commands(UserDict[str, Any]):
    """The commands by name; the file of one is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        """Return a command."""
        file = importlib.import_module(f"orchestrator.cli.{self.data[name]}")
        if not gc.isenabled():  # `__main__` has put it off
            gc.freeze()
            gc.enable()
        return typer.main.get_group(file.commands).commands[name]


class _LazyGroup(TyperGroup):
    """Starts in half the time: no command needs what all of them import."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands(FILES)


app = typer.Typer(
    cls=_LazyGroup,
    help="A lab bench for programs that talk to each other over a network and to a person.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def _peerlab() -> None:
    """Have typer make a group although it sees no command."""


def main() -> NoReturn:
    """Run the command line; every error becomes one message and exit status 2."""
    endings = interrupted.install()
    try:
        consoles.prepare()
        app()
    except (LabError, interrupted.Interrupted) as error:
        endings.over()
        if end := interrupted.behind(error):
            left = end.left or "nothing was left running"
            consoles.err.print(f"interrupted: {safe(left)}", soft_wrap=True)
            interrupted.ignore()
            sys.exit(end.status)
        if isinstance(error, LabError):
            consoles.print_error("error:", error)
        sys.exit(consoles.BROKEN)
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

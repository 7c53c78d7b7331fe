"""The command line, `peerlab`."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
import tempfile
import traceback
from collections import UserDict
from typing import Annotated, Any, NoReturn

import typer

from orchestrator.cli import consoles, interrupted
from orchestrator.cli.commands import Command, Commands, Group
from orchestrator.errors import LabError
from orchestrator.report.printing import safe

GROUPS = {
    "Begin here": {"init": "init", "docs": "pages"},
    "Scenarios": {"run": "scenario", "validate": "scenario", "schema": "scenario"},
    "Kept runs": {"report": "saved", "judge": "saved", "schedule": "saved"},
    "Programs": {"profile": "profile", "grade": "grade", "interop": "grade"},
    "A mesh to use by hand": {
        **dict.fromkeys(("up", "ps", "attach"), "mesh"),
        "logs": "logs",
        **dict.fromkeys(("fault", "faults", "heal"), "faults"),
        "down": "mesh",
    },
    "This machine": {"doctor": "doctor", "image": "mesh"},
}
"""The commands in groups, with the file of each, in the order of the help."""

FILES = {name: file for group in GROUPS.values() for name, file in group.items()}
"""The file of each command."""

_GROUP_OF = {name: title for title, group in GROUPS.items() for name in group}
_FORMER = {"check": "judge", "runs": "output", "name": "mesh"}


class _Commands(UserDict[str, Any]):
    """The commands by name; the file of one is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        """Return a command."""
        file = importlib.import_module(f"orchestrator.cli.{self.data[name]}")
        if not gc.isenabled():  # `__main__` has put it off
            gc.freeze()
            gc.enable()
        command: Any = typer.main.get_group(file.commands).commands[name]
        command.rich_help_panel = _GROUP_OF[name]
        return command


class _LazyGroup(Group):
    """Starts in half the time: no command needs what all of them import."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands(FILES)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return the commands and options that continue a word, each with its group."""
        self.commands = {name: Command(name=name, help=title) for name, title in _GROUP_OF.items()}
        return super().shell_complete(ctx, incomplete)


app = Commands(
    former=_FORMER,
    cls=_LazyGroup,
    help="A lab bench for programs that talk to each other over a network and to a person.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        import importlib.metadata
        import platform

        version = importlib.metadata.version("peerlab")
        consoles.out.print(f"peerlab {version}, Python {platform.python_version()}")
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
    ),
]


@app.callback()
def _peerlab(version: _Version = False) -> None:
    """Take the options of `peerlab` itself."""


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

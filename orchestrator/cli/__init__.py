"""`peerlab`: one command line for all of it."""

from __future__ import annotations

import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

import typer

from orchestrator.cli import consoles, faults, files, grade, interop, mesh, profile, run, saved
from orchestrator.errors import LabError

_INTERRUPTED = 130  # as shells have it
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

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


class _Interrupted(BaseException):
    """Somebody pressed Ctrl-C, or asked politely; typer would swallow a KeyboardInterrupt."""


def main() -> NoReturn:
    """Run the command line; every error becomes one message and status 2."""
    interrupt = _Interrupt()
    for number in _ENDINGS:
        signal.signal(number, interrupt)
    try:
        consoles.prepare()
        app()
    except LabError as error:
        consoles.print_error("error:", error)
        sys.exit(consoles.BROKEN)
    except _Interrupted:
        consoles.err.print("interrupted: nothing was left running")
        _ignore_endings()
        sys.exit(_INTERRUPTED)
    except Exception:  # noqa: BLE001 - a fault of the lab's own is not status 1, which is a verdict
        traceback.print_exc()
        sys.exit(consoles.BROKEN)
    sys.exit(0)


class _Interrupt:
    """The first Ctrl-C begins to clean up, and no further one may disturb that.

    This stays in place until the process exits: Python complains of a signal that is to be
    ignored by the time it turns to it, as one that came together with the first.
    """

    def __init__(self) -> None:
        self._came = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._came:
            self._came = True
            raise _Interrupted


def _ignore_endings() -> None:
    """Ignore what else comes while the interpreter goes: it puts the defaults back by itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)  # and turns to what has come by now
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)

"""What the commands `python -m tests.…` share: a console for tables, an engine, exit statuses."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

import typer
from rich.console import Console

from orchestrator.engines.choose import available
from orchestrator.errors import LabError
from orchestrator.report.printing import safe
from orchestrator.scenario import EngineName

_WIDTH = 140  # of a table: no narrower terminal should fold it


def obey_ctrl_c() -> None:
    """Take SIGINT, and let every program that is started take it.

    A shell's background job inherits it ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def console() -> Console:
    """Return the console on which a trial reports."""
    return Console(highlight=False, markup=False, width=max(Console().width, _WIDTH))


def engine_here(engine: EngineName, said: Console) -> EngineName:
    """Return the engine to use, and print why if it is not the first choice.

    Args:
        engine: as given.
        said: the console to print on.
    """
    if engine is EngineName.AUTO:
        return available(lambda line: said.print(safe(line)))
    return engine


def run(main: Callable[..., None]) -> None:
    """Run a trial with its command line; exit with status 2 if the lab failed."""
    obey_ctrl_c()
    try:
        typer.run(main)
    except LabError as error:
        print(f"error: {error.what}", file=sys.stderr)  # noqa: T201
        sys.exit(2)

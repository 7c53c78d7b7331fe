"""What `python -m tests.…` have in common: a console for tables, an engine, exit statuses."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer
from rich.console import Console

from orchestrator.engines.choose import available
from orchestrator.errors import LabError
from orchestrator.report.printing import safe
from orchestrator.scenario import EngineName

_WIDTH = 140  # of a table: no narrower terminal should fold it


def console() -> Console:
    """Return where a trial says what it does."""
    return Console(highlight=False, markup=False, width=max(Console().width, _WIDTH))


def engine_here(engine: EngineName, said: Console) -> EngineName:
    """Return the engine that is meant; say why where it is not the first choice.

    Args:
        engine: as asked for.
        said: where to say so.
    """
    if engine is EngineName.AUTO:
        return available(lambda line: said.print(safe(line)))
    return engine


def run(main: Callable[..., None]) -> None:
    """Carry out a trial by its words on the command line; status 2 where the lab has failed."""
    try:
        typer.run(main)
    except LabError as error:
        print(f"error: {error.what}", file=sys.stderr)  # noqa: T201
        sys.exit(2)

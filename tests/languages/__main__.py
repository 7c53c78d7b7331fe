"""`python -m tests.languages`: build and start a program of every language and layout.

Exit status 0 only if each is started by the first command that is guessed, with its port, and
answers; 1 otherwise.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from orchestrator.discovery.start_commands import start_commands
from orchestrator.engines.choose import choose
from orchestrator.errors import LabError
from orchestrator.scenario import EngineName
from tests import trials
from tests.languages.programs import PROGRAMS
from tests.languages.trial import problem, put


def main(
    names: Annotated[list[str] | None, typer.Argument(help="The programs; all by default.")] = None,
    engine: Annotated[EngineName, typer.Option(help="The engine.")] = EngineName.AUTO,
) -> None:
    """Build and start programs, and report which of them do not answer."""
    console = trials.console()
    engine = trials.engine_here(engine, console)
    wrong = 0
    with TemporaryDirectory(prefix="peerlab-languages-") as home:
        for name in names or PROGRAMS:
            began = time.monotonic()
            folder = put(Path(home), name)
            try:
                with choose(engine, lambda _: None) as place:
                    found = problem(place, folder, start_commands(folder)[0])
            except LabError as error:
                found = error.what
            wrong += bool(found)
            console.print(f"{name}: {found or 'answers'}, {time.monotonic() - began:.0f} s",
                          soft_wrap=True)  # fmt: skip
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    trials.run(main)

"""`check` and `report`: runs that are kept are judged and printed again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestrator import document, report
from orchestrator.checks import judged_run
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Judgement, worst
from orchestrator.cli.consoles import out, print_error, print_json
from orchestrator.cli.options import Json
from orchestrator.errors import DocumentError, LabError
from orchestrator.report import safe_lines

Wanted = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN", help="A run's folder, or its scenario's for the latest: runs/<scenario>."
    ),
]

commands = typer.Typer()


@commands.command(epilog="Example: peerlab check runs/demo")
def check(wanted: Wanted, as_json: Json = False) -> None:
    """Judge runs again from their histories; the exit status is that of `run`.

    One that cannot be read makes it 2, if no other is invalid; the rest is judged all the same.
    """
    done, unread = _load(wanted)
    if as_json and done:
        print_json(report.runs_as_data(done, [error.what for error in unread]))
    elif done:
        _print(done, details=False)
    _end(done, unread)


@commands.command("report", epilog="Example: peerlab report runs/demo | less -R")
def report_(wanted: Wanted) -> None:
    """Judge runs again and print all that is known of them; the exit status is that of `run`.

    One that cannot be read makes it 2, if no other is invalid; the rest is printed all the same.
    """
    done, unread = _load(wanted)
    if done:
        _print(done, details=True)
    _end(done, unread)


@commands.command(epilog="Example: peerlab schedule runs/chaos")
def schedule(
    wanted: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, as for check.")],
) -> None:
    """Print what chaos did in a run as a step that does the same again: `schedule: …`."""
    entries = [
        entry
        for mark in judged_run.load(wanted).index.marks("chaos")
        for entry in mark.fields.get("entries", ())
    ]
    if not entries:
        raise LabError(f"{wanted}: there was no chaos in that run")
    out.print(safe_lines(document.to_yaml([{"schedule": entries}]).rstrip()), soft_wrap=True)


def _load(wanted: Sequence[Path]) -> tuple[list[Run], list[DocumentError]]:
    """Return the runs that can be read, and what is wrong with the others."""
    done, unread = [], []
    for each in wanted:
        try:
            done.append(judged_run.load(each))
        except DocumentError as error:
            unread.append(error)
    return done, unread


def _print(done: Sequence[Run], *, details: bool) -> None:
    for run in done:
        report.print_run(out, run, details=details)
    if len(done) > 1:
        report.print_summary(out, done)


def _end(done: Sequence[Run], unread: Sequence[DocumentError]) -> NoReturn:
    """Tell what could not be read; end with the status of the worst."""
    for error in unread:
        print_error("error:", error)
    found = [run.judgement for run in done] + [Judgement.UNKNOWN] * len(unread)
    raise typer.Exit(worst(found).value)

"""`judge`, `report` and `schedule`: kept runs are judged and printed again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestrator import document
from orchestrator.checks import judged_run
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Judgement, worst
from orchestrator.cli import completion
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import out, print_error, print_json
from orchestrator.cli.options import Details, Json, Quiet, Verbose, detail
from orchestrator.errors import DocumentError, LabError
from orchestrator.report.printing import safe, safe_lines
from orchestrator.report.run_report import Detail, print_runs, run_line, runs_as_data

_RUN = typer.Argument(
    metavar="RUN",
    autocompletion=completion.kept_runs,
    help="A run's folder, or its scenario's for the latest: runs/<scenario>.",
)

commands = Commands()


@commands.command(epilog="Example: peerlab judge runs/demo")
def judge(
    paths: Annotated[list[Path], _RUN],
    verbose: Verbose = False,
    details: Details = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Judge kept runs again.

    The exit status is that of `run`. A run that cannot be read counts as unknown.
    """
    done, unread = _load(paths)
    if as_json and done:
        print_json(runs_as_data(done, [error.what for error in unread]))
    elif done:
        print_runs(out, done, detail(details=details, verbose=verbose, quiet=quiet))
    _end(done, unread)


@commands.command("report", epilog="Example: peerlab report runs/demo --open")
def report_(
    paths: Annotated[list[Path], _RUN],
    open_: Annotated[
        bool, typer.Option("--open", help="Write the page of each run and open it in a browser.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE", help="Write the page of the run to this file."),
    ] = None,
) -> None:
    """Judge kept runs again and print every table, or show them as pages.

    The exit status is that of `run`. A run that cannot be read counts as unknown.
    """
    if page and len(paths) > 1:
        raise DocumentError("--page takes one run", hint="--open writes a page into every run")
    done, unread = _load(paths)
    if open_ or page:
        _show(done, page, is_opened=open_)
    elif done:
        print_runs(out, done, Detail.EVERYTHING)
    _end(done, unread)


def _show(done: Sequence[Run], page: Path | None, *, is_opened: bool) -> None:
    """Write the page of each run, say where it is, and open it if that is wanted."""
    # The other commands of this file show no page, and this takes a while to import.
    from orchestrator.cli.run_pages import open_page
    from orchestrator.report.page.page import write_page

    for run in done:
        path = write_page(run, page)
        out.print(run_line(run), soft_wrap=True)
        out.print(f"  page: {safe(path)}", soft_wrap=True)
        if is_opened:
            open_page(path)


@commands.command(epilog="Example: peerlab schedule runs/chaos")
def schedule(path: Annotated[Path, _RUN]) -> None:
    """Print the faults of a run with chaos as a step that repeats them."""
    entries = [
        entry
        for mark in judged_run.load(path).index.marks("chaos")
        for entry in mark.fields.get("entries", ())
    ]
    if not entries:
        raise LabError(f"{path}: there was no chaos in this run")
    out.print(safe_lines(document.to_yaml([{"schedule": entries}]).rstrip()), soft_wrap=True)


def _load(paths: Sequence[Path]) -> tuple[list[Run], list[DocumentError]]:
    done, unread = [], []
    for path in paths:
        try:
            done.append(judged_run.load(path))
        except DocumentError as error:
            unread.append(error)
    return done, unread


def _end(done: Sequence[Run], unread: Sequence[DocumentError]) -> NoReturn:
    """Print the errors, and exit with the status of the worst verdict."""
    for error in unread:
        print_error("error:", error)
    found = [run.judgement for run in done] + [Judgement.UNKNOWN] * len(unread)
    raise typer.Exit(worst(found).value)

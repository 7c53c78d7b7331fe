"""`run`, `validate` and `schema`: scenario files."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestrator import profile as profiles
from orchestrator import scenario
from orchestrator.cancel import CancelToken
from orchestrator.checks import worst
from orchestrator.checks.judged_run import Run
from orchestrator.cli import completion
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import (
    BROKEN,
    annotate,
    err,
    out,
    print_error,
    print_json,
    print_mistakes,
    say,
)
from orchestrator.cli.live import LiveView
from orchestrator.cli.options import Details, Engine, Jobs, Json, Quiet, Verbose, detail
from orchestrator.cli.run_pages import PagedView
from orchestrator.engines.choose import available, choose
from orchestrator.errors import DocumentError, LabError
from orchestrator.report import output_format
from orchestrator.report.output_format import FORMAT, MistakesOutput
from orchestrator.report.printing import safe
from orchestrator.report.run_report import Detail, print_runs, runs_as_data
from orchestrator.runner.jobs import Plan, misfit, run_all
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.folders import find
from orchestrator.scenario.validation import Validator

commands = Commands()

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE",
        autocompletion=completion.scenarios,
        help="Scenario files, and folders of them.",
    ),
]
RunsFolder = Annotated[Path, typer.Option("--output", metavar="DIR", help="Where to keep runs.")]
Times = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How often to run each.")]
Keep = Annotated[
    bool, typer.Option("--keep", help="Leave the peers of a failed run running (Docker).")
]
Match = Annotated[
    str,
    typer.Option(
        "--match", "-k", metavar="EXPRESSION", show_default=False,
        help="Only scenarios with such a name: 'burst and not slow'.",
    ),
]  # fmt: skip
Failed = Annotated[bool, typer.Option("--failed", help="Only those that were not valid last time.")]
NoPage = Annotated[bool, typer.Option("--no-page", help="Write no page (report.html) of runs.")]


@commands.command(epilog="Example: peerlab run scenarios/ --jobs 2")
def run(
    files: Files,
    match: Match = "",
    failed: Failed = False,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 1,
    times: Times = 1,
    runs_folder: RunsFolder = Path("runs"),
    keep: Keep = False,
    verbose: Verbose = False,
    details: Details = False,
    quiet: Quiet = False,
    no_page: NoPage = False,
    as_json: Json = False,
) -> None:
    """Run scenarios.

    Exit status 0 if all runs are valid, 1 if one is invalid, 2 if one is unknown or the lab broke.
    """
    found = _selected(read_all(files), match, runs_folder if failed else None, as_json=as_json)
    engine = _resolve(engine, found.values())
    sources = fitting(found, engine, files) * times
    cancel, began = CancelToken(), time.monotonic()
    names = [source.scenario.name for source in sources]
    amount = detail(details=details, verbose=verbose, quiet=quiet)
    console = err if as_json else out
    lines = None if quiet else _beside_the_view(console)
    view = (LiveView if no_page else PagedView)(names, lines=lines)
    with shown(view, console) as live:
        plan = Plan(
            sources,
            engine,
            lambda name: choose(name, live.phase, cancel=cancel, keep=keep),
            runs_folder,
            cancel,
            jobs,
            keep,
        )
        done = run_all(plan, live)
    _print(done, amount, time.monotonic() - began, as_json=as_json)
    raise typer.Exit(worst(one.judgement for one in done).value)


def _selected(
    found: Mapping[Path, ScenarioSource], match: str, kept: Path | None, *, as_json: bool
) -> dict[Path, ScenarioSource]:
    """Return the scenarios that match an expression, and that failed last time.

    Args:
        found: all scenarios, by file.
        match: the expression; empty for all of them.
        kept: the folder of the runs that tell which failed; None for all of them.
        as_json: whether to print JSON if there is nothing to do.

    Raises:
        Exit: none of them has failed, so that there is nothing to do.
        DocumentError: none of them is meant, or has run before.
    """
    if not match and not kept:
        return dict(found)
    from orchestrator.cli import selecting

    names = {path: source.scenario.name for path, source in found.items()}
    chosen = selecting.matching(names, match) if match else {*names}
    if kept:
        chosen = selecting.failed({path: names[path] for path in names if path in chosen}, kept)
    if not chosen:
        say("nothing to run: each of these scenarios that has run was valid last time")
        if as_json:
            print_json(runs_as_data([]))
        raise typer.Exit
    return {path: source for path, source in found.items() if path in chosen}


def read_all(files: Sequence[Path]) -> dict[Path, ScenarioSource]:
    """Return the scenarios in files and folders, by file.

    Raises:
        Exit: some are wrong; the mistakes of all of them are printed.
    """
    paths, validator = find(files), Validator()
    validator.check_files(paths)
    if validator.mistakes:
        print_mistakes(validator.mistakes)
        raise typer.Exit(BROKEN)
    return {
        path: ScenarioSource(validator.scenarios[path], path.read_text(encoding="utf-8"), path)
        for path in paths
    }


def _resolve(engine: EngineName, sources: Iterable[ScenarioSource]) -> EngineName:
    """Return `engine`; processes instead of auto if Docker does not answer and some need to know.

    A scenario needs to know if it may have to be left out: if it has faults, names its engine, or
    has a Compose file.
    """
    scenarios = [source.scenario for source in sources]
    is_choosy = any(one.engine or one.has_faults or one.compose for one in scenarios)
    if engine is EngineName.AUTO and is_choosy and available(say) is EngineName.PROCESS:
        return EngineName.PROCESS
    return engine


def fitting(
    sources: Mapping[Path, ScenarioSource], engine: EngineName, named: Sequence[Path]
) -> list[ScenarioSource]:
    """Return the scenarios that can run on an engine; print which others of a folder are left out.

    Raises:
        DocumentError: a file that was named needs another engine, or all do.
    """
    fit = []
    for path, source in sources.items():
        why = misfit(source.scenario, engine)
        if not why:
            fit.append(source)
            continue
        what = f"{source.scenario.name} {why}"
        if path in named or len(sources) == 1:
            raise DocumentError(what, hint="choose another --engine, or leave that scenario out")
        err.print(f"left out: {safe(what)}", soft_wrap=True)
    if not fit:
        raise DocumentError(f"none of these scenarios can run on the engine {engine}")
    return fit


def _beside_the_view(console: Console) -> Console:
    """Return where to print lines that stay: on a terminal, the view and they must not mix."""
    return err if console.is_terminal and err.is_terminal else console


@contextlib.contextmanager
def shown(live: LiveView, console: Console) -> Iterator[LiveView]:
    """Show what runs are doing; if that is interrupted, print those that ended until then."""
    try:
        with live:
            yield live
    except BaseException:
        done = [live.ended[number] for number in sorted(live.ended)]
        with contextlib.suppress(LabError, SystemExit):  # they must not hide what ended it
            if len(live.names) > 1 and done:
                print_runs(console, done, Detail.FAILURES)
                console.print(f"{len(done):,} of {len(live.names):,} runs were begun")
        raise


def _print(done: Sequence[Run], amount: Detail, took: float, *, as_json: bool) -> None:
    """Print runs that are over, what ended some of them early, and what is left of them."""
    if as_json:
        print_json(runs_as_data(done))
    else:
        # Of several, each had a line when it ended.
        had_lines = len(done) > 1 and amount is Detail.LINES
        print_runs(out, done, Detail.FAILURES if had_lines else amount)
        if len(done) > 1:
            out.print(f"all of it took {took:.1f} s")
    for one in done:
        if one.error:
            print_error("the run broke off:", one.error)
    annotate(lambda github: (line for one in done for line in github.of_run(one)))
    print_kept(done)


def print_kept(done: Sequence[Run]) -> None:
    """Print how to attach to the peers that were left running."""
    for one in done:
        for name in one.kept:
            how = f"docker attach {name}   (leave with Ctrl-P Ctrl-Q)"
            err.print(f"left running by {safe(one.name)}: {how}", soft_wrap=True)
    if any(one.kept for one in done):
        err.print("peerlab down --kept removes them")


@commands.command(epilog="Example: peerlab validate scenarios/")
def validate(files: Files, as_json: Json = False) -> None:
    """Check scenario files without running them.

    Exit status 0 if all are right, else 2.
    """
    paths, validator = find(files), Validator()
    validator.check_files(paths)
    if as_json:
        print_json(
            MistakesOutput(
                format=FORMAT,
                files=len(paths),
                right=validator.right,
                mistakes=list(validator.mistakes),
            )
        )
    else:
        _print_mistakes_of(validator, paths)
    if validator.mistakes:
        raise typer.Exit(BROKEN)


def _print_mistakes_of(validator: Validator, paths: Sequence[Path]) -> None:
    print_mistakes(validator.mistakes)
    what = "1 file is" if len(paths) == 1 else f"{len(paths):,} files are"
    out.print(f"{validator.right:,} of {what} right" if validator.mistakes else f"{what} right")


class _Format(StrEnum):
    """What has a schema: two kinds of files, and what `--json` prints."""

    SCENARIO = "scenario"
    PROFILE = "profile"
    OUTPUT = "output"


@commands.command(epilog="Example: peerlab schema > scenario.schema.json")
def schema(
    which: Annotated[
        _Format, typer.Argument(metavar="[scenario|profile|output]", help="Of what.")
    ] = _Format.SCENARIO,
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            metavar="FILE",
            autocompletion=completion.profiles,
            help="Let the operations of this profile be steps of scenarios too.",
        ),
    ] = "",
) -> None:
    """Print the JSON Schema of scenario files, of profiles, or of what --json prints."""
    if profile and which is not _Format.SCENARIO:
        raise LabError("--profile is for the schema of scenarios")
    if which is _Format.PROFILE:
        print_json(profiles.schema())
    elif which is _Format.OUTPUT:
        print_json(output_format.schema())
    else:
        print_json(scenario.schema(profiles.load(profile) if profile else None))

"""`run`: scenarios are carried out, judged and kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestrator import report
from orchestrator.cancel import CancelToken
from orchestrator.checks import worst
from orchestrator.checks.judged_run import Run
from orchestrator.cli.consoles import (
    BROKEN,
    err,
    out,
    print_error,
    print_json,
    print_mistakes,
    say,
)
from orchestrator.cli.live import Live
from orchestrator.cli.options import Engine, Jobs, Json
from orchestrator.engines.choose import available, choose
from orchestrator.errors import DocumentError, LabError
from orchestrator.report import safe
from orchestrator.runner.jobs import Plan, misfit, run_all
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import Validator, find

commands = typer.Typer()

Files = Annotated[list[Path], typer.Argument(help="Scenario files, and folders of them.")]
RunsFolder = Annotated[Path, typer.Option("--runs", help="Where to keep runs.")]
Times = Annotated[int, typer.Option(min=1, max=1000, help="How often each is run.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the peers of a failed run up (Docker).")]
Details = Annotated[bool, typer.Option("--details", help="Every table of every run.")]


@commands.command(epilog="Example: peerlab run scenarios/ --jobs 2")
def run(
    files: Files,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 1,
    times: Times = 1,
    runs_folder: RunsFolder = Path("runs"),
    keep: Keep = False,
    details: Details = False,
    as_json: Json = False,
) -> None:
    """Run scenarios; exit status 0 valid, 1 invalid, 2 unknown or the lab broke."""
    found = read_all(files)
    engine = _there(engine, found.values())
    scripts = fitting(found, engine, files) * times
    stop, began = CancelToken(), time.monotonic()
    names = [script.scenario.name for script in scripts]
    with told_of(names, err if as_json else out) as live:
        plan = Plan(
            scripts,
            engine,
            lambda name: choose(name, live.phase, stop=stop, keep=keep),
            runs_folder,
            stop,
            jobs,
            keep,
        )
        done = run_all(plan, live)
    if as_json:
        print_json(report.runs_as_data(done))
    else:
        _print(done, time.monotonic() - began, details=details)
    for each in done:
        if each.error:
            print_error("the run broke off:", each.error)
    print_kept(done)
    raise typer.Exit(worst(each.judgement for each in done).value)


def read_all(files: Sequence[Path]) -> dict[Path, ScenarioSource]:
    """Return the scenarios in files and folders, by file.

    Raises:
        Exit: some are wrong; every mistake of all of them is printed.
    """
    paths, validator = find(files), Validator()
    validator.check_files(paths)
    if validator.mistakes:
        print_mistakes(validator.mistakes)
        raise typer.Exit(BROKEN)
    return {
        path: ScenarioSource(validator.scenarios[path], path.read_text(encoding="utf-8"))
        for path in paths
    }


def _there(engine: EngineName, scripts: Iterable[ScenarioSource]) -> EngineName:
    """Return the engine; processes, where some scenarios need Docker and it does not answer."""
    picky = any(script.scenario.engine or script.scenario.has_faults for script in scripts)
    if engine is EngineName.AUTO and picky:
        found = available(say)
        return found if found is EngineName.PROCESS else engine
    return engine


def fitting(
    scripts: Mapping[Path, ScenarioSource], engine: EngineName, named: Sequence[Path]
) -> list[ScenarioSource]:
    """Return the scenarios that can run on an engine; say which of a folder are left out.

    Raises:
        DocumentError: a file that was named needs another engine, or all do.
    """
    fit = []
    for path, script in scripts.items():
        why = misfit(script.scenario, engine)
        if not why:
            fit.append(script)
            continue
        says = f"{script.scenario.name} {why}"
        if path in named or len(scripts) == 1:
            raise DocumentError(says, hint="take another --engine, or leave that scenario out")
        err.print(f"left out: {safe(says)}", soft_wrap=True)
    if not fit:
        raise DocumentError(f"none of these scenarios runs on the engine {engine}")
    return fit


@contextlib.contextmanager
def told_of(names: list[str], where: Console) -> Iterator[Live]:
    """Show what runs are doing; where not all come to their end, sum up those that did there."""
    live = Live(names)
    try:
        with live:
            yield live
    except BaseException:
        done = [live.ended[number] for number in sorted(live.ended)]
        with contextlib.suppress(LabError, SystemExit):  # this is not what it ended with
            if len(names) > 1 and done:
                report.print_summary(where, done)
                where.print(f"{len(done):,} of {len(names):,} runs were begun")
        raise


def print_kept(done: Sequence[Run]) -> None:
    """Say how to get at the peers that were left up, and whose they are."""
    for each in done:
        for name in each.kept:
            how = f"docker attach {name}   (leave with Ctrl-P Ctrl-Q)"
            err.print(f"left up by {safe(each.name)}: {how}", soft_wrap=True)
    if any(each.kept for each in done):
        err.print("peerlab down --kept removes what was left up")


def _print(done: Sequence[Run], took: float, *, details: bool) -> None:
    for each in done:
        report.print_run(out, each, details=details or len(done) == 1)
    if len(done) > 1:
        report.print_summary(out, done)
        out.print(f"all of it took {took:.1f} s")

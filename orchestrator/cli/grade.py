"""`grade`: every test of a rubric with every program, and the grades in all their formats."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import grades
from orchestrator.cli.consoles import BROKEN, err, out, print_json, say
from orchestrator.cli.live import Live
from orchestrator.cli.options import Engine, Jobs, Json, Programs, Trust
from orchestrator.engines.choose import available, choose
from orchestrator.errors import LabError
from orchestrator.grades import Grade
from orchestrator.grading import Grading, GradingOptions, find
from orchestrator.report import grades as report
from orchestrator.report import safe
from orchestrator.scenario import EngineName

commands = typer.Typer()

_FAILED = 1
_NO_WALLS = (
    "warning: on the process engine programs run as you, with your files and your network;"
    " grade programs of strangers with --engine docker"
)

Rubric = Annotated[Path, typer.Option(help="The tests, and what each is worth.")]
Common = Annotated[
    Path | None,
    typer.Option("--profile", help="One profile for all: PROFILE is then the programs' folders."),
]
Output = Annotated[Path, typer.Option(help="Where to keep grades, pages and runs.")]
Again = Annotated[bool, typer.Option("--again", help="Take no result from an earlier grading.")]
Only = Annotated[list[str] | None, typer.Option(help="A test, as the rubric names it; repeatable.")]
Require = Annotated[
    bool, typer.Option("--require", help="Exit with 1 where a program fails a required test.")
]


@commands.command(epilog="Example: peerlab grade submissions/ --jobs 4")
def grade(
    programs: Programs,
    rubric: Rubric = grades.SHIPPED,
    common: Common = None,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 2,
    output: Output = Path("grades"),
    again: Again = False,
    only: Only = None,
    require: Require = False,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Grade programs; the same command goes on where an earlier one was ended.

    Exit status 0 when every test has a result, whatever the points; 2 when the outcome of one is
    unknown, or the lab broke.
    """
    suite = grades.load(rubric)
    suite.only(only or [])  # a name that is wrong is told before anything is done
    found = find(programs, common, output, trust=trust)
    if common:
        taken = ", ".join(str(each.folder) for each in found)
        err.print(safe(f"with {common}: {taken}"), soft_wrap=True)
    if engine is EngineName.AUTO:
        engine = available(say)
    if engine is EngineName.PROCESS:
        err.print(safe(_NO_WALLS), style="yellow", soft_wrap=True)
    options = GradingOptions(
        engine, lambda _: choose(engine, say, stop=options.stop), output, jobs, again=again,
        only=only or [],
    )  # fmt: skip
    written = report.Written.into(output)
    more = _told(rubric, common, engine, output)
    publish = functools.partial(report.write_all, output, suite, again=more)
    done = Grading(suite, found, options).carry_out(_shown, publish)
    if as_json:
        print_json(report.grades_as_data(suite.only(only or []), done))
    else:
        _print(done, output)
        out.print(f"pages begin at {safe(written.summary)}; for spreadsheets {safe(written.table)},"
                  f" for CI {safe(written.junit)}", soft_wrap=True)  # fmt: skip
    raise typer.Exit(_status(done, require=require))


def _told(rubric: Path, common: Path | None, engine: EngineName, output: Path) -> report.Again:
    """Return what grades one program in the same way again, as a command."""
    words = ["--engine", str(engine), "--output", str(output)]
    if rubric != grades.SHIPPED:
        words += ["--rubric", str(rubric)]
    if common:
        words += ["--profile", str(common)]
    return lambda one: ["peerlab", "grade", one.folder if common else one.profile, *words]


def _print(done: Sequence[Grade], output: Path) -> None:
    for each in done:
        report.print_grades(out, each, output)
    if len(done) > 1:
        report.print_overview(out, done)


def _status(done: Sequence[Grade], *, require: bool) -> int:
    if not all(each.is_certain for each in done):
        return BROKEN
    return _FAILED if require and any(each.passes is False for each in done) else 0


@contextlib.contextmanager
def _shown(names: list[str]) -> Iterator[Live]:
    """Show how far the cases are; where they end early, how to go on."""
    live = Live(names, "tests")
    try:
        with live:
            yield live
    except BaseException:
        with contextlib.suppress(LabError, SystemExit):  # this is not what it ended with
            err.print(f"{live.results:,} of {len(names):,} tests were done and are kept:"
                      " the same command goes on from there; the pages in --output tell what is"
                      " known", soft_wrap=True)  # fmt: skip
        raise

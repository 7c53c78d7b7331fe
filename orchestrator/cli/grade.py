"""`grade`: every test of a rubric with every program, and the grades in all their formats."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.consoles import BROKEN, err, out, print_json, say
from orchestrator.cli.live import LiveView
from orchestrator.cli.options import Again, Engine, Jobs, Json, Programs, Trust
from orchestrator.engines.choose import available, choose
from orchestrator.errors import LabError
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.grading import GradingOptions, grade_programs
from orchestrator.grading.points import Grade
from orchestrator.grading.programs import find
from orchestrator.report import safe
from orchestrator.report.grading.formats import grades_as_data
from orchestrator.report.grading.pages import GradeCommand
from orchestrator.report.grading.publish import GradeFiles, publish_grades
from orchestrator.report.grading.tables import print_grade, print_overview
from orchestrator.scenario import EngineName

commands = typer.Typer()

_FAILED = 1
_NO_SANDBOX = (
    "warning: on the process engine programs run as you, with your files and your network;"
    " grade programs that you do not trust with --engine docker"
)

Rubric = Annotated[Path, typer.Option(help="The tests, and what each is worth.")]
Common = Annotated[
    Path | None,
    typer.Option("--profile", help="One profile for all: PROFILE is then the programs' folders."),
]
Output = Annotated[Path, typer.Option(help="Where to keep grades, pages and runs.")]
Only = Annotated[list[str] | None, typer.Option(help="A test, as the rubric names it; repeatable.")]
Require = Annotated[
    bool, typer.Option("--require", help="Exit with 1 if a program fails a required test.")
]


@commands.command(epilog="Example: peerlab grade submissions/ --jobs 4")
def grade(
    programs: Programs,
    rubric: Rubric = rubrics.CONFORMANCE,
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
    """Grade programs. Run the same command again to resume.

    Exit status 0 when every test has a result, whatever the points; 2 when a result is unknown,
    or the lab broke.
    """
    suite = rubrics.load(rubric)
    suite.only(only or [])  # report a wrong name before anything is done
    found = find(programs, common, output, trust=trust)
    if common:
        taken = ", ".join(str(program.folder) for program in found)
        err.print(safe(f"with {common}: {taken}"), soft_wrap=True)
    if engine is EngineName.AUTO:
        engine = available(say)
    if engine is EngineName.PROCESS:
        err.print(safe(_NO_SANDBOX), style="yellow", soft_wrap=True)
    options = GradingOptions(
        engine, lambda _: choose(engine, say, cancel=options.cancel), output, jobs, again=again,
        only=only or [],
    )  # fmt: skip
    command = _command(rubric, common, engine, output)
    publish = functools.partial(publish_grades, output, suite, command=command)
    done = grade_programs(suite, found, options, _display, publish)
    if as_json:
        print_json(grades_as_data(suite.only(only or []), done))
    else:
        _print(done, output)
    raise typer.Exit(_status(done, require=require))


def _command(rubric: Path, common: Path | None, engine: EngineName, output: Path) -> GradeCommand:
    """Return what makes the command that grades one program again in the same way."""
    words = ["--engine", str(engine), "--output", str(output)]
    if rubric != rubrics.CONFORMANCE:
        words += ["--rubric", str(rubric)]
    if common:
        words += ["--profile", str(common)]
    return lambda one: ["peerlab", "grade", one.folder if common else one.profile, *words]


def _print(done: Sequence[Grade], output: Path) -> None:
    for one in done:
        print_grade(out, one, output)
    if len(done) > 1:
        print_overview(out, done)
    files = GradeFiles.into(output)
    out.print(f"start reading at {safe(files.summary)}; for spreadsheets {safe(files.table)},"
              f" for CI {safe(files.junit)}", soft_wrap=True)  # fmt: skip


def _status(done: Sequence[Grade], *, require: bool) -> int:
    if not all(one.is_certain for one in done):
        return BROKEN
    return _FAILED if require and any(one.passes is False for one in done) else 0


@contextlib.contextmanager
def _display(titles: list[str]) -> Iterator[LiveView]:
    """Show progress; after an early end, say how to resume."""
    live = LiveView(titles, "tests")
    try:
        with live:
            yield live
    except BaseException:
        with contextlib.suppress(LabError, SystemExit):  # the first error is the one to report
            err.print(f"{live.results:,} of {len(titles):,} tests are done and kept: run the same"
                      " command again to resume; the pages in --output show what is known so far",
                      soft_wrap=True)  # fmt: skip
        raise

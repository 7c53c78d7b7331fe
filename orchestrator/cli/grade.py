"""`grade`: every test of a rubric with every program; `interop`: every pair, as a matrix."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import completion
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import BROKEN, annotate, err, out, print_json, say
from orchestrator.cli.live import LiveView
from orchestrator.cli.options import Again, Engine, Jobs, Json, Programs, Trust
from orchestrator.engines.choose import available, choose
from orchestrator.errors import LabError
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.cases import fitting
from orchestrator.grading.grading import GradingOptions, grade_programs, match_programs
from orchestrator.grading.programs import Program, find
from orchestrator.grading.results import Grade
from orchestrator.report.grading.formats import grades_as_data, matrix_as_data
from orchestrator.report.grading.pages import GradeCommand
from orchestrator.report.grading.publish import GradeFiles, publish_grades, publish_matrix
from orchestrator.report.grading.tables import print_grade, print_matrix, print_overview
from orchestrator.report.printing import safe, safe_lines
from orchestrator.scenario import EngineName

commands = Commands()

_FAILED = 1
_NO_SANDBOX = (
    "warning: on the process engine programs run as you, with your files and your network;"
    " grade programs that you do not trust with --engine docker"
)

Rubric = Annotated[Path, typer.Option(metavar="FILE", help="The tests, and what each is worth.")]
Common = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        autocompletion=completion.profiles,
        metavar="FILE",
        help="One profile for all: PROFILE is then the programs' folders.",
    ),
]
Output = Annotated[Path, typer.Option(metavar="DIR", help="Where to keep grades, pages and runs.")]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="TEST", help="A test, as the rubric names it; repeatable."),
]
Require = Annotated[
    bool, typer.Option("--require", help="Exit with 1 if a program fails a required test.")
]
MatrixOutput = Annotated[
    Path, typer.Option(metavar="DIR", help="Where to keep the matrix, its page and the runs.")
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
    options = _options(engine, output, jobs, again=again, only=only or [])
    if options.engine is EngineName.PROCESS:
        err.print(safe(_NO_SANDBOX), style="yellow", soft_wrap=True)
    found = _fitting(found, options.engine)
    command = _command(rubric, common, options.engine, output)
    publish = functools.partial(publish_grades, output, suite, command=command)
    done = grade_programs(suite, found, options, _display, publish)
    for one in done:
        if one.trouble:
            err.print(safe(f"{one.program}: nothing was graded"), style="bold red", soft_wrap=True)
            err.print(safe_lines(one.trouble), soft_wrap=True)
    if as_json:
        print_json(grades_as_data(suite.only(only or []), done))
    else:
        _print(done, output)
    annotate(lambda github: (line for one in done for line in github.of_grade(one)))
    raise typer.Exit(_status(done, require=require))


def _fitting(programs: Sequence[Program], engine: EngineName) -> list[Program]:
    """Return the programs, without the profiles of those that the lab has too little room for."""
    found = [fitting(program, engine) for program in programs]
    for before, after in zip(programs, found, strict=True):
        if after is not before:
            says = f"{after.name} will not be tested, and loses no points: {after.trouble}"
            err.print(safe(says), style="yellow", soft_wrap=True)
    return found


def _options(
    engine: EngineName, output: Path, jobs: int, *, again: bool, only: Sequence[str] = ()
) -> GradingOptions:
    """Return how to grade, on the engine that `auto` stands for if it is that."""
    if engine is EngineName.AUTO:
        engine = available(say)
    options = GradingOptions(
        engine, lambda _: choose(engine, say, cancel=options.cancel), output, jobs, again=again,
        only=only,
    )  # fmt: skip
    return options


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
        if not one.trouble:
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


@commands.command(epilog="Example: peerlab interop submissions/ --jobs 2")
def interop(
    programs: Programs,
    engine: Engine = EngineName.AUTO,
    jobs: Jobs = 2,
    output: MatrixOutput = Path("interop-results"),
    again: Again = False,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Let every program talk with every other, both ways. Run the same command again to resume.

    Exit status 2 if a result is unknown, or the lab broke.
    """
    suite = rubrics.load(rubrics.INTEROP)
    found = find(programs, None, output, trust=trust)
    options = _options(engine, output, jobs, again=again)
    found = _fitting(found, options.engine)
    matrix = match_programs(suite, found, options, functools.partial(LiveView, what="tests"))
    files = publish_matrix(output, matrix)
    if as_json:
        print_json(matrix_as_data(matrix))
    else:
        print_matrix(out, matrix, output)
        out.print(f"the page with all consoles is {safe(files.page)}, for spreadsheets"
                  f" {safe(files.table)}", soft_wrap=True)  # fmt: skip
    raise typer.Exit(0 if matrix.is_certain else BROKEN)

"""Grades programs: runs every test without a kept result, and adds up what each program has."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Sequence

from orchestrator.errors import LabError
from orchestrator.grading.output import exclusive
from orchestrator.grading.points import Grade
from orchestrator.grading.programs import Program
from orchestrator.grading.rubric import Suite, Task
from orchestrator.grading.schedule import ProgramSchedule
from orchestrator.grading.session import GradingOptions, OpenDisplay, Session
from orchestrator.profile import Profile
from orchestrator.scenario import EngineName

Publish = Callable[[list[Grade]], object]


def grade_programs(
    suite: Suite,
    programs: Sequence[Program],
    options: GradingOptions,
    open_display: OpenDisplay,
    publish: Publish = lambda _: None,
) -> list[Grade]:
    """Grade programs; return their grades in the same order, with the requested tests.

    Each result is kept at once. However this ends, the next call resumes from there.

    Args:
        suite: the tests.
        programs: which ones.
        options: how.
        open_display: shows progress.
        publish: called at the end, even an early one, with grades that have all tests of the
            suite; those that were not requested are as before.

    Raises:
        DocumentError: there is no test of a name that is requested.
        LabError: the engine does not answer, or results cannot be kept.
    """
    session = Session(suite, options)

    def grades(tasks: Sequence[Task]) -> list[Grade]:
        return [_grade(program, tasks, session, options.engine) for program in programs]

    with exclusive(options.output):
        cases = [case for program in programs for case in session.open_cases(program)]
        try:
            session.run(cases, ProgramSchedule, open_display)
        except BaseException:
            with contextlib.suppress(LabError):  # the first error is the one to report
                publish(grades(suite.tasks))
            raise
        publish(grades(suite.tasks))
    return grades(session.asked)


def _grade(program: Program, tasks: Sequence[Task], session: Session, engine: EngineName) -> Grade:
    profile = program.profile
    return Grade(
        program=program.name,
        profile=str(program.file),
        summary=profile.summary if profile else "",
        start=_start(profile, engine) if profile else "",
        engine=str(engine),
        trouble=program.trouble,
        folder=str(program.folder.resolve()),
        sync=_sync(profile) if profile else (),
        results=tuple(session.result(task.test.name, program) for task in tasks),
    )


def _sync(profile: Profile) -> tuple[str, ...]:
    """Return the lines that ask whether a program is done."""
    if not profile.sync:
        return ()
    return tuple(line.type for line in profile.verbs[profile.sync].send)


def _start(profile: Profile, engine: EngineName) -> str:
    """Return a command that starts the program by hand."""
    words = profile.start.words("process" if engine is EngineName.PROCESS else "container") or []
    filled = {"{port}": str(profile.port), "{name}": "alice", "{python}": "python3",
              "{address}": "127.0.0.1", "{folder}": "."}  # fmt: skip
    for placeholder, value in filled.items():
        words = [word.replace(placeholder, value) for word in words]
    return shlex.join(words)

"""Carries a grading out: what is not kept from before is run, marked and kept, one by one."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.errors import LabError
from orchestrator.grades import Grade, Result, Suite, Task, unasked
from orchestrator.grading.alone import alone_in
from orchestrator.grading.course import Case, Course
from orchestrator.grading.digest import Digests
from orchestrator.grading.options import Naming, Options
from orchestrator.grading.programs import Program
from orchestrator.profile import Profile
from orchestrator.runner.jobs import run_all
from orchestrator.scenario import EngineName

Publish = Callable[[list[Grade]], object]


@dataclass
class GradingOptions(Options):
    """How to grade.

    Attributes:
        again: whether results that are kept count for nothing.
        only: the tests that are asked for, by name; all where none is named.
    """

    again: bool = False
    only: Sequence[str] = ()


class Grading:
    """One grading of some programs.

    Args:
        suite: the tests.
        programs: which ones.
        options: how.
    """

    def __init__(self, suite: Suite, programs: Sequence[Program], options: GradingOptions) -> None:
        self._suite, self._programs, self._options = suite, programs, options
        self._asked = suite.only(options.only).tasks
        self.known: dict[tuple[str, str], Result] = {}
        self._before: dict[tuple[str, str], Result] = {}  # what is known until it is done

    def carry_out(self, show: Naming, publish: Publish = lambda _: None) -> list[Grade]:
        """Grade all of it; return the grades in the order of the programs.

        However this ends early, what was done until then is kept for the next time.

        Args:
            show: told what is under way.
            publish: given what is known in the end, also where that comes early: the grades with
                all tests of the suite, those that were not asked for as they were before.

        Raises:
            DocumentError: there is no test of a name that is asked for.
            LabError: the engine does not answer, or results cannot be kept.
        """
        with alone_in(self._options.output):
            cases = [case for program in self._programs for case in self._open_cases(program)]
            try:
                with show([case.name for case in cases]) as shown:
                    course = Course(cases, self.known, shown, self._options.stop)
                    run_all(self._options.plan([case.script for case in cases], course), course)
            except BaseException:
                with contextlib.suppress(LabError):  # this is not what it ended with
                    publish(self._grades(self._suite.tasks))
                raise
            publish(self._grades(self._suite.tasks))
        return self._grades(self._asked)

    def _open_cases(self, program: Program) -> Iterator[Case]:
        """Yield what of a program is to be run; take note of what is known without."""
        digests = Digests(program, self._options.engine)
        for task in self._suite.tasks:
            case = Case(task, program, digests.of(task), self._options.output)
            kept = case.store.get(task.test.name, case.digest)
            is_asked = task in self._asked
            if result := case.decided(self._options.engine):
                self.known[case.key] = result
            elif is_asked and kept and not self._options.again:
                self.known[case.key] = kept
            else:
                why = "not done yet" if is_asked else "not asked for yet"
                self._before[case.key] = kept or unasked(task, why)
                if is_asked:
                    yield case

    def _grades(self, tasks: Sequence[Task]) -> list[Grade]:
        return [self._grade(program, tasks) for program in self._programs]

    def _grade(self, program: Program, tasks: Sequence[Task]) -> Grade:
        look = program.look
        return Grade(
            program=program.name,
            profile=str(program.file),
            summary=look.summary if look else "",
            start=_start(look, self._options.engine) if look else "",
            engine=str(self._options.engine),
            trouble=program.trouble,
            folder=str(program.folder.resolve()),
            sync=_sync(look) if look else (),
            results=tuple(self._result(program, task) for task in tasks),
        )

    def _result(self, program: Program, task: Task) -> Result:
        key = program.name, task.test.name
        return self.known.get(key) or self._before[key]


def _sync(look: Profile) -> tuple[str, ...]:
    """Return the lines that ask whether a program is done."""
    return tuple(line.type for line in look.verbs[look.sync].send) if look.sync else ()


def _start(look: Profile, engine: EngineName) -> str:
    """Return how somebody starts the program by hand."""
    words = look.start.words("process" if engine is EngineName.PROCESS else "container") or []
    filled = {"{port}": str(look.port), "{name}": "alice", "{python}": "python3",
              "{address}": "127.0.0.1", "{folder}": "."}  # fmt: skip
    for word, value in filled.items():
        words = [each.replace(word, value) for each in words]
    return shlex.join(words)

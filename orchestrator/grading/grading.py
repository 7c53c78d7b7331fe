"""Carries a grading out: what is not kept from before is run, marked and kept, one by one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.grades import Grade, Result, Suite, Task
from orchestrator.grading.alone import alone_in
from orchestrator.grading.course import Case, Course
from orchestrator.grading.digest import Digests
from orchestrator.grading.options import Naming, Options
from orchestrator.grading.programs import Program
from orchestrator.profile import Profile
from orchestrator.running.jobs import carry_out
from orchestrator.scenario import EngineName


@dataclass
class GradingOptions(Options):
    """How to grade.

    Attributes:
        again: whether results that are kept count for nothing.
    """

    again: bool = False


class Grading:
    """One grading of some programs.

    Args:
        suite: the tests.
        programs: which ones.
        options: how.
    """

    def __init__(self, suite: Suite, programs: Sequence[Program], options: GradingOptions) -> None:
        self._suite, self._programs, self._options = suite, programs, options
        self.known: dict[tuple[str, str], Result] = {}

    def carry_out(self, show: Naming) -> list[Grade]:
        """Grade all of it; return the grades in the order of the programs.

        However this ends early, what was done until then is kept for the next time.

        Raises:
            LabError: the engine does not answer, or results cannot be kept.
        """
        with alone_in(self._options.output):
            cases = [case for program in self._programs for case in self._open_cases(program)]
            with show([case.name for case in cases]) as shown:
                course = Course(cases, self.known, shown, self._options.stop)
                carry_out(self._options.plan([case.script for case in cases], course), course)
        return [self._grade(program) for program in self._programs]

    def _open_cases(self, program: Program) -> Iterator[Case]:
        """Yield what of a program is to be run; take note of what is known without."""
        digests = Digests(program, self._options.engine)
        for task in self._suite.tasks:
            case = Case(task, program, digests.of(task), self._options.output)
            result = case.decided(self._options.engine)
            if result is None and not self._options.again:
                result = case.store.get(task.test.name, case.digest)
            if result is None:
                yield case
            else:
                self.known[program.name, task.test.name] = result

    def _grade(self, program: Program) -> Grade:
        look = program.look
        return Grade(
            program=program.name,
            profile=str(program.file),
            summary=look.summary if look else "",
            start=_start(look, self._options.engine) if look else "",
            engine=str(self._options.engine),
            trouble=program.trouble,
            results=tuple(self._result(program, task) for task in self._suite.tasks),
        )

    def _result(self, program: Program, task: Task) -> Result:
        return self.known[program.name, task.test.name]


def _start(look: Profile, engine: EngineName) -> str:
    """Return how somebody starts the program by hand."""
    words = look.start.words("process" if engine is EngineName.PROCESS else "container") or []
    filled = {"{port}": str(look.port), "{name}": "alice", "{python}": "python3",
              "{address}": "127.0.0.1", "{folder}": "."}  # fmt: skip
    for word, value in filled.items():
        words = [each.replace(word, value) for each in words]
    return shlex.join(words)

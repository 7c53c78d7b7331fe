"""The course of a matrix: which tests of a pair are needed after all, and what each came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.cancel import CancelledError, CancelToken
from orchestrator.checks.judged_run import Run
from orchestrator.errors import BuildError, LabError, SessionError, first_line
from orchestrator.grades import Outcome, Result, blames_lab
from orchestrator.grades.matrix import DIALLER, OTHER
from orchestrator.grading import Program, Show, case
from orchestrator.grading.case import RUNS, Marking, Part
from orchestrator.runner.run import ScenarioSource


@dataclass(frozen=True)
class Pair:
    """Two programs, of which the first dials the second."""

    dialler: Program
    other: Program

    @property
    def key(self) -> tuple[str, str]:
        """Their names."""
        return self.dialler.name, self.other.name

    @property
    def is_one(self) -> bool:
        """Whether a program talks to itself."""
        return self.dialler.name == self.other.name

    @property
    def roles(self) -> Mapping[str, Program]:
        """What each peer is."""
        return {DIALLER: self.dialler, OTHER: self.other}


@dataclass(frozen=True)
class Case(case.Case):
    """One test with one pair.

    Attributes:
        task: the test.
        pair: which one.
    """

    pair: Pair

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.pair.dialler.name} → {self.pair.other.name}: {self.task.test.name}"

    @property
    def parts(self) -> Sequence[Part]:
        """The programs, each at its peer."""
        return [Part(each, each.name, [peer]) for peer, each in self.pair.roles.items()]

    @property
    def profiles(self) -> dict[str, Any]:
        """The programs' profiles, by peer."""
        files = {peer: str(program.file) for peer, program in self.pair.roles.items()}
        return {"profile": files.pop(DIALLER), "profiles": files}

    @property
    def home(self) -> Path:
        """Where the pair's runs are kept, as seen from the output's folder."""
        return Path(RUNS, *self.pair.key)


class Course(Marking[Case]):
    """Marks what was run, and decides what need not be.

    The tests of a pair are done one after the other, as all of one program that dials are done
    by one job: see `is_parallel`.

    Args:
        cases: what may be run, for each pair in the order of the tests.
        known: what is decided already; the results of `cases` are put there.
        unready: the programs that do not start, or of which nobody can tell, with the result that
            shows it: their own test, of themselves; those of `cases` are put there.
        output: where runs are kept.
        show: told how far it is.
        stop: ends everything early.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        known: dict[tuple[str, str], dict[str, Result]],
        unready: dict[str, Result],
        output: Path,
        show: Show,
        stop: CancelToken,
    ) -> None:
        super().__init__(cases, show, stop)
        self._known, self._unready, self._output = known, unready, output

    # What `run_all` asks

    def is_needed(self, number: int) -> bool:
        """Tell whether both programs can be started, and what comes first works."""
        case = self.cases[number]
        result = self._hopeless(case) or self._spoilt(case)
        if result:
            self._conclude(number, result)
        return not result

    def _hopeless(self, case: Case) -> Result | None:
        """Return the result of a pair with a program that does not start; None for another."""
        for name in case.pair.key:
            if shown := self._unready.get(name):
                bare = case.without_run(shown.outcome, shown.reason)
                return bare if shown.outcome is Outcome.UNKNOWN else not_started(bare, name)
        return None

    def _spoilt(self, case: Case) -> Result | None:
        """Return the result of a test before which a required one did not pass; None else."""
        known = self._known[case.pair.key].values()
        bad = [each for each in known if each.required and each.outcome is not Outcome.PASSED]
        if not bad:
            return None
        if bad[0].is_for_want_of_a_start:
            return case.without_run(Outcome.NOT_RUN, bad[0].reason).model_copy(
                update={"started": False}
            )
        return case.without_run(Outcome.NOT_RUN, f"`{bad[0].test}` did not pass")

    def folder(self, number: int) -> Path:
        """Return where the pair's runs are kept."""
        return self._output / self.cases[number].home

    def retry(self, number: int, run: Run) -> ScenarioSource | None:
        """Have a run that is not as it should be done again, once, with new peers.

        Those that served before may carry something over; a start may fail for once.
        """
        is_doubtful = run.was_warm or blames_lab(run) or _is_unready(run)
        if self._is_done_with(number, run) or not is_doubtful:
            return None
        return self.cases[number].fresh_script if self._is_first(number) else None

    def tolerates(self, number: int, error: LabError) -> bool:
        """Take note of a test that could not be run at all."""
        case = self.cases[number]
        self._conclude(number, case.without_run(Outcome.UNKNOWN, first_line(error)))
        return True

    def is_parallel(self, number: int) -> bool:
        """Tell that no other job may have tests of the same program that dials."""
        return False

    # What it is told

    def end(self, number: int, run: Run) -> None:
        """Mark a run, unless it was stopped."""
        if isinstance(run.error, CancelledError):
            return
        pair = self.cases[number].pair
        result = self._marked(number, run, self._output)
        if isinstance(run.error, BuildError) or _is_unready(run):
            if pair.is_one:
                self._unready[pair.dialler.name] = result
            elif result.outcome is not Outcome.UNKNOWN:
                result = not_started(result, _who(pair, run))
        self._conclude(number, result)

    def take_note(self, case: Case, result: Result) -> None:
        """Take note of what a case came to."""
        self._known[case.pair.key][case.task.test.name] = result


def not_started(result: Result, name: str) -> Result:
    """Return the result of a test that was not done as a program, called `name`, does not start."""
    told = {"outcome": Outcome.NOT_RUN, "started": False, "findings": ()}
    return result.model_copy(update=told | {"reason": f"{name} does not start: {result.reason}"})


def _is_unready(run: Run) -> bool:
    """Tell whether a program was not ready to take part, for a reason of its own."""
    ready = {each.peer for each in run.index.marks("ready")}
    return isinstance(run.error, SessionError) and run.error.peer not in ready


def _who(pair: Pair, run: Run) -> str:
    """Return which program of a pair could not be built or started."""
    if isinstance(run.error, SessionError):
        return pair.roles[run.error.peer].name
    said = run.error.what if run.error else ""
    named = [each.name for each in pair.roles.values() if str(each.folder) in said]
    return named[0] if named else "one of the two"

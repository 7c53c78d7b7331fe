"""The course of a matrix: which tests of a pair are needed after all, and what each came to."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestrator.errors import BuildError, LabError, SessionError, first_line
from orchestrator.grades import Outcome, Result, Task, blames_lab, mark, unrun
from orchestrator.grades.matrix import DIALLER, OTHER
from orchestrator.grading import Program, Show
from orchestrator.profile import Profile
from orchestrator.running.conduct import Script
from orchestrator.running.jobs import Guide, misfit
from orchestrator.runs import Run
from orchestrator.scenario import EngineName
from orchestrator.scenario.needs import missing
from orchestrator.stop import Stop, StoppedError

_MOST_TRIES = 2  # of a start, before a program is given up
_RUNS = "runs"


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
    def roles(self) -> Mapping[str, Program]:
        """What each peer is."""
        return {DIALLER: self.dialler, OTHER: self.other}


@dataclass(frozen=True)
class Case:
    """One test with one pair."""

    pair: Pair
    task: Task

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.pair.dialler.name} → {self.pair.other.name}: {self.task.test.name}"

    @cached_property
    def script(self) -> Script:
        """The test's scenario, with the programs' profiles."""
        return self._script(fresh=self.task.scenario.fresh)

    @cached_property
    def fresh_script(self) -> Script:
        """The same, where every peer must be a new one."""
        return self._script(fresh=True)

    def _script(self, *, fresh: bool) -> Script:
        files = {peer: str(program.file) for peer, program in self.pair.roles.items()}
        changes = {"profile": files.pop(DIALLER), "profiles": files, "fresh": fresh}
        return Script(self.task.scenario.model_copy(update=changes), self.task.text)

    @property
    def home(self) -> Path:
        """Where the pair's runs are kept, as seen from the output's folder."""
        return Path(_RUNS, *self.pair.key)

    def without_run(self, outcome: Outcome, reason: str) -> Result:
        """Return the result of a case that was not run, or not to its end."""
        return unrun(self.task, outcome, reason)

    def decided(self, engine: EngineName) -> Result | None:
        """Return the result of a case that need not be run; None where it must be."""
        for program in self.pair.roles.values():
            if program.look is None:
                why = f"the profile of {program.name} is wrong: {program.trouble}"
                return self.without_run(Outcome.UNKNOWN, why)
        if why := misfit(self.task.scenario, engine):
            return self.without_run(Outcome.NOT_RUN, f"it {why}")
        for peer, program in self.pair.roles.items():
            if program.look and (result := self._lacking(peer, program.name, program.look)):
                return result
        return None

    def _lacking(self, peer: str, name: str, look: Profile) -> Result | None:
        names = missing(self.task.scenario, look, [peer])
        lacks = [each for each in names if each in look.lacks]
        if lacks:
            return self.without_run(Outcome.LACKING, f"{name} has no {' and no '.join(lacks)}")
        if names:
            said = " and ".join(map(repr, names))
            why = f"the profile of {name} does not say how {said} looks"
            return self.without_run(Outcome.UNKNOWN, why)
        return None


class Course(Guide):
    """Marks what was run, and decides what need not be.

    The tests of a pair are done one after the other, as all of one program that dials are done
    by one job: see `is_open`.

    Args:
        cases: what may be run, for each pair in the order of the tests.
        known: what is decided already; the results of `cases` are put there.
        output: where runs are kept.
        show: told how far it is.
        stop: ends everything early.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        known: dict[tuple[str, str], dict[str, Result]],
        output: Path,
        show: Show,
        stop: Stop,
    ) -> None:
        self._cases, self._known = cases, known
        self._output, self._show, self._stop = output, show, stop
        self._lock = threading.Lock()
        self._repeated: set[int] = set()
        self._started: set[str] = set()  # programs that have been ready once
        self._failed: defaultdict[str, list[str]] = defaultdict(list)  # why others were not

    # What `carry_out` asks

    def is_needed(self, number: int) -> bool:
        """Tell whether both programs can be started, and what comes first works."""
        case = self._cases[number]
        why = self._hopeless(case.pair) or self._spoilt(case)
        if why:
            self._conclude(number, case.without_run(Outcome.NOT_RUN, why))
        return not why

    def _hopeless(self, pair: Pair) -> str:
        for name in dict.fromkeys(pair.key):
            failed = self._failed[name]
            if name not in self._started and len(failed) >= _MOST_TRIES:
                return f"{name} does not start: {failed[-1]}"
        return ""

    def _spoilt(self, case: Case) -> str:
        """Return which required test did not pass before this one; empty for none."""
        known = self._known[case.pair.key].values()
        bad = [each for each in known if each.required and each.outcome is not Outcome.PASSED]
        return f"`{bad[0].test}` did not pass" if bad else ""

    def folder(self, number: int) -> Path:
        """Return where the pair's runs are kept."""
        return self._output / self._cases[number].home

    def once_more(self, number: int, run: Run) -> Script | None:
        """Have a run that is not as it should be done again, once, with new peers.

        Those that served before may carry something over.
        """
        case = self._cases[number]
        if self._stop.is_set or number in self._repeated:
            return None
        if mark(case.task, run).outcome is Outcome.PASSED:
            return None
        is_warm = any(each.fields.get("warm") for each in run.facts.marks("ready"))
        if not (is_warm or blames_lab(run)):
            return None
        self._repeated.add(number)
        return case.fresh_script

    def forgives(self, number: int, error: LabError) -> bool:
        """Take note of a test that could not be run at all."""
        case = self._cases[number]
        self._conclude(number, case.without_run(Outcome.UNKNOWN, first_line(error)))
        return True

    def is_open(self, number: int) -> bool:
        """Tell that no other job may have tests of the same program that dials."""
        return False

    # What it is told

    def phase(self, line: str) -> None:
        """Pass it on."""
        self._show.phase(line)

    def begin(self, number: int) -> None:
        """Pass it on."""
        self._show.begin(number)

    def step(self, number: int, line: str) -> None:
        """Pass it on."""
        self._show.step(number, line)

    def end(self, number: int, run: Run) -> None:
        """Mark a run, unless it was stopped."""
        if isinstance(run.error, StoppedError):
            return
        case = self._cases[number]
        self._note_starts(case.pair, run)
        place = str(run.folder.relative_to(self._output))
        self._conclude(number, mark(case.task, run).model_copy(update={"run": place}))

    def _note_starts(self, pair: Pair, run: Run) -> None:
        ready = {each.peer for each in run.facts.marks("ready")}
        with self._lock:
            self._started |= {pair.roles[peer].name for peer in ready if peer in pair.roles}
            if isinstance(run.error, SessionError) and run.error.peer not in ready:
                name = pair.roles[run.error.peer].name
                self._failed[name].append(first_line(run.error))
            if isinstance(run.error, BuildError):
                # Which of them cannot be built is not told; a pair of one program shows it.
                names = set(pair.key) if len(set(pair.key)) == 1 else set()
                for name in names:
                    self._failed[name] += [first_line(run.error)] * _MOST_TRIES

    def _conclude(self, number: int, result: Result) -> None:
        case = self._cases[number]
        with self._lock:
            self._known[case.pair.key][case.task.test.name] = result
        self._show.marked(number, result)

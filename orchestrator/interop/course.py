"""The course of a matrix: which tests of a pair are needed after all, and what each came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import BuildError, LabError, SessionError, first_line
from orchestrator.grades import Outcome, Result, blames_lab
from orchestrator.grades.matrix import DIALLER, OTHER
from orchestrator.grading import Program, Show, case
from orchestrator.grading.case import MOST_TRIES, RUNS, Marking, Part
from orchestrator.running.conduct import Script
from orchestrator.runs import Run
from orchestrator.stop import Stop, StoppedError


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
        super().__init__(cases, show, stop)
        self._known, self._output = known, output
        self._started: set[str] = set()  # programs that have been ready once
        self._failed: defaultdict[str, list[str]] = defaultdict(list)  # why others were not

    # What `carry_out` asks

    def is_needed(self, number: int) -> bool:
        """Tell whether both programs can be started, and what comes first works."""
        case = self.cases[number]
        why = self._hopeless(case.pair) or self._spoilt(case)
        if why:
            self._conclude(number, case.without_run(Outcome.NOT_RUN, why))
        return not why

    def _hopeless(self, pair: Pair) -> str:
        for name in dict.fromkeys(pair.key):
            failed = self._failed[name]
            if name not in self._started and len(failed) >= MOST_TRIES:
                return f"{name} does not start: {failed[-1]}"
        return ""

    def _spoilt(self, case: Case) -> str:
        """Return which required test did not pass before this one; empty for none."""
        known = self._known[case.pair.key].values()
        bad = [each for each in known if each.required and each.outcome is not Outcome.PASSED]
        return f"`{bad[0].test}` did not pass" if bad else ""

    def folder(self, number: int) -> Path:
        """Return where the pair's runs are kept."""
        return self._output / self.cases[number].home

    def once_more(self, number: int, run: Run) -> Script | None:
        """Have a run that is not as it should be done again, once, with new peers.

        Those that served before may carry something over.
        """
        if self._is_done_with(number, run) or not (run.was_warm or blames_lab(run)):
            return None
        return self.cases[number].fresh_script if self._is_first(number) else None

    def forgives(self, number: int, error: LabError) -> bool:
        """Take note of a test that could not be run at all."""
        case = self.cases[number]
        self._conclude(number, case.without_run(Outcome.UNKNOWN, first_line(error)))
        return True

    def is_open(self, number: int) -> bool:
        """Tell that no other job may have tests of the same program that dials."""
        return False

    # What it is told

    def end(self, number: int, run: Run) -> None:
        """Mark a run, unless it was stopped."""
        if isinstance(run.error, StoppedError):
            return
        self._note_starts(self.cases[number].pair, run)
        self._conclude(number, self._marked(number, run, self._output))

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
                    self._failed[name] += [first_line(run.error)] * MOST_TRIES

    def take_note(self, case: Case, result: Result) -> None:
        """Take note of what a case came to."""
        self._known[case.pair.key][case.task.test.name] = result

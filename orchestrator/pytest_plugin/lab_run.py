"""A run that a test drives act by act, as the steps of a scenario file would."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from pydantic import BaseModel, ValidationError

from orchestrator import document
from orchestrator.checks.judged_run import Run
from orchestrator.errors import EngineError, LabError
from orchestrator.faults.kinds import LIFTED_BY, NETWORK, PROCESS
from orchestrator.history.entries import Entry
from orchestrator.paths import from_here
from orchestrator.profile import VERBS, ConsoleOperation, Profile
from orchestrator.pytest_plugin.reporting import NotAsWantedError, mismatch
from orchestrator.pytest_plugin.runners import SILENT
from orchestrator.runner.chat_driver import ChatDriver
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import written_at
from orchestrator.runner.run import ActiveRun, Runner, ScenarioSource
from orchestrator.runner.steps import StepRunner
from orchestrator.scenario import (
    Scenario,
    Step,
    TimeLimits,
    call_mistakes,
    network_fault,
    workloads,
)
from orchestrator.scenario.calls import VOCABULARY, Vocabulary
from orchestrator.scenario.validation import untypable
from orchestrator.scenario.values import DECLARED, HOMES

__tracebackhide__ = True  # a traceback ends in the test

_HINT = 'mark the test with `peerlab(engine="docker")`'
_BETWEEN = ("orchestrator", "contextlib", "functools", "threading")
"""Packages whose frames may lie between a test's line and the lab."""

_OF_PEERS = {*PROCESS, *(LIFTED_BY[kind] for kind in PROCESS)}


class LabRun:
    """A run from its first peers to its verdict.

    Attributes:
        peers: the peers and their consoles.
        folder: where the run is kept.
        names: the peers so far.
        is_over: whether it has ended.
        run: the judged run, after that.

    Raises:
        LabError: the run cannot be kept.
    """

    def __init__(
        self,
        runner: Runner,
        source: ScenarioSource,
        profile: Profile,
        profiles: Mapping[str, Profile],
    ) -> None:
        self._active = ActiveRun(runner, source, profile, SILENT, profiles)
        self._vocabulary = Vocabulary(profile, profiles)
        self._scenario, self._pool, self._cancel = source.scenario, runner.pool, runner.cancel
        self._file = source.file
        self._recording = ExitStack()
        self._recording.enter_context(self._active.recording())
        self._fault_locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._had_network_fault = False
        self._error: LabError | None = None
        # One runner for all acts: it remembers which faults were active when one lapses.
        self._steps = self._step_runner()
        self.peers: PeerGroup = self._active.peers
        self.folder: Path = self._active.folder
        self.names: list[str] = []
        self.is_over = False
        self.run: Run | None = None

    def operations(self, peer: str) -> Mapping[str, ConsoleOperation]:
        """Return what a peer's program can be asked for, besides what every chat can."""
        profile = self.peers.sessions[peer].profile
        is_chat = profile.vocabulary == "chat"
        own = profile.operations.items()
        return {name: it for name, it in own if not (is_chat and name in VERBS)}

    @property
    def limits(self) -> TimeLimits:
        """How long things may take."""
        return self._scenario.limits

    def _step_runner(self) -> StepRunner:
        return StepRunner(
            self._scenario, self._active.peers, SILENT.step, self._cancel, self._active.watch
        )

    def add(self, names: Sequence[str]) -> None:
        """Add peers, and wait until they are ready.

        Raises:
            LabError: one cannot be started, or is not ready in time.
            RuntimeError: there was a network fault, or the run is over.
        """
        self._refuse_if_over()
        if self._had_network_fault:
            raise RuntimeError("no peer can join after a network fault")
        try:
            self._active.take_peers(_changed(self._scenario, peers=names), is_open=True)
        except LabError as error:
            raise self._failed(error) from None
        self.names += names
        self._scenario = _changed(self._scenario, peers=self.names)
        self._steps = self._step_runner()

    def act(self, verb: str, **fields: object) -> Entry:
        """Do one step at a console and return its outcome.

        Raises:
            NotAsWantedError: it did not end as wanted.
            ValueError: there is no such step.
            LabError: the run cannot go on.
        """
        step, at = self._step(verb, fields), str(fields["at"])
        # Another thread may inject a fault at the same peer.
        acts = self._carry_out(step, self.peers.locks[at], at, lambda verb: verb not in _OF_PEERS)
        return acts[-1]

    @contextlib.contextmanager
    def never(self, act: dict[str, object]) -> Iterator[None]:
        """Watch for what must not appear during this block.

        Raises:
            NotAsWantedError: it has.
            ValueError: there is no such step.
            LabError: the run cannot go on.
        """
        step, entries = self._step("never", act), self.peers.history.entries
        before = len(entries)
        try:
            with written_at(*_line_of_test(self._file)), self._steps.watching(step):
                yield
        except LabError as error:
            raise self._failed(error) from None
        watched = [e for e in entries[before:] if (e.peer, e.verb) == (act["at"], "never")]
        if wrong := mismatch(watched, self.peers):
            raise NotAsWantedError(wrong)

    def drive(self, workload: Mapping[str, object], homes: Sequence[Path] = ()) -> None:
        """Let peers do random operations, or those of a workload in a kept run.

        Args:
            workload: what a step `workload` has.
            homes: the folders to which the path of that run is relative.

        Raises:
            ValueError: there is no such workload for this program.
            LabError: the run cannot go on.
        """
        raw = {"steps": [{"workload": workload}]}
        if wrong := [it.what for it in workloads.find(raw, self._vocabulary, self.names)]:
            raise ValueError("; ".join(wrong))
        # A position has the kind of workload in front of the argument.
        step = self._step("workload", workload, homes, within=2)
        try:
            with written_at(*_line_of_test(self._file)):
                self._steps.run_step(step)
        except LabError as error:
            raise self._failed(error) from None

    def inject(self, verb: str, **fields: object) -> list[Entry]:
        """Do one step that applies or lifts faults; return the outcomes of its operations.

        Other threads may be using any console meanwhile.

        Raises:
            NotAsWantedError: the fault was not proven to be active, or to be gone.
            ValueError: there is no such step.
            EngineError: it is unsupported here.
            LabError: the run cannot go on.
        """
        step = self._step(verb, fields)
        self._refuse_unsupported(step)
        peer = str(fields["at"]) if verb in _OF_PEERS else ""
        self._had_network_fault |= verb in NETWORK
        acts = self._carry_out(step, self._fault_locks[peer], peer, verb.__eq__)
        return [entry for entry in acts if entry.is_done]

    def _step(
        self, verb: str, fields: Mapping[str, object], homes: Sequence[Path] = (), within: int = 1
    ) -> Step:
        self._refuse_if_over()
        given = {key: value for key, value in fields.items() if value is not None}
        vocabulary = self._vocabulary
        context = {DECLARED: self.names, VOCABULARY: vocabulary, HOMES: homes}
        raw = {"steps": [{verb: given}]}
        if wrong := [problem.what for problem in call_mistakes.find(raw, vocabulary, self.names)]:
            raise ValueError("; ".join(wrong))
        try:
            step = Step.model_validate({verb: given}, context=context)
        except ValidationError as error:
            raise ValueError(mistakes(error, Step, within)) from None
        profile = vocabulary.profile(given.get("at"))
        untyped = untypable(verb, given, profile) if profile else ()
        if wrong := [f"{key}: {what}" for key, what in untyped]:
            raise ValueError("; ".join(wrong))
        return step

    def _carry_out(
        self, step: Step, lock: threading.RLock, peer: str, is_part: Callable[[str], bool]
    ) -> list[Entry]:
        """Do a step; return the entries of the operations at this peer with these verbs."""
        entries = self.peers.history.entries
        with lock:
            before = len(entries)
            try:
                with written_at(*_line_of_test(self._file)):
                    self._steps.run_step(step)
            except LabError as error:
                raise self._failed(error) from None
            done = [entry for entry in entries[before:] if entry.operation and entry.peer == peer]
        acts = [entry for entry in done if is_part(entry.verb)]
        if wrong := mismatch(acts, self.peers):
            raise NotAsWantedError(wrong)
        return acts

    def _refuse_unsupported(self, step: Step) -> None:
        verifier = self.peers.verifier
        unsupported = verifier.network.unsupported() if verifier else {}
        for feature, phrase in _changed(self._scenario, steps=[step]).needed.items():
            if feature in unsupported:
                why = f"`{phrase}` cannot be done here: {unsupported[feature]}"
                raise for_test(EngineError(why, hint=_HINT))
        if verifier and step.verb in NETWORK:
            try:
                verifier.network.opened(network_fault(step.verb, step.act, "", self.names))
            except EngineError as error:
                raise for_test(error) from None

    @property
    def active_faults(self) -> Mapping[str, str]:
        """The kind of each active network fault, by its name."""
        verifier = self.peers.verifier
        active = verifier.active if verifier and not self.is_over else ()
        return {applied.fault.name: applied.fault.kind for applied in active}

    def await_listed(self, at: str, others: Sequence[str]) -> None:
        """Wait until a peer lists exactly these, or the limit `expect` has passed.

        Raises:
            LabError: the run cannot go on.
        """
        try:
            with written_at(*_line_of_test(self._file)):
                ChatDriver(self.peers, self.limits, self._active.watch).await_listed(at, others)
        except LabError as error:
            raise self._failed(error) from None

    def last_notice(self, at: str, kind: str) -> Mapping[str, str]:
        """Return the fields of the notice that a peer's last `expect` has found."""
        said = next(e.text("said") for e in reversed(self.peers.history.entries)
                    if e.peer == at and e.verb == "expect")  # fmt: skip
        found = (entry.mapping("results") for entry in reversed(self.peers.history.entries)
                 if (entry.peer, entry.verb, entry.text("said")) == (at, kind, said))  # fmt: skip
        return next(found, {})

    def catch_up(self, at: str) -> None:
        """Take what a console has shown by now."""
        if not self.is_over:
            with self.peers.locks[at]:
                self.peers.catch_up_at(at)

    def _refuse_if_over(self) -> None:
        if self.is_over:
            raise RuntimeError("the run is over: its peers take no more commands")

    def _failed(self, error: LabError) -> LabError:
        """Keep an error for the record of the run; return it as a test raises it."""
        self._error = self._error or error
        return for_test(error)

    def end(self, cause: str = "") -> Run | None:
        """Wait until it is quiet, judge and keep the run. With a `cause`, break it off instead.

        Returns None if an earlier call was interrupted.
        """
        if not self.is_over:
            self.is_over = True
            try:
                self._finish(cause)
            except BaseException:  # only this run knows these peers: the pool must get them back
                self._pool.give_back(self.peers, fit=False)
                raise
            self.run = self._active.conclude()
        return self.run

    def _finish(self, cause: str) -> None:
        with self._recording:
            if self._error:
                raise self._error
            if cause:
                raise LabError(cause)
            self._steps.lift_all()
            self._active.wait_until_quiet()
        self._active.judge()


def _line_of_test(file: Path | None) -> tuple[int, str]:
    """Return the line that asked for what the lab is doing, and its file if it is another.

    That is the line of the test's own file, or else that of what called the lab, such as a helper
    in a thread of its own.
    """
    frame: FrameType | None = sys._getframe(1)
    nearest: tuple[int, str] = (0, "")
    while frame:
        called_from = frame.f_code.co_filename
        if file and Path(called_from) == file:
            return frame.f_lineno, ""
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if nearest == (0, "") and package not in _BETWEEN:
            nearest = frame.f_lineno, from_here(Path(called_from))
        frame = frame.f_back
    return nearest


def for_test(error: LabError) -> LabError:
    """Return an error as a test raises it: with its hint, without the lab's own frames."""
    note = f"hint: {error.hint}"
    if error.hint and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error.with_traceback(None)


def mistakes(error: ValidationError, model: type[BaseModel], within: int = 0) -> str:
    """Return what is wrong with some arguments, on one line, each after its name.

    Args:
        error: what was found.
        model: what they should be.
        within: leading keys of each position that are no arguments.
    """
    problems = (document.problem(detail, model) for detail in error.errors())
    named = ((problem.place[within : within + 1], problem.what) for problem in problems)
    return "; ".join(f"{name[0]}: {what}" if name else what for name, what in named)


def _changed(scenario: Scenario, **changes: Sequence[object]) -> Scenario:
    return scenario.model_copy(update={key: [*value] for key, value in changes.items()})

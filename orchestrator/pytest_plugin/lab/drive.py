"""One run that a test drives, act by act, where a scenario file has steps."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import BaseModel, ValidationError

from orchestrator import document
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Progress
from orchestrator.errors import EngineError, LabError
from orchestrator.faults.kinds import LIFTED_BY, NETWORK, PROCESS
from orchestrator.history.entries import Entry
from orchestrator.profile import Profile
from orchestrator.pytest_plugin.lab.complaint import NotAsWantedError, complaint
from orchestrator.runner.operations import Operator
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.run import ActiveRun, Runner, ScenarioSource
from orchestrator.runner.steps import StepRunner
from orchestrator.scenario import Limits, Scenario, Step
from orchestrator.scenario.values import DECLARED

SILENT = Progress(lambda _: None, lambda _: None)
"""Nobody watches a test while it runs."""

_ELSEWHERE = 'mark the test with `peerlab(engine="docker")`'
_OF_PEERS = {*PROCESS, *(LIFTED_BY[kind] for kind in PROCESS)}


class Drive:
    """A run from its first peer to its verdict.

    Args:
        conductor: whose peers take part.
        script: the run's name, and its limits.
        look: the program's profile.

    Attributes:
        is_over: whether it has been brought to its end, or broken off.
        run: the run after that.

    Raises:
        LabError: the run cannot be kept.
    """

    def __init__(self, conductor: Runner, script: ScenarioSource, look: Profile) -> None:
        self._under_way = ActiveRun(conductor, script, look, SILENT)
        self._script, self._pool, self._stop = script.scenario, conductor.pool, conductor.cancel
        self._records = ExitStack()
        self._records.enter_context(self._under_way.recording())
        self._names: list[str] = []
        self._disturbing: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._has_broken_network = False
        self._steps: StepRunner | None = None  # one for all acts: it knows which faults held
        self._error: LabError | None = None
        self.is_over = False
        self.run: Run | None = None

    @property
    def names(self) -> list[str]:
        """Who takes part so far."""
        return list(self._names)

    @property
    def limits(self) -> Limits:
        """How long things may take."""
        return self._script.limits

    @property
    def stage(self) -> PeerGroup:
        """The peers' consoles."""
        return self._under_way.peers

    @property
    def folder(self) -> Path:
        """Where all of it is kept."""
        return self._under_way.folder

    def take(self, names: Sequence[str]) -> None:
        """Bring peers on stage.

        Raises:
            LabError: one cannot be started, or is not ready in time.
            RuntimeError: a fault of the network was given between those who are there.
        """
        __tracebackhide__ = True
        self._must_go_on()
        if self._has_broken_network:
            raise RuntimeError("no peer can come any more: the network was broken already")
        try:
            self._under_way.take_peers(_with(self._script, names))
        except LabError as error:
            raise self._broken(error) from None
        self._names += names
        script, stage = _with(self._script, self._names), self.stage
        self._steps = StepRunner(script, stage, SILENT.step, self._stop, self._under_way.watch)

    def act(self, verb: str, **fields: object) -> Entry:
        """Do one step of a scenario; return how it ended.

        Raises:
            NotAsWantedError: it did not end as wanted.
            ValueError: there is no such step.
            LabError: the run cannot be carried on.
        """
        __tracebackhide__ = True
        self._must_go_on()
        step, at = self._step(verb, fields), str(fields["at"])
        with self.stage.locks[at]:
            before = len(self.stage.history.entries)
            try:
                self._carry_out(step)
            except LabError as error:
                raise self._broken(error) from None
            since = self.stage.history.entries[before:]
        acts = [entry for entry in since if entry.peer == at and entry.operation]
        if wrong := complaint(acts, self.stage):
            raise NotAsWantedError(wrong)
        return acts[-1]

    def disturb(self, verb: str, **fields: object) -> list[Entry]:
        """Do one step that is a fault, or lifts some; return how its operations ended.

        Others may be in the middle of something at any console meanwhile.

        Raises:
            NotAsWantedError: it was not proven that it holds, or is gone.
            ValueError: there is no such step.
            EngineError: it cannot be done here.
            LabError: the run cannot be carried on.
        """
        __tracebackhide__ = True
        self._must_go_on()
        step = self._step(verb, fields)
        self._refuse_lacking(step)
        peer = str(fields["at"]) if verb in _OF_PEERS else ""
        self._has_broken_network |= verb in NETWORK
        with self._disturbing[peer]:
            before = len(self.stage.history.entries)
            try:
                self._carry_out(step)
            except LabError as error:
                raise self._broken(error) from None
            since = self.stage.history.entries[before:]
        acts = [e for e in since if e.operation and (e.peer, e.verb) == (peer, verb)]
        if acts and (wrong := complaint(acts, self.stage)):
            raise NotAsWantedError(wrong)
        return [entry for entry in acts if entry.is_done]

    def _refuse_lacking(self, step: Step) -> None:
        __tracebackhide__ = True
        lacks = self.stage.verifier.network.unsupported() if self.stage.verifier else {}
        for feature, phrase in _with(self._script, self.names, step).needed.items():
            if feature in lacks:
                why = f"`{phrase}` cannot be done here: {lacks[feature]}"
                raise clean(EngineError(why, hint=_ELSEWHERE))

    @property
    def held(self) -> Mapping[str, str]:
        """The kinds of the faults of the network that hold, by their names."""
        held = self.stage.verifier.active if self.stage.verifier and not self.is_over else ()
        return {each.fault.name: each.fault.kind for each in held}

    def await_listed(self, at: str, others: Sequence[str]) -> None:
        """Wait until a peer lists these and no others, as long as an `expect` may take.

        Raises:
            LabError: the run cannot be carried on.
        """
        __tracebackhide__ = True
        performer = Operator(self.stage, self.limits, self._under_way.watch)
        with self.stage.locks[at]:
            try:
                performer.await_listed(at, others)
            except LabError as error:
                raise self._broken(error) from None

    def catch_up(self, at: str) -> None:
        """Take in what a console has shown by now."""
        if not self.is_over:
            with self.stage.locks[at]:
                self.stage.catch_up_at(at)

    def _step(self, verb: str, fields: dict[str, object]) -> Step:
        __tracebackhide__ = True
        given = {key: value for key, value in fields.items() if value is not None}
        try:
            return Step.model_validate({verb: given}, context={DECLARED: self.names})
        except ValidationError as error:
            raise ValueError(said(error, Step, within=1)) from None

    def _carry_out(self, step: Step) -> None:
        if self._steps is None:
            raise RuntimeError("there is no peer yet")
        self._steps.run_step(step)

    def _must_go_on(self) -> None:
        __tracebackhide__ = True
        if self.is_over:
            raise RuntimeError("the run is over: its peers do nothing any more")

    def _broken(self, error: LabError) -> LabError:
        """Keep an error for the run's record; return it without the lab's own frames."""
        self._error = self._error or error
        return clean(error)

    def end(self, cause: str = "") -> Run | None:
        """Let things settle, judge and keep the run; or break it off, where there is a cause.

        Return the run; None where its end was interrupted before.
        """
        if not self.is_over:
            self.is_over = True
            try:
                self._conclude(cause)
            except BaseException:  # nobody else knows these peers: the pool must have them back
                self._pool.give_back(self.stage, fit=False)
                raise
            self.run = self._under_way.conclude()
        return self.run

    def _conclude(self, cause: str) -> None:
        with self._records:
            if self._error:
                raise self._error
            if cause:
                raise LabError(cause)
            if self._steps:
                self._steps.lift_all()
            self._under_way.wait_until_quiet()
        self._under_way.judge()


def clean(error: LabError) -> LabError:
    """Return an error as a test raises it: with its hint, without the lab's own frames."""
    note = f"hint: {error.hint}"
    if error.hint and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error.with_traceback(None)


def said(error: ValidationError, model: type[BaseModel], within: int = 0) -> str:
    """Return what is wrong with some arguments, in one line, the name of each in front.

    Args:
        error: what was found.
        model: what they were to be.
        within: so many of its keys, one below the other, are no arguments but what they are of.
    """
    problems = (document.problem(detail, model) for detail in error.errors())
    named = ((each.place[within : within + 1], each.what) for each in problems)
    return "; ".join(f"{name[0]}: {what}" if name else what for name, what in named)


def _with(script: Scenario, names: Sequence[str], *steps: Step) -> Scenario:
    return script.model_copy(update={"peers": [*names], "steps": [*steps]})

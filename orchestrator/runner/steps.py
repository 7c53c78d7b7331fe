"""Do the steps of a scenario: at one console or at all, repeated, in parallel, with faults."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from orchestrator import chat
from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Say
from orchestrator.errors import LabError
from orchestrator.history.timing import DRIVING, WAITING, Stopwatch
from orchestrator.runner.calls import Caller, Counters, UnfilledError, fill
from orchestrator.runner.chat_driver import ChatDriver
from orchestrator.runner.fault_steps import FaultSteps
from orchestrator.runner.injector import FaultInjector
from orchestrator.runner.operations import Operator
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import written_at
from orchestrator.runner.watching import NeverSteps
from orchestrator.runner.workload import WorkloadDriver
from orchestrator.scenario import ALL, FAULTS, ConnectStep, Scenario, Step, acts
from orchestrator.scenario.polling import EventuallyStep
from orchestrator.scenario.steps import saved

_CATCH_UP_EVERY = 0.25  # seconds until what an idle console shows is recorded


class StepRunner:
    """Does the steps of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        peers: PeerGroup,
        say: Say,
        cancel: CancelToken,
        watch: Stopwatch,
    ) -> None:
        self._scenario, self._peers, self._say, self._cancel = scenario, peers, say, cancel
        self._watch = watch
        self._operator = Operator(peers, scenario.limits, watch, self._checkpoint)
        self._chat = ChatDriver(peers, scenario.limits, watch, self._checkpoint)
        self._caller = Caller(peers, watch, self._checkpoint, saved(scenario.steps))
        self._watches = NeverSteps(peers, self._caller)
        self._deadline = self._peers.clock() + scenario.limits.total
        self._catch_up_at = 0.0

    def run(self) -> None:
        """Make the first connections and do every step.

        Raises:
            LabError: the run cannot go on.
        """
        with self._watch.measure(DRIVING):
            with written_at(self._scenario.connections_line):
                self._connect_first()
            count = len(self._scenario.steps)
            for number, step in enumerate(self._scenario.steps, 1):
                self._do(step, {}, f"step {number} of {count}: ")

    def run_step(self, step: Step) -> None:
        """Do one more step, which may take as long as all those of a scenario together.

        Raises:
            LabError: the run cannot go on.
        """
        self._deadline = self._peers.clock() + self._scenario.limits.total
        with self._watch.measure(DRIVING):
            self._do(step, {}, "")

    def watching(self, step: Step) -> AbstractContextManager[None]:
        """Return a block in which what a step `never` names must not appear.

        Raises:
            LabError: at its end, if the run cannot go on.
        """
        return self._watches.watching(step.act, {})

    def lift_all(self) -> None:
        """Lift all active faults.

        Raises:
            LabError: the run cannot go on.
        """
        if self._peers.is_faulted:
            with self._watch.measure(DRIVING):
                self._injector.lift_all()

    @functools.cached_property
    def _injector(self) -> FaultInjector:
        if self._peers.verifier is None:
            raise LabError("no peers are running, so there is no network to change")
        return FaultInjector(self._peers, self._peers.verifier, self._watch, self._say)

    @functools.cached_property
    def _faults(self) -> FaultSteps:
        return FaultSteps(self._scenario, self._injector, self._peers.history, self._wait)

    def _connect_first(self) -> None:
        pairs = self._scenario.pairs
        for one, other in pairs:
            self._begin(f"{one}: connect {other}")
            self._chat.dial(ConnectStep(at=one, to=other))
        deadline = self._peers.clock() + self._scenario.limits.expect
        for name in self._scenario.peers:
            links = [
                one if other == name else other for one, other in pairs if name in (one, other)
            ]
            if links:
                within = max(0.0, deadline - self._peers.clock())
                dialled = [other for one, other in pairs if one == name]
                self._chat.await_listed(name, links, within, dialled)

    def _begin(self, phrase: str) -> None:
        self._checkpoint()
        self._say(phrase)

    def _checkpoint(self, acting: str = "") -> None:
        """Raise if the run was cancelled or takes too long; now and then, read idle consoles.

        What they show is then recorded in time, even if the lab is killed. `acting` is the peer
        whose console is in use, if any.
        """
        self._cancel.check()
        if time.monotonic() > self._catch_up_at:
            self._catch_up_at = time.monotonic() + _CATCH_UP_EVERY
            self._peers.catch_up(but=acting)
        if self._peers.clock() > self._deadline:
            total = self._scenario.limits.total
            raise LabError(
                f"the steps took longer than {total:g} s", hint="see `limits: {total: …}`"
            )

    def _wait(self, seconds: float) -> None:
        """Let so many seconds pass, unless the run must be broken off before."""
        deadline = time.monotonic() + seconds
        with self._watch.measure(WAITING):
            self._checkpoint()  # also if there is nothing to wait for: a loop may always be late
            while (left := deadline - time.monotonic()) > 0:
                self._cancel.pause(min(left, _CATCH_UP_EVERY))
                self._checkpoint()

    def _do(self, step: Step, counters: Counters, prefix: str) -> None:
        self._begin(prefix + step.phrase)
        with written_at(step.line):
            self._carry_out(step, counters, prefix)

    def _carry_out(self, step: Step, counters: Counters, prefix: str) -> None:
        match step.verb:
            case "repeat":
                self._repeat(step, counters, prefix)
            case "parallel":
                do_all = functools.partial(self._do_all, counters=counters, prefix=prefix)
                self._watch.side_by_side([functools.partial(do_all, steps) for steps in step.act])
            case "never":
                act = _filled_act(step.act, counters)
                inner = functools.partial(self._do_all, act.during or (), counters, prefix)
                self._watches.do(act, counters, self._wait, inner)
            case "chaos":
                self._faults.chaos(step.act)
            case "schedule":
                self._faults.run_schedule(step.act)
            case "workload":
                driver = WorkloadDriver(self._peers, self._caller, self._watch, self._wait)
                driver.drive(step.act)
            case verb if verb in FAULTS:
                during = getattr(step.act, "during", None) or ()
                self._faults.do(step, lambda: self._do_all(during, counters, prefix))
            case _:
                self._act_at_consoles(step, counters)

    def _do_all(self, steps: Sequence[Step], counters: Counters, prefix: str) -> None:
        for step in steps:
            self._do(step, counters, prefix)

    def _repeat(self, step: Step, counters: Counters, prefix: str) -> None:
        block = step.act
        for count in range(1, block.times + 1):
            due = time.monotonic() + (block.every or 0.0)
            inner = {**counters, block.counter: str(count)}
            self._do_all(block.steps, inner, f"{prefix}{count} of {block.times}: ")
            if count < block.times:
                self._wait(due - time.monotonic())

    def _act_at_consoles(self, step: Step, counters: Counters) -> None:
        if step.eventually:
            self._poll(step.eventually, counters)
        elif step.act.at == ALL:
            self._act_at_all(step, counters)
        elif not self._act(step, step.act.at, counters):
            self._chat.record_no_target(step.act)

    def _poll(self, act: EventuallyStep, counters: Counters) -> None:
        """Repeat an operation at each of its peers, all at once, until it has ended as it says."""
        if call := act.timed(self._scenario.limits.expect):
            self._watch.side_by_side([
                functools.partial(
                    self._caller.call,
                    call.model_copy(update={"at": name}),
                    {**counters, "at": name},
                )
                for name in self._peers.named(act.at)
            ])  # fmt: skip

    def _act_at_all(self, step: Step, counters: Counters) -> None:
        """Do an act at every console at once, except at that of the peer that it is about.

        An act that has no target at any of them is recorded as failed at each.
        """
        other = getattr(step.act, "to", None) or getattr(step.act, "of", None)
        ended = self._peers.ended
        acting = [name for name in self._scenario.peers if name != other and name not in ended]
        done: list[str] = []

        def act(name: str) -> None:
            if self._act(step, name, {**counters, "at": name}):
                done.append(name)

        self._watch.side_by_side([functools.partial(act, name) for name in acting])
        for name in acting if not done else ():
            self._chat.record_no_target(step.act.model_copy(update={"at": name}))

    def _act(self, step: Step, at: str, counters: Counters) -> bool:
        """Act at one console; return False if it was for all in the list, and that is empty."""
        if step.call:
            self._caller.call(step.call.model_copy(update={"at": at}), counters)
            return True
        act = _filled_act(step.act, counters).model_copy(update={"at": at})
        if step.verb in chat.VERBS:
            return self._chat.act(step, act, counters)
        if step.expect:
            self._expect(act, counters)
        else:
            getattr(self._operator, step.verb)(act)
        return True

    def _expect(self, act: acts.ExpectStep, counters: Counters) -> None:
        try:
            filled = self._caller.filled(act, ("fields",), counters)
        except UnfilledError as error:
            self._operator.record_untried(act, str(error))
        else:
            self._caller.save(act.save, self._operator.expect(filled))


def _filled_act(act: Any, counters: Counters) -> Any:
    """Return an act with the counters filled in, except in messages: see `_messages`."""
    filled = {
        key: fill(value, counters)
        for key in ("message", "refused", "says")
        if isinstance(value := getattr(act, key, None), str)
    }
    if isinstance(line := getattr(act, "line", None), str):
        is_pattern = isinstance(act, acts.Shown)
        escaped = {name: re.escape(value) for name, value in counters.items()}
        filled["line"] = fill(line, escaped if is_pattern else counters)
    return act.model_copy(update=filled)

"""The fault steps of a scenario: what each lets hold, for how long, and what lifts it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.faults.kinds import LIFTED_BY, LIFTING, NETWORK
from orchestrator.history.entries import History
from orchestrator.runner.injector import FaultInjector
from orchestrator.runner.timetable import Lift, Planned, keep_to
from orchestrator.scenario import Chaos, FaultStep, Scenario, ScheduledFault, drawn, network_fault


class FaultSteps:
    """Does the fault steps of one scenario. Any thread may use it.

    Args:
        script: names the peers.
        disturber: does each fault.
        history: records what chaos draws.
        wait: lets so many seconds pass; raises where the run must be broken off.
    """

    def __init__(
        self,
        script: Scenario,
        disturber: FaultInjector,
        history: History,
        wait: Callable[[float], None],
    ) -> None:
        self._script, self._disturber, self._history = script, disturber, history
        self._wait = wait

    def do(self, step: FaultStep, meanwhile: Callable[[], None]) -> None:
        """Do a step; while its fault holds that is to last while others are done, do those."""
        lift = self.begin(step)
        if step.verb in LIFTING or not step.act.is_lifted:
            return
        if step.act.during:
            meanwhile()
        else:
            self._wait(step.act.lasts)
        lift()

    def begin(self, step: FaultStep) -> Lift:
        """Let a fault hold, or lift some; return what undoes it."""
        verb, act = step.verb, step.act
        if verb in NETWORK:
            return self._break_network(step)
        if verb in ("heal", "restore"):
            self._disturber.mend_network(verb, act.fault)
            return lambda: None
        getattr(self._disturber, verb)(act.at)
        if verb in LIFTING:
            return lambda: None
        return functools.partial(self._undo, verb, act.at)

    def _undo(self, verb: str, at: str) -> None:
        """Undo what was done to a peer, unless another step has."""
        if self._disturber.is_still(verb, at):
            getattr(self._disturber, LIFTED_BY[verb])(at)

    def _break_network(self, step: FaultStep) -> Lift:
        name = self._disturber.new_name(step.verb)
        fault = network_fault(step.verb, step.act, name, self._script.peers)
        self._disturber.break_network(fault)
        return functools.partial(self._disturber.mend_network, "", fault.name)

    def chaos(self, act: Chaos) -> None:
        """Draw a schedule, record it, and keep to it."""
        entries = drawn(act, self._script.peers, self._disturber.network.mechanisms())
        fields: dict[str, Any] = {"seed": act.seed, "for": act.lasts, "entries": entries}
        self._history.lab("chaos", **fields)
        self.keep([ScheduledFault.model_validate(entry) for entry in entries])

    def keep(self, entries: Sequence[ScheduledFault]) -> None:
        """Do what is on a schedule, each at its time."""
        plan = [
            Planned(
                entry.when,
                getattr(entry.act, "lasts", None),
                functools.partial(self.begin, entry),
            )
            for entry in entries
        ]
        keep_to(plan, self._wait)

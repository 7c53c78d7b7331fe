"""The fault steps of a scenario: which faults they inject, how long, and when they are lifted."""

from __future__ import annotations

import functools
import heapq
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.faults.kinds import LIFTED_BY, LIFTING, NETWORK
from orchestrator.history.entries import History
from orchestrator.runner.injector import FaultInjector
from orchestrator.runner.recording import written_at
from orchestrator.scenario import Chaos, FaultStep, Scenario, ScheduledFault, drawn, network_fault

Lift = Callable[[], None]  # lifts one fault


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault with its time."""

    when: float  # seconds from the start of the timetable
    lasts: float | None  # seconds until it is lifted; None for the end of the timetable
    begin: Callable[[], Lift]  # injects it, and returns what lifts it


def run_timetable(plan: Iterable[PlannedFault], wait: Callable[[float], None]) -> None:
    """Begin and lift every fault at its time; what is late is done at once."""
    order = itertools.count()  # of what is due at the same time
    due: list[tuple[float, int, Callable[[], None]]] = []
    at_the_end: list[Lift] = []

    def begin(planned: PlannedFault) -> None:
        lift = planned.begin()
        if planned.lasts is None:
            at_the_end.append(lift)
        else:
            heapq.heappush(due, (planned.when + planned.lasts, next(order), lift))

    for planned in plan:
        act: Callable[[], None] = functools.partial(begin, planned)
        heapq.heappush(due, (planned.when, next(order), act))
    began = time.monotonic()
    while due:
        when, _, act = heapq.heappop(due)
        wait(max(0.0, began + when - time.monotonic()))
        act()
    for lift in reversed(at_the_end):
        lift()


class FaultSteps:
    """Runs the fault steps of one scenario. Thread-safe."""

    def __init__(
        self,
        scenario: Scenario,
        injector: FaultInjector,
        history: History,
        wait: Callable[[float], None],
    ) -> None:
        self._scenario, self._injector, self._history = scenario, injector, history
        self._wait = wait

    def do(self, step: FaultStep, meanwhile: Callable[[], None]) -> None:
        """Run a step, and call `meanwhile` for the steps that its fault is to last for."""
        lift = self.begin(step)
        if step.verb in LIFTING or not step.act.is_lifted:
            return
        if step.act.during:
            meanwhile()
        else:
            self._wait(step.act.lasts)
        lift()

    def begin(self, step: FaultStep) -> Lift:
        """Inject a fault, or lift some. Returns what undoes it."""
        verb, act = step.verb, step.act
        if verb in NETWORK:
            return self._begin_network_fault(step)
        if verb in ("heal", "restore"):
            self._injector.lift(verb, act.fault)
            return lambda: None
        getattr(self._injector, verb)(act.at)
        if verb in LIFTING:
            return lambda: None
        return functools.partial(self._undo, verb, act.at)

    def _undo(self, verb: str, at: str) -> None:
        """Undo a fault of a peer, unless another step has."""
        if self._injector.is_still(verb, at):
            getattr(self._injector, LIFTED_BY[verb])(at)

    def _begin_network_fault(self, step: FaultStep) -> Lift:
        name = self._injector.new_name(step.verb)
        fault = network_fault(step.verb, step.act, name, self._scenario.peers)
        self._injector.apply(fault)
        return functools.partial(self._injector.lift, "", fault.name)

    def chaos(self, act: Chaos) -> None:
        """Draw a schedule, record and run it."""
        network = self._injector.network
        entries = drawn(act, self._scenario.peers, network.mechanisms(), network.shut())
        fields: dict[str, Any] = {"seed": act.seed, "for": act.lasts, "entries": entries}
        self._history.lab("chaos", **fields)
        self.run_schedule([ScheduledFault.model_validate(entry) for entry in entries])

    def run_schedule(self, entries: Sequence[ScheduledFault]) -> None:
        """Run the entries of a schedule, each at its time."""
        plan = [
            PlannedFault(
                entry.when,
                getattr(entry.act, "lasts", None),
                functools.partial(self._begin_entry, entry),
            )
            for entry in entries
        ]
        run_timetable(plan, self._wait)

    def _begin_entry(self, entry: ScheduledFault) -> Lift:
        here = written_at(entry.line)  # each use as a decorator enters it anew
        return here(here(self.begin)(entry))

"""A scenario, its peers' consoles and their history: does the steps, brings it to an end."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Say
from orchestrator.errors import LabError
from orchestrator.history.timing import DRIVING, WAITING, Stopwatch
from orchestrator.runner.fault_steps import FaultSteps
from orchestrator.runner.injector import FaultInjector
from orchestrator.runner.operations import Operator
from orchestrator.runner.peers import PeerGroup
from orchestrator.scenario import ALL, FAULTS, Connect, Expect, Scenario, Send, Step

_LOOK_ROUND = 0.25  # seconds in which what an idle console shows is recorded

Counters = Mapping[str, str]
"""What stands for each name in braces in a text."""


class StepRunner:
    """Does the steps of one scenario.

    Args:
        script: what to do.
        stage: the peers, ready.
        say: told each step that is begun.
        stop: ends it early.
        watch: measures where the time goes.
    """

    def __init__(
        self,
        script: Scenario,
        stage: PeerGroup,
        say: Say,
        stop: CancelToken,
        watch: Stopwatch,
    ) -> None:
        self._script, self._stage, self._say, self._stop = script, stage, say, stop
        self._watch = watch
        self._perform = Operator(stage, script.limits, watch, self._go_on)
        self._deadline = time.monotonic() + script.limits.total
        self._look_round = 0.0  # when to look at every console again

    def carry_out(self) -> None:
        """Make the first connections and do every step.

        Raises:
            LabError: the run cannot be carried on.
        """
        with self._watch.measure(DRIVING):
            self._connect_first()
            count = len(self._script.steps)
            for number, step in enumerate(self._script.steps, 1):
                self._do(step, {}, f"step {number} of {count}: ")

    def carry_out_step(self, step: Step) -> None:
        """Do one more step, which may take as long as all those of a scenario together.

        Raises:
            LabError: the run cannot be carried on.
        """
        self._deadline = time.monotonic() + self._script.limits.total
        with self._watch.measure(DRIVING):
            self._do(step, {}, "")

    def lift_all(self) -> None:
        """Lift what faults hold still.

        Raises:
            LabError: the run cannot be carried on.
        """
        if self._stage.is_harmed:
            with self._watch.measure(DRIVING):
                self._disturber.lift_all()

    @functools.cached_property
    def _disturber(self) -> FaultInjector:
        if self._stage.breaker is None:
            raise LabError("there is nobody on stage to break anything between")
        return FaultInjector(self._stage, self._stage.breaker, self._watch)

    @functools.cached_property
    def _faults(self) -> FaultSteps:
        return FaultSteps(self._script, self._disturber, self._stage.history, self._wait)

    def _connect_first(self) -> None:
        """Make the first connections, and let both ends of each know of it."""
        pairs = self._script.pairs
        for one, other in pairs:
            self._begin(f"{one}: connect {other}")
            self._perform.connect(Connect(at=one, to=other))
        deadline = time.monotonic() + self._script.limits.expect
        for name in self._script.peers:
            links = [
                one if other == name else other for one, other in pairs if name in (one, other)
            ]
            if links:
                within = max(0.0, deadline - time.monotonic())
                dialled = [other for one, other in pairs if one == name]
                self._perform.await_listed(name, links, within, dialled)

    def _begin(self, phrase: str) -> None:
        self._go_on()
        self._say(phrase)

    def _go_on(self, acting: str = "") -> None:
        """Return, unless the run was stopped or takes too long.

        Now and then, take in what the consoles have shown that nobody uses, so that it is
        recorded in time, and should the lab be killed.

        Args:
            acting: whose console is in the middle of something; empty for nobody's.
        """
        self._stop.check()
        if time.monotonic() > self._look_round:
            self._look_round = time.monotonic() + _LOOK_ROUND
            self._stage.catch_up(but=acting)
        if time.monotonic() > self._deadline:
            total = self._script.limits.total
            raise LabError(
                f"the steps took longer than {total:g} s", hint="see `limits: {total: …}`"
            )

    def _wait(self, seconds: float) -> None:
        """Let so many seconds pass, unless the run must be broken off before."""
        deadline = time.monotonic() + seconds
        with self._watch.measure(WAITING):
            while (left := deadline - time.monotonic()) > 0:
                self._go_on()
                self._stop.pause(min(left, _LOOK_ROUND))

    def _do(self, step: Step, counters: Counters, where: str) -> None:
        self._begin(where + step.phrase)
        match step.verb:
            case "repeat":
                self._repeat(step, counters, where)
            case "parallel":
                do_all = functools.partial(self._do_all, counters=counters, where=where)
                self._watch.side_by_side([functools.partial(do_all, each) for each in step.act])
            case "chaos":
                self._faults.chaos(step.act)
            case "schedule":
                self._faults.keep(step.act)
            case verb if verb in FAULTS:
                inner = functools.partial(self._do_all, getattr(step.act, "during", None) or ())
                self._faults.do(step, functools.partial(inner, counters=counters, where=where))
            case _ if step.act.at == ALL:
                self._act_at_all(step, counters)
            case _ if not self._act(step, step.act.at, counters):
                self._perform.nobody(step.act)

    def _do_all(self, steps: Sequence[Step], counters: Counters, where: str) -> None:
        for step in steps:
            self._do(step, counters, where)

    def _repeat(self, step: Step, counters: Counters, where: str) -> None:
        block = step.act
        for count in range(1, block.times + 1):
            due = time.monotonic() + (block.every or 0.0)
            inner = {**counters, block.counter: str(count)}
            self._do_all(block.steps, inner, f"{where}{count} of {block.times}: ")
            if count < block.times:
                self._wait(due - time.monotonic())

    def _acting(self, step: Step) -> list[str]:
        """Return every peer that an act of `all` is for: not the one that it is about."""
        other = getattr(step.act, "to", None) or getattr(step.act, "of", None)
        gone = self._stage.gone
        return [name for name in self._script.peers if name != other and name not in gone]

    def _act_at_all(self, step: Step, counters: Counters) -> None:
        """Do an act at every console: it came to nothing where no peer lists anybody."""
        done: list[str] = []

        def act(name: str) -> None:
            if self._act(step, name, {**counters, "at": name}):
                done.append(name)

        acting = self._acting(step)
        self._watch.side_by_side([functools.partial(act, name) for name in acting])
        for name in acting if not done else ():
            self._perform.nobody(step.act.model_copy(update={"at": name}))

    def _act(self, step: Step, at: str, counters: Counters) -> bool:
        """Act at one console; return False where that is for all it lists, and it lists nobody."""
        act = _filled_act(step.act, counters).model_copy(update={"at": at})
        if step.verb not in ("send", "terminate") or act.to != ALL:
            self._act_alone(step, act, counters)
            return True
        others = self._perform.neighbours(act)
        if step.verb == "send":
            self._send(act, others or (), counters)
        else:
            for other in others or ():
                self._perform.terminate(act.model_copy(update={"to": other}))
        return others is None or bool(others)

    def _send(self, act: Send, receivers: Sequence[str], counters: Counters) -> None:
        self._perform.send(act, self._messages(act, receivers, counters))

    def _act_alone(self, step: Step, act: Any, counters: Counters) -> None:
        match step.verb:
            case "send":
                self._send(act, _receivers(step, act), counters)
            case "connect" if act.to == ALL:
                for other in self._script.peers:
                    if other != act.at:
                        self._perform.connect(act.model_copy(update={"to": other}))
            case verb:
                getattr(self._perform, verb)(act)

    def _messages(
        self, act: Send, receivers: Sequence[str], counters: Counters
    ) -> list[tuple[str, str]]:
        """Return each message with its receiver, in the order in which they are sent."""
        messages = []
        for count in range(1, act.times + 1):
            for to in receivers:
                known = {**counters, "to": to} if act.to == ALL else counters
                known = {**known, "n": str(count)} if act.times > 1 else known
                messages.append((to, act.at_length(_filled(act.text, known))))
        return messages


def _receivers(step: Step, act: Send) -> Sequence[str]:
    """Return to whom a peer sends that are named: not to itself where all do."""
    if act.to is None:
        return [""]  # an id alone, whoever that leads to
    several = act.to if isinstance(act.to, list) else [act.to]
    return [name for name in several if name != act.at or step.act.at != ALL]


def _filled_act(act: Any, counters: Counters) -> Any:
    """Return an act with the counters in place; but in a text to be sent, which may be several."""
    filled = {
        key: _filled(value, counters)
        for key in ("message", "refused", "says")
        if isinstance(value := getattr(act, key, None), str)
    }
    if isinstance(line := getattr(act, "line", None), str):
        is_pattern = isinstance(act, Expect)
        known = {name: re.escape(each) for name, each in counters.items()}
        filled["line"] = _filled(line, known if is_pattern else counters)
    return act.model_copy(update=filled)


def _filled(text: str, counters: Counters) -> str:
    """Return a text with its counters in place; other braces stay as they are."""
    for name, value in counters.items():
        text = text.replace(f"{{{name}}}", value)
    return text

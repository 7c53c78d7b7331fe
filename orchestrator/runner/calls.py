"""Operations of a program's own vocabulary: fill in, type, read typed results, record."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any, TypeVar

from pydantic import BaseModel

from orchestrator.errors import NoAnswerError, PeerGoneError, first_line
from orchestrator.history.timing import WAITING, Stopwatch
from orchestrator.history.wanted import unmet
from orchestrator.profile import ANSWERS, ENDS, ConsoleOperation, Value, converted
from orchestrator.runner import outcomes
from orchestrator.runner.outcomes import Completion
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import Recorder, Wanted
from orchestrator.scenario.calls import PLACEHOLDER, CallStep, edits_line
from orchestrator.text import not_typable

Counters = Mapping[str, str]  # the value of each name in braces in a text
Act = TypeVar("Act", bound=BaseModel)

_SLICE = 0.5  # seconds of a long wait between two checkpoints
_EXIT_WITHIN = 5.0  # seconds


class UnfilledError(Exception):
    """A step has a placeholder without a value, or with one that does not fit or be typed."""


def fill(text: str, counters: Counters) -> str:
    """Return a text with its counters filled in; other braces stay as they are."""
    for name, value in counters.items():
        text = text.replace(f"{{{name}}}", value)
    return text


class Caller:
    """Does calls at consoles, and keeps what they save.

    Args:
        peers: the peers.
        watch: measures the time spent waiting.
        checkpoint: called between two attempts, with the peer whose console is in use.
        names: under which the steps save something.
    """

    def __init__(
        self,
        peers: PeerGroup,
        watch: Stopwatch,
        checkpoint: Callable[[str], None],
        names: Iterable[str] = (),
    ) -> None:
        self._peers, self._watch, self._checkpoint = peers, watch, checkpoint
        self._recorder, self._patient = Recorder(peers), Recorder(peers, inf)
        self._saved: dict[str, Value] = {}
        self._wanted_saved = {*names}
        self._workloads = 0
        self._lock = threading.Lock()  # branches that run side by side save too

    def call(
        self, act: CallStep, counters: Counters | None, *, is_patient: bool = False
    ) -> Completion:
        """Do an operation, again while it has not ended as expected and has time.

        Args:
            act: the operation, and how it must end.
            counters: values for placeholders; None if no text has any, whatever its braces.
            is_patient: whether the run goes on however often the console does not answer.

        Returns how it ended, with the fields of its outcome.
        """
        operation = self._peers.sessions[act.at].profile.operations[act.name]
        self._wanted_saved |= {*act.save.values()}
        wants, arguments = dict[str, Any](act.wants), dict[str, Value]()
        try:
            arguments = self._arguments(act, operation, counters)
            wants = typed(self._filled_in(wants, counters), operation)
            work = functools.partial(self._work, act, operation, arguments, wants)
        except UnfilledError as error:
            work = functools.partial(outcomes.failed, str(error))
        given = {"arguments": arguments} if arguments else {}
        recorder = self._patient if is_patient else self._recorder
        return recorder.at_console(act.at, act.name, Wanted(wants), work, **given)

    def filled(self, act: Act, keys: Iterable[str], counters: Counters) -> Act:
        """Return a step with the placeholders in some of its keys filled in.

        Raises:
            UnfilledError: one has no value yet.
        """
        update = {key: self._filled_in(getattr(act, key), counters) for key in keys}
        return act.model_copy(update=update)

    def _work(
        self,
        act: CallStep,
        operation: ConsoleOperation,
        arguments: Mapping[str, Value],
        wants: Mapping[str, Any],
    ) -> Completion:
        typed = {**dict.fromkeys(operation.takes, ""), **arguments}
        if operation.means == ENDS:
            return exited(self._peers, act.at, act.name, typed)
        deadline = time.monotonic() + act.within
        while True:
            outcome, said = outcomes.called(self._peers.ask(act.at, act.name, **typed), operation)
            if time.monotonic() >= deadline or is_as_wanted(outcome, said, wants):
                break
            self._pause(act.at, min(act.every, deadline - time.monotonic()))
        if outcome == "ok":
            self.save(act.save, said.get("results", {}))
        return outcome, said | ({"limit": act.within} if act.within else {})

    def _pause(self, at: str, seconds: float) -> None:
        """Let so many seconds pass between two attempts, and read what the console shows."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with self._watch.measure(WAITING):
                self._peers.sessions[at].take_in(min(left, _SLICE))
            self._checkpoint(at)

    def count_workload(self) -> int:
        """Count one more workload; return how many there were before."""
        with self._lock:
            self._workloads += 1
            return self._workloads - 1

    # Values

    def _arguments(
        self, act: CallStep, operation: ConsoleOperation, counters: Counters | None
    ) -> dict[str, Value]:
        """Return what is typed, each argument as a value of its type."""
        filled = {name: self._value(value, counters) for name, value in act.arguments.items()}
        profile = self._peers.sessions[act.at].profile
        for name, value in filled.items():
            if isinstance(value, str):
                if wrong := not_typable(value) or edits_line(value, profile):
                    raise UnfilledError(f"{name}: {wrong}")
                filled[name] = _converted(operation.takes[name].type, name, value)
        return filled

    def _filled_in(self, value: Any, counters: Counters | None) -> Any:
        """Return what is wanted with its placeholders filled in."""
        if isinstance(value, Mapping):
            return {key: self._filled_in(one, counters) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled_in(one, counters) for one in value]
        return self._value(value, counters)

    def _value(self, value: Any, counters: Counters | None) -> Any:
        """Return a value with counters, saved values and addresses in place of their names.

        A placeholder alone stands for the value as it was saved, with its type.
        """
        if counters is None or not isinstance(value, str):
            return value
        if whole := PLACEHOLDER.fullmatch(value):
            return self._known(whole[1], counters, value)
        return PLACEHOLDER.sub(lambda found: str(self._known(found[1], counters, found[0])), value)

    def _known(self, name: str, counters: Counters, otherwise: str) -> Value:
        if name in counters:
            return counters[name]
        with self._lock:
            if name in self._saved:
                return self._saved[name]
        if name in self._wanted_saved:
            raise UnfilledError(f"no step has saved {name!r} before this")
        peer, _, part = name.partition(".")
        if peer not in self._peers.sessions:
            return otherwise
        there = self._peers.sessions[peer].peer
        of_peer: Mapping[str, Value] = {one: getattr(there, one) for one in ANSWERS}
        return {**there.announced, **of_peer}.get(part, otherwise)

    def save(self, names: Mapping[str, str], results: Mapping[str, Value]) -> None:
        """Keep results for later steps, each under the name that is given for it."""
        with self._lock:
            for result, name in names.items():
                if result in results:
                    self._saved[name] = results[result]


def exited(
    peers: PeerGroup, at: str, verb: str, arguments: Mapping[str, Value] | None = None
) -> Completion:
    """Do an operation that ends the program, and wait until it has ended."""
    said, session = "", peers.sessions[at]
    try:
        reply = peers.ask(at, verb, **(arguments or {}))
        said = "".join(reply.lines[-1:])
        if reply.ok is False:
            return outcomes.failed(said)
        session.await_end(_EXIT_WITHIN)
    except PeerGoneError:
        pass
    except NoAnswerError as error:
        peers.count_silence(at)
        said = said or first_line(error)
    status = session.peer.await_end(_EXIT_WITHIN)
    fields = {"said": said, "state": status.state, "limit": 2 * _EXIT_WITHIN}
    if status.state in ("running", "paused"):  # as with `expect`: not in time
        still = f"the program had not ended after {fields['limit']:g} s"
        return "fail", {**fields, "said": f"{said}; {still}" if said else still}
    peers.ended.add(at)
    return "ok", {**fields, "status": status.exit_status}


def typed(wants: Mapping[str, Any], operation: ConsoleOperation) -> dict[str, Any]:
    """Return what is wanted with each value of a result in that result's type.

    Raises:
        UnfilledError: a text is no value of that type.
    """
    results = {
        name: _typed(operation.results.get(name, "text"), name, wanted)
        for name, wanted in wants.get("results", {}).items()
    }
    return {**wants, **({"results": results} if results else {})}


def _typed(kind: Any, name: str, wanted: Any) -> Any:
    """Return a value or a condition in a type."""
    if isinstance(wanted, Mapping):
        ((condition, limit),) = wanted.items()
        if condition == "pattern":
            return wanted
        return {condition: _typed(kind if condition == "not" else "number", name, limit)}
    if kind == "text":
        return str(wanted)
    return _converted(kind, name, wanted) if isinstance(wanted, str) else wanted


def is_as_wanted(outcome: str, said: Mapping[str, Any], wants: Mapping[str, Any]) -> bool:
    """Return whether an operation ended as it is wanted to."""
    ended = "nil" if outcome == "ok" and said.get("nil") else outcome
    wanted = wants.get("outcome", ended)
    return wanted in (outcome, ended) and not unmet(wants, said)


def _converted(kind: Any, name: str, text: str) -> Value:
    try:
        return converted(kind, text)
    except ValueError as error:
        raise UnfilledError(f"{name} takes a value of the type {kind}, not {text!r}") from error

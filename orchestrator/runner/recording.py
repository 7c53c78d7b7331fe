"""Record operations: invoked, then ok, fail or info."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.errors import (
    ClientGoneError,
    EngineError,
    LabError,
    NoAnswerError,
    NoClientError,
    PeerGoneError,
    first_line,
)
from orchestrator.history.entries import GONE
from orchestrator.history.recorded_workload import WORKLOAD
from orchestrator.runner.outcomes import Completion, failed
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.rests import never_answers

_MAX_SILENCES = 2

_origin: ContextVar[dict[str, object]] = ContextVar("_origin")
"""The fields that say to which step, and workload, an operation belongs: see docs/history.md."""


@contextlib.contextmanager
def written_at(line: int, file: str = "") -> Iterator[None]:
    """Record the operations of this block as those of a step on this line; 0 changes nothing.

    Args:
        line: counted from 1.
        file: where that line is, if not in the run's own file.
    """
    if not line:
        yield
        return
    before = _origin.set({"step": line, "file": file} if file else {"step": line})
    try:
        yield
    finally:
        _origin.reset(before)


@contextlib.contextmanager
def part_of_workload(number: int) -> Iterator[None]:
    """Record the operations of this block as those of a workload: see docs/history.md."""
    before = _origin.set({**_origin.get({}), WORKLOAD: number})
    try:
        yield
    finally:
        _origin.reset(before)


class Expecting(Protocol):
    """An act that says how it must end."""

    @property
    def wants(self) -> dict[str, Any]:
        """See docs/history.md."""


@dataclass(frozen=True)
class Wanted:
    """How an operation must end that the scenario alone cannot say."""

    wants: dict[str, Any]


class Recorder:
    """Records what is done at some peers' consoles, and to the peers themselves.

    Args:
        peers: the peers.
        most_silences: how often in a row a console may not answer before the run is broken off.
    """

    def __init__(self, peers: PeerGroup, most_silences: float = _MAX_SILENCES) -> None:
        self._peers, self._history = peers, peers.history
        self._most_silences = most_silences

    def invoke(self, peer: str, verb: str, act: Expecting | None, **fields: object) -> int:
        """Record that an operation begins; return its number."""
        wants = {"wants": act.wants} if act and act.wants else {}
        return self._history.invoke(peer, verb, **fields, **wants, **_origin.get({}))

    def at_console(
        self,
        peer: str,
        verb: str,
        act: Expecting | None,
        work: Callable[[], Completion],
        **fields: object,
    ) -> Completion:
        """Do some work at a console as one operation, with its lock; return how it ended.

        Raises:
            LabError: the run cannot go on, as after several commands without an answer.
        """
        with self._peers.locks[peer]:
            self._peers.catch_up_at(peer)  # so that the history has it before this operation
            if peer in self._peers.ended and verb != "expect":  # it may have been shown before
                work = functools.partial(failed, f"{peer} {GONE}")
            return self._operate(peer, verb, act, work, self.tolerate, **fields)

    def fault(self, peer: str, verb: str, work: Callable[[], Completion], **fields: object) -> None:
        """Apply or lift a fault as one operation, without any console's lock.

        Raises:
            LabError: the run cannot go on. It can if the engine refused the fault.
        """
        self._peers.is_faulted = True
        self._operate(peer, verb, Wanted({"outcome": "ok"}), work, _tolerate_refusal, **fields)
        self._peers.sockets.note_cheaply()

    def _operate(
        self,
        peer: str,
        verb: str,
        act: Expecting | None,
        work: Callable[[], Completion],
        tolerate: Callable[[LabError], None],
        **fields: object,
    ) -> Completion:
        operation, since = self.invoke(peer, verb, act, **fields), time.monotonic()
        try:
            outcome, said = work()
        except LabError as error:
            outcome = "fail" if isinstance(error, NoClientError) else "info"
            said = {"said": first_line(error), **_unanswered(act, error)}
            if isinstance(error, NoAnswerError):
                said |= never_answers(self._peers, peer, since)
            self._history.complete(operation, outcome, **said)
            tolerate(error)
        else:
            self._history.complete(operation, outcome, **said)
        return outcome, said

    def tolerate(self, error: LabError) -> None:
        """Note that a console has ended or did not answer.

        Raises:
            LabError: the run cannot go on: it is another error, or one silence too many.
        """
        match error:
            case PeerGoneError():
                self._peers.ended.add(error.peer)
            case ClientGoneError() | NoClientError():  # the next operation gets another client
                pass
            case NoAnswerError() if self._peers.count_silence(error.peer) < self._most_silences:
                pass
            case _:
                raise error


def _unanswered(act: Expecting | None, error: LabError) -> dict[str, object]:
    """Return that nothing was answered, if the act must be and no line came."""
    is_wanted = act is not None and bool(act.wants.get("answered"))
    is_silent = isinstance(error, NoAnswerError) and error.is_silent
    return {"answered": False} if is_wanted and is_silent else {}


def _tolerate_refusal(error: LabError) -> None:
    if not isinstance(error, EngineError):
        raise error

"""Recording operations: invoked, worked on with the lock of a console, then ok, fail or info."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.errors import NoAnswerError, PeerGoneError, SessionError, first_line
from orchestrator.runner.outcomes import Ended
from orchestrator.runner.peers import PeerGroup

_MOST_SILENCES = 2  # unanswered commands in a row at one console, then the run is broken off


class Wanting(Protocol):
    """An act that says how it must end."""

    @property
    def wants(self) -> dict[str, Any]:
        """See docs/history.md."""


@dataclass(frozen=True)
class Wanted:
    """How an operation must end that the scenario alone cannot tell."""

    wants: dict[str, Any]


class Recorder:
    """Records what is done at the consoles of some peers.

    Args:
        stage: the peers.
    """

    def __init__(self, stage: PeerGroup) -> None:
        self._stage, self._history = stage, stage.history

    def invoke(self, peer: str, verb: str, act: Wanting | None, **fields: object) -> int:
        """Record that an operation begins; return its number."""
        wants = {"wants": act.wants} if act and act.wants else {}
        return self._history.invoke(peer, verb, **fields, **wants)

    def operate(
        self, peer: str, verb: str, act: Wanting | None, work: Callable[[], Ended], **fields: object
    ) -> None:
        """Do some work as one operation.

        Raises:
            NoAnswerError: the console does not answer, again.
        """
        with self._stage.consoles[peer]:
            self._stage.catch_up_at(peer)  # what was shown before stands before in the history
            self._recorded(peer, verb, act, work, fields)

    def _recorded(
        self,
        peer: str,
        verb: str,
        act: Wanting | None,
        work: Callable[[], Ended],
        fields: Mapping[str, object],
    ) -> None:
        operation = self.invoke(peer, verb, act, **fields)
        if peer in self._stage.gone and verb != "expect":  # that may have been shown before
            self._history.complete(operation, "fail", said=f"{peer} is not there any more")
            return
        try:
            outcome, said = work()
        except (NoAnswerError, PeerGoneError) as error:
            self._history.complete(operation, "info", said=first_line(error))
            self.broken(peer, error)
        else:
            self._history.complete(operation, outcome, **said)

    def broken(self, peer: str, error: SessionError) -> None:
        """Take note that a console did not answer, or has ended.

        Raises:
            SessionError: the run cannot be carried on.
        """
        if isinstance(error, PeerGoneError):
            self._stage.gone.add(peer)
        elif not isinstance(error, NoAnswerError) or self._stage.unanswered(peer) >= _MOST_SILENCES:
            raise error

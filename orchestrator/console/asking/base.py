"""What both ways of asking have in common."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.console.lines import Console, quoted
from orchestrator.console.reply import Reply
from orchestrator.errors import NoAnswerError, SessionError
from orchestrator.profile import Line

Arguments = Mapping[str, object]
"""What a command is about, by the words of its template."""

IN_FLIGHT = 32
"""Commands that are typed ahead of their replies."""


class Asking(ABC):
    """Asks at one console.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_behind = False  # an answer may come late
        self._asked = ""  # what was typed last

    @abstractmethod
    def ask(self, verb: str, arguments: Arguments) -> Reply:
        """Type one command and return its own reply; see `Session.ask`."""

    @abstractmethod
    def ask_all(
        self, verb: str, many: Sequence[Arguments], on_typing: Callable[[int], None]
    ) -> Iterator[Reply]:
        """Type many commands and yield their replies; see `Session.ask_all`."""

    @abstractmethod
    def synchronise(self, timeout: float) -> None:
        """Make sure that the program listens, and that it is done with what it was asked.

        Raises:
            NoAnswerError: it is not after `timeout` seconds.
            PeerGoneError: it is not there.
        """

    def _prepare(self) -> None:
        """Take in what has come, and late replies, where no echo tells them from the next one."""
        self._console.catch_up()
        if self._is_behind:
            self._is_behind = False
            self.synchronise(self._within)

    @property
    def _within(self) -> float:
        return self._console.profile.answer_within

    @property
    def _deadline(self) -> float:
        return time.monotonic() + self._within

    def _lines_of(self, verb: str, arguments: Arguments) -> Sequence[Line]:
        profile = self._console.profile
        try:
            return self._console.reader.typed(verb, arguments)
        except KeyError as error:
            raise SessionError(
                self._console.peer.name,
                f"the profile {profile.name} cannot say {verb!r}: no {error.args[0]!r}",
                hint=f"give it under `verbs` in the profile {profile.name}",
            ) from error

    def _type(self, line: str) -> None:
        self._asked = line
        self._console.type(line, self._within)

    def _type_all(self, verb: str, arguments: Arguments) -> str:
        """Type a command without a look at what comes; return its last line."""
        for line in self._lines_of(verb, arguments):
            self._type(line.type)
        return self._asked

    def _unanswered(
        self, command: str, within: float | None = None, unread: str = ""
    ) -> NoAnswerError:
        """Return the error that no answer came, or none but a line that the profile cannot read."""
        seconds = self._within if within is None else within
        what = f"no reply to {quoted(command)} after {seconds:g} s"
        but = f"; the lab could not read {quoted(unread)}" if unread else ""
        return self._console.no_answer(what + but)

"""What all dialogues have in common, with a line editor and without one."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator import chat, text
from orchestrator.console.lines import ProgramConsole
from orchestrator.console.reply import Reply
from orchestrator.errors import NoAnswerError, SessionError
from orchestrator.profile import InputLine

Arguments = Mapping[str, object]  # the arguments of a command, by the names in its template


class Dialogue(ABC):
    """Asks and listens at one console."""

    def __init__(self, console: ProgramConsole) -> None:
        self._console = console
        self._is_behind = False  # a late reply may still come
        self._typed = ""  # the last line

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
        """Wait until the program has finished everything that was typed, and listens.

        Raises:
            NoAnswerError: it does not answer within `timeout` seconds.
            PeerGoneError: it has ended.
        """

    def report_unread(self, reply: Reply) -> Reply:
        """Report the lines of a reply that the profile cannot read; a help text need not be.

        Returns the reply as far as it is sure what it says.
        """
        reply = reply.as_far_as_sure(self._console.profile)
        for line in reply.unread if reply.verb != chat.HELP else ():
            self._console.unread(line, reply.verb)
        return reply

    def _prepare(self) -> None:
        """Take what has come so far, so that late replies are not taken for the next one."""
        self._console.catch_up()
        self._console.settle()
        if self._is_behind:
            self._is_behind = False
            self.synchronise(self._within)

    @property
    def _within(self) -> float:
        return self._console.patience(self._console.profile.answer_within)

    @property
    def _deadline(self) -> float:
        return time.monotonic() + self._within

    def _lines_of(self, verb: str, arguments: Arguments) -> Sequence[InputLine]:
        profile = self._console.profile
        self._console.awaited.note(arguments)
        try:
            return self._console.reader.typed(verb, arguments)
        except KeyError as error:
            raise SessionError(
                self._console.peer.name,
                f"cannot be told {verb!r}: the profile {profile.name} has no {error.args[0]!r}",
                hint=f"add it under `operations` in the profile {profile.name}",
            ) from error

    def _type(self, verb: str, arguments: Arguments) -> str:
        """Type a command without waiting for its questions; return its last line."""
        for line in self._lines_of(verb, arguments):
            self._typed = line.type
            self._console.type(line.type, self._within)
        return self._typed

    def _unanswered(
        self, command: str, within: float | None = None, unread: str = ""
    ) -> NoAnswerError:
        """Return the error that no answer came, or only a line that the profile cannot read."""
        seconds = self._within if within is None else within
        what = f"did not reply to {text.quoted(command)} within {seconds:g} s"
        but = f"; the lab could not read {text.quoted(unread)}" if unread else ""
        return self._console.no_answer(what + but)

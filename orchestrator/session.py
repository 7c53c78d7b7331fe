"""A driven terminal: each command matched to its own reply, notices told apart.

How, for a program that knows nothing of the lab: what somebody left half-typed is
discarded with the profile's keys; the command's echo marks where its reply begins, so
that a reply to what a person typed a moment earlier is not taken for it; the profile's
patterns say which line ends the reply and which lines are notices.

Not thread-safe: one thread owns a session at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator import text
from orchestrator.engines.base import Peer
from orchestrator.errors import NoAnswerError, PeerGoneError, SessionError
from orchestrator.profile import Patterns, Profile
from orchestrator.reply import Reply, ReplySearch
from orchestrator.terminal import NotReadError, StreamEndedError, Terminal
from orchestrator.transcript import Transcript

_QUOTED = 60  # characters of a command that an error quotes
_LAG = 5.0  # seconds by which reading may lag behind what a console shows
_IN_FLIGHT = 32  # commands typed ahead of their replies by `ask_all`


@dataclass(frozen=True, slots=True)
class Notice:
    """A line that nobody asked for: its kind, its named parts, when it was read."""

    kind: str
    fields: Mapping[str, str]
    line: str
    at: float


class Session:
    """The console of one peer.

    Args:
        peer: where it runs; its stream is attached already.
        profile: how to read it.
        on_notice: told of each notice as it is read.
    """

    def __init__(
        self, peer: Peer, profile: Profile, on_notice: Callable[[Notice], None] = lambda _: None
    ) -> None:
        self.peer = peer
        self.transcript = Transcript()
        self._profile, self._patterns = profile, Patterns(profile)
        self._terminal = Terminal(peer.attach(), self.transcript)
        self._on_notice = on_notice
        self._unclaimed: list[Notice] = []

    # Opening

    def await_ready(self) -> Mapping[str, str]:
        """Wait until the program says that it is ready; return what that line tells.

        Raises:
            NoAnswerError: it did not within the profile's time.
            PeerGoneError: it ended instead.
        """
        timeout = self._profile.ready_within
        try:
            for line in self._lines(time.monotonic() + timeout, notices=True):
                if match := self._patterns.ready.search(text.shown(line)):
                    return match.groupdict(default="")
            raise self._no_answer(f"was not ready after {timeout:g} s")
        except SessionError as error:
            error.hint = f"see `start` and `ready` in the profile {self._profile.name}"
            raise

    def synchronise(self) -> None:
        """Make sure that a program attached to in the middle of its life listens.

        Raises:
            NoAnswerError: it does not.
            PeerGoneError: it is not there.
        """
        self.ask(self._profile.sync)

    # Commands

    def ask(self, verb: str, **arguments: object) -> Reply:
        """Type one command and return its own reply.

        Raises:
            NoAnswerError: none came in time; the command may have been carried out.
            PeerGoneError: the program ended before it answered.
        """
        with self._terminal:
            self.catch_up()
            command = self._command(verb, arguments)
            self._type(command)
            return self._await_reply(verb, command)

    def ask_all(self, verb: str, many: Sequence[Mapping[str, object]]) -> list[Reply]:
        """Type many commands of one verb, some ahead of their replies; return the replies.

        Raises:
            NoAnswerError: a reply did not come in time.
            PeerGoneError: the program ended before it had answered all.
        """
        self.catch_up()
        commands = [self._command(verb, arguments) for arguments in many]
        replies: list[Reply] = []
        typed = 0
        while len(replies) < len(commands):
            while typed < min(len(commands), len(replies) + _IN_FLIGHT):
                self._type(commands[typed])
                typed += 1
            replies.append(self._await_reply(verb, commands[len(replies)]))
        return replies

    def _command(self, verb: str, arguments: Mapping[str, object]) -> str:
        try:
            return self._profile.verbs[verb].send.format_map(arguments)
        except KeyError as error:
            raise SessionError(
                self.peer.name,
                f"the profile {self._profile.name} cannot say {verb!r}: no {error.args[0]!r}",
                hint=f"give it under `verbs` in the profile {self._profile.name}",
            ) from error

    def _type(self, command: str) -> None:
        console = self._profile.console
        literal = text.CONTROL.sub(lambda found: console.literal_key + found.group(), command)
        try:
            self._terminal.type(f"{console.clear_line}{literal}\n", self._profile.answer_within)
        except StreamEndedError as error:
            raise self._gone() from error
        except NotReadError as error:
            raise self._no_answer(f"does not read its console; typing {_short(command)}") from error

    def _await_reply(self, verb: str, command: str) -> Reply:
        timeout = self._profile.answer_within
        deadline = time.monotonic() + timeout
        search = ReplySearch(self._profile, self._patterns, verb, command, deadline)
        for line in self._lines(lambda: search.deadline):
            if reply := search.feed(line, time.monotonic()):
                return reply
        if search.held:
            return search.held
        raise self._no_answer(f"no reply to {_short(command)} after {timeout:g} s")

    # Notices

    def catch_up(self) -> None:
        """Take in what has come by now.

        Raises:
            PeerGoneError: the program has ended.
        """
        with self._terminal:
            if self._terminal.has_line():
                self.take_in(0.0)

    def take_in(self, timeout: float) -> None:
        """Take in what comes within `timeout` seconds.

        Raises:
            PeerGoneError: the program has ended.
        """
        for _ in self._lines(time.monotonic() + timeout):
            pass

    def await_notice(
        self, kind: str, wanted: Callable[[Mapping[str, str]], bool], timeout: float
    ) -> Notice:
        """Return the first notice of this kind that is `wanted` and was not returned before.

        Raises:
            NoAnswerError: none came within `timeout` seconds.
            PeerGoneError: the program ended first.
        """
        deadline = time.monotonic() + timeout
        found = self._claim(kind, wanted, 0)
        seen = len(self._unclaimed)
        for _ in () if found else self._lines(deadline, notices=True):
            if found := self._claim(kind, wanted, seen):
                break
            seen = len(self._unclaimed)
        if not found:
            raise self._no_answer(f"no such {kind!r} notice within {timeout:g} s")
        return found

    def _claim(
        self, kind: str, wanted: Callable[[Mapping[str, str]], bool], start: int
    ) -> Notice | None:
        for index in range(start, len(self._unclaimed)):
            notice = self._unclaimed[index]
            if notice.kind == kind and wanted(notice.fields):
                return self._unclaimed.pop(index)
        return None

    def _take_notice(self, line: str) -> bool:
        found = self._patterns.notice(line)
        if found is None:
            return False
        kind, fields = found
        if "text" in fields and self._profile.console.text == "backslash":
            fields = {**fields, "text": text.unescape(fields["text"])}
        notice = Notice(kind, fields, line, self._terminal.at)
        self._unclaimed.append(notice)
        self._on_notice(notice)
        return True

    # Lines

    def _lines(
        self, deadline: float | Callable[[], float], *, notices: bool = False
    ) -> Iterator[str]:
        """Yield lines that are no notices (or all) until `deadline`; notices are taken.

        A line shown before the deadline counts when it is read later, but a program
        that never falls silent must not hold the lab up for ever.
        """
        until = deadline if callable(deadline) else lambda: deadline
        with self._terminal:
            while time.monotonic() < until() + _LAG:
                line = self._line(until())
                if line is None:
                    return
                taken = self._take_notice(text.shown(line))
                if notices or not taken:
                    yield line
                if self._terminal.at > until():
                    return

    def _line(self, deadline: float) -> str | None:
        try:
            return self._terminal.line(deadline - time.monotonic())
        except StreamEndedError as error:
            raise self._gone() from error

    def await_end(self, timeout: float) -> None:
        """Wait until the console's stream has ended.

        Raises:
            NoAnswerError: it had not after `timeout` seconds.
        """
        try:
            for _ in self._lines(time.monotonic() + timeout):
                pass
        except PeerGoneError:
            return
        raise self._no_answer(f"its console was still open after {timeout:g} s")

    def close(self) -> None:
        """Let go of the console."""
        self._terminal.close()

    # Errors

    def _no_answer(self, what: str) -> NoAnswerError:
        hint = "its transcript has the rest; attach to it to see what it waits for"
        return NoAnswerError(self.peer.name, what, self.transcript.tail(), hint=hint)

    def _gone(self) -> PeerGoneError:
        status = self.peer.await_end(timeout=2.0)
        return PeerGoneError(
            self.peer.name,
            f"is gone: {status.phrase}",
            self.transcript.tail(),
            hint="somebody or something ended it behind the lab's back",
        )


def _short(command: str) -> str:
    """Return a command as an error quotes it."""
    return repr(command if len(command) <= _QUOTED else command[:_QUOTED] + "…")

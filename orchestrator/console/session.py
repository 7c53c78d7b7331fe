"""A driven terminal: each command matched to its own reply.

How, for a program that knows nothing of the lab: the profile's patterns say which lines are
notices and which line ends a reply. A line editor's echo of a command marks where its reply
begins. Of other programs, which may say little or nothing, the lab asks something that they are
sure to answer, `sync`, behind the command: once that is answered they are done with it.

Not thread-safe: one thread owns a session at a time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.cancel import CancelToken
from orchestrator.console.asking import asking
from orchestrator.console.lines import CRASH, UNREAD, Console, Notice
from orchestrator.console.reply import Reply
from orchestrator.engines.base import Peer
from orchestrator.errors import PeerGoneError, SessionError
from orchestrator.history.transcript import Transcript
from orchestrator.profile import ANSWERS, Profile

__all__ = ["CRASH", "UNREAD", "Notice", "Session"]


class Session:
    """The console of one peer.

    Args:
        peer: where it runs; its stream is attached already.
        profile: how to read it.
        on_notice: told of each notice as it is read.
        transcript: records what passes.
        stop: ends every wait early.
    """

    def __init__(
        self,
        peer: Peer,
        profile: Profile,
        on_notice: Callable[[Notice], None] = lambda _: None,
        transcript: Transcript | None = None,
        stop: CancelToken | None = None,
    ) -> None:
        self.peer = peer
        self._on_notice, self._stop = on_notice, stop or CancelToken()
        self._console = Console(peer, profile, on_notice, transcript or Transcript(), self._stop)
        self._asking = asking(self._console)

    @property
    def profile(self) -> Profile:
        """What the program looks like."""
        return self._console.profile

    @profile.setter
    def profile(self, profile: Profile) -> None:
        self._console.profile = profile  # the same but for the lab's patience

    @property
    def transcript(self) -> Transcript:
        """The record of what passes."""
        return self._console.transcript

    def again(self) -> Session:
        """Return the console of the same peer, which has been started again, on this record."""
        return Session(self.peer, self.profile, self._on_notice, self.transcript, self._stop)

    def renew(self, on_notice: Callable[[Notice], None], transcript: Transcript) -> None:
        """Begin a new record: what came before concerns nobody any more.

        Raises:
            PeerGoneError: the program has ended.
        """
        self.catch_up()  # as long as it is the old record's
        self._on_notice = on_notice
        self._console.renew(on_notice, transcript)

    # Opening

    def await_ready(self) -> Mapping[str, str]:
        """Wait until the program says that it is ready; return what that line tells.

        Raises:
            NoAnswerError: it did not within the profile's time.
            PeerGoneError: it ended instead.
        """
        deadline = time.monotonic() + self.profile.ready_within
        try:
            told = self._await_ready(deadline)
            if not self._console.edits:  # what it says at the start is no reply
                self._asking.synchronise(max(0.1, deadline - time.monotonic()))
        except SessionError as error:
            error.hint = f"see `start` and `ready` in the profile {self.profile.name}"
            raise
        return told

    def _await_ready(self, deadline: float) -> Mapping[str, str]:
        for answer in self.profile.start.answers:
            self._await_question(answer.after, deadline)
            words = {word: getattr(self.peer, word) for word in ANSWERS}
            self._console.type(answer.type.format_map(words), self.profile.answer_within)
        if not self.profile.ready:
            return {}
        told: list[Mapping[str, str]] = []

        def is_ready(line: str) -> bool:
            if (found := self._console.reader.ready(line)) is not None:
                told.append(found)
            return bool(told)

        if not self._console.await_lines(is_ready, deadline):
            within = self.profile.ready_within
            raise self._console.no_answer(f"was not ready after {within:g} s")
        return told[0]

    def _await_question(self, question: str | None, deadline: float) -> None:
        if question is None:
            return
        pattern = re.compile(question)
        if not self._console.await_lines(lambda _: self._console.asks(pattern), deadline):
            raise self._console.no_answer(f"did not ask {question!r}")

    def synchronise(self) -> None:
        """Make sure that a program attached to in the middle of its life listens.

        Raises:
            NoAnswerError: it does not.
            PeerGoneError: it is not there.
        """
        self._asking.synchronise(self.profile.answer_within)

    # Commands

    def ask(self, verb: str, **arguments: object) -> Reply:
        """Type one command and return its own reply.

        Raises:
            NoAnswerError: none came in time; the command may have been carried out.
            PeerGoneError: the program ended before it answered.
        """
        return self._told(self._asking.ask(verb, arguments))

    def ask_all(
        self,
        verb: str,
        many: Sequence[Mapping[str, object]],
        on_typing: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Reply]:
        """Type many commands of one verb, some ahead of their replies; yield the replies.

        Args:
            verb: what is asked.
            many: the arguments of each.
            on_typing: told which one is about to be typed.

        Raises:
            NoAnswerError: a reply did not come in time.
            PeerGoneError: the program ended before it had answered all.
        """
        return map(self._told, self._asking.ask_all(verb, many, on_typing))

    def _told(self, reply: Reply) -> Reply:
        """Tell of what the profile cannot read of an answer; a text of help is no such thing."""
        for line in reply.unread if reply.verb != "help" else ():
            self._console.unread(line, reply.verb)
        return reply

    # Notices

    def catch_up(self) -> None:
        """Take in what has come by now.

        Raises:
            PeerGoneError: the program has ended.
        """
        self._console.catch_up()

    def take_in(self, timeout: float) -> None:
        """Take in what comes within `timeout` seconds.

        Raises:
            PeerGoneError: the program has ended.
        """
        for line in self._console.lines(time.monotonic() + timeout):
            self._console.keep(line)

    def await_notice(self, kind: str, wanted: Callable[[Notice], bool], timeout: float) -> Notice:
        """Return the first notice that is `wanted` and was not returned before.

        Args:
            kind: of which kind; empty for any line that is no reply.
            wanted: tells which one.
            timeout: in seconds.

        Raises:
            NoAnswerError: none came in time.
            PeerGoneError: the program ended first.
        """
        deadline = time.monotonic() + timeout
        found, unclaimed = self._claim(kind, wanted, 0), self._console.unclaimed
        seen = len(unclaimed)
        for line in () if found else self._console.lines(deadline, notices=True):
            if len(unclaimed) == seen:
                self._console.keep(line)
            if found := self._claim(kind, wanted, seen):
                break
            seen = len(unclaimed)
        if not found:
            raise self._console.no_answer(f"no such {kind or 'line'!r} within {timeout:g} s")
        return found

    def last_unclaimed(self, kind: str) -> Notice | None:
        """Return the last notice of this kind that `await_notice` has not returned."""
        unclaimed = reversed(self._console.unclaimed)
        return next((notice for notice in unclaimed if kind in ("", notice.kind)), None)

    def _claim(self, kind: str, wanted: Callable[[Notice], bool], start: int) -> Notice | None:
        unclaimed = self._console.unclaimed
        for index in range(start, len(unclaimed)):
            notice = unclaimed[index]
            if kind in ("", notice.kind) and wanted(notice):
                return unclaimed.pop(index)
        return None

    # Ending

    def await_end(self, timeout: float) -> None:
        """Wait until the console's stream has ended.

        Raises:
            NoAnswerError: it had not after `timeout` seconds.
        """
        try:
            for line in self._console.lines(time.monotonic() + timeout):
                self._console.keep(line)
        except PeerGoneError:
            return
        raise self._console.no_answer(f"its console was still open after {timeout:g} s")

    def close(self) -> None:
        """Let go of the console."""
        self._console.close()

"""A console that is driven: each command gets its own reply.

The program knows nothing of the lab. The profile's patterns say which lines are notices and which
line ends a reply; `dialogue` knows where a reply begins.

Not thread-safe: one thread uses a session at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.cancel import CancelToken
from orchestrator.console.dialogue import dialogue_at
from orchestrator.console.lines import ProgramConsole
from orchestrator.console.notices import CLIENT, CRASH, UNREAD, Notice
from orchestrator.console.reply import Reply
from orchestrator.engines.base import Peer
from orchestrator.errors import PeerGoneError, SessionError
from orchestrator.history.transcript import Transcript
from orchestrator.patterns import compiled
from orchestrator.profile import ANSWERS, Profile

__all__ = ["CLIENT", "CRASH", "UNREAD", "Notice", "Session"]

_LISTENS_WITHIN = 2.0  # seconds from the first prompt
_POLL = 0.01  # seconds between two looks at the sockets
_HEALTH_POLL = 0.1  # seconds between two looks at what a health check says


class Session:
    """The console of one peer: its program's own terminal.

    Args:
        peer: where the program runs; its stream is attached already.
        profile: how to read it.
        on_notice: called with each notice as it is read.
        transcript: records what passes.
        cancel: ends every wait early.
        slowness: how many times slower than usual programs are at the moment; waits stretch so.
    """

    _READY_KEYS = "`start` and `ready`"  # the keys of a profile that say when a program is ready

    def __init__(
        self,
        peer: Peer,
        profile: Profile,
        on_notice: Callable[[Notice], None] = lambda _: None,
        transcript: Transcript | None = None,
        cancel: CancelToken | None = None,
        slowness: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self.peer = peer
        self._peers: Sequence[str] = ()  # of the run
        self._texts: dict[str, None] = {}  # of the messages sent in it
        self._on_notice, self._cancel = on_notice, cancel or CancelToken()
        console = ProgramConsole(peer, profile, on_notice, transcript or Transcript(), self._cancel)
        console.slowness = slowness
        self._console = console
        self._dialogue = dialogue_at(console)

    @property
    def profile(self) -> Profile:
        """How the program is read."""
        return self._console.profile

    @profile.setter
    def profile(self, profile: Profile) -> None:
        self._console.profile = profile  # the same, except for its time limits

    @property
    def transcript(self) -> Transcript:
        """The record of what passes."""
        return self._console.transcript

    @property
    def slowness(self) -> float:
        """How many times slower than usual programs are at the moment."""
        return self._console.slowness()

    @property
    def watchers(self) -> list[Callable[[Notice], None]]:
        """What is called with each notice, and each other line that is no reply, when it is shown.

        Those lines are notices without a kind.
        """
        return self._console.watchers

    def close_transcripts(self) -> None:
        """Record nothing more of what passes."""
        self.transcript.close()

    def again(self) -> Session:
        """Return a new session with the same peer, which was restarted, on the same record."""
        slowness = self._console.slowness
        new = Session(
            self.peer, self.profile, self._on_notice, self.transcript, self._cancel, slowness
        )
        new.watchers.extend(self.watchers)
        new.meet(self._peers, self._texts)
        return new

    def meet(self, peers: Sequence[str], texts: dict[str, None]) -> None:
        """Learn whom and what notices may name.

        Args:
            peers: the names of the peers of the run.
            texts: the texts of the messages sent in it, which each session adds its own to.
        """
        self._peers, self._texts = peers, texts
        self._console.awaited.meet(peers, texts)

    def end_client(self) -> None:
        """End what the lab itself has started at this console, before others use the peer."""

    def renew(self, on_notice: Callable[[Notice], None], transcript: Transcript) -> None:
        """Start a new record; what came before belongs to the old one.

        Raises:
            PeerGoneError: the program has ended.
        """
        self.catch_up()
        self._on_notice = on_notice
        self._console.renew(on_notice, transcript)

    # Starting

    def await_ready(self) -> Mapping[str, str]:
        """Wait until the program says that it is ready; return the named parts of that line.

        Raises:
            NoAnswerError: it did not within the profile's time.
            PeerGoneError: it ended instead.
        """
        within = self._console.patience(self.profile.ready_within)
        try:
            self._await_health()
            deadline = time.monotonic() + within
            fields = self._await_ready(deadline, within)
            self._await_usable(deadline, within)
        except SessionError as error:
            error.hint = f"see {self._READY_KEYS} in the profile {self.profile.name}"
            raise
        self.peer.announced = fields
        return fields

    def _await_health(self) -> None:
        """Wait until the program's own health check, if it has one, says that it is well.

        Its definition says how long that may take. What is shown meanwhile is read afterwards.
        """
        while (health := self.peer.health()) and health.why_not is None:
            self._cancel.pause(_HEALTH_POLL)
        if health and health.why_not:
            raise self._console.no_answer(health.why_not)

    def _await_ready(self, deadline: float, within: float) -> Mapping[str, str]:
        for answer in self.profile.start.answers:
            if answer.after is not None:
                self._await_question(answer.after, deadline)
            words = {word: getattr(self.peer, word) for word in ANSWERS}
            answer_within = self._console.patience(self.profile.answer_within)
            self._console.type(answer.type.format_map(words), answer_within)
        if not self.profile.ready:
            return {}
        ready: list[Mapping[str, str]] = []

        def is_ready(line: str) -> bool:
            if (found := self._console.reader.ready(line)) is not None:
                ready.append(found)
            return bool(ready)

        if not self._console.await_lines(is_ready, deadline):
            raise self._console.no_answer(f"was not ready after {within:g} s")
        return ready[0]

    def _await_usable(self, deadline: float, within: float) -> None:
        """Wait until a program that has said that it is ready can be used.

        Args:
            deadline: in `time.monotonic` seconds.
            within: how long that is from the start, in seconds.
        """
        if not self._console.edits:  # its first lines belong to no reply
            self._dialogue.synchronise(max(0.1, deadline - time.monotonic()))
        self._await_listening(deadline)

    def _await_listening(self, deadline: float) -> None:
        """Wait until the kernel shows a socket that listens on the peer's port.

        A prompt or a word says nothing about that: many programs print first and bind later, in
        another thread. One that never listens there is driven all the same, a little later: what
        others see of it is for the checks.
        """
        if not self.profile.is_dialled:
            return
        deadline = min(deadline, time.monotonic() + self._console.patience(_LISTENS_WITHIN))
        while self.peer.listens() is False and time.monotonic() < deadline:
            self.take_in(_POLL)

    def _await_question(self, question: str, deadline: float) -> None:
        pattern = compiled(question)
        if not self._console.await_lines(lambda _: self._console.asks(pattern), deadline):
            raise self._console.no_answer(f"did not ask {question!r}")

    def synchronise(self) -> None:
        """Make sure that a program attached to in the middle of its life listens.

        Raises:
            NoAnswerError: it does not.
            PeerGoneError: it has ended.
        """
        self._dialogue.synchronise(self._console.patience(self.profile.answer_within))

    # Commands

    def ask(self, verb: str, **arguments: object) -> Reply:
        """Type one command and return its own reply.

        Raises:
            NoAnswerError: none came in time; the command may have been carried out.
            PeerGoneError: the program ended before it answered.
        """
        return self._dialogue.report_unread(self._dialogue.ask(verb, arguments))

    def ask_all(
        self,
        verb: str,
        many: Sequence[Mapping[str, object]],
        on_typing: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Reply]:
        """Type many commands of one verb, some ahead of their replies; yield the replies.

        Args:
            verb: of all of them.
            many: the arguments of each command.
            on_typing: called with the index of each command before it is typed.

        Raises:
            NoAnswerError: a reply did not come in time.
            PeerGoneError: the program ended before it had answered them all.
        """
        return map(self._dialogue.report_unread, self._dialogue.ask_all(verb, many, on_typing))

    # Notices

    def catch_up(self) -> None:
        """Take all lines that have come by now.

        Raises:
            PeerGoneError: the program has ended.
        """
        self._console.catch_up()

    def take_in(self, timeout: float) -> None:
        """Take all lines that come within `timeout` seconds.

        Raises:
            PeerGoneError: the program has ended.
        """
        for line in self._console.lines(time.monotonic() + timeout):
            self._console.keep(line)

    def await_notice(self, kind: str, wanted: Callable[[Notice], bool], timeout: float) -> Notice:
        """Return the first notice that is `wanted` and was not returned before.

        Args:
            kind: its kind; empty for any line that is no reply.
            wanted: whether it is the one.
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
            raise self._console.no_answer(f"showed no such {kind or 'line'!r} within {timeout:g} s")
        return found

    def last_unclaimed(self, kind: str, is_such: Callable[[Notice], bool]) -> Notice | None:
        """Return the last notice of this kind that `await_notice` has not returned.

        Args:
            kind: of the notice; empty for any.
            is_such: says which ones to prefer.
        """
        unclaimed = self._console.unclaimed
        found = [notice for notice in unclaimed if kind in ("", *notice.kinds)]
        return max(enumerate(found), key=lambda it: (is_such(it[1]), it[0]), default=(0, None))[1]

    def _claim(self, kind: str, wanted: Callable[[Notice], bool], start: int) -> Notice | None:
        unclaimed = self._console.unclaimed
        for index in range(start, len(unclaimed)):
            notice = unclaimed[index]
            if kind in ("", *notice.kinds) and wanted(notice):
                return unclaimed.pop(index)
        return None

    # Ending

    def await_end(self, timeout: float) -> None:
        """Wait until the console's stream has ended.

        Raises:
            NoAnswerError: it had not after `timeout` seconds, or more on a busy machine.
        """
        try:
            self.take_in(self._console.patience(timeout))
        except PeerGoneError:
            return
        raise self._console.no_answer(f"still had its console open after {timeout:g} s")

    def close(self) -> None:
        """Stop reading the console."""
        self._console.terminal.close()

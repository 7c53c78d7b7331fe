"""The lines of a console: what was typed is dropped, and notices are told apart.

Not thread-safe: one thread owns a console at a time.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator import text
from orchestrator.cancel import CancelToken
from orchestrator.console.echo import Echoes
from orchestrator.console.terminal import (
    FloodedError,
    NotReadError,
    StreamEndedError,
    Terminal,
)
from orchestrator.engines.base import Peer
from orchestrator.errors import EngineError, NoAnswerError, PeerGoneError
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Found, Profile, reader

CRASH = "crash"
"""The kind of notice that a line is which shows that the program has crashed."""

UNREAD = "unread"
"""The kind of notice that a line is which the profile reads as nothing; `answer` is the verb in
whose answer it stood, if it did."""

_QUOTED = 60  # characters of a command that an error quotes
_LAG = 5.0  # seconds by which reading may lag behind what a console shows
_STOPS_WITHIN = 0.25  # seconds in which a wait notices that the run was stopped
_LOOK = 0.05  # seconds between two looks at a line that is not complete
_MOST_BETWEEN = 8  # lines of others that may stand between those of a notice


@dataclass(frozen=True, slots=True)
class Notice:
    """A line that nobody asked for: its kind, its named parts, when it was read."""

    kind: str
    fields: Mapping[str, str]
    line: str
    at: float


class Console:
    """What a peer's program shows, line by line, and what is typed there.

    Args:
        peer: where it runs; its stream is attached already.
        profile: how to read it.
        on_notice: told of each notice as it is read.
        transcript: records what passes.
        stop: ends every wait early.

    Attributes:
        reader: reads lines by the profile.
        edits: whether the program has a line editor, which echoes what it reads.
        unclaimed: notices, and lines that are neither notice nor reply, that nobody waited for.
    """

    def __init__(
        self,
        peer: Peer,
        profile: Profile,
        on_notice: Callable[[Notice], None],
        transcript: Transcript,
        stop: CancelToken,
    ) -> None:
        self.peer, self.profile, self.transcript = peer, profile, transcript
        self.reader = reader(profile)
        self.edits = bool(profile.console.clear_line)
        self.unclaimed: list[Notice] = []
        self._terminal = Terminal(peer.attach(), transcript)
        self._echoes = Echoes(profile)
        self._on_notice, self._stop = on_notice, stop
        self._block: list[str] = []  # lines of a notice that is not complete
        self._between = 0  # lines of others since then
        self._last = ""  # line that was shown
        self._is_ended = False  # by the lab, for printing without end

    def renew(self, on_notice: Callable[[Notice], None], transcript: Transcript) -> None:
        """Begin a new record."""
        self._on_notice, self.transcript = on_notice, transcript
        self._terminal.record(transcript)
        self.unclaimed.clear()

    def close(self) -> None:
        """Let go of the console."""
        self._terminal.close()

    def watched(self) -> Terminal:
        """Return a block in which nobody else reads the console."""
        return self._terminal

    @staticmethod
    def now() -> float:
        """Return the time, as `at` has it."""
        return time.monotonic()

    # Typing

    def type(self, line: str, timeout: float) -> None:
        """Type a line.

        Raises:
            NoAnswerError: the program does not read it.
            PeerGoneError: it has ended.
        """
        keys = self.profile.console
        literal = text.CONTROL.sub(lambda found: keys.literal_key + found.group(), line)
        self._echoes.typed(line)
        try:
            self._terminal.type(f"{keys.clear_line}{literal}\n", timeout)
        except StreamEndedError as error:
            raise self._gone() from error
        except NotReadError as error:
            what = f"does not read its console; typing {quoted(line)}"
            raise self.no_answer(what) from error

    def settle(self) -> None:
        """Take note that all that was typed was answered."""
        self._echoes.settle()

    def asks(self, question: re.Pattern[str]) -> bool:
        """Tell whether a question is what is shown last."""
        rest = self.rest()
        shown = self._echoes.stages(rest) if rest.strip() else [self._last]
        return any(question.search(each) for each in shown)

    def rest(self) -> str:
        """Return what is shown behind the last line break."""
        return text.shown(self._terminal.rest())

    # Lines

    def lines(
        self, deadline: float | Callable[[], float], *, notices: bool = False
    ) -> Iterator[str]:
        """Yield lines that are no notices (or all) until `deadline`; notices are taken.

        A line shown before the deadline counts when it is read later, but a program
        that never falls silent must not hold the lab up for ever. A line editor's are
        yielded as they come, any other's as they are shown, without what was typed.

        Raises:
            PeerGoneError: the program has ended.
        """
        until = deadline if callable(deadline) else lambda: deadline
        with self._terminal:
            while time.monotonic() < until() + _LAG:
                line = self._line(until())
                if line is None:
                    return
                if self._goes_on(line):
                    continue
                said = line if self.edits else self._said(line)
                taken = said is not None and self._take_notice(text.shown(said))
                if said is not None and (notices or not taken):
                    yield said
                if self.at > until():
                    return

    def _said(self, line: str) -> str | None:
        self._last = text.shown(line)
        return self._echoes.said(self._last)

    def await_lines(self, done: Callable[[str], bool], deadline: float) -> bool:
        """Take lines until one is the last, or what is shown behind them makes do.

        Args:
            done: told each line, and what is shown behind the last line break.
            deadline: when to give up.

        Raises:
            PeerGoneError: the program has ended.
        """
        with self._terminal:
            while (left := deadline - time.monotonic()) > 0:
                self.await_more(left)
                for line in self.lines(time.monotonic(), notices=True):
                    if done(text.shown(line)):
                        return True
                if not self.edits and done(self.rest()):
                    return True
        return False

    def await_more(self, timeout: float) -> None:
        """Wait a moment for anything more to be shown, `timeout` seconds at most."""
        with self._terminal:
            self._terminal.await_more(min(timeout, _LOOK))

    @property
    def at(self) -> float:
        """When the last line was shown, on `time.monotonic`."""
        return self._terminal.at

    def catch_up(self) -> None:
        """Take in what has come by now.

        Raises:
            PeerGoneError: the program has ended.
        """
        with self._terminal:
            if self._terminal.has_line():
                for line in self.lines(time.monotonic()):
                    self.keep(line)

    def _line(self, deadline: float) -> str | None:
        try:
            while True:
                left = deadline - time.monotonic()
                if left > 0:  # what has come already is taken in after a stop, too
                    self._stop.check()
                line = self._terminal.line(min(left, _STOPS_WITHIN))
                if line is not None or left <= _STOPS_WITHIN:
                    return line
        except FloodedError as error:
            raise self._flooded(error) from error
        except StreamEndedError as error:
            raise self._gone() from error

    # Notices

    def keep(self, line: str) -> None:
        """Keep a line that is neither notice nor reply: somebody may wait for it."""
        said = text.shown(line)
        self.unclaimed.append(Notice("", {}, said, self.at))
        self.unread(self._echoes.without_prompts(said) if self.edits else said)

    def unread(self, line: str, answer: str = "") -> None:
        """Tell of a line that the profile does not read, in the answer to this verb or in none."""
        if line.strip():
            fields = {"answer": answer} if answer else {}
            self._on_notice(Notice(UNREAD, fields, line, self.at))

    def _goes_on(self, line: str) -> bool:
        """Take a line, as it is shown, that a notice goes on with; return whether it is one.

        A text in it may be blank, or look like a prompt.
        """
        whole = [*self._block, text.shown(line)]
        found = self.reader.notice(whole) if self._block else None
        if found:
            self._last = whole[-1]
            self._continue(whole, found)
        return found is not None

    def _take_notice(self, line: str) -> bool:
        """Take a line that is a notice or part of one; return whether it is."""
        if self._block and (found := self.reader.notice([*self._block, line])):
            self._continue([*self._block, line], found)
            return True
        self._between += 1
        if self._block and self._between > _MOST_BETWEEN:
            self._give_up_block()
        if found := self.reader.notice([line]):
            self._give_up_block()
            self._continue([line], found)
            return True
        if self.reader.is_crash(line):
            self._on_notice(Notice(CRASH, {}, line, self.at))
        return False

    def _continue(self, lines: list[str], found: Found) -> None:
        self._between = 0
        if not found.kind:
            self._block = lines
            return
        self._block = []
        fields = found.fields
        if "text" in fields and self.profile.console.text == "backslash":
            fields = {**fields, "text": text.unescape(fields["text"])}
        notice = Notice(found.kind, fields, "\n".join(lines), self.at)
        self.unclaimed.append(notice)
        self._on_notice(notice)

    def _give_up_block(self) -> None:
        for line in self._block:
            self.keep(line)
        self._block = []

    # Errors

    def no_answer(self, what: str) -> NoAnswerError:
        """Return the error that something did not come in time."""
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

    def _flooded(self, error: FloodedError) -> PeerGoneError:
        """End a program that prints without end, before it fills the disk; once."""
        if not self._is_ended:
            self._is_ended = True
            self._on_notice(Notice(CRASH, {}, f"{error}: the lab has ended it", self.at))
            with contextlib.suppress(EngineError):  # it ended by itself
                self.peer.kill()
        return PeerGoneError(
            self.peer.name,
            f"{error}: the lab has ended it",
            self.transcript.tail(),
            hint="see its transcript for what it goes on printing",
        )


def quoted(command: str) -> str:
    """Return a command as an error quotes it."""
    return repr(text.cut(command, _QUOTED))

"""The lines of one console: drop what was typed, recognise notices, report the rest.

Not thread-safe: one thread uses a console at a time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from orchestrator import text
from orchestrator.cancel import CancelToken
from orchestrator.console.awaited import Awaited
from orchestrator.console.echo import Echoes
from orchestrator.console.glued import glued
from orchestrator.console.notices import CRASH, UNREAD, Notice
from orchestrator.console.terminal import FloodedError, NotReadError, StreamEndedError, Terminal
from orchestrator.engines.attachable import Attachable
from orchestrator.errors import EngineError, NoAnswerError, PeerGoneError
from orchestrator.history.transcript import Transcript
from orchestrator.patterns import LinePattern
from orchestrator.profile import NoticeMatch, Profile, reader

_LAG = 5.0  # seconds by which reading may lag behind what a console shows
_CANCELS_WITHIN = 0.25  # seconds in which a wait notices that the run was cancelled
_POLL = 0.05  # seconds between two looks at an incomplete line
_STANDS = 0.2  # seconds without output after which an incomplete line is at rest
_LONG, _LONG_STANDS = 500, 1.0  # characters of a line that may be printed in parts, and seconds
_MOST_BETWEEN = 8  # other lines that may come between the lines of one notice


class ProgramConsole:
    """The lines that a peer's program shows, or a client beside it, and the keyboard."""

    def __init__(
        self,
        peer: Attachable,
        profile: Profile,
        on_notice: Callable[[Notice], None],
        transcript: Transcript,
        cancel: CancelToken,
    ) -> None:
        self.peer, self.profile, self.transcript = peer, profile, transcript
        # how many times slower than usual programs are at the moment
        self.slowness: Callable[[], float] = lambda: 1.0
        self.reader = reader(profile)  # reads lines by the profile
        # whether the program has a line editor, which echoes what it reads
        self.edits = bool(profile.console.clear_line)
        # notices that no one has awaited yet, and lines that are neither notice nor reply
        self.unclaimed: list[Notice] = []
        # called with each of these when it is shown
        self.watchers: list[Callable[[Notice], None]] = []
        self.awaited = Awaited(self.reader)
        # the stream; in a `with` block, only this thread reads it
        self.terminal = Terminal(peer.attach(), transcript)
        self._echoes = Echoes(profile)
        self._on_notice, self._cancel = on_notice, cancel
        self._block: list[str] = []  # the lines so far of a notice of several lines
        self._between = 0  # other lines since the last of those
        self._further: LinePattern | None = None  # of what may stand behind the last notice
        self._last = ""  # the last line shown
        self._standing_taken = ""  # what was taken of the line that is not complete yet
        self._perhaps: tuple[str, ...] = ()  # texts of the line in hand: see `Notice.perhaps`
        self._is_killed = False  # for printing without end

    def renew(self, on_notice: Callable[[Notice], None], transcript: Transcript) -> None:
        """Start a new record."""
        self._on_notice, self.transcript = on_notice, transcript
        self.terminal.record(transcript)
        self.unclaimed.clear()

    def patience(self, seconds: float) -> float:
        """Return how long to wait now for what usually takes at most so many seconds."""
        return round(seconds * self.slowness(), 1) if self.slowness() > 1 else seconds

    # Typing

    def type(self, line: str, timeout: float) -> None:
        """Type a line, after the key that clears what a person left half-typed.

        Raises:
            NoAnswerError: the program does not read it.
            PeerGoneError: the program has ended.
        """
        keys = self.profile.console
        literal = text.CONTROL.sub(lambda found: keys.literal_key + found.group(), line)
        self._echoes.typed(line)
        self._further = None  # what comes now may be the reply
        try:
            self.terminal.type(f"{keys.clear_line}{literal}\n", timeout)
        except StreamEndedError as error:
            raise self.gone() from error
        except NotReadError as error:
            what = f"does not read what is typed: {text.quoted(line)}"
            raise self.no_answer(what) from error

    def forget_typed(self) -> None:
        """Expect no echo any more: everything typed was answered."""
        self._echoes.forget_typed()

    def asks(self, question: LinePattern) -> bool:
        """Return whether the last thing shown is this question."""
        rest = self._rest()
        shown = self._echoes.suffixes(rest) if rest.strip() else [self._last]
        return any(question.search(line) for line in shown)

    def shows_prompt(self) -> bool:
        """Return whether the last thing shown is a prompt."""
        rest = self._rest()
        return bool(rest.strip()) and not self._echoes.without_prompts(rest).strip()

    def before_prompt(self, line: str) -> str:
        """Return what stands in front of the prompt that ends a line, if one does."""
        return self._echoes.before_prompt(line)

    def _rest(self) -> str:
        return text.shown(self.terminal.rest())

    # Lines

    def lines(
        self, deadline: float | Callable[[], float], *, notices: bool = False
    ) -> Iterator[str]:
        """Yield lines until `deadline`; those that are notices only with `notices`.

        A line shown before the deadline counts even if it is read later, within limits: a
        program that is never silent must not block the lab for ever. Lines of a line editor are
        yielded as they came, those of other programs as they are shown, without what was typed.

        Raises:
            PeerGoneError: the program has ended.
        """
        until = deadline if callable(deadline) else lambda: deadline
        with self.terminal:
            while time.monotonic() < until() + _LAG:
                line = self._line(until())
                if line is None:
                    return
                if self._ends_reply(line):
                    yield from self._begun()
                elif self._continues_notice(line):
                    continue
                said = line if self.edits else self._said(line)
                is_reply = said is not None and self.awaited.claims(text.shown(said)) is not None
                if said is not None and not is_reply and not self.edits:
                    said, is_reply = self._without_glued_notice(said)
                self._further = None if is_reply else self._further
                taken = said is not None and not is_reply and self._take_notice(text.shown(said))
                if said is not None and (notices or not taken):
                    yield said
                if self.at > until():
                    return

    def _said(self, line: str) -> str | None:
        self._last = text.shown(line)
        return self._echoes.said(self._last)

    def await_lines(self, done: Callable[[str], bool], deadline: float) -> bool:
        """Take lines until `done` accepts one; return False at the deadline.

        Args:
            done: called with each line, and with the incomplete one after the last line break.
            deadline: in `time.monotonic` seconds.

        Raises:
            PeerGoneError: the program has ended.
        """
        with self.terminal:
            while (left := deadline - time.monotonic()) > 0:
                self.await_more(left)
                for line in self.lines(time.monotonic(), notices=True):
                    if done(text.shown(line)):
                        return True
                if not self.edits and done(self._rest()):
                    return True
        return False

    def await_more(self, timeout: float) -> None:
        """Wait for more output, for a moment and at most `timeout` seconds."""
        with self.terminal:
            self.terminal.await_more(min(timeout, _POLL))

    @property
    def at(self) -> float:
        """When the last line was shown, in `time.monotonic` seconds."""
        return self.terminal.at

    def catch_up(self) -> None:
        """Take all lines that have come by now.

        Raises:
            PeerGoneError: the program has ended.
        """
        with self.terminal:
            if self.terminal.has_line() or self.terminal.rest().strip():
                for line in self.lines(time.monotonic()):
                    self.keep(line)

    def settle(self) -> None:
        """Take a notice without a line break, so that the next reply is not read as part of it.

        Raises:
            PeerGoneError: the program has ended.
        """
        if not self._rest_is_notice():
            return
        with self.terminal:
            while self._rest_is_notice() and (left := self._seconds_to_rest()) > 0:
                self.terminal.await_more(left)
            self.catch_up()

    def _line(self, deadline: float) -> str | None:
        try:
            while True:
                left = deadline - time.monotonic()
                if left > 0:  # after a cancellation, too, lines that have come are taken
                    self._cancel.check()
                line = self.terminal.line(min(left, _CANCELS_WITHIN))
                if line is None:
                    line = self._standing()
                    if line is not None or left <= _CANCELS_WITHIN:
                        return line
                elif (added := self._remainder(line)) is not None:
                    return added
        except FloodedError as error:
            raise self._flooded(error) from error
        except StreamEndedError as error:
            raise self.gone() from error

    # Lines without a line break

    def _standing(self) -> str | None:
        """Return a notice that stands on the screen without a line break, once it is at rest.

        Some programs print the line break in front of the next thing. A person has seen it.
        """
        if self._rest_is_notice() and self._seconds_to_rest() <= 0:
            rest = self.terminal.rest()
            new, self._standing_taken = rest.removeprefix(self._standing_taken), rest
            return new
        return None

    def _seconds_to_rest(self) -> float:
        """Return how long an incomplete line must stay as it is to count as shown."""
        patience = _LONG_STANDS if len(self.terminal.rest()) > _LONG else _STANDS
        return self.terminal.last_at + patience - time.monotonic()

    def _rest_is_notice(self) -> bool:
        """Return whether a notice that was not taken stands on the screen without a line break."""
        new = self.terminal.rest().removeprefix(self._standing_taken)
        if self.edits or not new.strip():
            return False
        said = self._echoes.without_prompts(text.shown(new))
        found = self.reader.notice([*self._block, said])
        is_one = found and found.kind and found.fields.get("text", "text").strip()
        return bool(is_one and found and self.awaited.is_notice(said, found))

    def _remainder(self, line: str) -> str | None:
        """Return what a complete line adds to what was taken of it before; None if nothing."""
        taken, self._standing_taken = self._standing_taken, ""
        added = line.removeprefix(taken) if taken else line
        return None if taken and not added.strip() else added

    # Notices

    def keep(self, line: str) -> None:
        """Keep a line that is neither notice nor reply: a step may wait for it."""
        said = text.shown(line)
        self._show(Notice("", {}, said, self.at))
        self.unread(self._echoes.without_prompts(said) if self.edits else said)

    def _show(self, notice: Notice) -> None:
        self.unclaimed.append(notice)
        for watcher in self.watchers:
            watcher(notice)

    def unread(self, line: str, answer: str = "") -> None:
        """Report a line that the profile cannot read; `answer` is the verb of its reply, if any."""
        if line.strip() and not self.profile.console.absent:  # most lines of a log mean nothing
            fields = {"answer": answer} if answer else {}
            self._on_notice(Notice(UNREAD, fields, line, self.at))

    def _ends_reply(self, line: str) -> bool:
        """Return whether the lines of a notice so far, and this one, are what was asked for.

        Some programs answer in the words of a notice of several lines. A message is none of these.
        """
        said = text.shown(line)
        if not self._block or self.awaited.claims(said) is None:
            return False
        found = self.reader.notice([*self._block, said])
        return found is not None and "text" not in found.fields

    def _begun(self) -> list[str]:
        """Return the lines so far of a notice, and forget them."""
        begun, self._block = self._block, []
        return begun

    def _continues_notice(self, line: str) -> bool:
        """Take a line if it continues a notice of several lines; return whether it does.

        It is matched as it is shown: a text in it may be blank, or look like a prompt.
        """
        whole = [*self._block, text.shown(line)]
        found = self.reader.notice(whole) if self._block else None
        if found:
            self._last = whole[-1]
            self._take(whole, found)
        return found is not None

    def _take_notice(self, line: str) -> bool:
        """Take a line if it is a notice or part of one; return whether it is."""
        if self._further and (self._further.search(line) or not line.strip()):
            return True
        self._further = None
        if self._block and (found := self.reader.notice([*self._block, line])):
            self._take([*self._block, line], found)
            return True
        self._between += 1
        if self._block and self._between > _MOST_BETWEEN:
            self._give_up_block()
        if (found := self.reader.notice([line])) and self.awaited.is_notice(line, found):
            self._give_up_block()
            self._take([line], found)
            return True
        if self.reader.is_crash(line):
            self._on_notice(Notice(CRASH, {}, line, self.at))
        return False

    def _without_glued_notice(self, line: str) -> tuple[str, bool]:
        """Take a notice that the awaited reply stands behind; return the rest, and whether it does.

        A notice that stands there without a line break is followed by whatever comes next.
        """
        perhaps = list[str]()
        for one in glued(line, self.reader, self.awaited.claims, _LONG):
            if one.is_certain:
                self._take([one.notice], one.found)
                return line[len(one.notice) :], True
            perhaps.append(self._text(one.found.fields["text"]))
        self._perhaps = tuple(perhaps)
        return line, False

    def _take(self, lines: list[str], found: NoticeMatch) -> None:
        """Report a notice, or remember its lines until it is complete."""
        self._between = 0
        perhaps, self._perhaps = self._perhaps, ()
        if not found.kind:
            self._block = lines
            return
        self._block, self._further = [], found.further
        fields = found.fields
        if "text" in fields:
            fields = {**fields, "text": self._text(fields["text"])}
        means = self.profile.means(found.kind)
        means = means if means != found.kind else ""
        notice = Notice(found.kind, fields, "\n".join(lines), self.at, means, perhaps)
        self._show(notice)
        self._on_notice(notice)

    def _text(self, shown: str) -> str:
        return text.unescape(shown) if self.profile.console.text == "backslash" else shown

    def _give_up_block(self) -> None:
        for line in self._begun():
            self.keep(line)

    # Errors

    def no_answer(self, what: str) -> NoAnswerError:
        """Return the error that something did not come in time.

        Raises:
            EngineError: the engine does not answer, so that it is not the program's fault.
        """
        self.peer.status()
        hint = "its transcript has the rest; attach to it to see what it waits for"
        return NoAnswerError(self.peer.name, what, self.transcript.tail(), hint=hint)

    def gone(self) -> PeerGoneError:
        """Return the error that the program has ended."""
        status = self.peer.await_end(timeout=2.0)
        return PeerGoneError(
            self.peer.name,
            f"is gone: {status.phrase}",
            self.transcript.tail(),
            hint="it ended by itself, or something outside the lab ended it",
        )

    def _flooded(self, error: FloodedError) -> PeerGoneError:
        """Kill a program that prints without end, before it fills the disk."""
        what = f"{error}: the lab has ended it"
        if not self._is_killed:
            self._is_killed = True
            self._on_notice(Notice(CRASH, {}, what, self.at))
            with contextlib.suppress(EngineError):  # it ended by itself
                self.peer.kill()
        hint = "see its transcript for what it goes on printing"
        return PeerGoneError(self.peer.name, what, self.transcript.tail(), hint=hint)

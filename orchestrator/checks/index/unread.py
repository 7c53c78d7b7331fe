"""Lines that a console showed and the profile does not read: what each of them may have said.

A program is not blamed for what the lab could not read. But a line must look like what is
missing: it has the text of a message, or came unasked when a notice was due and at no other time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator import text as texts
from orchestrator.checks.index.invocations import EARLY, LONGEST, TOLERANCE, Operation
from orchestrator.history.entries import Entry

_RECOGNISED = 8  # characters of a text, without blanks, that do not stand in a line by chance
_START = 20  # characters of a text by which it is recognised if it was cut
_AFTER_A_CRASH = 1.0  # seconds in which lines belong to a crash
_NUMBER = re.compile(r"\d+")

_CAUSES = {
    "connected": frozenset(("connect",)),
    "closed": frozenset(
        ("terminate", "exit", "kill", "stop", "partition", "isolate", "impair", "stream", "pause")
    ),
    "message": frozenset(("send",)),
    "delivered": frozenset(("send",)),
    "undelivered": frozenset(("send", "terminate", "exit", "kill", "stop", "partition", "isolate")),
}
"""The operations that cause a notice, by its kind."""

_SHOWN_TO_THE_CAUSE = ("delivered", "undelivered")


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that was not read."""

    peer: str  # at whose console it was shown
    said: str  # the line
    at: float  # when it was shown
    answer: str  # the verb in whose answer it stood; empty if it came unasked

    @property
    def kind(self) -> str:
        """The line without its numbers, which is alike for notices of one kind."""
        return _NUMBER.sub("0", self.said)


class UnreadLines:
    """All lines of a run that were not read."""

    def __init__(self, entries: Sequence[Entry], operations: Iterable[Operation]) -> None:
        self._entries, self._operations = entries, operations

    @cached_property
    def _lines(self) -> list[UnreadLine]:
        crashed: dict[str, float] = {}
        lines = []
        for entry in self._entries:
            if entry.type == "lab" and entry.verb == "crash":
                crashed[entry.peer] = entry.at
            elif entry.type == "lab" and entry.verb == "unread":
                after = entry.at - crashed.get(entry.peer, -math.inf)
                if after >= _AFTER_A_CRASH:
                    said, answer = entry.text("said"), entry.text("answer")
                    lines.append(UnreadLine(entry.peer, said, entry.at, answer))
        return lines

    @cached_property
    def _first_sent(self) -> dict[str, float]:
        first: dict[str, float] = {}
        for operation in self._operations:
            if operation.verb == "send":
                first.setdefault(operation.last.text("text"), operation.at)
        return first

    def message(self, peer: str, text: str, since: float = 0.0) -> str:
        """Return a line of a peer that may show a text; empty if there is none.

        A line that was shown before the text was first sent is something else.
        """
        sent = self._first_sent.get(text, 0.0)
        since = max(since, sent)
        for line in self._lines:
            is_new = line.peer == peer and line.at >= since
            if is_new and _may_show(line, text) and not self._was_shown(line, sent):
                return line.said
        return ""

    def _was_shown(self, line: UnreadLine, before: float) -> bool:
        others = (other for other in self._lines if other is not line)
        return any(other.said == line.said and other.at < before for other in others)

    def notice(self, kind: str, peer: str, since: float, until: float | None = None) -> str:
        """Return a line of a peer that may be a notice which was due; empty if there is none.

        Args:
            kind: of the notice.
            peer: at whose console.
            since: when it was due, in seconds since the run began.
            until: when it must have come.
        """
        until = since + LONGEST if until is None else until
        for line in self._lines:
            is_due = since - EARLY <= line.at <= until + TOLERANCE
            if line.peer == peer and is_due and not line.answer and self._is_rare(kind, line):
                return line.said
        return ""

    def awaited(self, operation: Operation) -> str:
        """Return a line that may be what an `expect` waited for; empty if there is none."""
        kind, text = operation.last.text("kind"), operation.last.fields.get("text")
        if kind == "message" and isinstance(text, str):
            return self.message(operation.peer, text)
        causes = self.causes(kind, operation.peer)
        began = [cause.at for cause in causes if cause.position < operation.position]
        if not began:
            return ""
        return self.notice(kind, operation.peer, began[-1], operation.last.at)

    def forbidden(self, operation: Operation) -> str:
        """Return a line that may be what a `never` has not seen; empty if there is none.

        It has all the texts and values that the notice must have.
        """
        if operation.verb != "never" or operation.status != "ok":
            return ""
        fields = operation.last.mapping("fields").values()
        words = [str(value) for value in fields if not isinstance(value, Mapping)]
        if "text" in operation.last.fields:
            words.append(operation.last.text("text"))
        for line in self._lines if words else ():
            is_there = line.peer == operation.peer and not line.answer
            is_then = operation.at <= line.at <= operation.last.at
            if is_there and is_then and all(_may_show(line, word) for word in words):
                return line.said
        return ""

    def causes(self, kind: str, peer: str) -> Iterator[Operation]:
        """Yield what may have caused a notice of a kind at a peer's console."""
        verbs = _CAUSES.get(kind, frozenset())
        for operation in self._operations:
            if operation.verb not in verbs:
                continue
            if operation.peer == peer:
                if kind in _SHOWN_TO_THE_CAUSE:
                    yield operation
            elif operation.to in ("", peer):
                yield operation

    def _is_rare(self, kind: str, line: UnreadLine) -> bool:
        """Return whether lines of this kind came only when a notice may have been due."""
        alike = (other for other in self._lines if other.kind == line.kind)
        return all(not other.answer and self._is_in_time(kind, other) for other in alike)

    def _is_in_time(self, kind: str, line: UnreadLine) -> bool:
        return any(
            cause.at - TOLERANCE <= line.at <= cause.last.at + LONGEST
            for cause in self.causes(kind, line.peer)
        )


def _may_show(line: UnreadLine, text: str) -> bool:
    """Return whether a line has a text, or enough of it to be recognised."""
    whole = text.strip()
    if not whole:
        return not line.answer
    if _stands_in(whole, line.said) or _stands_in(whole, texts.unescape(line.said)):
        return True
    said, sent = texts.squeeze(line.said).casefold(), texts.squeeze(text).casefold()
    alike = len(sent) >= _RECOGNISED and sent in said
    return alike or (len(sent) >= _START and sent[:_START] in said)


def _stands_in(text: str, line: str) -> bool:
    """Return whether a text stands in a line as words of their own."""
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", line))

"""Lines that a console showed and the profile does not read: what each of them may have told.

A program is not blamed for what the lab could not read. But a line must look like what is missing:
it has the text of a message, or came unasked when a notice was due and at no other time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator import text as texts
from orchestrator.checks.index.operations import LONGEST, TOLERANCE, Operation
from orchestrator.history.entries import Entry

_RECOGNISED = 8  # characters of a text, without blanks, that do not stand in a line by chance
_START = 20  # characters of a text by which it is recognised that was cut
_EARLY = 1.0  # seconds by which one end may be told before the other has answered
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
"""What is done that leads to a notice, by its kind."""

_TOLD_TO_WHO_ACTS = ("delivered", "undelivered")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was not read.

    Attributes:
        peer: at whose console.
        said: it.
        at: when it was shown.
        answer: the verb in whose answer it stood; empty for one that came unasked.
    """

    peer: str
    said: str
    at: float
    answer: str

    @property
    def kind(self) -> str:
        """The line without its numbers, which is alike for notices of one kind."""
        return _NUMBER.sub("0", self.said)


class UnreadLines:
    """All lines of a run that were not read.

    Args:
        entries: the history.
        operations: those of the history.
    """

    def __init__(self, entries: Sequence[Entry], operations: Iterable[Operation]) -> None:
        self._entries, self._operations = entries, operations

    @cached_property
    def _lines(self) -> list[Line]:
        crashed: dict[str, float] = {}
        found = []
        for entry in self._entries:
            if entry.type == "lab" and entry.verb == "crash":
                crashed[entry.peer] = entry.at
            elif entry.type == "lab" and entry.verb == "unread":
                after = entry.at - crashed.get(entry.peer, -math.inf)
                if after >= _AFTER_A_CRASH:
                    answer = entry.text("answer")
                    found.append(Line(entry.peer, entry.text("said"), entry.at, answer))
        return found

    @cached_property
    def _first_sent(self) -> dict[str, float]:
        first: dict[str, float] = {}
        for each in self._operations:
            if each.verb == "send":
                first.setdefault(each.last.text("text"), each.at)
        return first

    def message(self, peer: str, text: str, since: float = 0.0) -> str:
        """Return a line of a peer that may show a text; empty where none does.

        One that was shown before anybody sent the text is something else.
        """
        sent = self._first_sent.get(text, 0.0)
        since = max(since, sent)
        for line in self._lines:
            is_new = line.peer == peer and line.at >= since
            if is_new and _may_show(line, text) and not self._was_shown(line, sent):
                return line.said
        return ""

    def _was_shown(self, line: Line, before: float) -> bool:
        others = (other for other in self._lines if other is not line)
        return any(other.said == line.said and other.at < before for other in others)

    def notice(self, kind: str, peer: str, since: float, until: float | None = None) -> str:
        """Return a line of a peer that may be a notice which was due; empty where none may.

        Args:
            kind: of which kind.
            peer: at whose console.
            since: from when on it was due, in seconds since the run began.
            until: when it must have come.
        """
        until = since + LONGEST if until is None else until
        for line in self._lines:
            is_due = since - _EARLY <= line.at <= until + TOLERANCE
            if line.peer == peer and is_due and not line.answer and self._is_rare(kind, line):
                return line.said
        return ""

    def awaited(self, operation: Operation) -> str:
        """Return a line that may be what an `expect` waited for; empty where none may."""
        kind, text = operation.last.text("kind"), operation.last.fields.get("text")
        if kind == "message" and isinstance(text, str):
            return self.message(operation.peer, text)
        causes = [*self.causes(kind, operation.peer)]
        began = [each.at for each in causes if each.position < operation.position]
        if not began:
            return ""
        return self.notice(kind, operation.peer, began[-1], operation.last.at)

    def causes(self, kind: str, peer: str) -> Iterator[Operation]:
        """Yield what may have led to a notice of a kind at a peer's console."""
        verbs = _CAUSES.get(kind, frozenset())
        for each in self._operations:
            if each.verb not in verbs:
                continue
            if each.peer == peer:
                if kind in _TOLD_TO_WHO_ACTS:
                    yield each
            elif each.to in ("", peer):
                yield each

    def _is_rare(self, kind: str, line: Line) -> bool:
        """Tell whether lines of this kind came only when a notice may have been due."""
        alike = (other for other in self._lines if other.kind == line.kind)
        return all(not other.answer and self._is_in_time(kind, other) for other in alike)

    def _is_in_time(self, kind: str, line: Line) -> bool:
        return any(
            each.at - TOLERANCE <= line.at <= each.last.at + LONGEST
            for each in self.causes(kind, line.peer)
        )


def _may_show(line: Line, text: str) -> bool:
    """Tell whether a line has a text, or enough of it to be recognised."""
    whole = text.strip()
    if not whole:
        return not line.answer
    if _stands_in(whole, line.said) or _stands_in(whole, texts.unescape(line.said)):
        return True
    said, sent = texts.squeeze(line.said).casefold(), texts.squeeze(text).casefold()
    alike = len(sent) >= _RECOGNISED and sent in said
    return alike or (len(sent) >= _START and sent[:_START] in said)


def _stands_in(text: str, line: str) -> bool:
    """Tell whether a text stands in a line as words of their own."""
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", line))

"""What was expected against what came, and where two texts differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from orchestrator.checks import changes
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.index.likeness import common_start
from orchestrator.checks.verdict import Finding
from orchestrator.history.entries import Entry, row_text
from orchestrator.history.wanted import is_met, phrase
from orchestrator.text import visible

_ALIKE = 0.5  # of two texts: from this on it helps to mark what differs
_LEAST_ROOM = 30  # characters
_COMPARED = 500  # characters in which differences are marked
_BEFORE = 3  # of the room, a third is for what precedes the first difference

_Span = tuple[int, int]
Compared = tuple[str, str]  # what was expected, and what came


def compared(index: HistoryIndex, check: str, finding: Finding) -> Compared | None:
    """Return what a finding compares: the whole text that was expected, and the one that came."""
    if check == changes.NAME:
        return finding.near, finding.text
    operations = (one for one in index.operations if one.number == finding.operation)
    operation = next(operations, None) if finding.operation else None
    if operation is None:
        return None
    if operation.verb == "expect":
        return _awaited(index, operation)
    return next(_answers(operation.last), None)


def _awaited(index: HistoryIndex, operation: Operation) -> Compared | None:
    """Return the text that an `expect` waited for, and that of the notice that came instead."""
    text = operation.last.fields.get("text")
    if not isinstance(text, str):
        return None
    for entry in reversed(index.entries[: operation.done_position + 1]):
        is_of_kind = (entry.peer, entry.verb) == (operation.peer, operation.last.text("kind"))
        if is_of_kind and entry.type == "notice" and repr(entry.text("said")) in operation.said:
            return text, entry.text("text")
    return None


def _answers(done: Entry) -> Iterator[Compared]:
    """Yield what an answer should have been, and was, wherever they differ."""
    wants, said = done.mapping("wants"), done.text("said")
    if done.type == "info":
        return
    if (says := wants.get("says")) and str(says) not in said:
        yield str(says), _line_like(str(says), said)
    yield from _single_values(wants, done)
    yield from (pair for pair in _lists(wants, done) if pair[0] != pair[1])


def _single_values(wants: Mapping[str, Any], done: Entry) -> Iterator[Compared]:
    results = done.mapping("results")
    for name, wanted in (wants.get("results") or {}).items():
        if name in results and not is_met(wanted, results[name]):
            wish = phrase(wanted) if isinstance(wanted, Mapping) else str(wanted)
            yield wish, str(results[name])
    for key in ("address", "port"):
        if (right := wants.get(key)) is not None and key in done.fields:
            several = right if isinstance(right, list) else [right]
            if str(done.fields[key]) not in map(str, several):
                yield " or ".join(map(str, several)), str(done.fields[key])


def _lists(wants: Mapping[str, Any], done: Entry) -> Iterator[Compared]:
    for column, wanted in (wants.get("rows") or {}).items():
        yield _values(wanted), _values(row.get(column, "") for row in done.rows)
    if wants.get("shows") is not None and done.type == "ok":
        yield ", ".join(sorted(wants["shows"])) or "no one", listed(done)


def _values(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, values))) or "none"


def _line_like(text: str, answer: str) -> str:
    """Return the line of an answer that is most like a text."""
    lines = [line.strip() for line in answer.split("\n") if line.strip()]
    return max(lines, key=lambda line: SequenceMatcher(None, text, line).ratio(), default="nothing")


def listed(done: Entry) -> str:
    """Return the peers in the rows of a `list`."""
    return ", ".join(sorted(row_text(row, "peer") or "a stranger" for row in done.rows)) or "no one"


@dataclass(frozen=True)
class MarkedText:
    """A text on one line with marks below what differs from another.

    Attributes:
        text: with invisible characters spelt out, cut to the part that differs.
        marks: carets below the characters that differ; empty if there are none to mark.
    """

    text: Text
    marks: str


def contrasted(pair: Compared, room: int) -> tuple[MarkedText, MarkedText]:
    """Return two texts, marked where they differ.

    Args:
        pair: what was expected, and what came.
        room: for each, in columns.
    """
    expected, came = (visible(text)[1:-1] for text in pair)
    room, begin = max(room, _LEAST_ROOM), 0
    if max(cell_len(expected), cell_len(came)) > room and expected and came:
        begin = max(0, common_start(expected, came) - room // _BEFORE)
    ours, theirs = expected[begin:], came[begin:]
    return (
        _marked(ours, begin, _extra(ours, theirs), room, "green"),
        _marked(theirs, begin, _extra(theirs, ours), room, "red"),
    )


def _extra(text: str, other: str) -> list[_Span]:
    """Return the parts of a text that another lacks; none if the two are not alike."""
    if (place := text.find(other)) >= 0 and other:
        return [(0, place), (place + len(other), len(text))]
    if text in other:
        return []
    matcher = SequenceMatcher(None, text[:_COMPARED], other[:_COMPARED], autojunk=False)
    if matcher.ratio() < _ALIKE:
        return []
    return [(i, j) for tag, i, j, _, _ in matcher.get_opcodes() if tag != "equal"]


def _marked(text: str, begin: int, spans: Sequence[_Span], room: int, style: str) -> MarkedText:
    """Return a text with marks, cut to its room.

    Args:
        text: without the part that is left out before it.
        begin: how many characters that part has.
        spans: what is marked.
        room: in columns.
        style: of what is marked.
    """
    lead, rest = "…" if begin else "", ""
    if cell_len(lead + text) > room:
        rest = f"… ({begin + len(text):,} characters)"
        text = set_cell_size(text, max(1, room - len(lead + rest))).rstrip()
    shown, marks = Text(text), " " * len(lead)
    for first, last in spans:
        shown.stylize(style, first, last)
        marks = marks.ljust(len(lead) + cell_len(text[:first])) + "^" * cell_len(text[first:last])
    return MarkedText(Text(lead).append_text(shown).append(rest), marks.rstrip())

"""How an operation ended, from what a console answered. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.checks.phrases import COULD_NOT_READ, doubted
from orchestrator.console.reply import Reply
from orchestrator.history.entries import Outcome
from orchestrator.profile import ConsoleOperation, Value, converted
from orchestrator.text import cut, visible

Completion = tuple[Outcome, dict[str, Any]]
"""How an operation ended, and the fields that its last history entry adds."""

Rows = Sequence[Mapping[str, str]]  # the rows of a list; see docs/history.md

_QUOTED = 200  # characters of an answer that cannot be read


def completion(reply: Reply, *, whole: bool = False) -> Completion:
    """Return how an answered operation ended, with its last line, or with the `whole` answer."""
    if reply.ok is None:
        return unreadable(reply)
    lines = reply.lines if whole else reply.lines[-1:]
    said: dict[str, Any] = {"said": "\n".join(lines)}
    if "id" in reply.fields:
        said["id"] = reply.fields["id"]
    return ("ok" if reply.ok else "fail"), said


def unreadable(reply: Reply) -> Completion:
    """Return that the outcome is unknown: the profile does not say what the answer means."""
    text = "\n".join(reply.lines)
    what = _quoted(text) if text.strip() else f"the answer to {reply.verb!r}: it printed nothing"
    why = doubted(reply.verb, reply.doubt) if reply.doubt else ""
    return "info", {"said": f"{COULD_NOT_READ} {what}{why}", "unread": text}


def _quoted(text: str) -> str:
    return visible(cut(text, _QUOTED))


def value(reply: Reply, part: str) -> Completion:
    """Return how an operation ended that asks for one value, which is the named part."""
    outcome, said = completion(reply)
    if outcome != "ok":
        return outcome, said
    found = reply.fields.get(part) or next((row[part] for row in reply.rows if row.get(part)), "")
    return (outcome, {**said, part: found}) if found else unreadable(reply)


def called(reply: Reply, operation: ConsoleOperation) -> Completion:
    """Return how an operation of the program's own ended, with its typed results and rows."""
    outcome, said = completion(reply, whole=bool(operation.row))
    if reply.is_indefinite:
        return "info", said
    if outcome != "ok":
        return outcome, said
    said.pop("id", None)
    try:
        results = _typed(reply.fields, operation)
        rows = [_typed(row, operation) for row in reply.rows]
    except ValueError:
        return unreadable(reply)
    said |= {"nil": True} if reply.is_nil else {}
    said |= {"results": results} if results else {}
    return outcome, said | ({"rows": rows} if operation.row else {})


def _typed(fields: Mapping[str, str], operation: ConsoleOperation) -> dict[str, Value]:
    """Return the named parts of a line, each as a value of its type.

    Raises:
        ValueError: a part is no such value.
    """
    given = {name: text for name, text in fields.items() if text is not None}
    return {name: converted(operation.results.get(name, "text"), text)
            for name, text in given.items()}  # fmt: skip


def failed(why: str) -> Completion:
    """Return that something was not even tried."""
    return "fail", {"said": why}


def missing(what: str, unread: str) -> Completion:
    """Return that something was not there; or that this is unknown.

    Args:
        what: a clause that says so.
        unread: lines that may show it, but cannot be read; may be empty.
    """
    if not unread:
        return failed(what)
    says = f"{what}; {COULD_NOT_READ} {_quoted(unread)}"
    return "info", {"said": says, "unread": unread}


def new_row(peer: str, before: Rows, now: Rows) -> Mapping[str, str] | None:
    """Return a row that is new in a list and leads to a peer, or to any if that is empty."""

    def key(row: Mapping[str, str]) -> tuple[str, ...]:  # without the id: it may be a position
        return row["peer"], row["address"], row["port"]

    old = Counter(key(row) for row in before)
    for row in now:
        if peer in ("", row["peer"]):
            if not old[key(row)]:
                return row
            old[key(row)] -= 1
    return None


def lost_row(peer: str, before: Rows, now: Rows) -> Mapping[str, str] | None:
    """Return a row that is no longer in a list and led to a peer, or to any if that is empty."""
    return new_row(peer, now, before)


def lacks_success(reply: Reply, operation: ConsoleOperation) -> bool:
    """Return whether a console has printed nothing where success is never silent."""
    is_told = bool(operation.ok) and not operation.silent
    return is_told and reply.ok is None and not (reply.lines or reply.took_more or reply.doubt)


def is_answered(reply: Reply) -> bool:
    """Return whether a console has said anything to what was typed, and to that alone."""
    return not reply.took_more and any(line.strip() for line in reply.lines)

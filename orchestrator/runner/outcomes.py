"""How an operation ended, from what a console answered. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.console.reply import Reply
from orchestrator.history.entries import Outcome
from orchestrator.text import cut

Ended = tuple[Outcome, dict[str, Any]]
"""How an operation ended, and what was said."""

Rows = Sequence[Mapping[str, str]]
"""The lines of a list; see docs/history.md."""

_QUOTED = 200  # characters of an answer that nobody can read
_PLACE = re.compile(r"\d+(\.\d+){3}|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*|localhost|\b\d{4,5}\b", re.I)
"""An address or a port, as each row of a list has one."""


def ended(reply: Reply, *, whole: bool = False) -> Ended:
    """Return how an operation ended that was answered; `whole` tells every line of the answer."""
    if reply.ok is None:
        return unread(reply)
    lines = reply.lines if whole else reply.lines[-1:]
    said: dict[str, Any] = {"said": "\n".join(lines)}
    if "id" in reply.fields:
        said["id"] = reply.fields["id"]
    return ("ok" if reply.ok else "fail"), said


def unread(reply: Reply) -> Ended:
    """Return that nobody knows how it ended: the profile does not tell what the answer means."""
    text = "\n".join(reply.lines)
    what = _quoted(text) if text.strip() else f"the answer to {reply.verb!r}: it printed nothing"
    return "info", {"said": f"the lab could not read {what}", "unread": text}


def _quoted(text: str) -> str:
    return repr(cut(text, _QUOTED))


def told(reply: Reply, part: str) -> Ended:
    """Return how an operation ended that is to tell one thing, by the part of that name."""
    outcome, said = ended(reply)
    if outcome != "ok":
        return outcome, said
    found = reply.fields.get(part) or next((row[part] for row in reply.rows if row.get(part)), "")
    return (outcome, {**said, part: found}) if found else unread(reply)


def not_there(why: str) -> Ended:
    """Return that something was not even tried."""
    return "fail", {"said": why}


def id_of(peer: str, rows: Rows) -> str | None:
    """Return the id that leads to a peer; None where no row does."""
    return next((row["id"] for row in rows if row["peer"] == peer), None)


def unlisted(peer: str, perhaps: str) -> Ended:
    """Return that nothing can be done with a peer, which a list does not show.

    Args:
        peer: who.
        perhaps: lines of the list that may be its row, but cannot be read; may be empty.
    """
    return missing(f"list does not show {peer}", perhaps)


def missing(what: str, perhaps: str) -> Ended:
    """Return that something was not there; or that it may be there and cannot be read."""
    if not perhaps:
        return not_there(what)
    says = f"{what}; the lab could not read {_quoted(perhaps)}"
    return "info", {"said": says, "unread": perhaps}


def perhaps_rows(reply: Reply, address: str, port: int) -> str:
    """Return the lines of a list that nothing in the profile reads and that may be rows.

    That is what names an address or a port beside the program's own; a header does not.

    Args:
        reply: the list.
        address: the program's own.
        port: the same.
    """
    own = re.compile(rf"(?<![\w.])(?:{re.escape(address)}|{port})(?![\w.])")
    return "\n".join(line for line in reply.unread if _PLACE.search(own.sub("", line)))


def came(peer: str, before: Rows, now: Rows) -> Mapping[str, str] | None:
    """Return the row of a list that is new, and leads to a peer; to any, where none is named."""
    old = _counted(peer, before)
    for row in now:
        if not peer or row["peer"] == peer:
            key = _key(row)
            if not old[key]:
                return row
            old[key] -= 1
    return None


def went(peer: str, before: Rows, now: Rows) -> Mapping[str, str] | None:
    """Return the row of a list that is there no more, and led to a peer, or to any."""
    return came(peer, now, before)


def _counted(peer: str, rows: Rows) -> Counter[tuple[str, ...]]:
    return Counter(_key(row) for row in rows if not peer or row["peer"] == peer)


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return what tells a connection from another: not its id, which may be a position."""
    return row["peer"], row["address"], row["port"]

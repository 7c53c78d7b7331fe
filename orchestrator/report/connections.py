"""The connections that were made and ended, as both ends told it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

from rich.table import Table

from orchestrator.history.entries import Entry
from orchestrator.report.text import plain, shortened, table

_MOST_ROWS = 20
_LONGEST = 200  # characters of what a console said
_TELLS = {"connect": "connected", "terminate": "closed", "exit": "closed"}
"""The kind of notice that tells the other end what was done."""


class _Told:
    """The notices of connections, taken one after the other by the acts that they tell of."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_subject: dict[tuple[str, str], dict[str, deque[Entry]]] = defaultdict(dict)
        kinds = set(_TELLS.values())
        for entry in entries:
            if entry.type == "notice" and entry.verb in kinds:
                consoles = self._by_subject[entry.verb, entry.text("of")]
                consoles.setdefault(entry.peer, deque()).append(entry)

    def take(self, act: Entry) -> list[Entry]:
        """Return the next notice of such an act at each console that it concerns."""
        consoles = self._by_subject.get((_TELLS[act.verb], act.peer), {})
        concerned = list(consoles) if act.verb == "exit" else [act.text("to")]
        return [self._next(consoles, peer) for peer in concerned if peer in consoles]

    def _next(self, consoles: dict[str, deque[Entry]], peer: str) -> Entry:
        """Take a notice; a console that has no more is forgotten."""
        told = consoles[peer].popleft()
        if not consoles[peer]:
            del consoles[peer]
        return told


def connections_table(entries: Sequence[Entry]) -> Table:
    """Return what was done about connections, the answer, and what others were told of it."""
    made = table("at", "act", "its own console", "the other end", numbers=("at",))
    acts = [entry for entry in entries if entry.is_done and entry.verb in _TELLS]
    told = _Told(entries)
    for act in acts[:_MOST_ROWS]:
        heard = told.take(act) if act.type != "fail" else []
        did = f"{act.peer}: {act.verb} {act.text('to')}".rstrip()
        made.add_row(
            plain(f"{act.at:.3f}"),
            plain(did),
            plain(_said(act)),
            plain("\n".join(f"{each.peer}: {_said(each)}" for each in heard) or "-"),
        )
    if (more := len(acts) - _MOST_ROWS) > 0:
        made.add_row("", plain(f"… and {more:,} more", "dim"))
    return made


def _said(entry: Entry) -> str:
    return shortened(entry.text("said"), _LONGEST)

"""Who messaged whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry
from orchestrator.report.text import plain, table

_MOST_PEERS = 8  # of a matrix; then the pairs with messages, one below the other
_MOST_PAIRS = 20

Pair = tuple[str, str]
Figures = tuple[int, int, int]


def messages_table(run: Run) -> Table:
    """Return who messaged whom: sent, shown to the receiver, confirmed to the sender.

    Each figure was read from a console: the sender's reply to `send`, the receiver's
    notice, the sender's receipt.
    """
    pairs = _pairs(run.entries)
    if len(run.peers) <= _MOST_PEERS and pairs:
        return _matrix(run.peers, pairs)
    return _list(pairs)


def _pairs(entries: Iterable[Entry]) -> dict[Pair, Figures]:
    sent: Counter[Pair] = Counter()
    shown: Counter[Pair] = Counter()
    confirmed: Counter[Pair] = Counter()
    for entry in entries:
        match entry.type, entry.verb:
            case "ok", "send":
                sent[entry.peer, entry.text("to")] += 1
            case "notice", "message":
                shown[entry.text("of"), entry.peer] += 1
            case "notice", "delivered":
                confirmed[entry.peer, entry.text("of")] += entry.number("count") or 1
    return {pair: (sent[pair], shown[pair], confirmed[pair]) for pair in sent | shown | confirmed}


def _matrix(peers: Sequence[str], pairs: dict[Pair, Figures]) -> Table:
    others = dict.fromkeys(name for pair in pairs for name in pair if name not in peers)
    names = [*peers, *others]
    matrix = table("from ╲ to")
    for name in names:
        matrix.add_column(plain(name or "somebody else"), overflow="fold")
    for one in names:
        cells = [_cell(pairs.get((one, other), (0, 0, 0))) for other in names]
        matrix.add_row(plain(one or "somebody else"), *cells)
    return matrix


def _cell(figures: Figures) -> Text:
    if not any(figures):
        return plain("·", "dim")
    return plain(" → ".join(f"{each:,}" for each in figures), _style(figures))


def _style(figures: Figures) -> str:
    return "green" if len(set(figures)) == 1 else "red"


def _list(pairs: dict[Pair, Figures]) -> Table:
    """Return the pairs with messages, those with differing figures first."""
    numbers = ("sent", "shown", "confirmed")
    rows = table("from", "to", *numbers, numbers=numbers)
    ordered = sorted(pairs.items(), key=lambda item: _style(item[1]) == "green")
    for (one, other), figures in ordered[:_MOST_PAIRS]:
        names = (plain(one or "somebody else"), plain(other or "somebody else"))
        rows.add_row(*names, *(plain(f"{each:,}", _style(figures)) for each in figures))
    if (more := len(ordered) - _MOST_PAIRS) > 0:
        rows.add_row(plain(f"… and {more:,} more", "dim"))
    return rows

"""What every peer of a run did: its end, its messages and its connections."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator import chat
from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry, row_text
from orchestrator.report.printing import named, plain, shortened, table, titled

_MOST_NAMES = 8
_MOST_PEERS = 8  # in a matrix; with more, the pairs that exchanged messages are listed
_MOST_PAIRS = 20
_MOST_ACTS = 20
_LONGEST = 200  # characters of what a console said
_UNKNOWN_PEER = "unknown peer"

PeerPair = tuple[str, str]
MessageCounts = tuple[int, int, int]


def print_details(console: Console, run: Run) -> None:
    """Print the peers, the messages between them, and the connections."""
    tables = {
        "Peers": _peers_table(run),
        "Messages: sent → shown → confirmed": messages_table(run.peers, run.entries),
        "Connections and exits, as both consoles reported them": connections_table(run.entries),
    }
    for title, made in tables.items():
        if made.row_count:
            console.print(titled(title, made))


def _peers_table(run: Run) -> Table:
    ready, ended, lists = _last_entries(run.entries)
    columns = ["peer", "address", "state at the end", *(["lists at the end"] if lists else [])]
    peers = table(*columns)
    for name in run.peers:
        start = ready.get(name)
        peers.add_row(
            plain(name),
            plain(_endpoint(start) if start else "not ready"),
            plain(ending(ended.get(name))),
            *([plain(_listed(lists.get(name)))] if lists else []),
        )
    return peers


def _endpoint(ready: Entry) -> str:
    """Return where a peer listens; its address, if it has no port."""
    address, port = (_field(ready, key) for key in ("address", "port"))
    return address if port == "0" else f"{address}:{port}"


def _last_entries(
    entries: Iterable[Entry],
) -> tuple[dict[str, Entry], dict[str, Entry], dict[str, Entry]]:
    """Return each peer's start, end and last list; a peer that ended has no list."""
    ready, ended, lists = {}, {}, {}
    for entry in entries:
        match entry.type, entry.verb:
            case "lab", "ready":
                ready[entry.peer] = entry
            case "lab", "ended":
                ended[entry.peer] = entry
            case "ok", chat.LIST:
                lists[entry.peer] = entry
    gone = {name for name, end in ended.items() if end.text("state") != "running"}
    return ready, ended, {name: entry for name, entry in lists.items() if name not in gone}


def _field(entry: Entry, key: str) -> str:
    return str(entry.fields.get(key, "?"))


def ending(end: Entry | None) -> str:
    """Return how a peer was at the end, by the lab's line about that."""
    if end is None:
        return "not known"
    state, status = _field(end, "state"), end.fields.get("status")
    return state if status is None else f"{state} with status {status}"


def _listed(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    names = sorted(row_text(row, "peer") or _UNKNOWN_PEER for row in entry.rows)
    return named(names, _MOST_NAMES) or "none"


def messages_table(peers: Sequence[str], entries: Iterable[Entry]) -> Table:
    """Return the messages sent, shown to the receiver and confirmed to the sender, by pair.

    Each count was read from a console: the sender's reply to `send`, the receiver's notice, the
    sender's receipt.
    """
    pairs = _message_counts(entries)
    if len(peers) <= _MOST_PEERS and pairs:
        return _messages_matrix(peers, pairs)
    return _messages_list(pairs)


def _message_counts(entries: Iterable[Entry]) -> dict[PeerPair, MessageCounts]:
    sent: Counter[PeerPair] = Counter()
    shown: Counter[PeerPair] = Counter()
    confirmed: Counter[PeerPair] = Counter()
    for entry in entries:
        match entry.type, entry.verb:
            case "ok", chat.SEND:
                sent[entry.peer, entry.text("to")] += 1
            case "notice", "message":
                shown[entry.text("of"), entry.peer] += 1
            case "notice", "delivered":
                confirmed[entry.peer, entry.text("of")] += entry.number("count") or 1
    return {pair: (sent[pair], shown[pair], confirmed[pair]) for pair in sent | shown | confirmed}


def _messages_matrix(peers: Sequence[str], pairs: dict[PeerPair, MessageCounts]) -> Table:
    others = dict.fromkeys(name for pair in pairs for name in pair if name not in peers)
    names = [*peers, *others]
    matrix = table("from ╲ to")
    for name in names:
        matrix.add_column(plain(name or _UNKNOWN_PEER), overflow="fold")
    for sender in names:
        cells = [_message_cell(pairs.get((sender, receiver), (0, 0, 0))) for receiver in names]
        matrix.add_row(plain(sender or _UNKNOWN_PEER), *cells)
    return matrix


def _message_cell(counts: MessageCounts) -> Text:
    if not any(counts):
        return plain("·", "dim")
    return plain(" → ".join(f"{count:,}" for count in counts), _message_style(counts))


def _message_style(counts: MessageCounts) -> str:
    return "green" if len(set(counts)) == 1 else "red"


def _messages_list(pairs: dict[PeerPair, MessageCounts]) -> Table:
    """Return a row for each pair with messages, those whose counts differ first."""
    numbers = ("sent", "shown", "confirmed")
    rows = table("from", "to", *numbers, numbers=numbers)
    ordered = sorted(pairs.items(), key=lambda item: _message_style(item[1]) == "green")
    for names, counts in ordered[:_MOST_PAIRS]:
        cells = (plain(f"{count:,}", _message_style(counts)) for count in counts)
        rows.add_row(*(plain(name or _UNKNOWN_PEER) for name in names), *cells)
    if (more := len(ordered) - _MOST_PAIRS) > 0:
        rows.add_row(plain(f"… and {more:,} more", "dim"))
    return rows


def connections_table(entries: Sequence[Entry]) -> Table:
    """Return what was done to connections, the reply, and the notice at the other end."""
    made = table("at", "act", "its own console", "the other end", numbers=("at",))
    acts = [entry for entry in entries if entry.is_done and entry.verb in chat.CAUSES]
    notices = _ConnectionNotices(entries)
    for act in acts[:_MOST_ACTS]:
        caused = notices.take(act) if act.type != "fail" else []
        made.add_row(
            plain(f"{act.at:.3f}"),
            plain(f"{act.peer}: {act.verb} {act.text('to')}".rstrip()),
            plain(_said(act)),
            plain("\n".join(f"{notice.peer}: {_said(notice)}" for notice in caused) or "-"),
        )
    if (more := len(acts) - _MOST_ACTS) > 0:
        made.add_row("", plain(f"… and {more:,} more", "dim"))
    return made


class _ConnectionNotices:
    """The notices about connections, each taken once by the act that caused it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_cause: dict[tuple[str, str], dict[str, deque[Entry]]] = defaultdict(dict)
        kinds = set(chat.CAUSES.values())
        for entry in entries:
            if entry.type == "notice" and entry.verb in kinds:
                consoles = self._by_cause[entry.verb, entry.text("of")]
                consoles.setdefault(entry.peer, deque()).append(entry)

    def take(self, act: Entry) -> list[Entry]:
        consoles = self._by_cause.get((chat.CAUSES[act.verb], act.peer), {})
        concerned = list(consoles) if act.verb == chat.EXIT else [act.text("to")]
        taken = [consoles[peer].popleft() for peer in concerned if peer in consoles]
        for notice in taken:
            if not consoles[notice.peer]:
                del consoles[notice.peer]
        return taken


def _said(entry: Entry) -> str:
    return shortened(entry.text("said"), _LONGEST)

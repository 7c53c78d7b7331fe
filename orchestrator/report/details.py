"""What every peer of a run did: how it ended, who messaged whom, who was connected."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry, row_text
from orchestrator.report.connections import connections_table
from orchestrator.report.messages import messages_table
from orchestrator.report.text import named, plain, table, titled

_MOST_NAMES = 8


def print_details(console: Console, run: Run) -> None:
    """Print the peers, who messaged whom, and the connections."""
    tables = {
        "Peers": _peers_table(run),
        "Messages: sent → shown → confirmed": messages_table(run),
        "Connections and exits, as the consoles told them": connections_table(run.entries),
    }
    for title, each in tables.items():
        if each.row_count:
            console.print(titled(title, each))


def _peers_table(run: Run) -> Table:
    """Return where each peer was, and how it was doing at the end."""
    ready, ended, lists = _last_words(run)
    peers = table("peer", "address", "state at the end", "lists at the end")
    for name in run.peers:
        where, end = ready.get(name), ended.get(name)
        peers.add_row(
            plain(name),
            plain(f"{_field(where, 'address')}:{_field(where, 'port')}" if where else "not ready"),
            plain(_state(end)),
            plain(_listed(lists.get(name))),
        )
    return peers


def _last_words(run: Run) -> tuple[dict[str, Entry], dict[str, Entry], dict[str, Entry]]:
    """Return how peers were ready, how they ended and what they listed last."""
    ready, ended, lists = {}, {}, {}
    for entry in run.entries:
        match entry.type, entry.verb:
            case "lab", "ready":
                ready[entry.peer] = entry
            case "lab", "ended":
                ended[entry.peer] = entry
            case "ok", "list":
                lists[entry.peer] = entry
    gone = {name for name, end in ended.items() if end.text("state") != "running"}
    return ready, ended, {name: entry for name, entry in lists.items() if name not in gone}


def _field(entry: Entry, key: str) -> str:
    return str(entry.fields.get(key, "?"))


def _state(end: Entry | None) -> str:
    if end is None:
        return "not known"
    state, status = _field(end, "state"), end.fields.get("status")
    return state if status is None else f"{state} with status {status}"


def _listed(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    names = sorted(row_text(row, "peer") or "somebody else" for row in entry.rows)
    return named(names, _MOST_NAMES) or "nobody"

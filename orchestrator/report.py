"""The only place that prints tables. It reads a history; it never sees an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from orchestrator.checks import Judgement, Verdict
from orchestrator.history import Entry
from orchestrator.text import printable

_STYLES = {Judgement.VALID: "green", Judgement.INVALID: "bold red", Judgement.UNKNOWN: "yellow"}
_MARKS = {Judgement.VALID: "✓", Judgement.INVALID: "✗", Judgement.UNKNOWN: "?"}
_MIB = 1024 * 1024
_MOST_WITNESSES = 5
_ENDS = ("connect", "terminate", "exit")


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One peer as `ps` shows it; memory in bytes."""

    peer: str
    address: str
    port: int
    state: str
    connections: int | None
    memory: int | None

    def as_data(self) -> dict[str, Any]:
        """Return the row for `--json`."""
        return asdict(self)


def safe(text: object) -> str:
    """Return text that came from anywhere as rich may print it."""
    return escape(printable(str(text)))


def safe_lines(text: str) -> str:
    """Return text of several lines as rich may print it."""
    return "\n".join(map(safe, text.split("\n")))


def _table(title: str, *columns: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def peers_table(rows: Iterable[PeerRow]) -> Table:
    """Return the table of `ps`."""
    numbers = ("port", "connections", "memory")
    table = _table("Peers", "peer", "address", "port", "state", "connections", "memory",
                   numbers=numbers)  # fmt: skip
    for row in rows:
        connections = "?" if row.connections is None else str(row.connections)
        memory = "-" if row.memory is None else f"{row.memory / _MIB:.1f} MiB"
        cells = (row.peer, row.address, str(row.port), row.state, connections, memory)
        table.add_row(*map(safe, cells))
    return table


def ends_table(peers: Sequence[str], entries: Sequence[Entry]) -> Table:
    """Return where each peer was, and how it was doing at the end."""
    table = _table("Peers", "peer", "address", "state at the end", "lists at the end")
    for name in peers:
        told = {e.verb: e.fields for e in entries if e.type == "notice" and e.peer == name}
        ready, end = told.get("ready", {}), told.get("at the end", {})
        where = f"{ready['address']}:{ready['port']}" if ready else "never ready"
        shows = end.get("shows")
        listed = "-" if shows is None else ", ".join(shows) or "nobody"
        table.add_row(*map(safe, (name, where, end.get("state", "not known"), listed)))
    return table


def messages_table(peers: Sequence[str], entries: Sequence[Entry]) -> Table:
    """Return who messaged whom: sent, shown to the receiver, confirmed to the sender.

    Each figure was read from a console: the sender's reply to `send`, the receiver's
    notice, the sender's receipt.
    """
    table = _table("Messages: sent → shown → confirmed", "from ╲ to", *peers)
    sent = Counter((e.peer, e.fields["to"]) for e in entries if (e.verb, e.type) == ("send", "ok"))
    shown = _notices(entries, "message", swap=True)
    confirmed = _notices(entries, "delivered", swap=False)
    for one in peers:
        cells = []
        for other in peers:
            pair = (one, other)
            figures = (sent[pair], shown[pair], confirmed[pair])
            alike = len(set(figures)) == 1
            style = "dim" if not any(figures) else "green" if alike else "red"
            text = "·" if not any(figures) else " → ".join(map(str, figures))
            cells.append(f"[{style}]{text}[/]")
        table.add_row(safe(one), *cells)
    return table


def _notices(entries: Iterable[Entry], kind: str, *, swap: bool) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.type == "notice" and entry.verb == kind:
            other = entry.fields["of"]
            pair = (other, entry.peer) if swap else (entry.peer, other)
            found[pair] += int(entry.fields.get("count", 1))
    return found


def connections_table(entries: Sequence[Entry]) -> Table:
    """Return what was made and ended, as both ends told it."""
    table = _table("Connections and exits, as the consoles told them",
                   "at", "act", "its own console", "the other end")  # fmt: skip
    for entry in entries:
        if entry.verb in _ENDS and entry.type in ("ok", "fail", "info"):
            to = entry.fields.get("to", "")
            kind = "connected" if entry.verb == "connect" else "closed"
            told = [
                f"{other.peer}: {other.fields['said']}"
                for other in entries
                if other.type == "notice" and other.verb == kind
                and other.fields["of"] == entry.peer and (not to or other.peer == to)
            ]  # fmt: skip
            act = f"{entry.peer}: {entry.verb} {to}".rstrip()
            said, heard = safe(entry.fields.get("said", "")), "\n".join(map(safe, told)) or "-"
            table.add_row(f"{entry.at:.3f}", safe(act), said, heard)
    return table


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """Return each check's verdict with its first witnesses."""
    table = _table("Verdict", "check", "verdict", "on what evidence")
    for verdict in verdicts:
        style, mark = _STYLES[verdict.judgement], _MARKS[verdict.judgement]
        lines = [verdict.says, *verdict.witnesses[:_MOST_WITNESSES]]
        if len(verdict.witnesses) > _MOST_WITNESSES:
            lines.append(f"… and {len(verdict.witnesses) - _MOST_WITNESSES} more")
        name = verdict.judgement.name.lower()
        table.add_row(verdict.check, f"[{style}]{mark} {name}[/]", "\n".join(map(safe, lines)))
    return table


def show(console: Console, *what: RenderableType) -> None:
    """Print tables one below the other."""
    for each in what:
        console.print(each)


def verdict_line(name: str, judgement: Judgement, timing: Mapping[str, float]) -> str:
    """Return the last line of a run."""
    style, mark = _STYLES[judgement], _MARKS[judgement]
    times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in timing.items())
    return f"[{style}]{mark} {safe(name)}: {judgement.name.lower()}[/] ({times})"


def as_data(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts for `--json`."""
    return [
        {
            "check": verdict.check,
            "verdict": verdict.judgement.name.lower(),
            "says": verdict.says,
            "witnesses": list(verdict.witnesses),
        }
        for verdict in verdicts
    ]

r"""How the console's lines are worded: replies, notices, and text from strangers. Pure.

The grammar is written down in PROTOCOL.md. In short: a notice begins with ``* ``; a
reply is any number of lines that begin with two blanks, then one that begins with
``ok`` or ``error``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from peer import commands
from peer.events import Sent

_NARROWEST = 20  # columns; text for fewer is wrapped as if there were so many
_COLOURS = (
    (re.compile(r"ok:"), "32"),  # green
    (re.compile(r"error:"), "31"),  # red
    (re.compile(r"\* (?:message \d+ \S+ \([^)]*\):|connected .*|greeted .*)"), "36"),  # cyan
    (re.compile(r"\* (?:undelivered|closed|odd|turned away)\b"), "33"),  # yellow
    (re.compile(r"\* .*"), "2"),  # dim
)

# What may never reach a terminal as it is: controls (Cc), lone surrogates, line and
# paragraph separators, invisible formatting and direction marks (Cf). ZWNJ and ZWJ
# stay, since scripts and emoji need them.
_UNSAFE = (
    "\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001-\U000e007f"
)
_TO_ESCAPE = re.compile(rf"[{_UNSAFE}]|\\(?=[\\xu{_UNSAFE}])")
_FIRST_NON_ASCII = 0x80
_SURROGATE_BYTES = 0xDC00  # where Python's surrogateescape puts byte 0


def escape(raw: bytes) -> str:
    r"""Return text from the network as one line that cannot harm a terminal.

    A control character or a byte that is not UTF-8 becomes ``\xNN``, another unsafe
    character ``\u{N}``; a backslash is doubled where it could be taken for the start
    of one of these. So what was escaped can be read back exactly.
    """
    return _TO_ESCAPE.sub(_escape_one, raw.decode("utf-8", "surrogateescape"))


def _escape_one(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if code < _FIRST_NON_ASCII:
        return f"\\x{code:02x}"
    if _SURROGATE_BYTES + _FIRST_NON_ASCII <= code <= _SURROGATE_BYTES + 0xFF:
        return f"\\x{code - _SURROGATE_BYTES:02x}"
    return f"\\u{{{code:x}}}"


class Row(NamedTuple):
    """One connection as `list` shows it; `name` is empty for a plain TCP program."""

    id: int
    address: str
    port: int
    name: str

    @property
    def label(self) -> str:
        """Who is at the other end."""
        return f"{endpoint(self.address, self.port)} ({self.name or 'plain TCP'})"


def endpoint(address: str, port: int) -> str:
    """Return address and port as one word; an IPv6 address goes into brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def prompt(name: str, *, colours: bool = False) -> str:
    """Return the prompt of the peer `name`."""
    return f"{_painted(name, '1') if colours else name}> "


def coloured(line: str) -> str:
    """Return a line with its beginning in the colour of what it means."""
    for pattern, colour in _COLOURS:
        if start := pattern.match(line):
            return _painted(start.group(), colour) + line[start.end() :]
    return line


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


# Replies


def ok(text: str) -> str:
    """Return the last line of a reply that says yes."""
    return f"ok: {text}"


def error(text: str) -> str:
    """Return the last line of a reply that says no."""
    return f"error: {escape(text.encode('utf-8', 'surrogateescape'))}"


def help_lines(topic: str, columns: int = 0) -> list[str]:
    """Return the reply to `help`.

    Args:
        topic: the command to explain; empty for all.
        columns: the width that the lines must fit in; 0 for any.
    """
    entries = [commands.TABLE[topic]] if topic else list(commands.TABLE.values())
    width = max(len(entry.usage) for entry in entries)
    lines = [f"  {entry.usage:<{width}}  {entry.summary}" for entry in entries]
    if columns and max(map(len, lines)) > columns:
        lines = [line for entry in entries for line in _stacked(entry, columns)]
    return [*lines, ok(_count(len(entries), "command"))]


def _stacked(entry: commands.Entry, columns: int) -> list[str]:
    """Return a command's usage and, below it, what it does."""
    room = max(columns, _NARROWEST)
    usage = textwrap.wrap(entry.usage, room, initial_indent="  ", subsequent_indent="    ")
    return usage + textwrap.wrap(entry.summary, room, initial_indent=" " * 6,
                                 subsequent_indent=" " * 6)  # fmt: skip


def list_lines(rows: Sequence[Row]) -> list[str]:
    """Return the reply to `list`."""
    lines = []
    if rows:
        width = max(len("address"), *(len(row.address) for row in rows))
        lines = [f"  {'id':<4}  {'address':<{width}}  {'port':<5}  name"]
        lines += [
            f"  {row.id:<4}  {row.address:<{width}}  {row.port:<5}  {row.name or '-'}"
            for row in rows
        ]
    return [*lines, ok(_count(len(rows), "connection"))]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def connected_reply(row: Row) -> str:
    """Return the reply to a `connect` that succeeded."""
    return ok(f"connected {row.id} {row.label}")


def terminated_reply(row: Row) -> str:
    """Return the reply to `terminate`."""
    return ok(f"terminated {row.id} {row.label}")


def sent_reply(row: Row, number: int) -> str:
    """Return the reply to `send`."""
    return ok(f"sent {row.id} #{number}" + ("" if row.name else " (plain TCP: no receipt)"))


# Notices


def notice(text: str) -> str:
    """Return a notice: a line that answers no command."""
    return f"* {text}"


def banner(version: str) -> str:
    """Return what a peer at a terminal says first."""
    return notice(f"peerlab {version}: Tab completes, Up recalls, exit leaves")


def listening(where: str, name: str) -> str:
    """Return the line that says that a peer is ready."""
    return notice(f"listening on {where} ({name}); help shows the commands")


def connected(row: Row) -> str:
    """Return the notice that another peer connected."""
    return notice(f"connected {row.id} {row.label}")


def upgraded(row: Row) -> str:
    """Return the notice that a supposed plain program greeted after all."""
    return notice(f"greeted {row.id} {row.label}: late, receipts from now on")


def message(row: Row, raw: bytes) -> str:
    """Return the notice of a message."""
    return notice(f"message {row.id} {row.label}: {escape(raw)}")


def delivered(row: Row, first: int, last: int) -> str:
    """Return the notice that messages were confirmed."""
    return notice(f"delivered {row.id} #{first}" + (f"-{last}" if last > first else ""))


def undelivered(row: Row, lost: Iterable[Sent]) -> list[str]:
    """Return a notice for each message for which no receipt came."""
    return [
        notice(f"undelivered {row.id} #{sent.number}: {escape(sent.text.encode('utf-8'))}")
        for sent in lost
    ]


def odd(row: Row, what: str) -> str:
    """Return the notice that explains what another program does wrong."""
    return notice(f"odd {row.id} {row.label}: {what}")


def closed(row: Row, why: str) -> str:
    """Return the notice that a connection is over."""
    return notice(f"closed {row.id} {row.label}: {why}")


def turned_away(count: int, why: str) -> str:
    """Return the notice that connections were refused."""
    return notice(f"turned away {_count(count, 'connection')}: {why}")

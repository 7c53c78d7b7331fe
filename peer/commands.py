"""The commands that a person types: their table, and how a line becomes one. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from peer.wire import LARGEST_PORT, MAX_TEXT, Fieldless

_LARGEST_ID_DIGITS = 9


class CommandError(Exception):
    """A line is no command; the text says why, in one line."""


class Help(NamedTuple):
    """Show every command, or the one named by `topic`."""

    topic: str


class MyIp(Fieldless):
    """Show the address that other peers reach this one at."""


class MyPort(Fieldless):
    """Show the listening port."""


class Connect(NamedTuple):
    """Dial `destination`, an address or a host name."""

    destination: str
    port: int


class List(Fieldless):
    """Show every connection."""


class Terminate(NamedTuple):
    """End connection `id`."""

    id: int


class Send(NamedTuple):
    """Send `text` on connection `id`, byte for byte."""

    id: int
    text: str


class Exit(Fieldless):
    """Close everything and leave."""


Answered = Help | MyIp | MyPort | List | Terminate | Send | Exit
Command = Answered | Connect


class Entry(NamedTuple):
    """One row of the table: a command's usage, what it does, how to read its arguments."""

    usage: str
    summary: str
    read: Callable[[str], Command]

    @property
    def verb(self) -> str:
        """The command's first word."""
        return self.usage.partition(" ")[0]


def parse(line: str) -> Command:
    """Return the command that `line` is.

    Blanks around words do not matter, except in the text of a message: that begins
    after exactly one blank behind the id and runs to the end of the line.

    Raises:
        CommandError: it is none.
    """
    verb, rest = _cut(line)
    if not verb:
        raise CommandError("nothing typed; help shows the commands")
    entry = TABLE.get(verb)
    if entry is None:
        raise CommandError(f"unknown command {_shown(verb)}; {_suggestion(verb)}")
    try:
        return entry.read(rest)
    except ValueError as error:
        raise CommandError(f"{verb}: {error}; usage: {entry.usage}") from error


def _cut(line: str) -> tuple[str, str]:
    """Return the first word, and what follows the one blank behind it."""
    line = line.lstrip(" \t")
    word = re.split(r"[ \t]", line, maxsplit=1)[0]
    return word.rstrip(), line[len(word) + 1 :]


def _shown(word: str) -> str:
    return repr(word if len(word) <= 40 else word[:40] + "…")  # noqa: PLR2004 - fits a line


def _suggestion(verb: str) -> str:
    import difflib  # noqa: PLC0415 - a peer should not start slower for its typos' sake

    near = difflib.get_close_matches(verb[:40].lower(), TABLE, n=1)
    if near and near[0] == verb.lower():
        return f"commands are in lower case: {near[0]}"
    return f"did you mean {near[0]}?" if near else "help shows the commands"


def _nothing(command: Command) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        if rest.strip():
            raise ValueError("takes no argument")
        return command

    return read


def _read_help(rest: str) -> Command:
    words = rest.split()
    if len(words) > 1:
        raise ValueError("takes one command at most")
    topic = words[0] if words else ""
    if topic and topic not in TABLE:
        raise ValueError(f"no command {_shown(topic)}")
    return Help(topic)


def _read_connect(rest: str) -> Command:
    words = rest.split()
    if len(words) != len(("destination", "port")):
        raise ValueError("needs a destination and a port")
    return Connect(words[0], read_port(words[1], lowest=1))


def _read_terminate(rest: str) -> Command:
    words = rest.split()
    if len(words) != 1:
        raise ValueError("needs one id")
    return Terminate(_read_id(words[0]))


def _read_send(rest: str) -> Command:
    number, text = _cut(rest)
    if not number:
        raise ValueError("needs an id and a message")
    identity = _read_id(number)
    if not text:
        raise ValueError("needs a message")
    size = _utf8_size(text)
    if size > MAX_TEXT:
        raise ValueError(f"the message has {size:,} bytes, more than {MAX_TEXT:,}")
    return Send(identity, text)


def _utf8_size(text: str) -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError("the message is not valid UTF-8") from error


def _read_id(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= _LARGEST_ID_DIGITS):
        raise ValueError(f"{_shown(word)} is not an id; list shows the ids")
    return int(word)


def read_port(word: str, lowest: int) -> int:
    """Return the port that `word` says.

    Raises:
        ValueError: it is not a number from `lowest` to 65,535.
    """
    if not (word.isascii() and word.isdigit()):
        raise ValueError(f"{_shown(word)} is not a port number")
    if len(word) > len(str(LARGEST_PORT)) or not lowest <= int(word) <= LARGEST_PORT:
        raise ValueError(f"port {_shown(word)} is out of range, {lowest} to {LARGEST_PORT:,}")
    return int(word)


TABLE: dict[str, Entry] = {
    entry.verb: entry
    for entry in (
        Entry("help [command]", "show every command, or one", _read_help),
        Entry("myip", "show the address where others reach this peer", _nothing(MyIp())),
        Entry("myport", "show the port this peer listens on", _nothing(MyPort())),
        Entry(
            "connect <destination> <port>",
            "connect to a peer by address or host name",
            _read_connect,
        ),
        Entry("list", "show every connection: id, address, port, name", _nothing(List())),
        Entry("terminate <id>", "end a connection; list shows the ids", _read_terminate),
        Entry("send <id> <message>", "send a message, blanks and all, on a connection", _read_send),
        Entry("exit", "close every connection and leave", _nothing(Exit())),
    )
}

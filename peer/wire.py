"""Lines and frames: how bytes on a connection become values, and back.

Pure functions and one small decoder; no socket, no thread, no clock.
PROTOCOL.md in this folder is the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_TEXT = 16_384
"""Longest message text, in bytes of UTF-8."""

MAX_LINE = MAX_TEXT + 64
"""Longest line on the wire, in bytes, without its newline: a text and its frame."""

LARGEST_PORT = 65_535
"""RFC 9293."""

NAME_CHARACTERS = "A-Za-z0-9._-"
"""What a peer's name may consist of, as the inside of a character class."""

LONGEST_NAME = 63
"""Longest name of a peer, in characters; that of a host name's label, RFC 1035."""

VERSION = "PEERLAB/1"
"""First word of every greeting line."""


class LineTooLongError(Exception):
    """The other end sent more than `MAX_LINE` bytes without a newline."""


class FrameError(Exception):
    """A line is not a frame, though only frames may come now."""


class LineDecoder:
    """Cuts a stream of bytes into lines, whatever the segments they arrive in."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def receive_data(self, data: bytes) -> Iterator[bytes]:
        """Yield each line that `data` completes, without its newline.

        Raises:
            LineTooLongError: a line is longer than `MAX_LINE`; what came before it
                has been yielded.
        """
        start = len(self._rest)
        self._rest += data
        while (end := self._rest.find(b"\n", start)) >= 0:
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            start = 0
            if len(line) > MAX_LINE:
                raise LineTooLongError
            yield line
        if len(self._rest) > MAX_LINE:
            self._rest.clear()
            raise LineTooLongError

    def receive_eof(self) -> bytes:
        """Return what followed the last newline; empty when nothing did."""
        rest = bytes(self._rest)
        self._rest.clear()
        return rest


class Fieldless:
    """A value that has no fields: two of one class are equal.

    The peer's other values are named tuples: those of two classes are equal if their fields
    are. Data classes are stricter, but slow to make (Python 3.11: 0.6 ms a class, not 0.08, and
    9 ms for the module): with them, starting a peer took 109 ms of processor, not 68.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Identity(NamedTuple):
    """What a peer says about itself in its greeting.

    Attributes:
        instance: random name of this run of the program, 16 hexadecimal digits.
        port: the port it listens on.
        name: its host's name, for people; not verified.
    """

    instance: str
    port: int
    name: str


class Hello(NamedTuple):
    """First line of the peer that dialled."""

    identity: Identity
    nonce: str


class Welcome(NamedTuple):
    """Answer to a `Hello`; `echo` is the nonce of that hello."""

    identity: Identity
    nonce: str
    echo: str


class Ready(NamedTuple):
    """Answer to a `Welcome`; `echo` is the nonce of that welcome. Frames follow."""

    echo: str


class Refuse(NamedTuple):
    """The connection is not wanted; `echo` is the nonce last heard, or ``-``."""

    reason: str
    echo: str


class Probe(Fieldless):
    """The health check asks whether the peer answers."""


class Alive(Fieldless):
    """Answer to a `Probe`."""


class Message(NamedTuple):
    """A text; numbers count from 1 in each direction of a connection."""

    number: int
    text: str


class Receipt(NamedTuple):
    """Every message up to `number` has been received."""

    number: int


class Ping(Fieldless):
    """A sign of life is asked for."""


class Pong(Fieldless):
    """A sign of life."""


class Bye(NamedTuple):
    """No more messages will follow; `reason` is ``terminate`` or ``exit``."""

    reason: str


Greeting = Hello | Welcome | Ready | Refuse | Probe | Alive
Frame = Message | Receipt | Ping | Pong | Bye

_NONCE = r"([0-9a-f]{16})"
_IDENTITY = rf"([1-9][0-9]{{0,4}}) {_NONCE}"
_NAME = rf"([{NAME_CHARACTERS}]{{1,{LONGEST_NAME}}})"
_GREETINGS = {
    "hello": re.compile(rf"hello {_IDENTITY} {_NONCE} {_NAME}"),
    "welcome": re.compile(rf"welcome {_IDENTITY} {_NONCE} {_NONCE} {_NAME}"),
    "ready": re.compile(rf"ready {_NONCE}"),
    "refuse": re.compile(rf"refuse (self|duplicate|full) ({_NONCE}|-)"),
    "probe": re.compile("probe"),
    "alive": re.compile("alive"),
}
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def parse_greeting(line: bytes) -> Greeting | None:
    """Return the greeting that `line` is, or None when it is any other text."""
    version, _, rest = line.decode("ascii", "replace").partition(" ")
    pattern = _GREETINGS.get(rest.partition(" ")[0])
    if version != VERSION or pattern is None or not (match := pattern.fullmatch(rest)):
        return None
    return _greeting(rest.partition(" ")[0], match.groups())


def _greeting(verb: str, words: tuple[str, ...]) -> Greeting | None:
    if verb in ("hello", "welcome"):
        port = int(words[0])
        if port > LARGEST_PORT:
            return None
        identity = Identity(words[1], port, words[-1])
        return Hello(identity, words[2]) if verb == "hello" else Welcome(identity, *words[2:4])
    if verb == "refuse":
        return Refuse(words[0], words[1])
    if verb == "ready":
        return Ready(words[0])
    return Probe() if verb == "probe" else Alive()


def parse_frame(line: bytes) -> Frame:
    """Return the frame that `line` is.

    Raises:
        FrameError: it is none, or its text is not UTF-8.
    """
    try:
        verb, blank, rest = line.decode("utf-8").partition(" ")
    except UnicodeDecodeError as error:
        raise FrameError("not UTF-8") from error
    if verb == "msg":
        number, second_blank, text = rest.partition(" ")
        if second_blank:
            return Message(_number(number), text)
    elif verb == "got":
        return Receipt(_number(rest))
    elif verb in ("ping", "pong") and not blank:
        return Ping() if verb == "ping" else Pong()
    elif verb == "bye" and rest in ("terminate", "exit"):
        return Bye(rest)
    raise FrameError("not a frame")


def _number(word: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise FrameError("not a message number")
    return int(word)


def encode(item: Greeting | Frame) -> bytes:
    """Return `item` as its line, newline included."""
    match item:
        case Hello(me, nonce):
            text = f"{VERSION} hello {me.port} {me.instance} {nonce} {me.name}"
        case Welcome(me, nonce, echo):
            text = f"{VERSION} welcome {me.port} {me.instance} {nonce} {echo} {me.name}"
        case Ready(echo):
            text = f"{VERSION} ready {echo}"
        case Refuse(reason, echo):
            text = f"{VERSION} refuse {reason} {echo}"
        case Probe() | Alive():
            text = f"{VERSION} {type(item).__name__.lower()}"
        case Message(number, words):
            text = f"msg {number} {words}"
        case Receipt(number):
            text = f"got {number}"
        case Bye(reason):
            text = f"bye {reason}"
        case Ping() | Pong():
            text = type(item).__name__.lower()
    return text.encode("utf-8") + b"\n"

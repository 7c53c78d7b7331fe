"""What a connection's protocol reports to the peer: plain values."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from peer.wire import Fieldless, Identity


class EndReason(Enum):
    """Why a connection ended; the value is the phrase that a person reads."""

    TERMINATED_HERE = "terminated here"
    TERMINATED_THERE = "terminated by the other end"
    EXITED_HERE = "this peer exited"
    EXITED_THERE = "the other peer exited"
    END_OF_STREAM = "closed by the other end without a goodbye"
    RESET = "reset by the other end"
    UNREACHABLE = "the network gave up on it"
    SILENT = "no sign of life"
    NEVER_GREETED = "the greeting was never finished"
    LINE_TOO_LONG = "it sent a line without end"
    BAD_FRAME = "it broke the protocol"
    REFUSED = "refused"
    CALLED_OFF = "called off"
    REPLACED = "it was dead: the peer came back on a new connection"
    PROBED = "health check"
    NOTHING_SAID = "closed before a word was said"


class Sent(NamedTuple):
    """A message that was accepted for sending on one connection."""

    number: int
    text: str


class Opened(NamedTuple):
    """The connection is established; `remote` is None for a plain TCP program."""

    remote: Identity | None


class Upgraded(NamedTuple):
    """A program taken for a plain one greeted after all."""

    remote: Identity


class Received(NamedTuple):
    """A message arrived; `raw` is its text as bytes, UTF-8 unless the program is plain."""

    raw: bytes


class Delivered(NamedTuple):
    """The other peer confirmed the messages `first` to `last`."""

    first: int
    last: int


class Odd(NamedTuple):
    """The other program did something that deserves one line of explanation."""

    what: str


class Leaving(Fieldless):
    """One end said goodbye; what is under way is still being settled."""


class Closed(NamedTuple):
    """The connection is over.

    Attributes:
        ending: why.
        undelivered: the messages for which no receipt came, oldest first.
        refusal: ``self``, ``duplicate`` or ``full`` where `ending` is `EndReason.REFUSED`.
    """

    ending: EndReason
    undelivered: tuple[Sent, ...] = ()
    refusal: str = ""


Event = Opened | Upgraded | Received | Delivered | Odd | Leaving | Closed

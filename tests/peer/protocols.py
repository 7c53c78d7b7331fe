"""Two protocols joined by hand, for the tests of the protocol."""

from __future__ import annotations

from collections.abc import Iterable

from peer import wire
from peer.events import Event, Opened, Received
from peer.limits import Limits
from peer.protocol import Protocol, Role

ALICE = wire.Identity("a" * 16, 5000, "alice")
BOB = wire.Identity("b" * 16, 6000, "bob")
LIMITS = Limits()
NEVER = float("inf")


def dialler(refusal: str | None = None, limits: Limits = LIMITS) -> Protocol:
    return make(Role.DIALLER, ALICE, "d" * 16, refusal, limits)


def acceptor(refusal: str | None = None, limits: Limits = LIMITS) -> Protocol:
    return make(Role.ACCEPTOR, BOB, "c" * 16, refusal, limits)


def make(role: Role, me: wire.Identity, nonce: str, refusal: str | None = None,
         limits: Limits = LIMITS) -> Protocol:  # fmt: skip
    return Protocol(role, me, nonce, lambda _: refusal, limits, 0.0)


def written(protocol: Protocol, now: float = 0.0) -> bytes:
    """Take everything that the protocol wants written."""
    out = b""
    while data := protocol.data_to_send():
        protocol.data_sent(len(data), now)
        out += data
    return out


def talk(one: Protocol, other: Protocol, now: float = 0.0) -> None:
    """Carry bytes both ways until both are quiet."""
    while True:
        there, back = written(one, now), written(other, now)
        if not there and not back:
            return
        if there:
            other.receive_data(there, now)
        if back:
            one.receive_data(back, now)


def opened() -> tuple[Protocol, Protocol]:
    one, other = dialler(), acceptor()
    talk(one, other)
    assert named(one.events_received()) == named([Opened(BOB)])
    assert named(other.events_received()) == named([Opened(ALICE)])
    return one, other


def named(events: Iterable[Event]) -> list[str]:
    """Return events with their kinds: those of different kinds may be equal."""
    return [repr(event) for event in events]


def texts(protocol: Protocol) -> list[bytes]:
    return [event.raw for event in protocol.events_received() if isinstance(event, Received)]


def line(item: wire.Greeting | wire.Frame) -> bytes:
    return wire.encode(item)


HELLO = line(wire.Hello(ALICE, "d" * 16))
WELCOME = line(wire.Welcome(BOB, "c" * 16, "d" * 16))
READY = line(wire.Ready("c" * 16))

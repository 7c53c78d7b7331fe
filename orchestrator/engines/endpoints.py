"""Endpoints of TCP sockets: as the kernel lists them, and compared with what programs show."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass

Endpoint = tuple[str, int]  # a plain address and a port


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """A TCP socket, as the kernel lists it.

    Attributes:
        local: its own end.
        remote: the other end; None while it listens.
        state: in the words of psutil and netstat: ``LISTEN``, ``ESTABLISHED``, ``CLOSE_WAIT``.
        unread: bytes that have come and that its program has not read; 0 if that is unknown.
        unsent: bytes whose arrival was not acknowledged; 0 if that is unknown.
        accepted: whether its program has it; otherwise it waits to be accepted.
    """

    local: Endpoint
    remote: Endpoint | None
    state: str
    unread: int = 0
    unsent: int = 0
    accepted: bool = True

    @property
    def phrase(self) -> str:
        """The socket as a person writes it: `10.0.0.2:5000 → 10.0.0.3:40002 TIME_WAIT`."""
        ends = [text(end) for end in (self.local, self.remote) if end]
        return f"{' → '.join(ends)} {self.state}"


_ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - other programs' sockets


def plain(address: str) -> str:
    """Return an address in a form to compare; any other text comes back unchanged.

    An IPv4 address that an IPv6 socket shows, such as ``::ffff:10.0.0.2``, is the IPv4 one.
    """
    text = address.strip().strip("[]").partition("%")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return "127.0.0.1" if text.lower() == "localhost" else text
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def is_address(text: str) -> bool:
    """Return whether a text is an address of IPv4 or IPv6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def text(end: Endpoint) -> str:
    """Return an endpoint as a person writes it."""
    address = plain(end[0])
    return f"[{address}]:{end[1]}" if ":" in address else f"{address}:{end[1]}"


def shared(one: Iterable[TcpSocket], other: Iterable[TcpSocket]) -> int:
    """Return how many connections two hosts have with each other, established at both ends."""
    return len(_shared(one, other))


def held(sockets: Iterable[TcpSocket]) -> int:
    """Return how many established ends of connections a host has; one with itself has two."""
    return len(_established(sockets))


def shared_ports(one: Iterable[TcpSocket], other: Iterable[TcpSocket]) -> set[int]:
    """Return the ports, at both ends, of the connections that two hosts have with each other."""
    return {port for ends in _shared(one, other) for _, port in ends}


def _shared(one: Iterable[TcpSocket], other: Iterable[TcpSocket]) -> set[tuple[Endpoint, Endpoint]]:
    return _established(one) & {(far, near) for near, far in _established(other)}


def _established(sockets: Iterable[TcpSocket]) -> set[tuple[Endpoint, Endpoint]]:
    return {
        ((plain(it.local[0]), it.local[1]), (plain(it.remote[0]), it.remote[1]))
        for it in sockets
        if it.state == "ESTABLISHED" and it.remote
    }


def is_among(address: str, port: str, sockets: Iterable[Endpoint], own: Collection[str]) -> bool:
    """Return whether one of some local sockets has this address and port.

    Args:
        address: as some program shows it.
        port: as some program shows it.
        sockets: their local endpoints.
        own: the addresses of this host, beside the loopback ones: a socket that is bound to
            all addresses has them too.
    """
    wanted = plain(address)
    bound = {plain(local) for local, number in sockets if str(number) == port.strip()}
    if wanted in bound:
        return True
    return not bound.isdisjoint(_ALL_ADDRESSES) and (wanted in own or _is_loopback(wanted))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

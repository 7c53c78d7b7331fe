"""Whose an endpoint is that a program shows: addresses and ports, compared as they mean."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

Endpoint = tuple[str, int]
"""A plain address and a port."""

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - where a socket listens, not ours


def plain(address: str) -> str:
    """Return an address as it is compared; what is none comes back as it is.

    An IPv4 address that an IPv6 socket shows, such as ``::ffff:10.0.0.2``, is the IPv4 one.
    """
    text = address.strip().strip("[]").partition("%")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return "127.0.0.1" if text.lower() == "localhost" else text
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def is_among(address: str, port: str, sockets: Iterable[Endpoint], own: Collection[str]) -> bool:
    """Tell whether one of some local sockets has this address and port.

    Args:
        address: as somebody shows it.
        port: the same.
        sockets: where they are bound.
        own: the addresses at which a socket is reached that is bound to all of them, beside
            the loopback ones.
    """
    wanted = plain(address)
    bound = {plain(each) for each, number in sockets if str(number) == port.strip()}
    if wanted in bound:
        return True
    return any(each in bound for each in _EVERYWHERE) and (wanted in own or _is_loopback(wanted))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

"""Comparing endpoints as programs show them: by what they mean, not how they are written."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

Endpoint = tuple[str, int]
"""A plain address and a port."""

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

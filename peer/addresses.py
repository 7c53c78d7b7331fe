"""Addresses: this host's own, and those that a destination stands for."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from typing import NamedTuple

from peer.waker import Waker

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_LONGEST_NAME = 253  # RFC 1035
# Nothing is sent there: connecting a UDP socket only asks the kernel for a route.
_OUTSIDE = ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1"))
_SIOCGIFADDR = 0x8915  # Linux, netdevice(7)


class DestinationError(Exception):
    """A destination stands for no address; the text says why."""


class Target(NamedTuple):
    """One address to dial, as `socket.connect` takes it."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int]


def own_address(bound: str) -> str | None:
    """Return the address that others reach this host at; None when it has none.

    Args:
        bound: the address that the listener is bound to; empty for every address.
    """
    if bound and not ipaddress.ip_address(bound).is_unspecified:
        return bound
    for candidate in (_by_route, _by_interface, _by_name):
        address = candidate()
        if address and not ipaddress.ip_address(address).is_loopback:
            return address
    return None


def _by_route() -> str | None:
    for family, outside in _OUTSIDE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((outside, 9))
                return normal(str(probe.getsockname()[0]))
        except OSError:
            continue
    return None


def _by_interface() -> str | None:
    """Ask every interface, for hosts without a route to the outside (Linux only)."""
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = name.encode()[:15].ljust(256, b"\0")
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue
            address = socket.inet_ntoa(answer[20:24])
            if not ipaddress.ip_address(address).is_loopback:
                return address
    return None


def _by_name() -> str | None:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return None


def normal(address: str) -> str:
    """Return `address` in the form that people compare: IPv4 where it is mapped IPv4."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def resolve(destination: str, port: int, timeout: float, waker: Waker) -> list[Target]:
    """Return the addresses that `destination` stands for, best first.

    Args:
        destination: an IPv4 or IPv6 address, or a host name.
        port: the port to dial there.
        timeout: longest wait for the name service, in seconds.
        waker: ends the wait early.

    Raises:
        DestinationError: malformed, unknown, or the name service does not answer.
    """
    literal = _check_form(destination)
    flags = socket.AI_NUMERICHOST if literal else 0
    found: list[Target] = []
    failure: list[OSError] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(
                destination, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags
            )
        except (OSError, UnicodeError) as error:
            failure.append(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            found.extend(Target(family, address) for family, _, _, _, address in answers)  # type: ignore[arg-type]
        finally:
            waker.wake()

    if literal:
        look_up()
        woken = True
    else:
        woken = _run_aside(look_up, timeout, waker)
    if found:
        return found
    if failure:
        raise DestinationError(f"unknown host {destination}")
    why = "called off" if woken else f"timed out after {timeout:g} s"
    raise DestinationError(f"{why} looking up {destination}")


def _run_aside(look_up: Callable[[], None], timeout: float, waker: Waker) -> bool:
    """Return whether the waker was woken in time: by `look_up`, or to call it off.

    getaddrinfo cannot be interrupted: a daemon thread is left behind where the name
    service is silent, and ends with the process.
    """
    try:
        threading.Thread(target=look_up, name="resolver", daemon=True).start()
    except RuntimeError as error:
        raise DestinationError("the system has no thread left for a look-up") from error
    return waker.wait(timeout)


def _check_form(destination: str) -> bool:
    """Return whether `destination` is an address; raise where it is not even a name."""
    try:
        ipaddress.ip_address(destination)
    except ValueError:
        numeric = not destination.strip("0123456789.")
        named = len(destination) <= _LONGEST_NAME and _HOST_NAME.fullmatch(destination)
        if numeric or not named:
            raise DestinationError(f"malformed address {destination[:80]!r}") from None
        return False
    return True

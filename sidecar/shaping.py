"""Writes the commands that `tc` takes: a class of its own for each limit on what goes out.

The root lets everything pass that is in no class, so nothing is shaped unless `nft`
puts it into a class, which lasts no longer than the lease.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from sidecar.rules import Leave

HANDLE = "7ee7"
"""The root's name, by which it is known as ours."""

_FIRST_MINOR = 0x10
_PACKET = 1514  # bytes of a full packet on an Ethernet
_BURST_SECONDS = 0.005  # how much of the rate may go at once
_LEAST_BURST = 1600  # a packet, or the limit would never let one go
_QUEUE_SECONDS = 1.0  # how much of the rate may wait before packets are lost
_LEAST_QUEUE = 80_000  # bytes; a fast sender hands over 64 kB in one packet, which must fit
_UNLIMITED = 10**10  # bytes a second, for a class that only delays
_MANY_PACKETS = 10_000  # in a queue that only delays


@dataclass(frozen=True, slots=True)
class Slow:
    """A class on one interface.

    Attributes:
        device: the interface.
        minor: its number, which no other class has on any interface.
        targets: the addresses whose packets are put into it.
        leave: what becomes of them.
    """

    device: str
    minor: int
    targets: tuple[str, ...]
    leave: Leave


def plan(
    leaves: Iterable[Leave], device_to: Callable[[str], str], before: Sequence[Slow]
) -> tuple[Slow, ...]:
    """Return the classes that are needed; those that stay keep their numbers.

    Args:
        leaves: what shall become of packets that go out.
        device_to: tells by which interface an address is reached.
        before: the classes that are there.
    """
    known = {(one.device, one.targets): one.minor for one in before}
    wanted = [(key, leave) for leave in leaves for key in _by_device(leave.targets, device_to)]
    taken = {known[key] for key, _ in wanted if key in known}
    free = (minor for minor in range(_FIRST_MINOR, 1 << 16) if minor not in taken)
    return tuple(
        Slow(device, known.get((device, targets)) or next(free), targets, leave)
        for (device, targets), leave in wanted
    )


def _by_device(
    targets: Iterable[str], device_to: Callable[[str], str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for target in targets:
        found.setdefault(device_to(target), []).append(target)
    return ((device, tuple(addresses)) for device, addresses in found.items())


def root(device: str) -> str:
    """Return what gives an interface the root that classes hang on."""
    return f"qdisc add dev {device} root handle {HANDLE}: htb default 0"


def no_root(device: str) -> str:
    """Return what takes the root away, and all its classes."""
    return f"qdisc del dev {device} root"


def shape(one: Slow) -> list[str]:
    """Return what makes a class be as it shall be, whether it is there or not."""
    at = f"dev {one.device} parent {HANDLE}:"
    return [f"class replace {at} classid {HANDLE}:{one.minor:x} {_rate(one.leave)}", _leaf(one, at)]


def no_class(one: Slow) -> str:
    """Return what takes a class away; what waits in it is lost."""
    return f"class del dev {one.device} classid {HANDLE}:{one.minor:x}"


def _rate(leave: Leave) -> str:
    """Return the rate; `bps` means bytes a second here."""
    rate = leave.bandwidth or _UNLIMITED
    burst = max(_LEAST_BURST, int(rate * _BURST_SECONDS))
    return f"htb rate {rate}bps ceil {rate}bps burst {burst} cburst {burst} quantum {_PACKET}"


def _leaf(one: Slow, at: str) -> str:
    leave = one.leave
    at = f"qdisc replace {at}{one.minor:x}"
    if not (leave.delay or leave.jitter):
        limit = max(_LEAST_QUEUE, int((leave.bandwidth or _UNLIMITED) * _QUEUE_SECONDS))
        return f"{at} bfifo limit {min(limit, 1 << 30)}"
    jitter = f" {_micro(leave.jitter)}" if leave.jitter else ""
    return f"{at} netem limit {_packets(leave)} delay {_micro(leave.delay)}{jitter}"


def _packets(leave: Leave) -> int:
    """Return how many packets may wait: those under way, and those of the queue."""
    if leave.bandwidth is None:
        return _MANY_PACKETS
    seconds = leave.delay + leave.jitter + _QUEUE_SECONDS
    return max(_LEAST_QUEUE // _PACKET, ceil(leave.bandwidth * seconds / _PACKET))


def _micro(seconds: float) -> str:
    return f"{round(seconds * 1_000_000)}us"


def roots(listing: str) -> dict[str, str]:
    """Return the root of each interface that was given one, ``kind handle``, out of a listing.

    Those that the kernel gives an interface by itself have no handle and are not told.
    """
    return {
        each["dev"]: f"{each['kind']} {each['handle']}"
        for each in json.loads(listing)
        if each.get("root") and each["handle"] != "0:"
    }


OURS = f"htb {HANDLE}:"
"""A root of ours, as `roots` tells it."""


def device_of(listing: str) -> str:
    """Return the interface by which an address is reached, out of a listing of its route."""
    return str(json.loads(listing)[0]["dev"])

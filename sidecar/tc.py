"""Writes `tc` commands: the kernel's queues for bandwidth and delay, one class for each limit.

The root passes everything that is in no class, so nothing is limited unless `nft` puts it
into a class, which ends with the lease.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil
from typing import NamedTuple

from sidecar.ruleset import LeaveRule

HANDLE = "7ee7"
"""The handle by which a root qdisc is known to be ours."""

_FIRST_MINOR = 0x10
_PACKET = 1514  # bytes of a full packet on an Ethernet
_BURST_SECONDS = 0.005  # of the rate may go at once
_LEAST_BURST = 1600  # a packet, or the limit would never let one go
_QUEUE_SECONDS = 1.0  # of the rate may wait before packets are lost
_LEAST_QUEUE = 80_000  # bytes; a fast sender hands over 64 kB in one packet, which must fit
_UNLIMITED = 10**10  # bytes a second, for a class that only delays
_MANY_PACKETS = 10_000  # in a queue that only delays


class LimitClass(NamedTuple):
    """A class of one interface.

    Attributes:
        device: the interface.
        minor: its number, which no other class has on any interface.
        targets: the addresses whose packets are put into it.
        rule: what happens to them.
    """

    device: str
    minor: int
    targets: tuple[str, ...]
    rule: LeaveRule


def plan(
    rules: Iterable[LeaveRule], device_to: Callable[[str], str], before: Sequence[LimitClass]
) -> tuple[LimitClass, ...]:
    """Return the classes that are needed; those that stay keep their numbers.

    Args:
        rules: what happens to packets that leave.
        device_to: returns the interface by which an address is reached.
        before: the classes that exist.
    """
    known = {(limit.device, limit.targets): limit.minor for limit in before}
    wanted = [(key, rule) for rule in rules for key in _by_device(rule.targets, device_to)]
    taken = {known[key] for key, _ in wanted if key in known}
    free = (minor for minor in range(_FIRST_MINOR, 1 << 16) if minor not in taken)
    return tuple(
        LimitClass(device, known.get((device, targets)) or next(free), targets, rule)
        for (device, targets), rule in wanted
    )


def _by_device(
    targets: Iterable[str], device_to: Callable[[str], str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for target in targets:
        found.setdefault(device_to(target), []).append(target)
    return ((device, tuple(addresses)) for device, addresses in found.items())


def add_root(device: str) -> str:
    """Return the command that gives an interface the root of all classes."""
    return f"qdisc add dev {device} root handle {HANDLE}: htb default 0"


def delete_root(device: str) -> str:
    """Return the command that removes the root and all its classes."""
    return f"qdisc del dev {device} root"


def replace_class(limit: LimitClass) -> list[str]:
    """Return the commands that add a class, or change it if it exists."""
    at = f"dev {limit.device} parent {HANDLE}:"
    class_id = f"{HANDLE}:{limit.minor:x}"
    return [f"class replace {at} classid {class_id} {_rate(limit.rule)}", _leaf(limit, at)]


def delete_class(limit: LimitClass) -> str:
    """Return the command that removes a class; packets that wait in it are lost."""
    return f"class del dev {limit.device} classid {HANDLE}:{limit.minor:x}"


def _rate(rule: LeaveRule) -> str:
    """Return the rate. To `tc`, `bps` is bytes a second."""
    rate = rule.bandwidth or _UNLIMITED
    burst = max(_LEAST_BURST, int(rate * _BURST_SECONDS))
    return f"htb rate {rate}bps ceil {rate}bps burst {burst} cburst {burst} quantum {_PACKET}"


def _leaf(limit: LimitClass, at: str) -> str:
    rule = limit.rule
    at = f"qdisc replace {at}{limit.minor:x}"
    if not (rule.delay or rule.jitter):
        size = max(_LEAST_QUEUE, int((rule.bandwidth or _UNLIMITED) * _QUEUE_SECONDS))
        return f"{at} bfifo limit {min(size, 1 << 30)}"
    jitter = f" {_micro(rule.jitter)}" if rule.jitter else ""
    return f"{at} netem limit {_packets(rule)} delay {_micro(rule.delay)}{jitter}"


def _packets(rule: LeaveRule) -> int:
    """Return how many packets may wait: those that are delayed, and those of the queue."""
    if rule.bandwidth is None:
        return _MANY_PACKETS
    seconds = rule.delay + rule.jitter + _QUEUE_SECONDS
    return max(_LEAST_QUEUE // _PACKET, ceil(rule.bandwidth * seconds / _PACKET))


def _micro(seconds: float) -> str:
    return f"{round(seconds * 1_000_000)}us"


def parse_roots(listing: str) -> dict[str, str]:
    """Return the root qdisc of each interface in a listing, as ``kind handle``.

    Without those that the kernel adds by itself, which have no handle.
    """
    return {
        qdisc["dev"]: f"{qdisc['kind']} {qdisc['handle']}"
        for qdisc in json.loads(listing)
        if qdisc.get("root") and qdisc["handle"] != "0:"
    }


OURS = f"htb {HANDLE}:"
"""Our root, as `parse_roots` returns it."""


def parse_device(listing: str) -> str:
    """Return the interface in a listing of a route."""
    return str(json.loads(listing)[0]["dev"])

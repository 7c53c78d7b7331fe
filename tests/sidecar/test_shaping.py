"""What `tc` is told; whether it does that is tried in `test_faults`."""

from __future__ import annotations

import json

import pytest

from sidecar import shaping
from sidecar.rules import Leave
from sidecar.shaping import Slow, plan, shape

BOB, CAROL = ("10.0.0.3",), ("10.0.0.4",)


def one_device(_: str) -> str:
    return "eth0"


def one(leave: Leave) -> Slow:
    return Slow("eth0", 0x1A, leave.targets, leave)


def test_each_limit_has_a_class_and_keeps_it() -> None:
    first = plan([Leave(BOB, 1000), Leave(CAROL, 2000)], one_device, ())
    assert [each.minor for each in first] == [0x10, 0x11]
    second = plan([Leave(CAROL, 9), Leave(("10.0.0.5",), 1)], one_device, first)
    assert [(each.targets, each.minor) for each in second] == [(CAROL, 0x11), (("10.0.0.5",), 0x10)]
    assert second[0].leave.bandwidth == 9


def test_addresses_are_shaped_where_they_are_reached() -> None:
    devices = {"10.0.0.3": "eth0", "10.0.1.3": "eth1", "10.0.0.9": "eth0"}
    leave = Leave(tuple(devices), 1000)
    assert plan([leave], devices.__getitem__, ()) == (
        Slow("eth0", 0x10, ("10.0.0.3", "10.0.0.9"), leave),
        Slow("eth1", 0x11, ("10.0.1.3",), leave),
    )


@pytest.mark.parametrize(
    ("rate", "burst"), [(1, 1600), (16_000, 1600), (1_000_000, 5000), (10**9, 5 * 10**6)]
)
def test_a_limit_is_in_bytes_and_true_soon(rate: int, burst: int) -> None:
    words = f"htb rate {rate}bps ceil {rate}bps burst {burst} cburst {burst} quantum 1514"
    command = f"class replace dev eth0 parent 7ee7: classid 7ee7:1a {words}"
    assert shape(one(Leave(BOB, rate)))[0] == command


@pytest.mark.parametrize(
    ("rate", "limit"), [(1, 80_000), (64_000, 80_000), (10**6, 10**6), (10**12, 1 << 30)]
)
def test_a_queue_takes_a_second_s_worth_and_one_large_packet_at_least(
    rate: int, limit: int
) -> None:
    leaf = f"qdisc replace dev eth0 parent 7ee7:1a bfifo limit {limit}"
    assert shape(one(Leave(BOB, rate)))[1] == leaf


def test_a_delay_has_the_kernel_s_own_queue() -> None:
    leaf = "qdisc replace dev eth0 parent 7ee7:1a netem limit"
    assert shape(one(Leave(BOB, delay=0.1)))[1] == f"{leaf} 10000 delay 100000us"
    assert shape(one(Leave(BOB, None, 0.1, 0.02)))[1] == f"{leaf} 10000 delay 100000us 20000us"
    both = shape(one(Leave(BOB, 10**6, 1.0, 0.0)))
    assert "rate 1000000bps" in both[0]
    assert 600 < int(both[1].split()[8]) < 3000


def test_roots_that_were_given_are_told_from_the_kernel_s_own() -> None:
    listing = [
        {"kind": "noqueue", "handle": "0:", "dev": "lo", "root": True, "options": {}},
        {"kind": "htb", "handle": "7ee7:", "dev": "eth0", "root": True, "options": {}},
        {"kind": "bfifo", "handle": "8001:", "dev": "eth0", "parent": "7ee7:10", "options": {}},
        {"kind": "tbf", "handle": "1:", "dev": "eth1", "root": True, "options": {}},
    ]
    assert shaping.roots(json.dumps(listing)) == {"eth0": shaping.OURS, "eth1": "tbf 1:"}


def test_the_device_is_read_from_the_route() -> None:
    listing = '[{"dst":"10.0.0.3","dev":"eth7","prefsrc":"10.0.0.2","flags":[],"uid":0}]'
    assert shaping.device_of(listing) == "eth7"

"""The commands for `tc`; `test_rules_in_containers` shows their effect."""

from __future__ import annotations

import json

import pytest

from sidecar import tc
from sidecar.ruleset import LeaveRule
from sidecar.tc import LimitClass, plan, replace_class

BOB, CAROL = ("10.0.0.3",), ("10.0.0.4",)


def one_device(_: str) -> str:
    return "eth0"


def limit(rule: LeaveRule) -> LimitClass:
    return LimitClass("eth0", 0x1A, rule.targets, rule)


def test_every_limit_has_a_class_and_keeps_it() -> None:
    first = plan([LeaveRule(BOB, 1000), LeaveRule(CAROL, 2000)], one_device, ())
    assert [limit.minor for limit in first] == [0x10, 0x11]
    second = plan([LeaveRule(CAROL, 9), LeaveRule(("10.0.0.5",), 1)], one_device, first)
    assert [(limit.targets, limit.minor) for limit in second] == [
        (CAROL, 0x11),
        (("10.0.0.5",), 0x10),
    ]
    assert second[0].rule.bandwidth == 9


def test_addresses_are_limited_on_the_interface_they_are_reached_by() -> None:
    devices = {"10.0.0.3": "eth0", "10.0.1.3": "eth1", "10.0.0.9": "eth0"}
    leave = LeaveRule(tuple(devices), 1000)
    assert plan([leave], devices.__getitem__, ()) == (
        LimitClass("eth0", 0x10, ("10.0.0.3", "10.0.0.9"), leave),
        LimitClass("eth1", 0x11, ("10.0.1.3",), leave),
    )


@pytest.mark.parametrize(
    ("rate", "burst"), [(1, 1600), (16_000, 1600), (1_000_000, 5000), (10**9, 5 * 10**6)]
)
def test_a_limit_is_in_bytes_with_a_small_burst(rate: int, burst: int) -> None:
    words = f"htb rate {rate}bps ceil {rate}bps burst {burst} cburst {burst} quantum 1514"
    command = f"class replace dev eth0 parent 7ee7: classid 7ee7:1a {words}"
    assert replace_class(limit(LeaveRule(BOB, rate)))[0] == command


@pytest.mark.parametrize(
    ("rate", "size"), [(1, 80_000), (64_000, 80_000), (10**6, 10**6), (10**12, 1 << 30)]
)
def test_a_queue_holds_one_second_and_at_least_one_large_packet(rate: int, size: int) -> None:
    leaf = f"qdisc replace dev eth0 parent 7ee7:1a bfifo limit {size}"
    assert replace_class(limit(LeaveRule(BOB, rate)))[1] == leaf


def test_a_delay_uses_netem() -> None:
    leaf = "qdisc replace dev eth0 parent 7ee7:1a netem limit"
    assert replace_class(limit(LeaveRule(BOB, delay=0.1)))[1] == f"{leaf} 10000 delay 100000us"
    assert (
        replace_class(limit(LeaveRule(BOB, None, 0.1, 0.02)))[1]
        == f"{leaf} 10000 delay 100000us 20000us"
    )
    both = replace_class(limit(LeaveRule(BOB, 10**6, 1.0, 0.0)))
    assert "rate 1000000bps" in both[0]
    assert 600 < int(both[1].split()[8]) < 3000


def test_roots_are_parsed_without_the_kernels_own() -> None:
    listing = [
        {"kind": "noqueue", "handle": "0:", "dev": "lo", "root": True, "options": {}},
        {"kind": "htb", "handle": "7ee7:", "dev": "eth0", "root": True, "options": {}},
        {"kind": "bfifo", "handle": "8001:", "dev": "eth0", "parent": "7ee7:10", "options": {}},
        {"kind": "tbf", "handle": "1:", "dev": "eth1", "root": True, "options": {}},
    ]
    assert tc.parse_roots(json.dumps(listing)) == {"eth0": tc.OURS, "eth1": "tbf 1:"}


def test_the_device_is_parsed_from_the_route() -> None:
    listing = '[{"dst":"10.0.0.3","dev":"eth7","prefsrc":"10.0.0.2","flags":[],"uid":0}]'
    assert tc.parse_device(listing) == "eth7"

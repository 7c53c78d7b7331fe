"""Faults drawn by chance: the same each time, and never more than the peers can take."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.faults import chaos, effect
from orchestrator.faults.effect import Link
from orchestrator.faults.kinds import NEEDS

KINDS = tuple(NEEDS)
NAMES = ["alice", "bob", "carol", "dave", "peer5"]
PEERS = st.integers(2, 5).map(lambda count: NAMES[:count])
DOWN = ("kill", "stop", "pause")


def faults(drawn: list[chaos.Entry]) -> Iterator[tuple[float, float, str, Any]]:
    """Yield the start, the end, the kind and the keys of every fault."""
    for entry in drawn:
        ((kind, act),) = ((key, value) for key, value in entry.items() if key != "when")
        yield entry["when"], entry["when"] + act["for"], kind, act


@settings(max_examples=200, deadline=None)
@given(st.integers(), st.integers(20, 900), st.sets(st.sampled_from(KINDS), min_size=1), PEERS)
def test_drawn_faults_are_valid(seed: int, tenths: int, some: set[str], peers: list[str]) -> None:
    kinds, seconds = sorted(some), tenths / 10
    drawn = chaos.draw(seed, seconds, kinds, peers)
    assert drawn == chaos.draw(seed, seconds, kinds, peers)
    assert [entry["when"] for entry in drawn] == sorted(entry["when"] for entry in drawn)
    down: list[tuple[float, float, str]] = []
    for since, until, kind, act in faults(drawn):
        assert kind in kinds
        assert 0 <= since < until <= seconds + 1e-9
        assert 1 <= act["for"] <= 8
        if kind in DOWN:
            down.append((since, until, act["at"]))
    for since, _, peer in down:
        others = [peer for begin, end, peer in down if begin <= since < end]
        assert others.count(peer) == 1
        assert len(others) <= len(peers) // 2


@pytest.mark.parametrize("seed", range(30))
def test_a_link_has_one_fault_at_a_time(seed: int) -> None:
    done: list[tuple[float, float, frozenset[Link]]] = []
    for since, until, kind, act in faults(chaos.draw(seed, 120, KINDS, NAMES)):
        if kind in DOWN:
            continue
        touched = links({key: value for key, value in act.items() if key != "for"})
        assert not any(begin < until and end > since and touched & taken
                       for begin, end, taken in done)  # fmt: skip
        done.append((since, until, touched))


def links(act: dict[str, Any]) -> frozenset[Link]:
    """Return the links of a fault, in both directions."""
    match act:
        case {"groups": groups}:
            return effect.partition_links(groups)
        case {"at": at}:
            return effect.links_at(at, NAMES)
        case {"between": between}:
            return effect.links_between(between)
    return effect.links_between([act["from"], act["to"]])


@pytest.mark.parametrize("seed", range(30))
def test_every_kind_comes_and_a_fault_every_two_or_three_seconds(seed: int) -> None:
    drawn = list(faults(chaos.draw(seed, 60, KINDS, NAMES[:3])))
    assert {kind for _, _, kind, _ in drawn} == set(KINDS)
    assert 20 <= len(drawn) <= 30
    overlapping = sum(one[1] > other[0] for one, other in pairwise(drawn))
    assert overlapping >= 3


def test_a_seed_always_draws_the_same() -> None:
    assert chaos.draw(7, 10, KINDS, ["alice", "bob", "carol"]) == [
        {"when": 0.5, "pause": {"at": "alice", "for": 2.5}},
        {"when": 2.9, "impair": {"between": ["bob", "carol"], "delay": 0.06, "jitter": 0.015,
                                 "for": 3.1}},
        {"when": 5.0, "kill": {"at": "carol", "for": 1.9}},
        {"when": 7.2, "isolate": {"at": "alice", "for": 2.0}},
    ]  # fmt: skip
    assert chaos.draw(8, 10, KINDS, ["alice", "bob", "carol"]) != chaos.draw(
        7, 10, KINDS, ["alice", "bob", "carol"]
    )


def test_only_supported_kinds_are_possible() -> None:
    assert chaos.possible(["stream"]) == ("kill", "stop", "pause", "stream")
    assert chaos.possible([]) == ("kill", "stop", "pause")
    assert chaos.possible(["cut", "loss", "bandwidth", "delay", "stream"]) == KINDS


def test_a_fault_on_links_that_are_shut_alone_is_not_drawn() -> None:
    shut = frozenset({("alice", "carol"), ("carol", "alice")})
    seen = 0
    for seed in range(40):
        drawn = chaos.draw(seed, 60, ["partition", "impair"], NAMES[:3], shut)
        for entry in drawn:
            act = entry.get("impair") or entry["partition"]
            about = {*act.get("between", ()), *(act.get(key) for key in ("from", "to"))} - {None}
            seen += 1
            assert about != {"alice", "carol"}, entry
    assert seen

"""Which links a fault touches, and what several faults do to one link."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.faults.effect import (
    CLEAR,
    Effect,
    Fault,
    by_link,
    links_at,
    links_between,
    partition_links,
)

NAMES = ["a", "b", "c", "d", "e"]
GROUPS = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), min_size=1, max_size=4)


@given(GROUPS)
def test_peers_talk_where_some_group_has_both(groups: list[list[str]]) -> None:
    links = partition_links(groups)
    grouped = set().union(*groups)
    for one, other in permutations(NAMES, 2):
        reach = any(one in group and other in group for group in groups)
        touched = one in grouped and other in grouped
        assert ((one, other) in links) == (touched and not reach)


def test_one_way_is_from_the_first_group_to_the_second() -> None:
    links = partition_links([["a"], ["b", "c"]], one_way=True)
    assert links == {("a", "b"), ("a", "c")}


def test_all_links_of_a_peer_and_all_between_some() -> None:
    assert links_at("a", ["a", "b", "c"]) == {("a", "b"), ("a", "c"), ("b", "a"), ("c", "a")}
    assert links_between(["a", "b"]) == {("a", "b"), ("b", "a")}
    assert len(links_between(NAMES)) == 20


def test_several_faults_on_one_link() -> None:
    def fault(name: str, effect: Effect) -> Fault:
        return Fault(name, "impair", frozenset({("a", "b")}), effect, name)

    found = by_link(
        [
            fault("one", Effect(loss=0.5, bandwidth=64, delay=0.1, pieces=3)),
            fault("two", Effect(loss=0.5, bandwidth=32, delay=0.2, hold=0.5, reset=9)),
        ]
    )
    (both,) = found.values()
    assert (both.loss, both.bandwidth, both.pieces, both.hold) == (0.75, 32, 3, 0.5)
    assert (round(both.delay, 6), both.reset, both.cut) == (0.3, 9, False)
    assert both.features == ("loss", "bandwidth", "delay", "stream")


def test_features_of_effects() -> None:
    assert CLEAR.features == ()
    assert Effect(lag=0.1, jitter=0.1).features == ("stream",)
    assert Effect(reset=0).features == ("stream",)
    assert Effect(cut=True).features == ("cut",)

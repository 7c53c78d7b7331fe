"""Facts that the lab and the sidecar each say for themselves: neither package knows the other."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.engines.sidecar import rules
from orchestrator.faults import effect, probes
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.image.recipe import PEER, USER
from orchestrator.paths import ROOT
from sidecar import abilities, bends
from sidecar import rules as sidecars


def takes_all(words: Sequence[str], _: str = "") -> str:
    """Take whatever `nft` and `tc` are told, where nothing is shaped yet."""
    return "[]" if "show" in words else ""


def test_what_a_network_may_be_able_to_do() -> None:
    assert effect.FEATURES == abilities.FEATURES
    assert {*PROCESSES_LACK, "stream"} == set(abilities.FEATURES)


def test_by_what_packets_are_late() -> None:
    means = abilities.try_all(takes_all).means
    assert means["delay"] == probes.NETEM
    assert probes.by_packets(means)
    assert not probes.by_packets({**means, "delay": "relay"})
    assert not probes.by_packets({})


def test_how_long_rules_outlive_their_sidecar() -> None:
    assert rules.LEASE == sidecars.LEASE


def test_the_time_between_two_pieces() -> None:
    assert probes.GAP == bends.GAP


def test_whom_the_peers_image_says_it_runs_as() -> None:
    lines = PEER.dockerfile(ROOT).read_text().splitlines()
    assert f"USER {USER}:{USER}" in lines
    assert f"COPY --chown={USER}:{USER} peer/*.py peer/" in lines

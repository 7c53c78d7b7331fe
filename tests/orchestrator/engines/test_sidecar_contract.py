"""Constants that the lab and the sidecar both define, since neither imports the other."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.engines.sidecar import rules
from orchestrator.faults import delay, effect, pieces
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.image.recipe import PEER, USER
from orchestrator.paths import ROOT
from sidecar import capabilities, shaper
from sidecar import ruleset as sidecars


def takes_all(words: Sequence[str], _: str = "") -> str:
    """Accept every command, on a machine without rules."""
    return "[]" if "show" in words else ""


def test_features_are_the_same() -> None:
    assert effect.FEATURES == capabilities.FEATURES
    assert {*PROCESSES_LACK, "stream"} == set(capabilities.FEATURES)


def test_netem_is_the_mechanism_that_delays_packets() -> None:
    mechanisms = capabilities.try_all(takes_all).mechanisms
    assert mechanisms["delay"] == delay.NETEM
    assert delay.by_packets(mechanisms)
    assert not delay.by_packets({**mechanisms, "delay": "relay"})
    assert not delay.by_packets({})


def test_leases_are_the_same() -> None:
    assert rules.LEASE == sidecars.LEASE


def test_gaps_between_pieces_are_the_same() -> None:
    assert pieces.GAP == shaper.GAP


def test_the_user_of_the_peers_image() -> None:
    lines = PEER.dockerfile(ROOT).read_text().splitlines()
    assert f"USER {USER}:{USER}" in lines
    assert f"COPY --chown={USER}:{USER} peer/*.py peer/" in lines

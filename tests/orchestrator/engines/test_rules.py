"""Rules go to the right sidecar, name the right address, and do no more than asked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.sidecar import rules
from orchestrator.faults.effect import Effect, Link

NAMES = ["alice", "bob", "carol"]
ADDRESSES = {"alice": "10.0.0.2", "bob": "10.0.0.3", "carol": "10.0.0.4"}
NETEM, RELAY = {"delay": "tc netem"}, {"delay": "relay"}
SECONDS = st.sampled_from([0.0, 0.05, 0.2])
EFFECTS = st.builds(
    Effect,
    cut=st.booleans(),
    loss=st.sampled_from([0.0, 0.2, 1.0]),
    bandwidth=st.none() | st.just(64_000),
    delay=SECONDS,
    jitter=SECONDS,
    lag=SECONDS,
    pieces=st.none() | st.just(1),
    hold=SECONDS,
    reset=st.none() | st.sampled_from([0, 500]),
)
LINKS = st.sampled_from([(a, b) for a in NAMES for b in NAMES if a != b])
SHAPED = st.dictionaries(LINKS, EFFECTS)
MECHANISMS = st.sampled_from([NETEM, RELAY])


LAN = {name: {"lan": address} for name, address in ADDRESSES.items()}


def read_back(given: dict[str, rules.Rules]) -> dict[Link, Effect]:
    """Return what sidecars with these rules do to each link."""
    names = {address: name for name, address in ADDRESSES.items()}
    found: dict[Link, dict[str, Any]] = {}
    for name, peer_rules in given.items():
        for rule in peer_rules["arrive"]:
            (sender,) = rule.pop("from")
            found.setdefault((names[sender], name), {}).update(rule)
        for rule in peer_rules["leave"]:
            (receiver,) = rule.pop("to")
            found.setdefault((name, names[receiver]), {}).update(rule)
        for rule in peer_rules["relay"]:
            other = names[rule["to"]]
            merge(found.setdefault((name, other), {}), rule["out"])
            merge(found.setdefault((other, name), {}), rule["back"])
    return {link: Effect(**fields) for link, fields in found.items()}


def merge(fields: dict[str, Any], shape: dict[str, Any]) -> None:
    """Add what the relay does; jitter is of packets or of what it delays, not of both."""
    jitter = fields.get("jitter", 0.0) or shape["jitter"]
    assert not (shape["jitter"] and fields.get("delay"))
    fields.update(shape | {"jitter": jitter})


def in_one(effect: Effect, mechanisms: dict[str, str]) -> Effect:
    """Return an effect with its delays added up if the relay does both."""
    fields = {name: getattr(effect, name) for name in Effect.__slots__}
    if mechanisms == RELAY:
        fields["lag"] += fields.pop("delay")
    if not fields["lag"] and not fields.get("delay"):
        fields["jitter"] = 0.0  # of nothing
    return Effect(**fields)


@given(SHAPED, MECHANISMS)
def test_rules_do_what_was_asked(effects: dict[Link, Effect], mechanisms: dict[str, str]) -> None:
    given = rules.for_peers(effects, LAN, mechanisms)
    found = read_back(given)
    for link in {*effects, *found}:
        assert found.get(link, Effect()) == in_one(effects.get(link, Effect()), mechanisms)


@given(SHAPED, MECHANISMS, st.sampled_from(NAMES))
def test_a_peer_without_an_address_is_left_out(
    effects: dict[Link, Effect], mechanisms: dict[str, str], gone: str
) -> None:
    there = {name: networks for name, networks in LAN.items() if name != gone}
    without = {link: effect for link, effect in effects.items() if gone not in link}
    assert rules.for_peers(effects, there, mechanisms) == rules.for_peers(
        without, there, mechanisms
    )


@given(SHAPED, MECHANISMS)
def test_both_ends_of_a_shaped_stream_relay_what_they_dial(
    effects: dict[Link, Effect], mechanisms: dict[str, str]
) -> None:
    given = rules.for_peers(effects, LAN, mechanisms)
    relays = {
        (name, rule["to"]): (rule["out"], rule["back"])
        for name, peer_rules in given.items()
        for rule in peer_rules["relay"]
    }
    assert len(relays) == sum(len(peer_rules["relay"]) for peer_rules in given.values())
    names = {address: name for name, address in ADDRESSES.items()}
    for (dialler, address), (out, back) in relays.items():
        assert relays[names[address], ADDRESSES[dialler]] == (back, out)


def test_no_effect_needs_no_rule() -> None:
    clear = {("alice", "bob"): Effect()}
    for effects in ({}, clear):
        for peer_rules in rules.for_peers(effects, LAN, RELAY).values():
            assert rules.is_nothing(peer_rules)
            assert peer_rules == rules.nothing()


def test_a_cut_is_a_rule_of_the_receiver() -> None:
    given = rules.for_peers({("alice", "bob"): Effect(cut=True)}, LAN, RELAY)
    assert given["bob"]["arrive"] == [{"from": ["10.0.0.2"], "cut": True, "loss": 0.0}]
    assert [name for name, peer_rules in given.items() if not rules.is_nothing(peer_rules)] == [
        "bob"
    ]


def test_a_fault_is_on_every_network_that_both_ends_share_and_on_no_other() -> None:
    peers = {
        "alice": {"front": "10.1.0.2"},
        "bob": {"front": "10.1.0.3", "back": "10.2.0.3", "spare": "10.3.0.3"},
        "carol": {"back": "10.2.0.4", "spare": "10.3.0.4", "lost": ""},
    }
    effect = Effect(cut=True, bandwidth=64_000, lag=0.2)
    links = [("alice", "bob"), ("bob", "carol"), ("alice", "carol")]
    given = rules.for_peers(dict.fromkeys(links, effect), peers, NETEM)
    assert [rule["from"] for rule in given["bob"]["arrive"]] == [["10.1.0.2"]]
    assert [rule["from"] for rule in given["carol"]["arrive"]] == [["10.2.0.3", "10.3.0.3"]]
    assert [rule["to"] for rule in given["alice"]["leave"]] == [["10.1.0.3"]]
    assert [rule["to"] for rule in given["bob"]["leave"]] == [["10.2.0.4", "10.3.0.4"]]
    relayed = {name: [rule["to"] for rule in its["relay"]] for name, its in given.items()}
    assert relayed == {
        "alice": ["10.1.0.3"],
        "bob": ["10.1.0.2", "10.2.0.4", "10.3.0.4"],
        "carol": ["10.2.0.3", "10.3.0.3"],
    }

"""The rules for every sidecar, in the sidecar's own words, that shape the links as asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.proof import FAULT_TYPES

LEASE = 10.0  # seconds for which a rule outlives its sidecar

Networks = Mapping[str, str]
"""A peer's address in each network that it is on; empty if it is unknown."""

Rules = dict[str, Any]  # the rules of one sidecar: see the request `set` in sidecar/requests.py


def nothing() -> Rules:
    """Return the rules of a sidecar that changes nothing."""
    return {"lease": LEASE, "arrive": [], "leave": [], "relay": []}


def is_nothing(rules: Rules) -> bool:
    """Return whether a sidecar with these rules changes nothing."""
    return not any(rules[part] for part in ("arrive", "leave", "relay"))


def for_peers(
    effects: Mapping[Link, Effect], peers: Mapping[str, Networks], mechanisms: Mapping[str, str]
) -> dict[str, Rules]:
    """Return the rules of each peer's sidecar.

    Packets are dropped where they arrive, so that no sender sees an error; they are slowed
    where they leave. A stream is relayed where it was dialled, in both directions.

    Args:
        effects: what happens to each link; the others are clear.
        peers: their networks. A link whose ends share none is left out.
        mechanisms: what implements each feature.
    """
    found = {name: nothing() for name in peers}
    for link, effect in sorted(effects.items()):
        sender, receiver = link
        if ends := _shared(peers, link):
            found[receiver]["arrive"] += _arrive([one for one, _ in ends], effect)
            found[sender]["leave"] += _leave([other for _, other in ends], effect, mechanisms)
    both_ways = {link for one, other in effects for link in ((one, other), (other, one))}
    for dialler, other in sorted(both_ways):
        if shapes := for_stream(effects, dialler, other, mechanisms):
            for _, address in _shared(peers, (dialler, other)):
                found[dialler]["relay"].append({"to": address} | shapes)
    return found


def _shared(peers: Mapping[str, Networks], link: Link) -> list[tuple[str, str]]:
    one, other = (peers.get(name, {}) for name in link)
    return shared(one, other)


def shared(one: Networks, other: Networks) -> list[tuple[str, str]]:
    """Return the addresses of two peers, in pairs, in the networks that both are on.

    Without those that are unknown, as an ended container's may be.
    """
    return [(address, other[name]) for name, address in one.items()
            if address and other.get(name)]  # fmt: skip


def for_stream(
    effects: Mapping[Link, Effect], dialler: str, other: str, mechanisms: Mapping[str, str]
) -> Rules:
    """Return how the relay shapes connections that `dialler` makes to `other`.

    Empty if they need no relay.
    """
    out = _shape(effects.get((dialler, other), CLEAR), mechanisms)
    back = _shape(effects.get((other, dialler), CLEAR), mechanisms)
    clear = _shape(CLEAR, mechanisms)
    return {} if out == back == clear else {"out": out, "back": back}


def _arrive(senders: Sequence[str], effect: Effect) -> list[Rules]:
    rule = _merged(fault_type.arrive(effect) for fault_type in FAULT_TYPES)
    return [{"from": [*senders]} | rule] if any(rule.values()) else []


def _leave(receivers: Sequence[str], effect: Effect, mechanisms: Mapping[str, str]) -> list[Rules]:
    rule = _merged(fault_type.leave(effect, mechanisms) for fault_type in FAULT_TYPES)
    return [{"to": [*receivers]} | rule] if rule else []


def _shape(effect: Effect, mechanisms: Mapping[str, str]) -> Rules:
    return _merged(fault_type.shape(effect, mechanisms) for fault_type in FAULT_TYPES)


def _merged(parts: Iterable[Rules]) -> Rules:
    def items() -> Iterator[tuple[str, Any]]:
        for part in parts:
            yield from part.items()

    return dict(items())

"""The rules for every sidecar, in the sidecar's own words, that shape the links as asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.proof import FAULT_TYPES

LEASE = 10.0  # seconds for which a rule outlives its sidecar

Rules = dict[str, Any]  # the rules of one sidecar: see the request `set` in sidecar/requests.py


def nothing() -> Rules:
    """Return the rules of a sidecar that changes nothing."""
    return {"lease": LEASE, "arrive": [], "leave": [], "relay": []}


def is_nothing(rules: Rules) -> bool:
    """Return whether a sidecar with these rules changes nothing."""
    return not any(rules[part] for part in ("arrive", "leave", "relay"))


def for_peers(
    effects: Mapping[Link, Effect], addresses: Mapping[str, str], mechanisms: Mapping[str, str]
) -> dict[str, Rules]:
    """Return the rules of each peer's sidecar.

    Packets are dropped where they arrive, so that no sender sees an error; they are slowed
    where they leave. A stream is relayed where it was dialled, in both directions.

    Args:
        effects: what happens to each link; the others are clear.
        addresses: of each peer. A link with an end that has none is left out.
        mechanisms: what implements each feature.
    """
    found = {name: nothing() for name in addresses}
    for (sender, receiver), effect in sorted(effects.items()):
        if sender in addresses and receiver in addresses:
            found[receiver]["arrive"] += _arrive(addresses[sender], effect)
            found[sender]["leave"] += _leave(addresses[receiver], effect, mechanisms)
    both_ways = {link for one, other in effects for link in ((one, other), (other, one))}
    for dialler, other in sorted(both_ways):
        if dialler in addresses and other in addresses:
            shapes = for_stream(effects, dialler, other, mechanisms)
            if shapes:
                found[dialler]["relay"].append({"to": addresses[other]} | shapes)
    return found


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


def _arrive(sender: str, effect: Effect) -> list[Rules]:
    rule = _merged(fault_type.arrive(effect) for fault_type in FAULT_TYPES)
    return [{"from": [sender]} | rule] if any(rule.values()) else []


def _leave(receiver: str, effect: Effect, mechanisms: Mapping[str, str]) -> list[Rules]:
    rule = _merged(fault_type.leave(effect, mechanisms) for fault_type in FAULT_TYPES)
    return [{"to": [receiver]} | rule] if rule else []


def _shape(effect: Effect, mechanisms: Mapping[str, str]) -> Rules:
    return _merged(fault_type.shape(effect, mechanisms) for fault_type in FAULT_TYPES)


def _merged(parts: Iterable[Rules]) -> Rules:
    def items() -> Iterator[tuple[str, Any]]:
        for part in parts:
            yield from part.items()

    return dict(items())

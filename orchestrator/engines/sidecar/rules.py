"""What each sidecar must hold so that links are bent as asked: the sidecar's words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.probes import by_packets

LEASE = 10.0
"""Seconds for which a rule outlives the sidecar that holds it."""

Rules = dict[str, Any]
"""What one sidecar is to hold: see the request `set` in sidecar/."""


def nothing() -> Rules:
    """Return the rules of a sidecar that bends nothing."""
    return {"lease": LEASE, "arrive": [], "leave": [], "relay": []}


def is_nothing(rules: Rules) -> bool:
    """Tell whether a sidecar with these rules bends nothing."""
    return not any(rules[part] for part in ("arrive", "leave", "relay"))


def shares(
    effects: Mapping[Link, Effect], addresses: Mapping[str, str], means: Mapping[str, str]
) -> dict[str, Rules]:
    """Return the rules of each peer's sidecar.

    Packets vanish where they arrive, so that no sender sees an error; they are slowed
    where they leave. A stream is relayed where it was dialled, both its directions.

    Args:
        effects: what happens to each link; the others are straight.
        addresses: of each peer. A link with an end that has none is left out.
        means: by what each feature is brought about.
    """
    found = {name: nothing() for name in addresses}
    for (sender, receiver), effect in sorted(effects.items()):
        if sender in addresses and receiver in addresses:
            found[receiver]["arrive"] += _arriving(addresses[sender], effect)
            found[sender]["leave"] += _leaving(addresses[receiver], effect, means)
    for dialler, other in _dialled(effects):
        if dialler in addresses and other in addresses:
            bends = bend_of(effects, dialler, other, means)
            if bends:
                found[dialler]["relay"].append({"to": addresses[other]} | bends)
    return found


def _dialled(effects: Mapping[Link, Effect]) -> Iterable[Link]:
    """Return who may dial whom over a connection of which one direction is bent."""
    return sorted({link for one, other in effects for link in ((one, other), (other, one))})


def bend_of(
    effects: Mapping[Link, Effect], dialler: str, other: str, means: Mapping[str, str]
) -> Rules:
    """Return how the relay bends connections by which `dialler` reached `other`.

    Empty when it has nothing to do with them.
    """
    out = _relayed(effects.get((dialler, other), CLEAR), means)
    back = _relayed(effects.get((other, dialler), CLEAR), means)
    straight = _relayed(CLEAR, means)
    return {} if out == back == straight else {"out": out, "back": back}


def _arriving(sender: str, effect: Effect) -> list[Rules]:
    if not effect.cut and not effect.loss:
        return []
    return [{"from": [sender], "cut": effect.cut, "loss": effect.loss}]


def _leaving(receiver: str, effect: Effect, means: Mapping[str, str]) -> list[Rules]:
    how: Rules = {}
    if effect.bandwidth is not None:
        how["bandwidth"] = effect.bandwidth
    if _is_late_by_packets(effect, means):
        how |= {"delay": effect.delay, "jitter": effect.jitter}
    return [{"to": [receiver]} | how] if how else []


def _relayed(effect: Effect, means: Mapping[str, str]) -> Rules:
    packets_are = _is_late_by_packets(effect, means)
    lag = effect.lag + (0.0 if packets_are else effect.delay)
    return {
        "lag": lag,
        "jitter": effect.jitter if lag and not packets_are else 0.0,
        "pieces": effect.pieces,
        "hold": effect.hold,
        "reset": effect.reset,
    }


def _is_late_by_packets(effect: Effect, means: Mapping[str, str]) -> bool:
    """Tell whether packets come later; else jitter is of what the relay delays."""
    return effect.delay > 0 and by_packets(means)

"""What is noted of the faults that hold by hand, from one command to the next. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from orchestrator.faults.effect import Link
from orchestrator.faults.probe import Measured, Probe

_DIGITS = 6  # of a time that was measured, behind the point: a microsecond


@dataclass(frozen=True, slots=True)
class Noted:
    """A fault, as it was asked for: which links it is on follows from who is there.

    Attributes:
        verb: as in scenarios.
        keys: the same.
        name: by which it is healed.
        since: seconds since the epoch.
        before: what was measured of each link without it.
    """

    verb: str
    keys: Mapping[str, Any]
    name: str
    since: float
    before: Mapping[tuple[Link, Probe], Measured] = field(default_factory=dict)


def dump(peers: Sequence[str], several: Iterable[Noted]) -> str:
    """Return a record as text.

    Args:
        peers: who was there.
        several: what held between them, oldest first.
    """
    faults = [
        {
            "verb": noted.verb, "keys": dict(noted.keys), "name": noted.name,
            "since": noted.since, "before": _by_probe(noted.before),
        }
        for noted in several
    ]  # fmt: skip
    return json.dumps({"peers": list(peers), "faults": faults}, separators=(",", ":"))


def _by_probe(before: Mapping[tuple[Link, Probe], Measured]) -> list[Any]:
    """Return what was measured, each probe said once."""
    rows: dict[Probe, list[Any]] = {}
    for (link, probe), measured in before.items():
        rows.setdefault(probe, []).append([*link, *astuple(_rounded(measured))])
    return [[astuple(probe), each] for probe, each in rows.items()]


def _rounded(measured: Measured) -> Measured:
    delay, rate, spread = measured.delay, measured.rate, measured.spread
    return replace(
        measured,
        delay=None if delay is None else round(delay, _DIGITS),
        rate=None if rate is None else round(rate),
        spread=None if spread is None else round(spread, _DIGITS),
    )


def load(text: str) -> tuple[list[str], list[Noted]]:
    """Return what `dump` made a text of; nobody and nothing for an empty one."""
    if not text:
        return [], []
    data = json.loads(text)
    return data["peers"], [
        Noted(**{**each, "before": _by_link(each["before"])}) for each in data["faults"]
    ]


def _by_link(rows: Iterable[Any]) -> dict[tuple[Link, Probe], Measured]:
    return {
        ((one, other), Probe(*probe)): Measured(*measured)
        for probe, several in rows
        for one, other, *measured in several
    }

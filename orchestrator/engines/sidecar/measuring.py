"""Probes over many links at the same time, by the sidecars at both ends."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from orchestrator.engines.sidecar.client import TIMEOUT, Answer, Pending, Sidecar
from orchestrator.faults.effect import Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe

_AFTER_RESET = 0.5  # seconds until the other end knows


@dataclass(frozen=True, slots=True)
class Route:
    """How a probe goes over a link."""

    sender: Sidecar  # the sidecar that sends it
    receiver: Sidecar  # the sidecar that reports what arrived
    address: str  # where it is sent
    port: int  # the same


def measure(routes: Mapping[Link, Route], probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
    """Send probes over links, all at the same time. Returns what arrived.

    Args:
        routes: by link; a link without one has an end that does not run.
        probes: what is sent, by link.

    Raises:
        EngineError: a sidecar does not answer.
    """
    in_flight = {link: _SentProbe(route, probes[link]) for link, route in routes.items()}
    for sent in in_flight.values():
        sent.await_sent()
    found = {link: sent.measured() for link, sent in in_flight.items()}
    nothing = Measured(sent=0, arrived=0, error=NOT_RUNNING)
    return {link: found.get(link, nothing) for link in probes}


class _SentProbe:
    """One probe on its way."""

    def __init__(self, route: Route, probe: Probe) -> None:
        self._route, self._probe = route, probe
        self._mark = secrets.token_hex(8)
        self._sent: Answer = {}
        self._heard: Pending | None = None
        stream = {"patience": probe.patience} if probe.what == "stream" else {}
        self._sending = route.sender.request(
            "stream" if probe.what == "stream" else "packets",
            to=route.address,
            port=route.port,
            probe=self._mark,
            count=probe.count,
            size=probe.size,
            interval=0.0 if probe.what == "burst" else probe.interval,
            **stream,
        )

    @property
    def _least(self) -> float:
        """Seconds that it takes if all goes well, with those for which it waits."""
        return self._probe.count * self._probe.interval + 2 * self._probe.patience

    def await_sent(self) -> None:
        """Wait until it is sent, then ask the receiver for what arrives."""
        self._sent = self._sending.answer(TIMEOUT + self._least)
        # A sender that waited in vain for a stream's end has waited for both ends; a stream that
        # was reset is soon over at its other end as well, or never got there.
        most = {"no answer": 0.0, "reset": _AFTER_RESET, "refused": 0.0}
        patience = min(self._probe.patience, most.get(self._sent.get("error", ""), inf))
        self._heard = self._route.receiver.request(
            "heard", probe=self._mark, count=self._probe.count, patience=patience
        )

    def measured(self) -> Measured:
        heard = self._heard.answer(TIMEOUT + self._least) if self._heard else {}
        return Measured(
            sent=self._sent["sent"],
            arrived=heard["arrived"],
            delay=heard["delay"],
            rate=heard["rate"],
            reads=heard["reads"],
            error=self._sent.get("error") or heard["error"],
            spread=heard["spread"],
        )

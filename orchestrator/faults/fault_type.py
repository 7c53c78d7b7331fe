"""What every type of fault provides: its rule, its probe and its proof. See docs/faults.md."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.faults.effect import CLEAR, Effect
from orchestrator.faults.probe import Measured, Probe

Mechanisms = Mapping[str, str]  # what implements each supported feature, such as ``nftables``

Rule = dict[str, Any]  # a part of the rules of a sidecar; see `sidecar/ruleset.py`

FEW = 20  # packets, or writes, if nothing is left to chance
SPREAD = 0.2  # seconds over which a few are sent: longer than a busy machine stops for
PATIENCE = 0.3  # seconds for a packet to arrive on a busy machine
SIZE = 64  # bytes of a packet
WRITE = 32  # bytes of a write
HEADERS = 64  # bytes around what a packet carries, at most
_STREAM_PATIENCE = 8.0  # seconds for a stream, whose packets may have to be sent again
_LOSSY_PATIENCE = 15.0
_RESET_PATIENCE = 1.5  # a stream that is reset early enough is never heard of


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured of one link, and what it is judged by."""

    effect: Effect  # all that is active on the link
    probe: Probe  # what was sent
    measured: Measured  # what arrived of it
    mechanisms: Mechanisms = field(default_factory=dict)  # what implements the features
    back: Effect = CLEAR  # all that is active in the other direction, which a stream needs as well
    before: Measured | None = None  # what arrived of the probe before the fault, if known


class FaultType(ABC):
    """One thing that faults do to links. By default it does nothing.

    `mismatch` and `resembles` return None to let the next type judge. A text ends the judging:
    the reason, or empty if the reading is right and no other type can be measured.
    """

    def arrive(self, effect: Effect) -> Rule:
        """Return its part of the rule for packets that arrive."""
        return {}

    def leave(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Return its part of the rule for packets that leave."""
        return {}

    def shape(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Return its part of how the relay shapes a stream; the same keys for every effect."""
        return {}

    @abstractmethod
    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return the probes that show it.

        Args:
            effect: what the fault does.
            combined: what it does together with the other faults on the link.
            mechanisms: what implements the features.
        """

    @abstractmethod
    def mismatch(self, reading: Reading) -> str | None:
        """Return why a link does not behave as its effect demands."""

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return why a link looks as if a fault were active beside `reading.effect`."""
        return None


def packets_probe(count: int, combined: Effect) -> Probe:
    """Return a probe of single packets that suits all that is active on a link."""
    interval = max(0.0003, min(SPREAD / FEW, 2 * SPREAD / count))
    if combined.bandwidth is not None:  # else they would queue
        interval = max(interval, (SIZE + HEADERS) / (0.8 * combined.bandwidth))
    return Probe("packets", count, SIZE, interval, PATIENCE + combined.delay + combined.jitter)


def stream_probe(count: int, size: int, interval: float, combined: Effect) -> Probe:
    """Return a probe of a stream that has the time it needs on such a link."""
    total = count * size
    patience = _STREAM_PATIENCE if combined.reset is None else _RESET_PATIENCE
    patience = _LOSSY_PATIENCE if combined.loss else patience
    patience += combined.lag + combined.hold + 4 * (combined.delay + combined.jitter)
    patience += 0.0 if combined.bandwidth is None else 2 * total / combined.bandwidth
    patience += 0.0 if combined.pieces is None else total / combined.pieces * 0.01
    return Probe("stream", count, size, interval, patience)

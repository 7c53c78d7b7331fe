"""Simulated links: what is measured of a probe, with an effect, chance and load."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from statistics import median, quantiles

from orchestrator.faults.delay import by_packets
from orchestrator.faults.effect import Effect
from orchestrator.faults.pieces import GAP
from orchestrator.faults.probe import Measured, Probe

NETEM: Mapping[str, str] = {"cut": "nftables", "loss": "nftables", "bandwidth": "tc htb",
                            "delay": "tc netem", "stream": "relay"}  # fmt: skip
RELAY: Mapping[str, str] = {**NETEM, "delay": "relay"}
_HEADERS = 42


class SimulatedLink:
    """One direction, on a machine that is more or less busy.

    Args:
        effect: what is active on it.
        mechanisms: what implements the features.
        seed: of chance.
        late: median seconds by which a busy machine delays packets.
        lost: the share of packets that the machine loses.
    """

    def __init__(
        self,
        effect: Effect,
        mechanisms: Mapping[str, str],
        seed: int,
        late: float,
        lost: float = 0.0,
    ) -> None:
        self.effect, self.mechanisms = effect, mechanisms
        self._chance = random.Random(seed)
        self._late, self._lost = late, lost

    def measure(self, probe: Probe) -> Measured:
        ways: dict[str, Callable[[Probe], Measured]] = {
            "packets": self._packets, "burst": self._burst, "stream": self._stream,
        }  # fmt: skip
        return ways[probe.what](probe)

    def _noise(self) -> float:
        return self._late * self._chance.expovariate(0.7) + 0.0001

    def _passes(self) -> bool:
        if self.effect.blocks or self._chance.random() < self.effect.loss:
            return False
        return self._chance.random() >= self._lost

    def _jitter(self) -> float:
        return self._chance.uniform(-self.effect.jitter, self.effect.jitter)

    def _packets(self, probe: Probe) -> Measured:
        delay = self.effect.delay if by_packets(self.mechanisms) else 0.0
        delays = [
            delay + (self._jitter() if delay else 0.0) + self._noise()
            for _ in range(probe.count)
            if self._passes()
        ]
        late = median(delays) if delays else None
        return Measured(probe.count, len(delays), late, spread=_spread(delays))

    def _burst(self, probe: Probe) -> Measured:
        came = sum(self._passes() for _ in range(probe.count))
        speed = self._chance.uniform(8e6, 170e6)
        if self.effect.bandwidth is None:  # an overrun receiver
            came -= int(came * self._chance.uniform(0, 0.5))
        if came < 2:
            return Measured(probe.count, came)
        seconds = probe.count * probe.size / speed + self._noise()
        if self.effect.bandwidth is not None:
            allowed = max(3028, 0.01 * self.effect.bandwidth)
            left = probe.count * (probe.size + _HEADERS) - allowed
            seconds = max(seconds, left / self.effect.bandwidth)
        return Measured(probe.count, came, self._noise(), (came - 1) * probe.size / seconds)

    def _stream(self, probe: Probe) -> Measured:
        whole = probe.count * probe.size
        if self.effect.blocks:
            return Measured(0, 0, error="no answer")
        if self.effect.reset is not None:
            passed = max(0, self.effect.reset - self._chance.choice((45, 200)))
            return Measured(passed // probe.size, passed, error="reset")
        arrivals = self._arrivals(probe)
        reads: list[tuple[float, float]] = []
        came: dict[float, float] = {}  # when the first piece of what was written then was read
        free = 0.0  # when the reader has time again
        for due, stamp in arrivals:
            if due > free or not reads:
                free = due + self._noise()
                reads.append((free, stamp))
            came.setdefault(stamp, free)
        delays = [at - stamp for at, stamp in reads]
        spread = _spread([at - stamp for stamp, at in came.items()])
        return Measured(probe.count, whole, median(delays), None, len(reads), spread=spread)

    def _arrivals(self, probe: Probe) -> list[tuple[float, float]]:
        """Return when each piece arrives, and when what it begins with was written."""
        effect, found = self.effect, []
        last = until = 0.0
        pieces = ceil(probe.size / effect.pieces) if effect.pieces else 1
        for number in range(probe.count):
            stamp = number * probe.interval + 0.0001
            due = stamp
            if effect.hold:
                until = stamp + effect.hold if stamp >= until else until
                due = until
            lag = effect.lag + effect.delay
            due += max(0.0, lag + self._jitter()) if lag else 0.0
            last = max(last, due)
            for _ in range(pieces):
                found.append((last, stamp))
                last += GAP if effect.pieces else 0.0
        return found


def _spread(delays: Sequence[float]) -> float | None:
    if len(delays) < 4:
        return None
    first, _, third = quantiles(delays)
    return third - first

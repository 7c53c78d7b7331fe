"""Bandwidth: no more than so many bytes a second get over a link."""

from __future__ import annotations

from math import ceil

from orchestrator.faults.effect import Effect
from orchestrator.faults.fault_type import (
    HEADERS,
    PATIENCE,
    SIZE,
    FaultType,
    Mechanisms,
    Reading,
    Rule,
)
from orchestrator.faults.probe import Measured, Probe, as_rate

_BURST = 0.4  # seconds that a burst takes at the bandwidth that is allowed
_LARGEST = 1200  # bytes: no more than one packet takes
_NOT_FASTER = 1.25  # times the allowed rate may be measured
_NOT_SLOWER = 5.0  # times the wanted time may be measured
_SLOWER_BY = 0.25  # seconds beside that
_BUSY = 0.02  # seconds that mean nothing on a busy machine
_SURE = 0.6  # the share of what has passed that is sure, if some was lost at random


class Bandwidth(FaultType):
    """A burst takes at least as long as the limit demands, and not several times as long."""

    def leave(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Put packets into a class with that rate."""
        return {} if effect.bandwidth is None else {"bandwidth": effect.bandwidth}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return a burst, larger than what may pass at once."""
        bandwidth = effect.bandwidth
        if bandwidth is None:
            return []
        total = _allowed_at_once(bandwidth) + _BURST * bandwidth
        if combined.loss:  # lost packets have passed as well, but cannot be counted
            total /= max(0.1, min(0.5, 1 - combined.loss))
        size = min(_LARGEST, max(SIZE, ceil(total / 100)))
        count = ceil(total / size)
        slowest = min(bandwidth, combined.bandwidth or bandwidth)
        patience = 2 * PATIENCE + count * (size + HEADERS) / slowest
        patience += combined.delay + combined.jitter
        return [Probe("burst", count, size, 0.0, patience)]

    def mismatch(self, reading: Reading) -> str | None:
        """Return that more passed than is allowed, or several times less."""
        effect, probe, measured = reading.effect, reading.probe, reading.measured
        if probe.what != "burst":
            return None
        if not measured.arrived:
            return f"none of {measured.sent} packets passed"
        bandwidth = effect.bandwidth
        if bandwidth is None or _least_seconds(bandwidth, effect.loss, probe, probe.count) <= 0:
            return None  # the probe of another limit: all of it passes at once
        is_slow = _is_slow(bandwidth, effect.loss, probe, measured)
        if is_slow is None:
            return f"{measured.arrived} of {measured.sent} packets passed: too few for a rate"
        passed = f"{as_rate(measured.rate or 0)} passed, {as_rate(bandwidth)}"
        if not is_slow:
            return f"{passed} allowed"
        return f"{passed} wanted" if _is_too_slow(effect, bandwidth, probe, measured) else None

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return that no more passes than the fault allows, which what is left does not explain."""
        left, probe, measured = reading.effect, reading.probe, reading.measured
        bandwidth = fault.bandwidth
        if probe.what != "burst" or bandwidth is None:
            return None
        if left.bandwidth is not None:
            seconds = probe.count * (probe.size + HEADERS) / left.bandwidth
            if seconds >= _least_seconds(bandwidth, left.loss, probe, probe.count):
                return None  # a limit that is left hides it
        arrived = measured.arrived / (1 - left.loss)
        is_measurable = _least_seconds(bandwidth, left.loss, probe, arrived) > _BUSY
        if is_measurable and _is_slow(bandwidth, left.loss, probe, measured):
            return f"no more than {as_rate(measured.rate or 0)} passed"
        return None


def _allowed_at_once(bandwidth: int) -> float:
    """Return the bytes that may pass before a limit takes effect."""
    return 4000 + 0.02 * bandwidth


def _is_too_slow(effect: Effect, bandwidth: int, probe: Probe, measured: Measured) -> bool:
    """Return whether the limit is another one, several times as narrow."""
    seconds = (measured.arrived - 1) * probe.size / (measured.rate or 1.0)
    wanted = measured.arrived / (1 - effect.loss) * (probe.size + HEADERS) / bandwidth
    return seconds > _NOT_SLOWER * wanted + 2 * effect.jitter + _SLOWER_BY


def _is_slow(bandwidth: int, loss: float, probe: Probe, measured: Measured) -> bool | None:
    """Return whether no more passed than a limit allows; None if that cannot be measured."""
    if measured.rate is None:
        return None
    arrived = measured.arrived / (1 - loss)
    least = _least_seconds(bandwidth, loss, probe, arrived)
    seconds = (measured.arrived - 1) * probe.size / measured.rate
    return seconds >= least if least > 0 else None


def _least_seconds(bandwidth: int, loss: float, probe: Probe, count: float) -> float:
    """Return the seconds that so many packets take at least; 0 or less if they pass at once."""
    passed = count * probe.size * (_SURE if loss else 1.0)
    return (passed - _allowed_at_once(bandwidth)) / (_NOT_FASTER * bandwidth)

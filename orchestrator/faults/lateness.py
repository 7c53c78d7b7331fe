"""Whether something comes as late as it must, and varies as it must: or too early, late, even."""

from __future__ import annotations

from math import sqrt

from orchestrator.faults.effect import Effect
from orchestrator.faults.phrases import as_time
from orchestrator.faults.probe import Measured, Probe

_DELAYED_ENOUGH = 0.9  # the share of a delay that is seen at least: nothing comes too early
_LEAST_DELAYED = 0.25  # the same, whatever the jitter
_SEVERAL = 20  # delays, of which the one in the middle is hardly the shortest
_DEVIATIONS = 5  # by which a median may be off, where jitter varies what it is of
_BUSY = 0.02  # seconds by which a machine may be late
_LATER = 3.0  # as much as is wanted may be measured
_LATER_BY = 0.5  # seconds beside that
_VARIED = 0.15  # the share of what jitter is expected to do to delays that it does at least

VARIES = 0.01
"""Seconds between which the middle half of the delays lies only where something varies them."""

Jitter = tuple[float, float]
"""Of a delay with a fault, and of what is left without it."""


def too_early(delay: float, jitter: float, count: int, measured: Measured) -> str:
    """Return that the median of so many delays is less than it can be."""
    if measured.delay is None:
        return "nothing arrived: its delay cannot be told"
    if measured.delay < _least_delay(delay, jitter, count):
        return f"median delay {as_time(measured.delay)}, {as_time(delay)} wanted"
    return ""


def too_late(delay: float, at_most: float, measured: Measured) -> str:
    """Return that a delay is another one: several times as long as it can be."""
    if (measured.delay or 0.0) <= _LATER * at_most + _LATER_BY:
        return ""
    return f"median delay {as_time(measured.delay or 0.0)}, {as_time(delay)} wanted"


def _least_delay(delay: float, jitter: float, count: int) -> float:
    """Return the least median of so many delays."""
    least = _DELAYED_ENOUGH * delay - jitter
    if count >= _SEVERAL:
        by_chance = _DEVIATIONS * jitter / sqrt(count + 2)
        least = max(least, _DELAYED_ENOUGH * delay - by_chance, _LEAST_DELAYED * delay)
    return max(least, 0.0)


def late_like(both: float, left: float, jitter: Jitter, count: int, measured: Measured) -> str:
    """Return that something comes as late as with the fault, which can be told from what is left.

    A stream keeps its order: what jitter delays most delays what follows as well.
    """
    if both <= left or measured.delay is None:
        return ""
    by_chance = left + jitter[1] + _BUSY if jitter[1] else 0.0
    if measured.delay >= max(_least_delay(both, jitter[0], count), (both + left) / 2, by_chance):
        return f"median delay {as_time(measured.delay)}"
    return ""


def too_even(jitter: float, probe: Probe, measured: Measured) -> str:
    """Return that delays vary less than jitter makes them."""
    if not _shows(jitter, probe):
        return ""
    if measured.spread is None:
        return f"{measured.arrived} arrived: too few to tell how their delay varies"
    if measured.spread >= _least_spread(jitter, probe):
        return ""
    return f"{_varies(measured.spread)}, a jitter of {as_time(jitter)} wanted"


def varied_like(fault: Effect, left: Effect, probe: Probe, measured: Measured) -> str:
    """Return that delays vary as a fault makes them, and nothing that is left varies them."""
    hidden = left.jitter or left.hold or left.pieces or left.loss or left.bandwidth
    if hidden or measured.spread is None or not _shows(fault.jitter, probe):
        return ""
    if measured.spread < max(VARIES, _least_spread(fault.jitter, probe)):
        return ""
    return _varies(measured.spread)


def _shows(jitter: float, probe: Probe) -> bool:
    """Tell whether a probe shows jitter: by several delays of what is not sent all at once."""
    return bool(jitter and probe.interval and probe.count >= _SEVERAL)


def _least_spread(jitter: float, probe: Probe) -> float:
    """Return between what seconds the middle half of the delays lies at least.

    What keeps its order waits for what was delayed more, so that the delays of a stream come
    close to the longest: by the square root of the jitter and of the time between two writes,
    as simulated for jitters of up to ten seconds.
    """
    return _VARIED * min(jitter, sqrt(jitter * probe.interval))


def _varies(spread: float) -> str:
    return f"half of the delays lie within {as_time(spread)}"

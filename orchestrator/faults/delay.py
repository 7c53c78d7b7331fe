"""Delay and jitter: packets come later, or a stream's bytes if packets cannot be delayed."""

from __future__ import annotations

from math import sqrt

from orchestrator.faults.effect import Effect, combine
from orchestrator.faults.fault_type import (
    FEW,
    SPREAD,
    WRITE,
    FaultType,
    Mechanisms,
    Reading,
    Rule,
    packets_probe,
    stream_probe,
)
from orchestrator.faults.hold import held_for
from orchestrator.faults.pieces import queued
from orchestrator.faults.probe import Measured, Probe, as_time

NETEM = "tc netem"
"""The mechanism that delays packets; without it the relay delays a stream's bytes."""

VARIES = 0.01
"""Seconds of interquartile range that only jitter, and no busy machine, gives to delays."""

_MANY_PACKETS, _MANY_WRITES = 150, 60  # if jitter varies each
_SEVERAL = 20  # delays, whose median is hardly the shortest
_DELAYED_ENOUGH = 0.9  # the share of a delay that is measured at least: nothing comes too early
_LEAST_DELAYED = 0.25  # the same, whatever the jitter
_DEVIATIONS = 5  # by which jitter may move the median, and the quartiles
_BUSY = 0.02  # seconds by which a machine may be late
_LATER, _LATER_BY = 3.0, 0.5  # times as much as wanted may be measured, and seconds beside
_VARIED = 0.2  # the share of the variation expected of jitter that is measured at least
_VARIED_IF_MANY = 0.5  # the same of packets that are too many for chance


def by_packets(mechanisms: Mechanisms) -> bool:
    """Return whether a delay is one of packets, and not of streams alone."""
    return mechanisms.get("delay") == NETEM


class Delay(FaultType):
    """The median is late enough and not several times too late; jitter spreads the delays."""

    def leave(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Delay packets with netem."""
        if not (effect.delay and by_packets(mechanisms)):
            return {}
        return {"delay": effect.delay, "jitter": effect.jitter}

    def shape(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Delay a stream's bytes by the lag, and by the delay if packets cannot be delayed."""
        with_netem = effect.delay > 0 and by_packets(mechanisms)
        lag = effect.lag + (0.0 if with_netem else effect.delay)
        return {"lag": lag, "jitter": effect.jitter if lag and not with_netem else 0.0}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return packets or writes, more if their delay varies."""
        with_netem = by_packets(mechanisms)
        if effect.delay and with_netem and not effect.loss:  # else the packets for the loss do
            found = [packets_probe(_MANY_PACKETS if combined.jitter else FEW, combined)]
        else:
            found = []
        of_stream = effect.lag + (0.0 if with_netem else effect.delay)
        if of_stream and not effect.hold and effect.reset is None:
            count = _MANY_WRITES if combined.jitter else FEW
            found.append(stream_probe(count, WRITE, SPREAD / FEW, combined))
        return found

    def mismatch(self, reading: Reading) -> str | None:
        """Return that something came too early, too late or too evenly."""
        if reading.probe.what == "packets":
            return _packets_mismatch(reading)
        return _stream_mismatch(reading) if reading.probe.what == "stream" else None

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return that a link delays as with the fault, which what is left does not explain."""
        left, probe, measured = reading.effect, reading.probe, reading.measured
        both = combine([fault, left])
        jitter = both.jitter, left.jitter
        if probe.what == "packets":
            if not (both.delay and by_packets(reading.mechanisms)):
                return None
            late = _late_like(both.delay, left.delay, jitter, measured.arrived, measured)
        elif probe.what == "stream":
            waits = queued(left, probe)
            delays = _stream_delay(both) + waits, _stream_delay(left) + waits
            late = _late_like(*delays, jitter, min(probe.count, measured.reads), measured)
        else:
            return None
        return late or _varied_like(fault, left, probe, measured)


def _packets_mismatch(reading: Reading) -> str | None:
    effect, probe, measured = reading.effect, reading.probe, reading.measured
    if not (effect.delay and by_packets(reading.mechanisms)):
        return None
    reason = _too_early(effect.delay, effect.jitter, measured.arrived, measured)
    reason = reason or _too_even(effect.jitter, probe, measured)
    if reason or effect.bandwidth is not None:  # they may queue
        return reason
    return _too_late(effect.delay, effect.delay + effect.jitter, measured)


def _stream_mismatch(reading: Reading) -> str | None:
    effect, back = reading.effect, reading.back
    probe, measured = reading.probe, reading.measured
    delay = _stream_delay(effect)
    if not delay:
        return None
    count = min(probe.count, measured.reads)  # writes that are read together are delayed so
    reason = _too_early(delay, effect.jitter, count, measured)
    reason = reason or _too_even(effect.jitter, probe, measured)
    if reason or effect.pieces or any(way.loss or way.bandwidth for way in (effect, back)):
        return reason  # else other things delay it, too
    at_most = delay + effect.jitter + back.delay + back.jitter  # it connects first, both ways
    return _too_late(delay, at_most, measured)


def _stream_delay(effect: Effect) -> float:
    """Return by how many seconds bytes of a stream come later, at least."""
    return effect.lag + held_for(effect) + effect.delay


def _too_early(delay: float, jitter: float, count: int, measured: Measured) -> str:
    if measured.delay is None:
        return "nothing arrived, so its delay is unknown"
    if measured.delay < _least_delay(delay, jitter, count):
        return f"median delay {as_time(measured.delay)}, {as_time(delay)} wanted"
    return ""


def _too_late(delay: float, at_most: float, measured: Measured) -> str:
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


def _late_like(
    both: float, left: float, jitter: tuple[float, float], count: int, measured: Measured
) -> str:
    """Return that something is as late as with the fault, and later than what is left explains.

    A stream keeps its order: what jitter delays most delays what follows as well.

    Args:
        both: the delay with the fault.
        left: the delay without it.
        jitter: the same two of the jitter.
        count: delays that were measured.
        measured: what arrived.
    """
    if both <= left or measured.delay is None:
        return ""
    by_chance = left + jitter[1] + _BUSY if jitter[1] else 0.0
    if measured.delay >= max(_least_delay(both, jitter[0], count), (both + left) / 2, by_chance):
        return f"median delay {as_time(measured.delay)}"
    return ""


def _too_even(jitter: float, probe: Probe, measured: Measured) -> str:
    if not _shows_jitter(jitter, probe):
        return ""
    if measured.spread is None:
        return f"{measured.arrived} arrived: too few to see their delay vary"
    if measured.spread >= _least_spread(jitter, probe, measured):
        return ""
    return f"{_varies(measured.spread)}, a jitter of {as_time(jitter)} wanted"


def _varied_like(fault: Effect, left: Effect, probe: Probe, measured: Measured) -> str:
    """Return that delays vary as a fault makes them, and nothing that is left varies them."""
    hidden = left.jitter or left.hold or left.pieces or left.loss or left.bandwidth
    if hidden or measured.spread is None or not _shows_jitter(fault.jitter, probe):
        return ""
    if measured.spread < max(VARIES, _least_spread(fault.jitter, probe, measured)):
        return ""
    return _varies(measured.spread)


def _shows_jitter(jitter: float, probe: Probe) -> bool:
    """Return whether a probe has several delays, of packets or writes that are not sent at once."""
    return bool(jitter and probe.interval and probe.count >= _SEVERAL)


def _least_spread(jitter: float, probe: Probe, measured: Measured) -> float:
    """Return the least interquartile range of the delays.

    Packets overtake each other, so half of their delays lie within the jitter, beside chance.
    Bytes of a stream keep their order and wait for those that were delayed more, so their delays
    come close to the longest: by the square root of the jitter and of the time between two
    writes, as simulated for jitters of up to ten seconds.
    """
    if probe.what == "packets":
        beside_chance = 1 - _DEVIATIONS / sqrt(measured.arrived)
        return jitter * min(max(_VARIED, beside_chance), _VARIED_IF_MANY)
    return _VARIED * min(jitter, sqrt(jitter * probe.interval))


def _varies(spread: float) -> str:
    return f"half of the delays lie within {as_time(spread)}"

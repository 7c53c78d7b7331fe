"""Whether what was measured of a link fits what is done to it.

A machine that is busy makes everything later and slower, and loses a packet now and then. So
nothing is wrong for being somewhat late; what is asked is whether a fault can be told from none,
and from one that is several times as bad.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.faults import streams
from orchestrator.faults.chance import fewest, most
from orchestrator.faults.effect import CLEAR, Effect, together
from orchestrator.faults.lateness import (
    VARIES,
    late_like,
    too_early,
    too_even,
    too_late,
    varied_like,
)
from orchestrator.faults.phrases import as_rate, as_time, counted, ended_by
from orchestrator.faults.probe import Measured, Probe
from orchestrator.faults.probes import (
    HEADERS,
    allowed_at_once,
    by_packets,
    probes_for,
    vanishes,
)

__all__ = ["already", "amiss", "gone", "phrase", "probes_for", "unproven", "vanishes"]

_STRAIGHT_ENOUGH = 0.8  # the share of packets that arrives at least, of those not to be lost
_LOST_BY_ITSELF = 0.05  # the share that a machine may lose beside those that are to be lost
_NOT_FASTER = 1.25  # as much as is allowed may be measured
_NOT_SLOWER = 5.0  # as long as is wanted may be measured
_SLOWER_BY = 0.25  # seconds beside that
_BUSY = 0.02  # seconds that tell nothing on a busy machine
_GUESSED = 0.6  # the share of what has passed that is sure, where some was lost at random


Means = Mapping[str, str]


def amiss(
    effect: Effect,
    probe: Probe,
    measured: Measured,
    means: Means,
    back: Effect = CLEAR,
    before: Measured | None = None,
) -> str:
    """Return why something does not hold on a link as it must; empty where it does.

    Args:
        effect: all that must hold on the link now.
        probe: what was sent.
        measured: what arrived of it.
        means: by what means each feature is brought about.
        back: all that holds the other way, which a stream needs as well.
        before: what arrived of it before a fault, where that is known.
    """
    if probe.what == "stream":
        return streams.amiss(effect, probe, measured, back)
    sent, arrived = measured.sent, measured.arrived
    if not sent:
        return f"nothing could be sent{ended_by(measured)}"
    if vanishes(effect):
        return f"{arrived} of {sent} packets passed" if arrived else ""
    if probe.what == "burst":
        return _rate_amiss(effect, probe, measured)
    lossy = _loss_amiss(effect, probe, measured, before)
    return lossy or _delay_amiss(effect, probe, measured, means)


def unproven(
    fault: Effect,
    beside: Effect,
    probe: Probe,
    before: Measured,
    during: Measured,
    means: Means,
    back: Effect = CLEAR,
) -> str:
    """Return why it is not proven that a fault holds now; empty where it is.

    Beside what `amiss` finds, that it looked like the fault before there was one.

    Args:
        fault: what the fault does.
        beside: what other faults do to the link, before and now.
        probe: what was sent.
        before: what arrived of it without the fault.
        during: what arrived of it with the fault.
        means: by what means each feature is brought about.
        back: all that holds the other way, which a stream needs as well.
    """
    if what := already(fault, beside, probe, before, means):
        return f"already before it: {what}"
    return amiss(together([fault, beside]), probe, during, means, back, before)


def already(fault: Effect, beside: Effect, probe: Probe, before: Measured, means: Means) -> str:
    """Return why a link looks as if a fault held before it does; empty where it does not.

    Args:
        fault: what the fault will do.
        beside: what other faults do to the link.
        probe: what was sent.
        before: what arrived of it.
        means: by what means each feature is brought about.
    """
    return _like_fault(fault, beside, probe, before, means, CLEAR)


def gone(
    fault: Effect,
    remaining: Effect,
    probe: Probe,
    before: Measured,
    after: Measured,
    means: Means,
    back: Effect = CLEAR,
) -> str:
    """Return why it is not proven that a lifted fault is gone; empty where it is.

    Where another fault hides the difference, that is no reason.

    Args:
        fault: what the lifted fault did.
        remaining: all that must hold on the link now.
        probe: what was sent.
        before: what arrived of it before the fault.
        after: what arrived of it now.
        means: by what means each feature is brought about.
        back: all that holds the other way, which a stream needs as well.
    """
    what = _like_fault(fault, remaining, probe, after, means, back)
    return f"{what}; before the fault {phrase(before, probe)}" if what else ""


def phrase(measured: Measured, probe: Probe) -> str:
    """Return what was measured in a few words: `20 of 20 packets, 0.2 ms`."""
    found = f"{measured.arrived} of {measured.sent} packets"
    if probe.what == "burst" and measured.rate is not None:
        return f"{as_rate(measured.rate)}{ended_by(measured)}"
    if probe.what == "stream":
        found = f"{counted(measured.arrived, 'byte')} in {counted(measured.reads, 'read')}"
    late = "" if measured.delay is None else f", {as_time(measured.delay)}"
    if late and measured.spread is not None and measured.spread >= VARIES:
        late += f" ± {as_time(measured.spread / 2)}"
    return f"{found}{late}{ended_by(measured)}"


# Packets


def _loss_amiss(effect: Effect, probe: Probe, measured: Measured, before: Measured | None) -> str:
    sent, lost = measured.sent, measured.sent - measured.arrived
    wanted = f"{effect.loss * 100:.3g}%" if effect.loss else "none"
    says = f"{lost} of {sent} packets lost, {wanted} wanted"
    if lost < fewest(sent, effect.loss):
        return says
    if effect.bandwidth is not None and probe.interval * effect.bandwidth < probe.size:
        return ""  # they came faster than they could pass: some waited in vain
    passed = fewest(sent, _passes(effect, before) * (1 - effect.loss))
    return says if measured.arrived < passed else ""


def _passes(effect: Effect, before: Measured | None) -> float:
    """Return the least share that arrives of packets that are not to be lost."""
    if not effect.loss or effect.bandwidth is not None:
        return _STRAIGHT_ENOUGH
    lost = 1 - before.arrived / before.sent if before and before.sent else 0.0
    return max(_STRAIGHT_ENOUGH, 1 - _LOST_BY_ITSELF - lost)


def _delay_amiss(effect: Effect, probe: Probe, measured: Measured, means: Means) -> str:
    if not effect.delay or not by_packets(means):
        return ""
    what = too_early(effect.delay, effect.jitter, measured.arrived, measured)
    what = what or too_even(effect.jitter, probe, measured)
    if what or effect.bandwidth is not None:  # they may wait for each other
        return what
    return too_late(effect.delay, effect.delay + effect.jitter, measured)


def _rate_amiss(effect: Effect, probe: Probe, measured: Measured) -> str:
    if not measured.arrived:
        return f"none of {measured.sent} packets passed"
    if effect.bandwidth is None:
        return ""
    if _least_seconds(effect.bandwidth, effect.loss, probe, probe.count) <= 0:
        return ""  # a probe of less bandwidth: all of it passes at once
    what = _as_slow_as(effect.bandwidth, effect.loss, probe, measured)
    if what is None:
        return f"{measured.arrived} of {measured.sent} packets passed: too few to tell the rate"
    passed = f"{as_rate(measured.rate or 0)} passed, {as_rate(effect.bandwidth)}"
    if not what:
        return f"{passed} allowed"
    return f"{passed} wanted" if _too_slow(effect, effect.bandwidth, probe, measured) else ""


def _too_slow(effect: Effect, bandwidth: int, probe: Probe, measured: Measured) -> bool:
    """Tell whether a limit is another one: several times as narrow as is wanted."""
    seconds = (measured.arrived - 1) * probe.size / (measured.rate or 1.0)
    wanted = measured.arrived / (1 - effect.loss) * (probe.size + HEADERS) / bandwidth
    return seconds > _NOT_SLOWER * wanted + 2 * effect.jitter + _SLOWER_BY


def _as_slow_as(bandwidth: int, loss: float, probe: Probe, measured: Measured) -> bool | None:
    """Tell whether no more passed than a limit allows; None where it cannot be told."""
    if measured.rate is None:
        return None
    arrived = measured.arrived / (1 - loss)
    least = _least_seconds(bandwidth, loss, probe, arrived)
    seconds = (measured.arrived - 1) * probe.size / measured.rate
    return seconds >= least if least > 0 else None


def _least_seconds(bandwidth: int, loss: float, probe: Probe, count: float) -> float:
    """Return the seconds that so many packets take at least; none where they pass at once."""
    passed = count * probe.size * (_GUESSED if loss else 1.0)
    return (passed - allowed_at_once(bandwidth)) / (_NOT_FASTER * bandwidth)


# After the fault


def _like_fault(
    fault: Effect, left: Effect, probe: Probe, measured: Measured, means: Means, back: Effect
) -> str:
    """Return why a link is not as what is left makes it, or as the fault would."""
    if what := amiss(left, probe, measured, means, back):
        return what
    both = together([fault, left])
    if vanishes(left):
        return ""
    if probe.what == "stream":
        return streams.like(fault, left, probe, measured)
    if probe.what == "burst":
        return _slow_like(fault, left, probe, measured)
    jitter = both.jitter, left.jitter
    delay = both.delay if by_packets(means) else 0.0
    found = _lossy_like(both, left, measured)
    found = found or late_like(delay, left.delay, jitter, measured.arrived, measured)
    return found or (varied_like(fault, left, probe, measured) if delay else "")


def _lossy_like(both: Effect, left: Effect, measured: Measured) -> str:
    if both.loss <= left.loss:
        return ""
    sent, lost = measured.sent, measured.sent - measured.arrived
    by_chance = most(sent, left.loss) if left.loss else 0
    if lost > max(fewest(sent, both.loss) - 1, by_chance):
        return f"{lost} of {sent} packets lost"
    return ""


def _slow_like(fault: Effect, left: Effect, probe: Probe, measured: Measured) -> str:
    if fault.bandwidth is None:
        return ""
    if left.bandwidth is not None:
        seconds = probe.count * (probe.size + HEADERS) / left.bandwidth
        if seconds >= _least_seconds(fault.bandwidth, left.loss, probe, probe.count):
            return ""  # that hides it
    arrived = measured.arrived / (1 - left.loss)
    is_told = _least_seconds(fault.bandwidth, left.loss, probe, arrived) > _BUSY
    if is_told and _as_slow_as(fault.bandwidth, left.loss, probe, measured):
        return f"no more than {as_rate(measured.rate or 0)} passed"
    return ""

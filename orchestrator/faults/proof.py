"""Proof that a fault is active, or gone: whether what was measured of a link fits its effect.

A busy machine makes everything later and slower, and loses a packet now and then. So a link is
never wrong for being somewhat late: the question is whether a fault differs from none, and from
one that is several times as bad.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.faults.bandwidth import Bandwidth
from orchestrator.faults.cut import Cut
from orchestrator.faults.delay import VARIES, Delay
from orchestrator.faults.effect import CLEAR, Effect, combine
from orchestrator.faults.fault_type import FaultType, Mechanisms, Reading
from orchestrator.faults.hold import Hold
from orchestrator.faults.loss import Loss
from orchestrator.faults.pieces import Pieces
from orchestrator.faults.probe import Measured, Probe, What, as_rate, as_time, counted
from orchestrator.faults.reset import Reset

FAULT_TYPES: tuple[FaultType, ...] = (
    Cut(), Reset(), Loss(), Bandwidth(), Pieces(), Hold(), Delay(),
)  # fmt: skip
"""All types of faults. Those that hide others come first, so that they judge first."""

_ORDER: tuple[What, ...] = ("packets", "burst", "stream")


def probes_for(effect: Effect, mechanisms: Mechanisms, beside: Effect = CLEAR) -> list[Probe]:
    """Return the probes that show what a fault does to a link.

    Args:
        effect: what the fault does.
        mechanisms: what implements the features.
        beside: what other faults do to the link.
    """
    combined = combine([effect, beside])
    if effect.blocks:
        return Cut().probes(effect, combined, mechanisms)
    probes = [
        probe
        for fault_type in FAULT_TYPES
        for probe in fault_type.probes(effect, combined, mechanisms)
    ]
    return sorted(probes, key=lambda probe: _ORDER.index(probe.what))


def mismatch(reading: Reading) -> str:
    """Return why a link does not behave as it must; empty if it does."""
    if reading.probe.what != "stream" and not reading.measured.sent:
        return f"nothing could be sent{reading.measured.ending}"
    for fault_type in FAULT_TYPES:
        if (reason := fault_type.mismatch(reading)) is not None:
            return reason
    return ""


def resemblance(fault: Effect, reading: Reading) -> str:
    """Return why a link without a fault does not behave so, or behaves as if it had it.

    If another fault hides the difference, that is no reason. Empty if there is none.
    """
    if reason := mismatch(reading):
        return reason
    for fault_type in FAULT_TYPES:
        if (found := fault_type.resembles(fault, reading)) is not None:
            return found
    return ""


def unproven(fault: Effect, before: Measured, reading: Reading) -> str:
    """Return why it is not proven that a fault is active; empty if it is.

    One reason beside a `mismatch` is that the link looked faulty before the fault.

    Args:
        fault: what the fault does.
        before: what arrived of the probe without the fault.
        reading: of the link with the fault; its effect is that of the other faults.
    """
    beside, probe, mechanisms = reading.effect, reading.probe, reading.mechanisms
    if reason := resemblance(fault, Reading(beside, probe, before, mechanisms)):
        return f"already before it: {reason}"
    return mismatch(replace(reading, effect=combine([fault, beside]), before=before))


def not_gone(fault: Effect, before: Measured, reading: Reading) -> str:
    """Return why it is not proven that a lifted fault is gone; empty if it is.

    Args:
        fault: what the lifted fault did.
        before: what arrived of the probe before the fault.
        reading: of the link as it is now.
    """
    reason = resemblance(fault, reading)
    return f"{reason}; before the fault {phrase(before, reading.probe)}" if reason else ""


def phrase(measured: Measured, probe: Probe) -> str:
    """Return what was measured in a few words: `20 of 20 packets, 0.2 ms`."""
    found = f"{measured.arrived} of {measured.sent} packets"
    if probe.what == "burst" and measured.rate is not None:
        return f"{as_rate(measured.rate)}{measured.ending}"
    if probe.what == "stream":
        found = f"{counted(measured.arrived, 'byte')} in {counted(measured.reads, 'read')}"
    late = "" if measured.delay is None else f", {as_time(measured.delay)}"
    if late and measured.spread is not None and measured.spread >= VARIES:
        late += f" ± {as_time(measured.spread / 2)}"
    return f"{found}{late}{measured.ending}"

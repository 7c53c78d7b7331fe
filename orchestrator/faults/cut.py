"""Cut: all packets of a link are dropped. Partitions and isolations are made of cuts."""

from __future__ import annotations

from orchestrator.faults.effect import Effect
from orchestrator.faults.fault_type import FEW, FaultType, Mechanisms, Reading, Rule, packets_probe
from orchestrator.faults.probe import Probe, counted


class Cut(FaultType):
    """A loss of 100% is probed and judged as a cut, too."""

    def arrive(self, effect: Effect) -> Rule:
        """Drop all packets."""
        return {"cut": effect.cut}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return a few packets, of which none must arrive."""
        return [packets_probe(FEW, combined)] if effect.blocks else []

    def mismatch(self, reading: Reading) -> str | None:
        """Return that something passed."""
        measured = reading.measured
        is_stream = reading.probe.what == "stream"
        if reading.effect.blocks:
            if not measured.arrived:
                return ""
            if is_stream:
                return f"{counted(measured.arrived, 'byte')} passed"
            return f"{measured.arrived} of {measured.sent} packets passed"
        if is_stream and reading.back.blocks:
            return "nothing comes back, so it cannot be measured"
        return None

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return nothing: another cut that is left hides all that a fault did."""
        return "" if reading.effect.blocks else None

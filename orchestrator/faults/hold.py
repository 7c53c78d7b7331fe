"""Hold: a stream's bytes are held back, then passed on in one go, glued together."""

from __future__ import annotations

from orchestrator.faults.effect import Effect
from orchestrator.faults.fault_type import WRITE, FaultType, Mechanisms, Reading, Rule, stream_probe
from orchestrator.faults.pieces import in_reads
from orchestrator.faults.probe import Probe

_WRITES = 8
_LONGEST_INTERVAL = 0.05  # seconds between two writes
_IN_PIECES = 0.3  # of the time that bytes are held: so late they are at least, one by one


class Hold(FaultType):
    """Several writes are read together. That they come late is judged with the delay."""

    def shape(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Collect bytes for so many seconds."""
        return {"hold": effect.hold}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return writes, of which several are held back together."""
        if not effect.hold or effect.reset is not None:
            return []
        return [stream_probe(_WRITES, WRITE, min(_LONGEST_INTERVAL, effect.hold / 4), combined)]

    def mismatch(self, reading: Reading) -> str | None:
        """Return that writes came one by one."""
        effect, probe, measured = reading.effect, reading.probe, reading.measured
        if probe.what != "stream" or not effect.hold or effect.pieces or effect.jitter:
            return None
        most_reads = probe.count // 2  # a busy reader reads less often
        times = int((probe.count - 1) * probe.interval / effect.hold) + 1
        if 2 * times > most_reads or measured.reads <= most_reads:
            return None
        return f"{in_reads(measured)}, {most_reads} at most wanted"


def held_for(effect: Effect) -> float:
    """Return by how many seconds a hold delays bytes at least."""
    return effect.hold * (_IN_PIECES if effect.pieces else 1.0)

"""Reset: a connection is reset after so many bytes. Toxiproxy's `reset_peer`."""

from __future__ import annotations

from orchestrator.faults.effect import Effect
from orchestrator.faults.fault_type import FaultType, Mechanisms, Reading, Rule, stream_probe
from orchestrator.faults.probe import Probe, counted

_WRITE = 256  # bytes
_WRITES_MORE = 8  # than fit before the reset


class Reset(FaultType):
    """A stream is reset in time; one without a reset arrives whole."""

    def shape(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Reset the connection after so many bytes."""
        return {"reset": effect.reset}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return a stream that is longer than may pass."""
        if effect.reset is None:
            return []
        return [stream_probe(effect.reset // _WRITE + _WRITES_MORE, _WRITE, 0.0, combined)]

    def mismatch(self, reading: Reading) -> str | None:
        """Return that a stream was not reset, or too late; or ended early without a reset."""
        if reading.probe.what != "stream":
            return None
        measured = reading.measured
        arrived, reset = measured.arrived, reading.effect.reset
        whole = counted(reading.probe.count * reading.probe.size, "byte")
        if reset is not None:
            if measured.error != "reset":
                return f"no reset: {arrived} of {whole} came{measured.ending}"
            if arrived > reset:
                return f"{counted(arrived, 'byte')} came before the reset, {reset} allowed"
            return ""  # nothing else is measurable
        if reading.back.reset == 0:
            return "what comes back is reset at once, so it cannot be measured"
        if arrived < reading.probe.count * reading.probe.size:
            return f"{arrived} of {whole} came{measured.ending}"
        return None

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return nothing: another reset that is left hides what was done to streams."""
        hides = reading.probe.what == "stream" and reading.effect.reset is not None
        return "" if hides else None

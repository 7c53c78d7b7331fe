"""Pieces: a stream is passed on a few bytes at a time. Toxiproxy's slicer."""

from __future__ import annotations

from math import ceil

from orchestrator.faults.effect import Effect, combine
from orchestrator.faults.fault_type import WRITE, FaultType, Mechanisms, Reading, Rule, stream_probe
from orchestrator.faults.probe import Measured, Probe, counted

GAP = 0.0005  # seconds between two pieces of a stream, at least: see `sidecar/shaper.py`
_PIECES = 300  # in which a write is to come
_WRITES = 3
_WRITES_IF_LOSSY = 10  # until a lost packet is there, what follows waits and is read in one go
_MORE_READS = 2  # than packets are sent: none comes in two by itself
_ONE_PACKET = 1200  # bytes that one packet takes at least
_FEW_PACKETS = 2  # of a write: a fast reader reads each by itself
_FEW_PIECES = 40  # fewer in a write look like one to a reader that is a little late
_FEW_SLOW_PIECES = 8  # the same if little bandwidth keeps them apart
_IN_THE_MIDDLE = 0.2  # of the time for all pieces: when a read in the middle comes, at least


class Pieces(FaultType):
    """A write is read in many pieces, no faster than the relay sends them."""

    def shape(self, effect: Effect, mechanisms: Mechanisms) -> Rule:
        """Pass on so many bytes at a time."""
        return {"pieces": effect.pieces}

    def probes(self, effect: Effect, combined: Effect, mechanisms: Mechanisms) -> list[Probe]:
        """Return writes that take a while to pass in pieces."""
        pieces, bandwidth = effect.pieces, combined.bandwidth
        if pieces is None or effect.reset is not None:
            return []
        many = _PIECES if bandwidth is None else min(_PIECES, max(8, bandwidth // pieces))
        writes = _WRITES_IF_LOSSY if combined.loss else _WRITES
        return [stream_probe(writes, max(WRITE, many * pieces), 1.2 * many * GAP, combined)]

    def mismatch(self, reading: Reading) -> str | None:
        """Return that a stream did not come in pieces."""
        effect, probe, measured = reading.effect, reading.probe, reading.measured
        if probe.what != "stream" or not _is_measurable(effect, probe):
            return None
        if _is_in_pieces(effect, probe, measured):
            return None
        return f"{in_reads(measured)}, {probe.count * _per_write(effect, probe)} wanted"

    def resembles(self, fault: Effect, reading: Reading) -> str | None:
        """Return that a stream comes in pieces, which what is left does not explain."""
        left, probe, measured = reading.effect, reading.probe, reading.measured
        both = combine([fault, left])
        is_new = both.pieces is not None and left.pieces is None
        is_hidden = left.hold or left.jitter or left.bandwidth
        if probe.what != "stream" or not is_new or is_hidden or not _is_measurable(both, probe):
            return None
        return in_reads(measured) if _is_in_pieces(both, probe, measured) else None


def in_reads(measured: Measured) -> str:
    """Return a stream in a few words: `300 bytes came in 2 reads`."""
    return f"{counted(measured.arrived, 'byte')} came in {counted(measured.reads, 'read')}"


def queued(effect: Effect, probe: Probe) -> float:
    """Return the seconds that a piece in the middle waits for those before it, at least."""
    if effect.pieces is None:
        return 0.0
    takes = ceil(probe.count * probe.size / effect.pieces) * GAP
    return max(0.0, takes - probe.count * probe.interval) / 2


def _per_write(effect: Effect, probe: Probe) -> int:
    """Return the pieces of a write, as a fast reader reads them."""
    return ceil(probe.size / (effect.pieces or probe.size))


def _is_measurable(effect: Effect, probe: Probe) -> bool:
    fewest_shown = _FEW_PIECES if effect.bandwidth is None else _FEW_SLOW_PIECES
    return _per_write(effect, probe) >= fewest_shown


def _is_in_pieces(effect: Effect, probe: Probe, measured: Measured) -> bool:
    """Return whether a stream came in pieces: those of a write come one after the other.

    A late reader reads several at once, and less of a stream that comes in one go is late.
    """
    packets = min(_FEW_PACKETS, ceil(probe.size / _ONE_PACKET))  # a late reader reads few
    if measured.reads < probe.count * packets + _MORE_READS:
        return False
    least = effect.lag + effect.delay - effect.jitter
    least += _IN_THE_MIDDLE * _per_write(effect, probe) * GAP
    return measured.delay is not None and measured.delay >= least

"""Whether the bytes of a stream come as they must: in pieces, glued together, late, or reset."""

from __future__ import annotations

from math import ceil

from orchestrator.faults.effect import Effect, together
from orchestrator.faults.lateness import late_like, too_early, too_even, too_late, varied_like
from orchestrator.faults.phrases import counted, ended_by
from orchestrator.faults.probe import Measured, Probe
from orchestrator.faults.probes import GAP, vanishes

_HELD_IN_PIECES = 0.3  # of the time that bytes are held: as late are they at least, one by one
_MORE_READS = 2  # than packets are sent: none comes in two by itself
_ONE_PACKET = 1200  # bytes that one packet takes at least
_FEW_PACKETS = 2  # of a write: who reads at once reads each by itself
_FEW_PIECES = 40  # fewer in a write cannot be told from one by who is a little late
_FEW_SLOW_PIECES = 8  # the same where little bandwidth keeps them apart
_IN_THE_MIDDLE = 0.2  # when a read in the middle comes, at least, of the time for all pieces


def amiss(effect: Effect, probe: Probe, measured: Measured, back: Effect) -> str:
    """Return why a stream does not come as it must; empty where it does.

    Args:
        effect: all that must hold on the link now.
        probe: what was sent.
        measured: what arrived of it.
        back: all that holds the other way.
    """
    arrived, whole = measured.arrived, probe.count * probe.size
    if vanishes(effect):
        return f"{counted(arrived, 'byte')} passed" if arrived else ""
    if vanishes(back):
        return "nothing comes back: it cannot be told"
    if effect.reset is not None:
        return _reset_amiss(effect.reset, whole, measured)
    if back.reset == 0:
        return "what comes back is reset at once: it cannot be told"
    if arrived < whole:
        return f"{arrived} of {counted(whole, 'byte')} came{ended_by(measured)}"
    if _shows_pieces(effect, probe) and not _in_pieces(effect, probe, measured):
        return _whole(measured) + f", {probe.count * _pieces(effect, probe)} wanted"
    if _shows_gluing(effect, probe) and measured.reads > _reads_glued(probe):
        return _whole(measured) + f", {_reads_glued(probe)} at most wanted"
    later = _later(effect)
    count = min(probe.count, measured.reads)  # what is written together is delayed so
    if not later:
        return ""
    what = too_early(later, effect.jitter, count, measured)
    what = what or too_even(effect.jitter, probe, measured)
    if what or effect.pieces or any(way.loss or way.bandwidth for way in (effect, back)):
        return what  # else it takes its time for other reasons
    at_most = later + effect.jitter + back.delay + back.jitter  # it is dialled first, both ways
    return too_late(later, at_most, measured)


def like(fault: Effect, left: Effect, probe: Probe, measured: Measured) -> str:
    """Return that a stream comes as a fault would have it, which what is left does not explain."""
    if left.reset is not None:
        return ""
    both = together([fault, left])
    is_new = both.pieces is not None and left.pieces is None
    is_new = is_new and not (left.hold or left.jitter or left.bandwidth)  # that hides it
    if is_new and _shows_pieces(both, probe) and _in_pieces(both, probe, measured):
        return _whole(measured)
    waits = _in_line(left, probe)
    later = _later(both) + waits, _later(left) + waits
    count = min(probe.count, measured.reads)
    late = late_like(*later, (both.jitter, left.jitter), count, measured)
    return late or varied_like(fault, left, probe, measured)


def _reset_amiss(reset: int, whole: int, measured: Measured) -> str:
    if measured.error != "reset":
        return f"no reset: {measured.arrived} of {counted(whole, 'byte')} came{ended_by(measured)}"
    if measured.arrived > reset:
        return f"{counted(measured.arrived, 'byte')} came before the reset, {reset} allowed"
    return ""


def _whole(measured: Measured) -> str:
    return f"{counted(measured.arrived, 'byte')} came in {counted(measured.reads, 'read')}"


def _pieces(effect: Effect, probe: Probe) -> int:
    """Return in how many pieces a write comes to who reads each by itself."""
    return ceil(probe.size / (effect.pieces or probe.size))


def _shows_pieces(effect: Effect, probe: Probe) -> bool:
    fewest_shown = _FEW_PIECES if effect.bandwidth is None else _FEW_SLOW_PIECES
    return _pieces(effect, probe) >= fewest_shown


def _in_pieces(effect: Effect, probe: Probe, measured: Measured) -> bool:
    """Tell whether a stream came in pieces: those of a write come one after the other.

    Who reads late reads several at once, and less of a stream that comes in one go is late.
    """
    packets = min(_FEW_PACKETS, ceil(probe.size / _ONE_PACKET))  # who takes many reads few
    if measured.reads < probe.count * packets + _MORE_READS:
        return False
    least = effect.lag + effect.delay - effect.jitter
    least += _IN_THE_MIDDLE * _pieces(effect, probe) * GAP
    return measured.delay is not None and measured.delay >= least


def _shows_gluing(effect: Effect, probe: Probe) -> bool:
    """Tell whether several writes are held back together each time."""
    if not effect.hold or effect.pieces or effect.jitter:
        return False
    times = int((probe.count - 1) * probe.interval / effect.hold) + 1
    return 2 * times <= _reads_glued(probe)


def _reads_glued(probe: Probe) -> int:
    """Return in how many reads what is held back comes, at most: who is busy reads less often."""
    return probe.count // 2


def _later(effect: Effect) -> float:
    """Return by how much bytes of a stream come later, at least."""
    hold = effect.hold * (_HELD_IN_PIECES if effect.pieces else 1.0)
    return effect.lag + hold + effect.delay


def _in_line(effect: Effect, probe: Probe) -> float:
    """Return how long a piece in the middle waits for those before it, at least."""
    if effect.pieces is None:
        return 0.0
    takes = ceil(probe.count * probe.size / effect.pieces) * GAP
    return max(0.0, takes - probe.count * probe.interval) / 2

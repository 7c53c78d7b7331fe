"""Which probes show what a fault does, and how many of what it takes to be sure."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from orchestrator.faults.effect import CLEAR, Effect, together
from orchestrator.faults.probe import Probe

_FEW = 20  # packets, or writes, where nothing is left to chance
_MANY = 150  # the same, where jitter varies each
_MOST = 2000  # packets of one probe, but for a burst
_LOST = 40  # packets that are to be lost, of those that are
_APART = 10  # standard deviations between two shares that are to be told from each other
_SIZE = 64  # bytes of a packet
_SPREAD = 0.2  # seconds over which a few are sent: no short stop of a machine covers that
_PATIENCE = 0.3  # seconds for a packet to arrive on a machine that is busy
_STREAM_PATIENCE = 8.0  # the same for a stream, whose packets may have to be sent again
_RESET_PATIENCE = 1.5  # what is reset early enough, nobody ever hears of
_LOSSY_PATIENCE = 15.0
_BURST = 0.4  # seconds that a burst takes at the bandwidth that is allowed
_WRITE, _LARGEST = 32, 1200  # bytes; no more than one packet takes
_PIECES = 300  # in which a write is to come

HEADERS = 64
"""Bytes around what a packet carries, at most."""

NETEM = "tc netem"
"""The means by which packets are delayed; without it the relay delays a stream's bytes."""

GAP = 0.0005
"""Seconds that are left between two pieces of a stream, at least: see the sidecar."""


def by_packets(means: Mapping[str, str]) -> bool:
    """Tell whether a delay is one of packets, and not of streams alone."""
    return means.get("delay") == NETEM


def vanishes(effect: Effect) -> bool:
    """Tell whether nothing gets over a link."""
    return effect.cut or effect.loss >= 1


def allowed_at_once(bandwidth: int) -> float:
    """Return the bytes that may pass before a limit of so many a second takes effect."""
    return 4000 + 0.02 * bandwidth


def probes_for(effect: Effect, means: Mapping[str, str], beside: Effect = CLEAR) -> list[Probe]:
    """Return the probes that show what a fault does to a link.

    Args:
        effect: what the fault does.
        means: by what means each feature is brought about.
        beside: what other faults do to the link meanwhile.
    """
    both = together([effect, beside])
    if vanishes(effect):
        return [_packets(_FEW, both)]
    found = []
    if effect.loss:
        found.append(_packets(_for_loss(both.loss, beside.loss), both))
    elif effect.delay and by_packets(means):
        found.append(_packets(_MANY if both.jitter else _FEW, both))
    if effect.bandwidth is not None:
        found.append(_burst(effect.bandwidth, both))
    return found + _streams(effect, means, both)


def _for_loss(share: float, beside: float) -> int:
    """Return how many packets tell a share that is lost from none, or from another."""
    count = _LOST / min(share, max(1 - share, 1 / _MOST))
    if beside and share > beside:
        count = max(count, _APART**2 * share * (1 - share) / (share - beside) ** 2)
    return min(_MOST, ceil(count))


def _packets(count: int, both: Effect) -> Probe:
    size, interval = _SIZE, max(0.0003, min(_SPREAD / _FEW, 2 * _SPREAD / count))
    if both.bandwidth is not None:  # else they would wait for each other
        interval = max(interval, (size + HEADERS) / (0.8 * both.bandwidth))
    return Probe("packets", count, size, interval, _PATIENCE + both.delay + both.jitter)


def _burst(bandwidth: int, both: Effect) -> Probe:
    total = allowed_at_once(bandwidth) + _BURST * bandwidth
    if both.loss:  # what is lost has passed as well, but tells nothing
        total /= max(0.1, min(0.5, 1 - both.loss))
    size = min(_LARGEST, max(_SIZE, ceil(total / 100)))
    count = ceil(total / size)
    slowest = min(bandwidth, both.bandwidth or bandwidth)
    patience = 2 * _PATIENCE + count * (size + HEADERS) / slowest + both.delay + both.jitter
    return Probe("burst", count, size, 0.0, patience)


def _streams(effect: Effect, means: Mapping[str, str], both: Effect) -> list[Probe]:
    shapes: list[tuple[int, int, float]] = []  # writes, bytes of each, seconds between
    later = effect.lag + effect.hold + (0.0 if by_packets(means) else effect.delay)
    if effect.reset is not None:
        shapes.append((effect.reset // 256 + 8, 256, 0.0))
    if effect.pieces is not None and effect.reset is None:
        shapes.append(_in_pieces(effect.pieces, both.bandwidth))
    if later and effect.reset is None:
        count = 8 if effect.hold else 60 if both.jitter else _FEW
        interval = min(0.05, effect.hold / 4) if effect.hold else _SPREAD / _FEW
        shapes.append((count, _WRITE, interval))
    return [
        Probe("stream", count, size, interval, _patience(count * size, both))
        for count, size, interval in shapes
    ]


def _in_pieces(pieces: int, bandwidth: int | None) -> tuple[int, int, float]:
    """Return writes that take a while to pass, for so few bytes are passed on at a time."""
    many = _PIECES if bandwidth is None else min(_PIECES, max(8, bandwidth // pieces))
    return 3, max(_WRITE, many * pieces), 1.2 * many * GAP


def _patience(total: int, both: Effect) -> float:
    """Return seconds in which a stream of so many bytes arrives on a link that is so bad."""
    patience = _STREAM_PATIENCE if both.reset is None else _RESET_PATIENCE
    patience = _LOSSY_PATIENCE if both.loss else patience
    patience += both.lag + both.hold + 4 * (both.delay + both.jitter)
    patience += 0.0 if both.bandwidth is None else 2 * total / both.bandwidth
    return patience + (0.0 if both.pieces is None else total / both.pieces * 0.01)

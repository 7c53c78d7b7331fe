"""What probes look like on their way, and what is to be told of those that came. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from sidecar.errors import RequestError

_PACKET = struct.Struct(">4sQIB")  # magic, stamp in ns, number, length of the name
_STREAM = struct.Struct(">4sIB")  # magic, bytes of a write, length of the name
_STAMP = struct.Struct(">Q")
_PACKET_MAGIC = b"plP1"
_STREAM_MAGIC = b"plS1"
_NANO = 1e-9
_FEW = 4  # of which no half is in the middle


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet that came.

    Attributes:
        probe: the probe that it belongs to.
        number: its place among that probe's packets.
        stamp: when it was sent, in nanoseconds.
    """

    probe: str
    number: int
    stamp: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Some bytes that came at once.

    Attributes:
        stamp: when they were sent, in nanoseconds.
        at: when they came.
        size: how many they were.
    """

    stamp: int
    at: int
    size: int


def packet(packet: Packet, size: int) -> bytes:
    """Return a packet of so many bytes.

    Raises:
        RequestError: the probe's name does not fit.
    """
    name = packet.probe.encode()
    head = _PACKET.pack(_PACKET_MAGIC, packet.stamp, packet.number, len(name)) + name
    if len(head) > size:
        raise RequestError(f"a packet of {size} bytes has no room for {packet.probe!r}")
    return head.ljust(size, b"\0")


def read_packet(data: bytes) -> Packet | None:
    """Return what a packet says; None where it is no probe's."""
    if len(data) < _PACKET.size:
        return None
    magic, stamp, number, length = _PACKET.unpack_from(data)
    name = data[_PACKET.size : _PACKET.size + length]
    if magic != _PACKET_MAGIC or len(name) < length:
        return None
    return Packet(name.decode(errors="replace"), number, stamp)


def stream_head(probe: str, size: int) -> bytes:
    """Return what a stream begins with, before its first write of so many bytes."""
    name = probe.encode()
    return _STREAM.pack(_STREAM_MAGIC, size, len(name)) + name


def read_stream_head(data: bytes) -> tuple[str, int, int] | None:
    """Return the probe, the bytes of a write and the length of the head; None: more is needed.

    Raises:
        ValueError: this is no probe's stream.
    """
    if not data.startswith(_STREAM_MAGIC[: len(data)]):
        raise ValueError("not a probe")
    if len(data) < _STREAM.size:
        return None
    _, size, length = _STREAM.unpack_from(data)
    end = _STREAM.size + length
    if size < _STAMP.size:
        raise ValueError("not a probe")
    return (
        (data[_STREAM.size : end].decode(errors="replace"), size, end) if len(data) >= end else None
    )


def stamped(stamp: int, size: int) -> bytes:
    """Return a write of so many bytes, which begins with the time it is made."""
    return _STAMP.pack(stamp).ljust(size, b"\0")


def arrivals_of(data: bytes, size: int, reads: Sequence[tuple[int, int]]) -> list[Arrival]:
    """Return how a stream came.

    Each read counts from when the write was made that its first byte belongs to. Where not
    even the stamp of that write came whole, the read cannot be told and is left out.

    Args:
        data: all that came.
        size: the bytes of a write.
        reads: how many bytes each read brought, and when, in nanoseconds.
    """
    found: list[Arrival] = []
    place = 0
    for length, at in reads:
        begin = place - place % size
        if begin + _STAMP.size <= len(data):
            found.append(Arrival(_STAMP.unpack_from(data, begin)[0], at, length))
        place += length
    return found


def writes_of(data: bytes, size: int, reads: Sequence[tuple[int, int]]) -> list[Arrival]:
    """Return how each write of a stream came: when its first byte did.

    Args:
        data: all that came.
        size: the bytes of a write.
        reads: how many bytes each read brought, and when, in nanoseconds.
    """
    found: list[Arrival] = []
    place = begin = 0
    for length, at in reads:
        place += length
        while begin < place and begin + _STAMP.size <= len(data):
            found.append(Arrival(_STAMP.unpack_from(data, begin)[0], at, size))
            begin += size
    return found


def delay(arrivals: Sequence[Arrival]) -> float | None:
    """Return the median of the seconds on the way; None where nothing came."""
    if not arrivals:
        return None
    return median(_delays(arrivals))


def spread(arrivals: Sequence[Arrival]) -> float | None:
    """Return between what seconds the middle half of the delays lies; None where few came."""
    if len(arrivals) < _FEW:
        return None
    first, _, third = quantiles(_delays(arrivals))
    return third - first


def rate(arrivals: Sequence[Arrival]) -> float | None:
    """Return the bytes a second from the first arrival to the last; None where there is no such."""
    if len(arrivals) < 2:  # noqa: PLR2004 - two ends
        return None
    seconds = (arrivals[-1].at - arrivals[0].at) * _NANO
    later = sum(each.size for each in arrivals[1:])  # the first came when the time began
    return later / seconds if seconds > 0 else None


def _delays(arrivals: Sequence[Arrival]) -> list[float]:
    return [(each.at - each.stamp) * _NANO for each in arrivals]

"""What probes look like on the wire, and what is computed from those that arrived. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from sidecar.errors import RequestError

_PACKET = struct.Struct(">4sQIB")  # magic, stamp in ns, number, length of the name
_STREAM = struct.Struct(">4sIB")  # magic, bytes of a write, length of the name
_STAMP = struct.Struct(">Q")
_PACKET_MAGIC = b"plP1"
_STREAM_MAGIC = b"plS1"
_NANO = 1e-9
_FEWEST = 4  # delays that have quartiles


class Packet(NamedTuple):
    """A packet of a probe.

    Attributes:
        probe: the probe that it belongs to.
        number: its index among that probe's packets.
        stamp: when it was sent, in nanoseconds.
    """

    probe: str
    number: int
    stamp: int


class Arrival(NamedTuple):
    """Bytes that arrived at once.

    Attributes:
        stamp: when they were sent, in nanoseconds.
        at: when they arrived.
        size: how many they were.
    """

    stamp: int
    at: int
    size: int


def encode_packet(packet: Packet, size: int) -> bytes:
    """Return a packet of `size` bytes.

    Raises:
        RequestError: the probe's name does not fit.
    """
    name = packet.probe.encode()
    head = _PACKET.pack(_PACKET_MAGIC, packet.stamp, packet.number, len(name)) + name
    if len(head) > size:
        raise RequestError(f"a packet of {size} bytes has no room for {packet.probe!r}")
    return head.ljust(size, b"\0")


def read_packet(data: bytes) -> Packet | None:
    """Return the packet; None if it is no probe's."""
    if len(data) < _PACKET.size:
        return None
    magic, stamp, number, length = _PACKET.unpack_from(data)
    name = data[_PACKET.size : _PACKET.size + length]
    if magic != _PACKET_MAGIC or len(name) < length:
        return None
    return Packet(name.decode(errors="replace"), number, stamp)


def stream_head(probe: str, size: int) -> bytes:
    """Return the head of a stream whose writes have `size` bytes."""
    name = probe.encode()
    return _STREAM.pack(_STREAM_MAGIC, size, len(name)) + name


def read_stream_head(data: bytes) -> tuple[str, int, int] | None:
    """Return the probe, the bytes of a write and the length of the head; None if it is incomplete.

    Raises:
        ValueError: it is not the stream of a probe.
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
    """Return a write of `size` bytes that begins with its time."""
    return _STAMP.pack(stamp).ljust(size, b"\0")


def arrivals_of(data: bytes, size: int, reads: Sequence[tuple[int, int]]) -> list[Arrival]:
    """Return the arrival of each read of a stream.

    A read counts from the write that its first byte belongs to. It is left out if the stamp
    of that write did not arrive whole.

    Args:
        data: all that arrived.
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
    """Return the arrival of each write of a stream, which is that of its first byte.

    Args:
        data: all that arrived.
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
    """Return the median delay in seconds; None if nothing arrived."""
    if not arrivals:
        return None
    delays = sorted(_delays(arrivals))
    middle = len(delays) // 2
    return (delays[middle] + delays[~middle]) / 2


def spread(arrivals: Sequence[Arrival]) -> float | None:
    """Return the interquartile range of the delays in seconds; None if few arrived."""
    if len(arrivals) < _FEWEST:
        return None
    delays = sorted(_delays(arrivals))
    return _quartile(delays, 3) - _quartile(delays, 1)


def _quartile(ordered: Sequence[float], number: int) -> float:
    """Return the first or third quartile of four values or more, as `statistics.quantiles` does.

    To import that would take a tenth of the time in which a sidecar starts.
    """
    place, rest = divmod(number * (len(ordered) + 1), 4)
    return (ordered[place - 1] * (4 - rest) + ordered[place] * rest) / 4


def rate(arrivals: Sequence[Arrival]) -> float | None:
    """Return the bytes a second from the first arrival to the last; None if that is no time."""
    if len(arrivals) < 2:  # noqa: PLR2004 - two ends
        return None
    seconds = (arrivals[-1].at - arrivals[0].at) * _NANO
    later = sum(arrival.size for arrival in arrivals[1:])  # the first starts the clock
    return later / seconds if seconds > 0 else None


def _delays(arrivals: Sequence[Arrival]) -> list[float]:
    return [(arrival.at - arrival.stamp) * _NANO for arrival in arrivals]

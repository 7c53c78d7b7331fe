"""Receives probes, and keeps what came of them until it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass, field

from sidecar import probe
from sidecar.accepting import Accepting
from sidecar.probe import Arrival
from sidecar.requests import STREAM_BYTES, Heard

_MANY_PROBES = 512  # kept at a time, whoever sent them
_MANY_PACKETS = 1_000_000  # of one probe
_IN_A_ROW = 256  # packets that are read before others have their turn
_SO_RCVBUFFORCE = 33  # Python has no name for it
_BUFFER = 1 << 22  # bytes of packets that may wait to be read
_MOST_BYTES = STREAM_BYTES + 1024  # of a stream, with its head


@dataclass
class _Record:
    """What has come of one probe."""

    arrived: int = 0  # packets, or a stream's bytes
    reads: int = 0
    arrivals: list[Arrival] = field(default_factory=list)  # of packets, or reads
    numbers: set[int] = field(default_factory=set)
    stream: _Receiving | None = None
    ended: bool = False
    error: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def is_whole(self, count: int) -> bool:
        return self.ended if self.stream else self.arrived >= count

    def as_data(self) -> dict[str, object]:
        if self.stream:
            self.stream.tell(self)
        writes = self.stream.writes() if self.stream else self.arrivals
        return {
            "arrived": self.arrived,
            "delay": probe.delay(self.arrivals),
            "rate": probe.rate(self.arrivals),
            "spread": probe.spread(writes),
            "reads": self.reads,
            "error": self.error,
        }


class Hearing:
    """Two ports for probes, opened when they are first asked for."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._records: dict[str, _Record] = {}
        self._packets: socket.socket | None = None
        self._streams = Accepting(self._receive)

    def listen(self) -> dict[str, int]:
        """Return the ports at which packets and streams are awaited.

        Raises:
            OSError: no port can be had.
        """
        if self._packets is None:
            self._packets = _packet_socket(self._address)
            asyncio.get_running_loop().add_reader(self._packets, self._read_packets)
        streams = self._streams.port or self._streams.open(self._address)
        return {"packets": self._packets.getsockname()[1], "stream": streams}

    async def heard(self, wanted: Heard) -> dict[str, object]:
        """Wait for a probe, and return what came of it. It is forgotten then."""
        record = self._record(wanted.probe)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wanted.patience):
                while not record.is_whole(wanted.count):
                    record.news.clear()
                    await record.news.wait()
        if self._records.get(wanted.probe) is record:
            del self._records[wanted.probe]
        return record.as_data()

    def close(self) -> None:
        """Hear no more packets; streams end with the loop."""
        if self._packets is not None:
            asyncio.get_running_loop().remove_reader(self._packets)
            self._packets.close()
            self._packets = None

    def _record(self, name: str) -> _Record:
        if name not in self._records:
            while len(self._records) >= _MANY_PROBES:
                del self._records[next(iter(self._records))]
            self._records[name] = _Record()
        return self._records[name]

    def _read_packets(self) -> None:
        assert self._packets is not None  # noqa: S101 - it is what was readable
        with contextlib.suppress(OSError):  # nothing more for now
            for _ in range(_IN_A_ROW):
                data = self._packets.recv(65536)
                self._note_packet(data, time.monotonic_ns())

    def _note_packet(self, data: bytes, at: int) -> None:
        packet = probe.read_packet(data)
        if packet is None:
            return
        record = self._record(packet.probe)
        if packet.number not in record.numbers and len(record.numbers) < _MANY_PACKETS:
            record.numbers.add(packet.number)
            record.arrived = record.reads = len(record.numbers)
            record.arrivals.append(Arrival(packet.stamp, at, len(data)))
            record.news.set()

    async def _receive(self, stream: socket.socket) -> None:
        """Take in one stream, whosever it is, to its end."""
        receiving = _Receiving()
        record = _Record()
        try:
            while data := await asyncio.get_running_loop().sock_recv(stream, 1 << 16):
                if receiving.add(data, time.monotonic_ns()):
                    record = self._record(receiving.probe)
                    record.stream = receiving
        except ValueError:
            return  # not a probe
        except OSError:
            record.error = "reset"
        record.ended = True
        record.news.set()


class _Receiving:
    """One stream as it comes."""

    def __init__(self) -> None:
        self.probe = ""
        self._size = 0  # bytes of a write
        self._data = bytearray()  # until the head is whole that, then what follows it
        self._reads: list[tuple[int, int]] = []

    def add(self, data: bytes, at: int) -> bool:
        """Add what was read; return whether the head is known since now."""
        self._data += data
        if len(self._data) > _MOST_BYTES:
            raise ValueError("not a probe")
        if self._size:  # the head has come
            self._reads.append((len(data), at))
            return False
        head = probe.read_stream_head(bytes(self._data))
        if head is None:
            return False
        self.probe, self._size, end = head
        del self._data[:end]
        if self._data:
            self._reads.append((len(self._data), at))
        return True

    def tell(self, record: _Record) -> None:
        """Say how it came so far."""
        record.arrivals = probe.arrivals_of(bytes(self._data), self._size, self._reads)
        record.arrived, record.reads = len(self._data), len(self._reads)

    def writes(self) -> list[Arrival]:
        """Return how each of its writes came so far."""
        return probe.writes_of(bytes(self._data), self._size, self._reads)


def _packet_socket(address: str) -> socket.socket:
    packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        packets.setblocking(False)
        _enlarge(packets)
        packets.bind((address, 0))
    except OSError:
        packets.close()
        raise
    return packets


def _enlarge(packets: socket.socket) -> None:
    try:
        packets.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    except OSError:  # as much as the machine allows anybody
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

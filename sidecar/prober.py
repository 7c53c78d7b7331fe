"""Sends probes, receives them, and keeps what arrived until it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sidecar import probe_format
from sidecar.errors import SidecarError
from sidecar.probe_format import Arrival, Packet
from sidecar.requests import STREAM_BYTES, ReportProbe, SendProbe
from sidecar.tcp import Listener

_MANY_PROBES = 512  # kept at a time
_MANY_PACKETS = 1_000_000  # of one probe
_SEND_BATCH = 32  # packets that are sent before other tasks run
_READ_BATCH = 256  # packets that are read before other tasks run
_SO_RCVBUFFORCE = 33  # Python has no name for it
_BUFFER = 1 << 22  # bytes of packets that may wait to be read
_MOST_BYTES = STREAM_BYTES + 1024  # of a stream, with its head
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EHOSTDOWN}


async def send_packets(send: SendProbe) -> int:
    """Send packets. Returns how many left.

    Raises:
        SidecarError: they cannot be sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        async for number in _paced(send):
            packet = Packet(send.probe, number, time.monotonic_ns())
            data = probe_format.encode_packet(packet, send.size)
            try:
                await asyncio.get_running_loop().sock_sendto(sender, data, (send.to, send.port))
            except OSError as error:
                raise SidecarError(f"packets to {send.to}: {error.strerror}") from error
    return send.count


async def send_stream(send: SendProbe) -> tuple[int, str]:
    """Send a stream. Returns how many writes were made, and what ended it early or nothing.

    Raises:
        SidecarError: it cannot be started.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.setblocking(False)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outgoing = _OutgoingStream(stream, send)
        try:
            await outgoing.send()
        except (TimeoutError, OSError) as error:
            return outgoing.writes, _early_end(send, error)
        return outgoing.writes, ""


def _early_end(send: SendProbe, error: OSError) -> str:
    """Return what an error means for a stream. A TimeoutError of asyncio is an OSError, too."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "reset"
    if isinstance(error, TimeoutError) or error.errno in _UNREACHABLE:
        return "no answer"
    raise SidecarError(f"stream to {send.to}: {error.strerror}") from error


class _OutgoingStream:
    """One stream, from connecting to its end."""

    def __init__(self, stream: socket.socket, send: SendProbe) -> None:
        self.writes = 0
        self._stream = stream
        self._send = send
        self._loop = asyncio.get_running_loop()

    async def send(self) -> None:
        send = self._send
        head = probe_format.stream_head(send.probe, send.size)
        async with asyncio.timeout(send.patience):
            await self._loop.sock_connect(self._stream, (send.to, send.port))
        async for _ in _paced(send):
            data = head + probe_format.stamped(time.monotonic_ns(), send.size)
            async with asyncio.timeout(send.patience):
                await self._loop.sock_sendall(self._stream, data)
            head = b""
            self.writes += 1
        await self._finish()

    async def _finish(self) -> None:
        self._stream.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(self._send.patience):
            while await self._loop.sock_recv(self._stream, 4096):
                pass


async def _paced(send: SendProbe) -> AsyncIterator[int]:
    """Yield the number of each packet or write when it is due; catch up if late."""
    begin = time.monotonic()
    for number in range(send.count):
        ahead = begin + number * send.interval - time.monotonic()
        if ahead > 0 or number % _SEND_BATCH == _SEND_BATCH - 1:
            await asyncio.sleep(max(0.0, ahead))
        yield number


@dataclass
class _Record:
    """What arrived of one probe."""

    arrived: int = 0  # packets, or a stream's bytes
    reads: int = 0
    arrivals: list[Arrival] = field(default_factory=list)  # of packets, or reads
    numbers: set[int] = field(default_factory=set)
    stream: _IncomingStream | None = None
    ended: bool = False
    error: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def is_whole(self, count: int) -> bool:
        return self.ended if self.stream else self.arrived >= count

    def as_data(self) -> dict[str, object]:
        writes = self.arrivals
        if self.stream:
            self.arrivals, self.reads, self.arrived = self.stream.so_far()
            writes = self.stream.writes()
        return {
            "arrived": self.arrived,
            "delay": probe_format.delay(self.arrivals),
            "rate": probe_format.rate(self.arrivals),
            "spread": probe_format.spread(writes),
            "reads": self.reads,
            "error": self.error,
        }


class ProbeReceiver:
    """Two ports for probes, opened when they are first asked for."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._records: dict[str, _Record] = {}
        self._packets: socket.socket | None = None
        self._streams = Listener(self._receive)

    def listen(self) -> dict[str, int]:
        """Return the ports for packets and for streams.

        Raises:
            OSError: no port is available.
        """
        if self._packets is None:
            self._packets = _packet_socket(self._address)
            asyncio.get_running_loop().add_reader(self._packets, self._read_packets)
        streams = self._streams.port or self._streams.open(self._address)
        return {"packets": self._packets.getsockname()[1], "stream": streams}

    async def report(self, wanted: ReportProbe) -> dict[str, object]:
        """Wait for a probe, return what arrived of it, and forget it."""
        record = self._record(wanted.probe)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wanted.patience):
                while not record.is_whole(wanted.count):
                    record.changed.clear()
                    await record.changed.wait()
        if self._records.get(wanted.probe) is record:
            del self._records[wanted.probe]
        return record.as_data()

    def close(self) -> None:
        """Receive no more packets; streams end with the loop."""
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
        with contextlib.suppress(OSError):  # no more for now
            for _ in range(_READ_BATCH):
                data = self._packets.recv(65536)
                self._note_packet(data, time.monotonic_ns())

    def _note_packet(self, data: bytes, at: int) -> None:
        packet = probe_format.read_packet(data)
        if packet is None:
            return
        record = self._record(packet.probe)
        if packet.number not in record.numbers and len(record.numbers) < _MANY_PACKETS:
            record.numbers.add(packet.number)
            record.arrived = record.reads = len(record.numbers)
            record.arrivals.append(Arrival(packet.stamp, at, len(data)))
            record.changed.set()

    async def _receive(self, stream: socket.socket) -> None:
        """Read one stream to its end."""
        receiving = _IncomingStream()
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
        record.changed.set()


class _IncomingStream:
    """One stream, as it arrives."""

    def __init__(self) -> None:
        self.probe = ""
        self._size = 0  # bytes of a write
        self._data = bytearray()  # the head until it is whole, then what follows it
        self._reads: list[tuple[int, int]] = []

    def add(self, data: bytes, at: int) -> bool:
        """Add what was read. Returns whether that completed the head."""
        self._data += data
        if len(self._data) > _MOST_BYTES:
            raise ValueError("not a probe")
        if self._size:  # the head has come
            self._reads.append((len(data), at))
            return False
        head = probe_format.read_stream_head(bytes(self._data))
        if head is None:
            return False
        self.probe, self._size, end = head
        del self._data[:end]
        if self._data:
            self._reads.append((len(self._data), at))
        return True

    def so_far(self) -> tuple[list[Arrival], int, int]:
        """Return the arrivals of its reads so far, how many reads, and how many bytes."""
        arrivals = probe_format.arrivals_of(bytes(self._data), self._size, self._reads)
        return arrivals, len(self._reads), len(self._data)

    def writes(self) -> list[Arrival]:
        """Return the arrivals of its writes so far."""
        return probe_format.writes_of(bytes(self._data), self._size, self._reads)


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
    except OSError:  # then as much as every user may have
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

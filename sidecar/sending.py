"""Sends probes: single packets, and streams."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator

from sidecar import probe
from sidecar.errors import SidecarError
from sidecar.requests import Send

_IN_A_ROW = 32  # packets that leave before others have their turn
_NO_ANSWER = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EHOSTDOWN}


async def send_packets(send: Send) -> int:
    """Send packets, and return how many left.

    Raises:
        SidecarError: they cannot be sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        async for number in _in_time(send):
            packet = probe.Packet(send.probe, number, time.monotonic_ns())
            data = probe.packet(packet, send.size)
            try:
                await asyncio.get_running_loop().sock_sendto(sender, data, (send.to, send.port))
            except OSError as error:
                raise SidecarError(f"packets to {send.to}: {error.strerror}") from error
    return send.count


async def send_stream(send: Send) -> tuple[int, str]:
    """Send a stream, and return how many writes were made and what ended it early, if anything.

    Raises:
        SidecarError: it cannot even be begun.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.setblocking(False)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        course = _Course(stream, send)
        try:
            await course.run()
        except (TimeoutError, OSError) as error:
            return course.writes, _what(send, error)
        return course.writes, ""


def _what(send: Send, error: OSError) -> str:
    """Return what an error means for a stream; asyncio's time-out is an OSError as well."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "reset"
    if isinstance(error, TimeoutError) or error.errno in _NO_ANSWER:
        return "no answer"
    raise SidecarError(f"stream to {send.to}: {error.strerror}") from error


class _Course:
    """A stream from its connecting to its end."""

    def __init__(self, stream: socket.socket, send: Send) -> None:
        self.writes = 0
        self._stream = stream
        self._send = send
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        send = self._send
        head = probe.stream_head(send.probe, send.size)
        async with asyncio.timeout(send.patience):
            await self._loop.sock_connect(self._stream, (send.to, send.port))
        async for _ in _in_time(send):
            data = head + probe.stamped(time.monotonic_ns(), send.size)
            async with asyncio.timeout(send.patience):
                await self._loop.sock_sendall(self._stream, data)
            head = b""
            self.writes += 1
        await self._end()

    async def _end(self) -> None:
        self._stream.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(self._send.patience):
            while await self._loop.sock_recv(self._stream, 4096):
                pass


async def _in_time(send: Send) -> AsyncIterator[int]:
    """Count the sendings, each in its time from the first; who is late makes haste."""
    begin = time.monotonic()
    for number in range(send.count):
        ahead = begin + number * send.interval - time.monotonic()
        if ahead > 0 or number % _IN_A_ROW == _IN_A_ROW - 1:
            await asyncio.sleep(max(0.0, ahead))
        yield number

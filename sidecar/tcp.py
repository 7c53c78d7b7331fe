"""Sockets: listening, dialling, resetting, and finding a redirected connection's target."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import Callable, Coroutine

from sidecar.nft import MARK

_BACKLOG = 4096
_PAUSE = 0.05  # seconds until the next try when no descriptor is left
_SO_ORIGINAL_DST = 80  # of SOL_IP, from linux/netfilter_ipv4.h
_LINGER_ZERO = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: close with a reset
_POLL = 0.001  # seconds between two looks at the send queue
_FLUSH_WITHIN = 1.0  # seconds for the send queue before a reset

Serve = Callable[[socket.socket], Coroutine[None, None, None]]
"""Serves one connection, whose socket is closed afterwards if it still is open."""


class Listener:
    """A port on which each connection is served by a task; the tasks end with the loop."""

    def __init__(self, serve: Serve) -> None:
        self.port = 0
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, address: str) -> int:
        """Start to listen, and return the port.

        Raises:
            OSError: no port is available.
        """
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setblocking(False)
            listener.bind((address, 0))
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._accepting = self._start(self._accept(listener))
        return self.port

    def stop(self) -> None:
        """Accept no more connections; those that are open continue."""
        if self.port:
            self.port = 0
            self._accepting.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
                except OSError:  # it was gone before it was accepted, or no descriptor is left
                    await asyncio.sleep(_PAUSE)
                    continue
                self._start(self._serve_one(accepted))

    async def _serve_one(self, accepted: socket.socket) -> None:
        with accepted, contextlib.suppress(OSError):
            await self._serve(accepted)


def original_target(accepted: socket.socket) -> tuple[str, int]:
    """Return the address and port that a redirected connection was made to.

    Raises:
        OSError: it was not redirected.
    """
    _, port, address = struct.unpack(
        "!HH4s8x", accepted.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16)
    )
    return socket.inet_ntoa(address), port


def socket_to_dial(source: str, *, mark: bool) -> socket.socket:
    """Return a socket that is ready to connect.

    Args:
        source: the address to dial from; empty for any.
        mark: whether its packets carry the relay's mark.

    Raises:
        OSError: the address or the mark is not allowed.
    """
    dialled = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        dialled.setblocking(False)
        if mark:
            dialled.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        if source:
            dialled.bind((source, 0))
    except OSError:
        dialled.close()
        raise
    return dialled


def disable_nagle(stream: socket.socket) -> None:
    """Send each write at once."""
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def reset(stream: socket.socket) -> None:
    """Close a connection so that its other end sees a reset; harmless if it has ended."""
    try:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    except OSError:
        pass
    finally:
        stream.close()


async def flush(stream: socket.socket) -> None:
    """Wait until the other end has acknowledged all that was written, but not for long."""
    async with asyncio.timeout(_FLUSH_WITHIN):
        while _unsent(stream):
            await asyncio.sleep(_POLL)


def _unsent(stream: socket.socket) -> int:
    answer = fcntl.ioctl(stream.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])

"""What the relay asks of sockets beyond reading and writing."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios

from sidecar.nft import MARK

_SO_ORIGINAL_DST = 80  # of SOL_IP, from linux/netfilter_ipv4.h
_AT_ONCE_WITH_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no second
_LOOK = 0.001  # seconds between two looks at what is unsent
_PATIENCE = 1.0  # seconds for what is unsent before a reset


def original_target(came: socket.socket) -> tuple[str, int]:
    """Return the address and port that a redirected connection was made to.

    Raises:
        OSError: it was not redirected.
    """
    _, port, address = struct.unpack(
        "!HH4s8x", came.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16)
    )
    return socket.inet_ntoa(address), port


def to_dial(source: str, *, mark: bool) -> socket.socket:
    """Return a socket that is to be connected.

    Args:
        source: the address that it is to have; empty for whichever.
        mark: whether its packets are to carry the relay's mark.

    Raises:
        OSError: it cannot have that.
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


def send_at_once(stream: socket.socket) -> None:
    """Have each write leave as it is made."""
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def reset(stream: socket.socket) -> None:
    """End a connection so that its other end sees a reset; harmless where it has ended."""
    try:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE_WITH_RESET)
    except OSError:
        pass
    finally:
        stream.close()


async def until_sent(stream: socket.socket) -> None:
    """Wait until the other end has all that was written, though not for long."""
    async with asyncio.timeout(_PATIENCE):
        while _unsent(stream):
            await asyncio.sleep(_LOOK)


def _unsent(stream: socket.socket) -> int:
    answer = fcntl.ioctl(stream.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])

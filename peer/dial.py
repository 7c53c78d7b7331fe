"""Dialling: a TCP connection to the first of several addresses that answers."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Sequence

from peer.addresses import Target
from peer.waker import Waker

_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ETIMEDOUT: "timed out",
    errno.ENETUNREACH: "no route to that network",
    errno.EHOSTUNREACH: "no such host on the network",
    errno.ECONNRESET: "connection reset",
    errno.EACCES: "that address cannot be dialled",
}


class DialError(Exception):
    """No address answered; the text says why the last one did not."""


class CancelledError(DialError):
    """The dial was cancelled from this end."""


def dial(targets: Sequence[Target], source: str, deadline: float, waker: Waker) -> socket.socket:
    """Return a connected socket, non-blocking.

    Args:
        targets: addresses to try, in this order.
        source: the address to dial from; empty lets the system choose.
        deadline: when to give up, on `time.monotonic`.
        waker: cancels the dial.

    Raises:
        DialError: no address answered.
    """
    failure = DialError("timed out")
    for index, target in enumerate(targets):
        left = deadline - time.monotonic()
        share = left / (len(targets) - index)  # a silent address leaves time for the next
        try:
            return _dial_one(target, source, share, waker)
        except OSError as error:
            reason = _REASONS.get(error.errno or 0) or os.strerror(error.errno or errno.EIO)
            failure = DialError(reason)
    raise failure


def _dial_one(target: Target, source: str, timeout: float, waker: Waker) -> socket.socket:
    sock = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if source and (":" in source) == (target.family == socket.AF_INET6):
            sock.bind((source, 0))
        status = sock.connect_ex(target.sockaddr)
        if status == errno.EINPROGRESS:
            status = _await(sock, timeout, waker)
        if status == 0 and sock.getsockname() == sock.getpeername():
            status = errno.ECONNREFUSED  # no listener: TCP met itself on a free port
        if status:
            raise OSError(status, os.strerror(status))
    except BaseException:
        sock.close()
        raise
    return sock


def _await(sock: socket.socket, timeout: float, waker: Waker) -> int:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    poll.register(waker, select.POLLIN)
    ready = dict(poll.poll(max(0.0, timeout) * 1000))
    if waker.fileno() in ready:
        raise CancelledError("called off")
    if not ready:
        return errno.ETIMEDOUT
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

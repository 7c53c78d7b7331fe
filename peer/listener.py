"""The accept thread: takes in connections, or turns them away when there are too many."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import threading
import time
from collections.abc import Callable

from peer.waker import Waker
from peer.wire import Refuse, encode

_BACKLOG = 1024
_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BREATHER = 0.1  # seconds without accepting when the system has nothing left to give
_EXPLAIN_EVERY = 5.0  # seconds between two lines about connections turned away


class ListenError(Exception):
    """The port cannot be listened on; the text says why."""


def listen(bind: str, port: int) -> socket.socket:
    """Return a listening socket: on IPv6 and IPv4 at once where `bind` is empty.

    Raises:
        ListenError: in use, forbidden, or not an address of this host.
    """
    try:
        if bind:
            family = socket.AF_INET6 if ":" in bind else socket.AF_INET
            return socket.create_server((bind, port), family=family, backlog=_BACKLOG)
        if socket.has_dualstack_ipv6():
            with contextlib.suppress(OSError):
                return socket.create_server(
                    ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
                )
        return socket.create_server(("", port), backlog=_BACKLOG)
    except OSError as error:
        raise ListenError(_reason(error, bind, port)) from error


def _reason(error: OSError, bind: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; choose another"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights; choose one above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{bind} is not an address of this host"
    return f"cannot listen on {bind or 'any address'} port {port}: {error.strerror}"


class Listener:
    """A thread that accepts.

    Args:
        sock: a listening socket; closed by `close`.
        take: takes a connection over; returns False to have it turned away.
        explain: takes the number turned away since the last call.
    """

    def __init__(
        self,
        sock: socket.socket,
        take: Callable[[socket.socket], bool],
        explain: Callable[[int], None],
    ) -> None:
        self._sock, self._take, self._explain = sock, take, explain
        self._waker = Waker()
        self._closing = False
        self._turned_away = 0
        self._explained = float("-inf")
        self._thread = threading.Thread(target=self._run, name="accept", daemon=True)
        sock.setblocking(False)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, and wait until the thread has ended."""
        self._closing = True
        self._waker.wake()
        self._thread.join()
        self._waker.close()

    def _run(self) -> None:
        with self._sock:
            while not self._closing:
                self._wait()
                self._accept()
                self._explain_turned_away()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        poll.register(self._waker, select.POLLIN)
        left = self._explained + _EXPLAIN_EVERY - time.monotonic() if self._turned_away else None
        poll.poll(None if left is None else max(0.0, left) * 1000)

    def _accept(self) -> None:
        try:
            sock, _ = self._sock.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno in _OUT_OF_RESOURCES:
                self._waker.wait(_BREATHER)
            return  # anything else: the caller gave up before it was accepted
        if not self._take(sock):
            self._turn_away(sock)

    def _turn_away(self, sock: socket.socket) -> None:
        self._turned_away += 1
        with sock, contextlib.suppress(OSError):
            sock.setblocking(False)
            sock.send(encode(Refuse("full", "-")))
            sock.shutdown(socket.SHUT_WR)

    def _explain_turned_away(self) -> None:
        if self._turned_away and time.monotonic() >= self._explained + _EXPLAIN_EVERY:
            self._explained = time.monotonic()
            self._explain(self._turned_away)
            self._turned_away = 0

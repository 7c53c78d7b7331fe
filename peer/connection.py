"""One connection: its socket and the one thread that reads, writes and keeps time."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from peer import events
from peer.addresses import normal
from peer.budget import READ_SIZE, portions
from peer.events import EndReason
from peer.protocol import Protocol, Role
from peer.render import Row
from peer.waker import Waker

_LONGEST_POLL = 3600.0  # seconds
_REST = 8 * 1024 * 1024  # bytes, of what a connection that is over may have waiting
_RTO_MAX_MS = 44  # TCP_RTO_MAX_MS, since Linux 6.15; Python has no name for it
_SHORTEST_RTO_MAX = 1000  # milliseconds: the least that the kernel takes
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL
_NETWORK_FAILURES = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN}

Report = Callable[["Connection", Sequence[events.Event]], None]


class Connection:
    """A connection that exists or is being made.

    Args:
        role: which end this is.
        open_socket: returns the connected socket; runs in the connection's own thread.
        make_protocol: makes the protocol once there is a socket.
        report: takes events in order, in the connection's own thread.
        ended: called as the thread ends, with the error that ended it, if any.

    Attributes:
        id: the number that the console shows; 0 until the connection is established.
        failure: why it never will be. The registry sets one of the two, and only once.
        address: where the other end is; empty until there is a socket.
        over: set once everything has been reported.
        decided: set once `id` or `failure` can be shown.
        announced: set by the dialler once its user has the reply; events wait for that.
    """

    def __init__(
        self,
        role: Role,
        open_socket: Callable[[Waker], socket.socket],
        make_protocol: Callable[[Connection], Protocol],
        report: Report,
        ended: Callable[[Exception | None], None],
    ) -> None:
        self.role = role
        self.id, self.failure = 0, ""
        self.decided, self.announced = threading.Event(), threading.Event()
        self.over = threading.Event()
        self.address, self._port = "", 0
        self._open_socket, self._make_protocol = open_socket, make_protocol
        self._report, self._ended = report, ended
        self._lock = threading.Lock()
        self._waker = Waker()
        self._protocol: Protocol | None = None
        self._asker: Waker | None = None
        self._aborted: EndReason | None = None
        self._eof = self._shut = self._replaced = False
        self._portions = deque[bytes]()  # of what was read, and not taken in yet
        self._thread = threading.Thread(target=self._run, name="connection", daemon=True)

    def start(self, asker: Waker | None = None) -> None:
        """Start the thread.

        Args:
            asker: as `ask` takes it; woken by `tell_asker`, too.

        Raises:
            RuntimeError: the system has no thread to give.
        """
        self._asker = asker
        try:
            self._thread.start()
        except RuntimeError:
            self._waker.close()
            raise

    def join(self, deadline: float) -> None:
        """Wait until the thread has ended, or until `deadline` on `time.monotonic`."""
        self._thread.join(max(0.0, deadline - time.monotonic()))

    # What the console shows

    @property
    def instance(self) -> str:
        """The other peer's instance; empty while unknown or plain."""
        remote = self._protocol.remote if self._protocol else None
        return remote.instance if remote else ""

    @property
    def row(self) -> Row:
        """The connection as `list` shows it."""
        remote = self._protocol.remote if self._protocol else None
        if remote is None:
            return Row(self.id, self.address, self._port, "")
        port = self._port if self.role is Role.DIALLER else remote.port
        return Row(self.id, self.address, port, remote.name)

    def quiet_for(self) -> float:
        """Return the seconds since the other end was last heard."""
        return self._protocol.quiet_for(time.monotonic()) if self._protocol else 0.0

    # What other threads may ask for

    def send(self, text: str) -> int:
        """Accept a message and return its number; raises as `Protocol.send_message` does."""
        assert self._protocol is not None  # noqa: S101 - only a connection with an id is found
        with self._lock:
            number = self._protocol.send_message(text)
        self._waker.wake()
        return number

    @property
    def settled(self) -> bool:
        """Whether the other end is known to have taken the connection for established."""
        return bool(self._protocol and self._protocol.settled)

    @property
    def leaving(self) -> bool:
        """Whether either end has said goodbye, or all is over."""
        return bool(self._protocol and self._protocol.leaving)

    def ask(self, asker: Waker | None = None) -> bool:
        """Ask for a sign of life; return whether the other end can be asked.

        Args:
            asker: woken as soon as anything is heard, or the connection is over.
        """
        with self._lock:
            self._asker = asker or self._asker
            asked = bool(self._protocol and self._protocol.ask())
        self._waker.wake()
        return asked

    def end(self, ending: EndReason) -> None:
        """Begin an orderly end, or end at once what is still being made."""
        with self._lock:
            if self._protocol:
                self._protocol.end(ending, time.monotonic())
            else:
                self._aborted = ending
        self._waker.wake()

    def abort(self, ending: EndReason) -> None:
        """End at once."""
        self._aborted = ending
        self._waker.wake()

    def replace(self) -> None:
        """End at once, after reading what has arrived: the other end has a new connection."""
        self._replaced = True
        self._waker.wake()

    def tell_asker(self) -> None:
        """Wake the thread that waits for news of this connection, if there is one."""
        if asker := self._asker:
            asker.wake()

    # The thread

    def _run(self) -> None:
        failure: Exception | None = None
        try:
            with self._open_socket(self._waker) as sock:
                self._greet(sock)
                self._converse(sock)
                self._forget_unsent(sock)
                self._dispatch()
        except Exception as error:  # noqa: BLE001 - the thread's last word, handed on
            failure = error
        finally:
            self._waker.close()
            if self._protocol:
                with self._lock:
                    self._protocol.close()
            self._ended(failure)
            self.over.set()
            self.tell_asker()

    def _greet(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        address, port = sock.getpeername()[:2]
        self.address, self._port = normal(address.partition("%")[0]), port
        with self._lock:  # `end` looks whether there is one
            self._protocol = self._make_protocol(self)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tune(sock, self._protocol.limits.silence)

    def _tune(self, sock: socket.socket, silence: float) -> None:
        """Make TCP notice a dead network, for the sake of plain programs, and a healed one soon."""
        if sys.platform != "linux":
            return
        third = max(1, round(silence / 3))
        again = max(_SHORTEST_RTO_MAX, round(silence / 6 * 1000))
        for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, third),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, third),
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, round(2 * silence * 1000))),
            (socket.IPPROTO_TCP, _RTO_MAX_MS, again),
        ):
            with contextlib.suppress(OSError):
                sock.setsockopt(level, option, value)

    def _forget_unsent(self, sock: socket.socket) -> None:
        """What was reported undelivered must not arrive once the network has healed."""
        assert self._protocol is not None  # noqa: S101 - made by _greet
        if self._protocol.ending in (EndReason.SILENT, EndReason.REPLACED):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _converse(self, sock: socket.socket) -> None:
        assert self._protocol is not None  # noqa: S101 - made by _greet
        protocol = self._protocol
        while True:
            if self._replaced:
                self._take_in_rest(sock)
                self.abort(EndReason.REPLACED)
            with self._lock:
                if self._aborted:
                    protocol.abort(self._aborted)
                data, deadline = protocol.data_to_send(), protocol.deadline()
                over, half_close = protocol.over, protocol.half_close
            if over or (half_close and self._eof):
                return
            self._shut_once(sock, wanted=half_close)
            due = deadline <= time.monotonic()
            flags = self._wait(sock, deadline, writing=bool(data))
            try:
                self._exchange(sock, flags, data)
            except OSError as error:
                broken = error.errno in _NETWORK_FAILURES
                self.abort(EndReason.UNREACHABLE if broken else EndReason.RESET)
            self._tick(due=due, quiet=not (flags or self._portions))
            self._dispatch()

    def _wait(self, sock: socket.socket, deadline: float, *, writing: bool) -> int:
        poll = select.poll()
        poll.register(self._waker, select.POLLIN)
        mask = (0 if self._eof else select.POLLIN) | (select.POLLOUT if writing else 0)
        if mask:  # without one, POLLHUP would be reported again and again
            poll.register(sock, mask)
        left = min(max(0.0, deadline - time.monotonic()), _LONGEST_POLL)
        left = 0.0 if self._portions else left
        ready = dict(poll.poll(left * 1000))
        if self._waker.fileno() in ready:
            self._waker.clear()
        return ready.get(sock.fileno(), 0)

    def _exchange(self, sock: socket.socket, flags: int, data: bytes) -> None:
        assert self._protocol is not None  # noqa: S101 - made by _greet
        if self._portions or (flags & _READABLE and not self._eof):
            with contextlib.suppress(BlockingIOError):
                self._take_in(sock)
        if data and flags & select.POLLOUT:
            try:
                count = sock.send(data)
            except BlockingIOError:
                return
            except OSError:
                self._take_in_rest(sock)
                raise
            with self._lock:
                self._protocol.data_sent(count, time.monotonic())

    def _take_in_rest(self, sock: socket.socket) -> None:
        """The other end is gone, but what it said before may still be read."""
        left = _REST
        with contextlib.suppress(OSError):
            while left > 0 and not self._eof:
                left -= self._take_in(sock)
                self._dispatch()

    def _take_in(self, sock: socket.socket) -> int:
        """Take in a portion of what was read last, or read; return how many bytes that was."""
        assert self._protocol is not None  # noqa: S101 - made by _greet
        if not self._portions:
            self._portions.extend(portions(sock.recv(READ_SIZE)))
        data = self._portions.popleft() if self._portions else b""
        with self._protocol.budget.turn, self._lock:
            if data:
                self._protocol.receive_data(data, time.monotonic())
            else:
                self._eof = True
                self._protocol.receive_eof(time.monotonic())
        self.tell_asker()
        return len(data)

    def _tick(self, *, due: bool, quiet: bool) -> None:
        """Let time pass, but never before everything that has arrived was read.

        A process that was stopped for a minute finds its deadlines long gone and the
        other end's signs of life waiting in the socket: those count first.
        """
        assert self._protocol is not None  # noqa: S101 - made by _greet
        with self._lock:
            if due and (quiet or self._protocol.leaving):
                self._protocol.tick(time.monotonic())

    def _shut_once(self, sock: socket.socket, *, wanted: bool) -> None:
        if wanted and not self._shut:
            self._shut = True
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)

    def _dispatch(self) -> None:
        assert self._protocol is not None  # noqa: S101 - made by _greet
        with self._lock:
            happened = self._protocol.events_received()
        if happened:
            self._report(self, happened)

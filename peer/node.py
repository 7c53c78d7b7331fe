"""The peer itself: what the commands do, and what its connections report."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from peer import addresses, events, notices, render, wire
from peer.budget import Budget
from peer.connection import Connection
from peer.console import ConsoleGoneError
from peer.dial import dial
from peer.events import EndReason
from peer.listener import Listener, listen
from peer.outbox import BudgetSpentError, NotOpenError, WindowFullError
from peer.protocol import Protocol, Role
from peer.registry import Registry
from peer.render import Row
from peer.settings import Settings
from peer.waker import Waker

_GRACE = 0.2  # seconds that a thread may take over its deadline
Notify = Callable[[Sequence[str]], None]


def _token() -> str:
    """Return 16 random hexadecimal digits."""
    return os.urandom(8).hex()


def _ignore(_row: Row) -> None:
    """Do nothing with a row."""


class NodeError(Exception):
    """A command cannot be carried out; the text says why, in one line."""


class Node:
    """A listening peer and its connections.

    Args:
        settings: how to run.
        notify: takes the lines of notices, from any thread.

    Raises:
        ListenError: the port cannot be listened on.
    """

    def __init__(self, settings: Settings, notify: Notify) -> None:
        self._settings, self._notify = settings, notify
        sock = listen(settings.bind, settings.port)
        self.port: int = sock.getsockname()[1]
        self._me = wire.Identity(_token(), self.port, settings.name)
        self._registry = Registry(self._me.instance, settings.limits.heartbeat * 1.5)
        self._lock = threading.Lock()
        self._budget = Budget(threading.Lock(), threading.Lock())
        self._speaking = threading.Lock()  # one connection at a time words its lines
        self._leaving = False
        self._alive: set[Connection] = set()
        self._dialling: Waker | None = None  # wakes the user's thread while it dials
        self._called_off = False
        self._listener = Listener(sock, self._take, self._turned_away)
        self._listener.start()

    @property
    def address(self) -> str | None:
        """The address that other peers reach this one at; None when it has none."""
        return addresses.own_address(self._settings.bind)

    # Commands

    def connect(self, destination: str, port: int, report: Callable[[Row], None] = _ignore) -> Row:
        """Dial a peer and wait until the connection is established; pass its row to `report`.

        Events of the connection are reported after `report` has returned.

        Raises:
            NodeError: it was not, within the time that the settings allow.
        """
        deadline = time.monotonic() + self._settings.connect_timeout
        where = render.endpoint(destination, port)
        with self._may_be_called_off() as waker:
            targets = self._resolve(destination, port, waker)
            self._refuse_known(targets, waker)
            connection = self._new(
                Role.DIALLER, lambda own: dial(targets, self._settings.bind, deadline, own)
            )
            self._start(connection, waker)
            try:
                self._await(connection, waker, deadline + self._settings.limits.greeting + _GRACE)
                if connection.failure:
                    raise NodeError(f"{connection.failure} ({where})")
                row = connection.row
                report(row)
                return row
            finally:
                connection.announced.set()

    @contextlib.contextmanager
    def _may_be_called_off(self) -> Iterator[Waker]:
        """Give what `call_off` wakes, and whatever else there is to wake for during a dial."""
        try:
            waker = Waker()
        except OSError as error:
            raise NodeError(f"no dial: {error.strerror}") from error
        with contextlib.closing(waker):
            self._called_off = False
            self._dialling = waker
            try:
                yield waker
            finally:
                self._dialling = None

    def _resolve(self, destination: str, port: int, waker: Waker) -> list[addresses.Target]:
        try:
            return addresses.resolve(destination, port, self._settings.connect_timeout, waker)
        except addresses.DestinationError as error:
            raise NodeError(str(error)) from error

    def _refuse_known(self, targets: Sequence[addresses.Target], waker: Waker) -> None:
        wanted = {
            (addresses.normal(t.sockaddr[0].partition("%")[0]), t.sockaddr[1]) for t in targets
        }
        for connection in self._established():
            row = connection.row
            if (row.address, row.port) in wanted and not self._found_dead(connection, waker):
                raise NodeError(f"already connected to {row.label} as {row.id}")

    def _found_dead(self, connection: Connection, waker: Waker) -> bool:
        """Ask for a sign of life: the connection may be dead without either end knowing."""
        waker.clear()
        if connection.ask(waker) and not connection.over.is_set():
            waker.wait(min(self._settings.connect_timeout, self._settings.limits.silence))
        return connection.over.wait(_GRACE if connection.leaving else 0.0)

    def _await(self, connection: Connection, waker: Waker, patience: float) -> None:
        """Wait until a dial has succeeded or failed; make it fail if the wait ends before."""
        while not connection.decided.is_set() and not self._called_off:
            left = patience - time.monotonic()
            if left <= 0:
                break
            waker.wait(left)
            waker.clear()
        if self._registry.give_up(connection, "called off" if self._called_off else "timed out"):
            connection.abort(EndReason.CALLED_OFF)
        else:
            connection.decided.wait()

    def call_off(self) -> bool:
        """Cancel the dial in progress, if any; safe in a signal's handler: it takes no lock."""
        waker = self._dialling
        if waker:
            self._called_off = True
            waker.wake()
        return bool(waker)

    def rows(self) -> list[Row]:
        """Return every established connection, by id."""
        return [connection.row for connection in self._established()]

    def _established(self) -> list[Connection]:
        return [member for member in self._registry.members() if isinstance(member, Connection)]

    def _find(self, number: int) -> Connection:
        for connection in self._established():
            if connection.id == number:
                return connection
        raise NodeError(f"no connection {number}; list shows the ids")

    def terminate(self, number: int) -> Row:
        """End a connection and wait, in bounded time, until everything on it is settled.

        Raises:
            NodeError: there is no such connection.
        """
        connection = self._find(number)
        self._registry.release(connection)
        connection.end(EndReason.TERMINATED_HERE)
        connection.over.wait(self._settings.limits.linger + _GRACE)
        return connection.row

    def send(self, number: int, text: str) -> tuple[Row, int]:
        """Accept a message for a connection; return its row and the message's number.

        Raises:
            NodeError: there is no such connection, or it takes no more.
        """
        connection = self._find(number)
        try:
            return connection.row, connection.send(text)
        except NotOpenError as error:
            raise NodeError(f"connection {number} is closing; not sent") from error
        except WindowFullError as error:
            kib = self._settings.limits.window // 1024
            raise NodeError(
                f"{number} does not read: {kib:,} KiB wait already; not sent"
            ) from error
        except BudgetSpentError as error:
            kib = self._budget.total // 1024
            raise NodeError(
                f"other peers do not read: {kib:,} KiB wait for them already; not sent"
            ) from error

    def close(self) -> None:
        """Say goodbye to every peer, wait for what is in flight, stop every thread."""
        if self._leaving:
            return
        self._leaving = True
        self._listener.close()
        deadline = time.monotonic() + self._settings.limits.linger + _GRACE
        with self._lock:
            alive = list(self._alive)
        for connection in alive:
            connection.end(EndReason.EXITED_HERE)
        for connection in alive:
            connection.join(deadline)
            connection.abort(EndReason.EXITED_HERE)
        for connection in alive:
            connection.join(deadline + _GRACE)

    # Connections

    @property
    def _full(self) -> str:
        return f"at the limit of {self._settings.max_connections} connections"

    def _take(self, sock: socket.socket) -> bool:
        try:
            self._start(self._new(Role.ACCEPTOR, lambda _: sock))
        except NodeError:
            return False
        return True

    def _turned_away(self, count: int) -> None:
        with contextlib.suppress(ConsoleGoneError):
            self._notify([render.turned_away(count, self._full)])

    def _new(self, role: Role, open_socket: Callable[[Waker], socket.socket]) -> Connection:
        with self._lock:
            if len(self._alive) >= self._settings.max_connections:
                raise NodeError(self._full)
            try:
                connection = Connection(
                    role,
                    open_socket,
                    self._make_protocol,
                    self._report,
                    lambda failure: self._ended(connection, failure),
                )
            except OSError as error:
                raise NodeError(f"no further connection: {error.strerror}") from error
            self._alive.add(connection)
            return connection

    def _start(self, connection: Connection, asker: Waker | None = None) -> None:
        try:
            connection.start(asker)
        except RuntimeError as error:
            self._ended(connection, None)
            raise NodeError("the system has no thread left for another connection") from error

    def _make_protocol(self, connection: Connection) -> Protocol:
        return Protocol(
            connection.role,
            self._me,
            _token(),
            lambda remote: self._registry.decide(connection, remote),
            self._settings.limits,
            time.monotonic(),
            self._budget,
        )

    def _ended(self, connection: Connection, failure: Exception | None) -> None:
        if failure:
            broken = isinstance(failure, OSError)
            why = EndReason.RESET.value if broken else str(failure) or type(failure).__name__
            self._registry.give_up(connection, why)
        self._registry.release(connection)
        with self._lock:
            self._alive.discard(connection)
        connection.decided.set()

    def _report(self, connection: Connection, happened: Sequence[events.Event]) -> None:
        shown = [event for event in happened if self._take_note(connection, event)]
        lines = (line for event in shown for line in self._lines(connection, event))
        try:
            with self._speaking:
                for portion in notices.portions(lines):
                    self._notify(portion)
        except ConsoleGoneError:
            # A message that was not shown must not be confirmed; the rest can wait for the goodbye.
            if any(isinstance(event, events.Received) for event in happened):
                raise

    def _take_note(self, connection: Connection, event: events.Event) -> bool:
        """Act on an event; return whether the console shows it."""
        match event:
            case events.Opened(remote):
                return self._opened(connection, remote)
            case events.Upgraded(remote):
                return self._open(connection, remote)
            case events.Leaving():
                self._registry.release(connection)
                return False
            case events.Closed():
                return self._closed(connection, event)
        return True

    def _lines(self, connection: Connection, event: events.Event) -> Iterable[str]:
        return notices.lines(connection.row, event, self._settings.limits)

    def _opened(self, connection: Connection, remote: wire.Identity | None) -> bool:
        if not self._open(connection, remote):
            return False
        self._doubt_others(connection)
        if connection.role is Role.DIALLER:
            connection.decided.set()
            connection.tell_asker()
            connection.announced.wait()  # the reply comes first
        return connection.role is Role.ACCEPTOR

    def _open(self, connection: Connection, remote: wire.Identity | None) -> bool:
        if not self._registry.open(connection, remote):
            connection.abort(EndReason.CALLED_OFF)  # before `ready` is written
            return False
        stale = self._registry.stale(connection, remote.instance) if remote else None
        if isinstance(stale, Connection):
            stale.replace()
            stale.over.wait(_GRACE)  # its end is reported first, unless it is stuck
        return True

    def _doubt_others(self, connection: Connection) -> None:
        """A new peer at the address and port of another may be the other, started again."""
        row = connection.row
        for other in self._established():
            if other is not connection and (other.row.address, other.row.port) == (
                row.address,
                row.port,
            ):
                other.ask()

    def _closed(self, connection: Connection, event: events.Closed) -> bool:
        if self._registry.give_up(connection, notices.why(event, self._settings.limits)):
            return False
        self._registry.release(connection)
        return True

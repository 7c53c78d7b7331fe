"""The peer itself: what the commands do, and what its connections report."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from peer import addresses, events, render, wire
from peer.connection import Connection
from peer.console import ConsoleGoneError
from peer.dial import DialError, dial
from peer.events import EndReason
from peer.listener import Listener, listen
from peer.outbox import WindowFullError
from peer.protocol import NotOpenError, Protocol, Role
from peer.registry import Registry
from peer.render import Row
from peer.settings import Settings
from peer.waker import Waker

if TYPE_CHECKING:
    from concurrent.futures import Future

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
        self._leaving = False
        self._alive: set[Connection] = set()
        self._dialling: dict[Connection, Future[Row]] = {}
        self._waiting: Waker | None = None  # for a look-up, or for a sign of life
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
        targets = self._resolve(destination, port)
        self._refuse_known(targets)
        where = render.endpoint(destination, port)
        connection = self._new(
            Role.DIALLER, lambda waker: dial(targets, self._settings.bind, deadline, waker)
        )
        patience = deadline + self._settings.limits.greeting + _GRACE
        try:
            row = self._await(connection, where, patience)
            report(row)
            return row
        finally:
            connection.announced.set()

    def _resolve(self, destination: str, port: int) -> list[addresses.Target]:
        timeout = self._settings.connect_timeout
        try:
            with contextlib.closing(Waker()) as waker:
                self._waiting = waker
                try:
                    return addresses.resolve(destination, port, timeout, waker)
                finally:
                    self._waiting = None
        except addresses.DestinationError as error:
            raise NodeError(str(error)) from error
        except OSError as error:
            raise NodeError(f"no look-up: {error.strerror}") from error

    def _refuse_known(self, targets: Sequence[addresses.Target]) -> None:
        wanted = {
            (addresses.normal(t.sockaddr[0].partition("%")[0]), t.sockaddr[1]) for t in targets
        }
        for connection in self._established():
            row = connection.row
            if (row.address, row.port) in wanted and not self._found_dead(connection):
                raise NodeError(f"already connected to {row.label} as {row.id}")

    def _found_dead(self, connection: Connection) -> bool:
        """Ask for a sign of life: the connection may be dead without either end knowing."""
        patience = min(self._settings.connect_timeout, self._settings.limits.silence)
        try:
            with contextlib.closing(Waker()) as waker:
                self._waiting = waker
                try:
                    if connection.ask(waker) and not connection.over.is_set():
                        select.select([waker], [], [], patience)
                finally:
                    self._waiting = None
        except OSError:
            return False  # too many open files to find out
        return connection.over.wait(_GRACE if connection.leaving else 0.0)

    def _await(self, connection: Connection, where: str, patience: float) -> Row:
        future = self._dialling[connection]
        try:
            self._start(connection)
            return future.result(patience - time.monotonic())
        except TimeoutError as error:
            if not future.cancel():  # it was established at the last moment
                return future.result()
            raise NodeError(f"timed out connecting to {where}") from error
        except DialError as error:
            raise NodeError(f"{error} ({where})") from error
        finally:
            self._dialling.pop(connection, None)
            if not connection.id:
                connection.call_off()

    def call_off(self) -> bool:
        """Cancel the dial in progress, if any; safe in a signal's handler."""
        waiting, dialling = self._waiting, list(self._dialling)
        if waiting:
            waiting.wake()
        for connection in dialling:
            connection.call_off()
        return bool(waiting or dialling)

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
            if role is Role.DIALLER:
                # Not at the start: it is a tenth of a peer's imports, and many never dial.
                from concurrent.futures import Future  # noqa: PLC0415

                self._dialling[connection] = Future()
            return connection

    def _start(self, connection: Connection) -> None:
        try:
            connection.start()
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
        )

    def _ended(self, connection: Connection, failure: Exception | None) -> None:
        self._registry.release(connection)
        with self._lock:
            self._alive.discard(connection)
        future = self._dialling.get(connection)
        if failure and future and not future.done():
            broken = isinstance(failure, OSError)
            future.set_exception(DialError(EndReason.RESET.value) if broken else failure)

    def _report(self, connection: Connection, happened: Sequence[events.Event]) -> None:
        lines = [line for event in happened for line in self._lines(connection, event)]
        try:
            if lines:
                self._notify(lines)
        except ConsoleGoneError:
            # A message that was not shown must not be confirmed; the rest can wait for the goodbye.
            if any(isinstance(event, events.Received) for event in happened):
                raise

    def _lines(self, connection: Connection, event: events.Event) -> list[str]:
        match event:
            case events.Opened(remote):
                return self._opened(connection, remote)
            case events.Upgraded(remote):
                self._replace(self._registry.open(connection, remote))
                return [render.upgraded(connection.row)]
            case events.Received(raw):
                return [render.message(connection.row, raw)]
            case events.Delivered(first, last):
                return [render.delivered(connection.row, first, last)]
            case events.Odd(what):
                return [render.odd(connection.row, what)]
            case events.Leaving():
                self._registry.release(connection)
                return []
            case events.Closed():
                return self._closed(connection, event)

    def _opened(self, connection: Connection, remote: wire.Identity | None) -> list[str]:
        self._replace(self._registry.open(connection, remote))
        self._doubt_others(connection)
        future = self._dialling.get(connection)
        if future and future.set_running_or_notify_cancel():
            future.set_result(connection.row)
            connection.announced.wait()  # the reply comes first
            return []
        return [render.connected(connection.row)]

    def _replace(self, stale: object) -> None:
        if isinstance(stale, Connection):
            stale.replace()
            stale.over.wait(_GRACE)  # its end is reported first, unless it is stuck

    def _doubt_others(self, connection: Connection) -> None:
        """A new peer at the address and port of another may be the other, started again."""
        row = connection.row
        for other in self._established():
            if other is not connection and (other.row.address, other.row.port) == (
                row.address,
                row.port,
            ):
                other.ask()

    def _closed(self, connection: Connection, event: events.Closed) -> list[str]:
        self._registry.release(connection)
        why = self._why(event)
        future = self._dialling.get(connection)
        if future and not future.done():
            future.set_exception(DialError(why))
        if not connection.id:
            return []
        lines = render.undelivered(connection.row, event.undelivered)
        if event.ending not in (EndReason.TERMINATED_HERE, EndReason.EXITED_HERE):
            lines.append(render.closed(connection.row, why))
        return lines

    def _why(self, event: events.Closed) -> str:
        match event.ending, event.refusal:
            case EndReason.SILENT, _:
                return f"{event.ending.value} for {self._settings.limits.silence:g} s"
            case EndReason.REFUSED, "self":
                return "that is this peer itself"
            case EndReason.REFUSED, "duplicate":
                return "already connected to that peer, or it is dialling this one right now"
            case EndReason.REFUSED, _:
                return "that peer is at its limit of connections"
        return event.ending.value

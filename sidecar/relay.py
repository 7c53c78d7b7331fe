"""Relays streams: those that the kernel redirects, or those dialled to listeners of its own.

A connection stays with the relay until it ends, shaped by the rules of the moment.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Callable, Coroutine, Iterable

from sidecar.ruleset import CLEAR, RelayRule, Shape
from sidecar.shaper import StreamShaper
from sidecar.tcp import Listener, disable_nagle, flush, original_target, reset, socket_to_dial

LOOPBACK = "127.0.0.1"

_READ = 1 << 16


class Relay:
    """The relayed connections, and how each is shaped."""

    def __init__(self) -> None:
        self._rules: dict[str, RelayRule] = {}
        self._connections: dict[_Connection, str] = {}  # with the key of its rule
        self._redirected = Listener(self._relay_redirected)
        self._listeners: dict[str, Listener] = {}

    @property
    def open_connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def rules(self) -> tuple[RelayRule, ...]:
        """The rules of the moment."""
        return tuple(self._rules.values())

    def open(self) -> int:
        """Return the port to which the kernel may redirect connections.

        Raises:
            OSError: no port is available.
        """
        _raise_descriptor_limit()
        return self._redirected.port or self._redirected.open(LOOPBACK)

    def apply(self, rules: Iterable[RelayRule]) -> None:
        """Shape all connections by these rules, those that are open included."""
        self._rules = {rule.key: rule for rule in rules}
        for connection, key in self._connections.items():
            connection.shape(*self._shapes(key))

    def listen(self, rules: Iterable[RelayRule]) -> dict[str, int]:
        """Have one listener for each rule and no other. Returns their ports by the rule's key.

        Raises:
            OSError: no port is available.
        """
        _raise_descriptor_limit()
        wanted = {rule.key: rule for rule in rules}
        for key, rule in wanted.items():
            if key not in self._listeners:
                listener = Listener(self._relay_to(rule))
                listener.open(LOOPBACK)
                self._listeners[key] = listener
        for key in self._listeners.keys() - wanted.keys():
            self._listeners.pop(key).stop()
        return {key: self._listeners[key].port for key in wanted}

    def _shapes(self, key: str) -> tuple[Shape, Shape]:
        rule = self._rules.get(key)
        return (rule.out, rule.back) if rule else (CLEAR, CLEAR)

    async def _relay_redirected(self, accepted: socket.socket) -> None:
        try:
            target = original_target(accepted)
        except OSError:
            target = accepted.getsockname()
        if target == accepted.getsockname():  # the relay itself was dialled
            reset(accepted)
            return
        await self._relay(accepted, target[0], target, "")

    def _relay_to(self, rule: RelayRule) -> Callable[[socket.socket], Coroutine[None, None, None]]:
        async def relay(accepted: socket.socket) -> None:
            await self._relay(accepted, rule.key, (rule.to, rule.port), rule.source)

        return relay

    async def _relay(
        self, accepted: socket.socket, key: str, target: tuple[str, int], source: str
    ) -> None:
        try:
            dialled = socket_to_dial(source, mark=not source)
        except OSError:
            reset(accepted)
            return
        connection = _Connection(accepted, dialled, self._shapes(key))
        self._connections[connection] = key
        try:
            await connection.relay(target)
        finally:
            del self._connections[connection]


class _Connection:
    """A connection that came to the relay, and the one that the relay dials for it."""

    def __init__(
        self, accepted: socket.socket, dialled: socket.socket, shapes: tuple[Shape, Shape]
    ) -> None:
        self._accepted = accepted
        self._dialled = dialled
        self._out = _Direction(accepted, dialled, shapes[0])
        self._back = _Direction(dialled, accepted, shapes[1])

    def shape(self, out: Shape, back: Shape) -> None:
        """Change how both directions are shaped."""
        self._out.shape(out)
        self._back.shape(back)

    async def relay(self, target: tuple[str, int]) -> None:
        """Dial, and pass everything on until both directions have ended.

        Any other end resets both connections. The dialler is read while its connection is
        still being made, so that its giving up ends the dialling.
        """
        end: Callable[[socket.socket], None] = reset
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._out.read())
                tasks.create_task(self._dial(target, tasks))
            end = socket.socket.close
        except* OSError:
            pass  # one end reset it, the far end refused it, or the shape asks for a reset
        finally:
            end(self._accepted)
            end(self._dialled)

    async def _dial(self, target: tuple[str, int], tasks: asyncio.TaskGroup) -> None:
        await self._out.delay_request()
        await asyncio.get_running_loop().sock_connect(self._dialled, target)
        for stream in (self._accepted, self._dialled):
            disable_nagle(stream)
        for work in (self._back.read(), self._out.write(), self._back.write()):
            tasks.create_task(work)


class ShapeResetError(ConnectionError):
    """The shape asks for a reset."""


class _Direction:
    """Passes on what goes from one socket to another."""

    def __init__(self, source: socket.socket, target: socket.socket, shape: Shape) -> None:
        self._source = source
        self._target = target
        self._shaper = StreamShaper(shape)
        self._changed = asyncio.Event()  # bytes came, were taken, or the shape changed
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def shape(self, shape: Shape) -> None:
        """Change how bytes are shaped from now on."""
        self._shaper.change(shape)
        self._changed.set()

    async def delay_request(self) -> None:
        """Wait as long as bytes lag behind; no request for a connection is held back."""
        began = time.monotonic()
        while (wait := began + self._shaper.shape.lag - time.monotonic()) > 0:
            self._changed.clear()
            await self._wait_for_change(wait)

    async def read(self) -> None:
        """Read until the end, as long as there is room for what waits."""
        while data := await self._loop.sock_recv(self._source, _READ):
            self._shaper.put(data, time.monotonic())
            self._changed.set()
            while not self._shaper.has_room:
                self._room.clear()
                await self._room.wait()
        self._shaper.end(time.monotonic())
        self._changed.set()

    async def write(self) -> None:
        """Pass on all that was read, then the end.

        Raises:
            ShapeResetError: all that may pass before a reset has passed.
        """
        while True:
            self._changed.clear()
            action = self._shaper.next_action(time.monotonic())
            if action.data:
                await self._loop.sock_sendall(self._target, action.data)
                self._shaper.was_passed(time.monotonic())
                self._room.set()
            if action.last == "reset":
                await flush(self._target)
                raise ShapeResetError
            if action.last == "end":
                self._target.shutdown(socket.SHUT_WR)
                return
            if not action.data:
                await self._wait_for_change(action.wait)

    async def _wait_for_change(self, seconds: float | None) -> None:
        timer = None if seconds is None else self._loop.call_later(seconds, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()


def _raise_descriptor_limit() -> None:
    """Each connection takes two descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

"""Carries one connection: two sockets, and what goes from each to the other, bent."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

from sidecar.bends import Line
from sidecar.rules import Bend
from sidecar.sockets import reset, send_at_once, until_sent

_READ = 1 << 16


class ResetError(ConnectionError):
    """The bend asks for a reset."""


class Direction:
    """What goes from one socket to another."""

    def __init__(self, source: socket.socket, target: socket.socket, bend: Bend) -> None:
        self._source = source
        self._target = target
        self._line = Line(bend)
        self._news = asyncio.Event()  # something was put, taken or changed
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def bend(self, bend: Bend) -> None:
        """Bend what goes here in another way from now on."""
        self._line.change(bend)
        self._news.set()

    async def read(self) -> None:
        """Take in all that comes, no more at a time than may wait."""
        while data := await self._loop.sock_recv(self._source, _READ):
            self._line.put(data, time.monotonic())
            self._news.set()
            while not self._line.has_room:
                self._room.clear()
                await self._room.wait()
        self._line.end(time.monotonic())
        self._news.set()

    async def write(self) -> None:
        """Pass on all that was taken in, then the end.

        Raises:
            ResetError: the bend asks for that, after what has been passed on.
        """
        while True:
            self._news.clear()
            turn = self._line.turn(time.monotonic())
            if turn.data:
                await self._loop.sock_sendall(self._target, turn.data)
                self._line.was_passed(time.monotonic())
                self._room.set()
            if turn.last == "reset":
                await until_sent(self._target)
                raise ResetError
            if turn.last == "end":
                self._target.shutdown(socket.SHUT_WR)
                return
            if not turn.data:
                await self._until_news(turn.wait)

    async def _until_news(self, seconds: float | None) -> None:
        timer = None if seconds is None else self._loop.call_later(seconds, self._news.set)
        try:
            await self._news.wait()
        finally:
            if timer is not None:
                timer.cancel()


class Carried:
    """A connection that came to the relay, and the one that the relay makes for it."""

    def __init__(
        self, came: socket.socket, dialled: socket.socket, bends: tuple[Bend, Bend]
    ) -> None:
        self._came = came
        self._dialled = dialled
        self._out = Direction(came, dialled, bends[0])
        self._back = Direction(dialled, came, bends[1])

    def bend(self, out: Bend, back: Bend) -> None:
        """Bend it in another way from now on."""
        self._out.bend(out)
        self._back.bend(back)

    async def carry(self, target: tuple[str, int]) -> None:
        """Dial, and pass everything on until both directions have ended.

        What ends it otherwise resets both ends. The dialler is read while its connection is
        still being made, so that one who gives up is not dialled for any longer.
        """
        end: Callable[[socket.socket], None] = reset
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._out.read())
                both.create_task(self._dial(target, both))
            end = socket.socket.close
        except* OSError:
            pass  # either end reset it, the far end refused it, or the bend asked for a reset
        finally:
            end(self._came)
            end(self._dialled)

    async def _dial(self, target: tuple[str, int], both: asyncio.TaskGroup) -> None:
        await asyncio.get_running_loop().sock_connect(self._dialled, target)
        for stream in (self._came, self._dialled):
            send_at_once(stream)
        for work in (self._back.read(), self._out.write(), self._back.write()):
            both.create_task(work)

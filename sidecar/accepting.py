"""Accepts connections at a port, each served by a task of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine

_BACKLOG = 4096
_BREATH = 0.05  # seconds to wait where no descriptor is left

Serve = Callable[[socket.socket], Coroutine[None, None, None]]
"""Serves one connection; its socket is closed afterwards, if that was not done."""


class Accepting:
    """A port once it is opened, and the connections that came in there.

    They end with the loop that they run in.
    """

    def __init__(self, serve: Serve) -> None:
        self.port = 0
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, address: str) -> int:
        """Begin to listen, and return the port.

        Raises:
            OSError: no port can be had.
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
        self._accepting = self._begin(self._accept(listener))
        return self.port

    def stop(self) -> None:
        """Accept no more; the connections that are there go on."""
        if self.port:
            self.port = 0
            self._accepting.cancel()

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop alone would let it be forgotten
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    came, _ = await asyncio.get_running_loop().sock_accept(listener)
                except OSError:  # it went before it was accepted, or no descriptor is left
                    await asyncio.sleep(_BREATH)
                    continue
                self._begin(self._serve_one(came))

    async def _serve_one(self, came: socket.socket) -> None:
        with came, contextlib.suppress(OSError):
            await self._serve(came)

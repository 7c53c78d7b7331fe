"""A TCP relay between two peers: it stalls, cuts up, holds, delays and resets what it carries."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

READ = 65_536  # bytes


@dataclass
class Bend:
    """What happens to the bytes of a relay; may change while it runs.

    Attributes:
        stalled: directions in which nothing gets through, ``there`` and ``back``.
        pieces: bytes of each write; 0 for as they come.
        hold: seconds that bytes are gathered before they go out as one.
        delay: seconds that each byte takes longer.
    """

    stalled: frozenset[str] = frozenset()
    pieces: int = 0
    hold: float = 0.0
    delay: float = 0.0


@dataclass(eq=False)
class _Carried:
    """One connection: the writers of its two ends, and whether it is lost for good."""

    ends: list[asyncio.StreamWriter]
    lost: bool = False

    def abort(self) -> None:
        """Close both with a reset."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                sock = end.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()


class Relay:
    """Listens on an address of its own, and passes on what comes in to a peer's.

    The peer that dials it lists it as the other end. A thread of its own runs it.

    Args:
        bind: the address to listen on.
        to: the address and port that each connection goes on to.
        port: the port to listen on; 0 for any.
        source: the address from which the connections go on; empty for any.
    """

    def __init__(self, bind: str, to: tuple[str, int], port: int = 0, source: str = "") -> None:
        self.bend = Bend()
        self.taken = 0  # bytes from either side, whatever became of them
        self._to, self._source = to, source
        self._carried: list[_Carried] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._changed = self._do(self._event())
        self._server = self._do(asyncio.start_server(self._carry, bind, port))
        self.bind, self.port = self._server.sockets[0].getsockname()[:2]

    async def _event(self) -> asyncio.Event:
        return asyncio.Event()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def stall(self, *directions: str) -> None:
        """Let nothing through any more: a partition. Bytes are kept, as TCP would keep them."""
        self.bent(stalled=frozenset(directions or ("there", "back")))

    def heal(self) -> None:
        """Let everything through again, what was kept first."""
        self.bent(stalled=frozenset())

    def bent(self, **bends: Any) -> None:
        """Bend the bytes so from now on: see `Bend`."""

        async def change() -> None:
            for name, value in bends.items():
                setattr(self.bend, name, value)
            self._changed.set()
            self._changed.clear()

        self._do(change())

    def lose(self) -> None:
        """Never let anything of today's connections through, not even their ends."""

        async def lose() -> None:
            for one in self._carried:
                one.lost = True

        self._do(lose())

    def reset(self) -> None:
        """Reset every connection, at both of its ends."""

        async def reset() -> None:
            for one in self._carried:
                one.abort()

        self._do(reset())

    def close(self) -> None:
        """Reset everything, and stop."""

        async def stop() -> None:
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for one in self._carried:
                one.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = _Carried([writer])
        self._carried.append(one)
        try:
            await self._pass(one, "there")
            source = (self._source, 0) if self._source else None
            far_reader, far_writer = await asyncio.open_connection(*self._to, local_addr=source)
            one.ends.append(far_writer)
            for end in one.ends:
                end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.gather(
                self._pump(one, reader, far_writer, "there"),
                self._pump(one, far_reader, writer, "back"),
            )
            for end in one.ends:
                end.close()
        except (OSError, asyncio.CancelledError):
            one.abort()

    async def _pass(self, one: _Carried, direction: str) -> None:
        while one.lost or direction in self.bend.stalled:
            await self._changed.wait()

    async def _pump(
        self,
        one: _Carried,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: str,
    ) -> None:
        try:
            while data := await self._gather(reader):
                if self.bend.delay:
                    await asyncio.sleep(self.bend.delay)
                size = self.bend.pieces or len(data)
                for start in range(0, len(data), size):
                    await self._pass(one, direction)
                    writer.write(data[start : start + size])
                    await writer.drain()
        except OSError:
            await self._pass(one, direction)  # an end takes the same way
            raise
        await self._pass(one, direction)
        writer.write_eof()

    async def _gather(self, reader: asyncio.StreamReader) -> bytes:
        data = await reader.read(READ)
        self.taken += len(data)
        if data and self.bend.hold:
            await asyncio.sleep(self.bend.hold)  # what arrives meanwhile goes out with it
            with contextlib.suppress(TimeoutError):
                data += await asyncio.wait_for(reader.read(READ), 0.001)
        return data

"""How the bytes of one direction of a stream are bent in time. Pure: it is told the time.

Whatever is asked for, bytes stay as they are and in their order, and the end comes after all
of them. Held bytes are collected first, then they lag, then they are cut into pieces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import uniform
from typing import Literal

from sidecar.rules import CLEAR, Bend

BOUND = 1 << 20
"""Bytes that may wait in one direction, before no more are read."""

GAP = 0.0005
"""Seconds between two pieces, at least: who reads all the time reads each by itself."""

_AT_ONCE = 1 << 16  # bytes passed on in one go


@dataclass(frozen=True, slots=True)
class MeshLock:
    """What is to be done now.

    Attributes:
        data: bytes to be passed on; there may be more at once, so ask again.
        wait: where there are none, seconds until there will be; None for until some are put.
        last: ``end`` or ``reset`` where the direction ends so, once the data is passed on.
    """

    data: bytes = b""
    wait: float | None = None
    last: Literal["", "end", "reset"] = ""


@dataclass(slots=True)
class _Chunk:
    """Bytes that wait: when they came, and when they may go."""

    came: float
    due: float
    data: memoryview


class Line:
    """The bytes of one direction that wait to be passed on.

    Args:
        bend: what becomes of them.
        between: draws a number between two, for the jitter.
    """

    def __init__(
        self, bend: Bend = CLEAR, between: Callable[[float, float], float] = uniform
    ) -> None:
        self.size = 0
        self.bend = bend
        self._between = between
        self._chunks: deque[_Chunk] = deque()
        self._ended = False
        self._end_due = 0.0
        self._last_due = 0.0
        self._collects_until = 0.0
        self._next_piece = 0.0
        self._passed = 0  # since the bend has this reset

    @property
    def has_room(self) -> bool:
        """Whether more bytes should be put."""
        return self.size < BOUND

    def change(self, bend: Bend) -> None:
        """Bend what waits, and all that comes, in another way from now on."""
        if bend == self.bend:
            return
        if bend.reset != self.bend.reset:
            self._passed = 0
        self.bend = bend
        self._last_due = self._collects_until = 0.0
        for chunk in self._chunks:
            chunk.due = self._due(chunk.came)
        self._end_due = self._last_due

    def put(self, data: bytes, now: float) -> None:
        """Add bytes that came."""
        if data:
            self._chunks.append(_Chunk(now, self._due(now), memoryview(data)))
            self.size += len(data)

    def end(self, now: float) -> None:
        """Say that no more will come."""
        self._ended = True
        # An end lags as bytes do, but nobody need wait for more of them to be collected.
        self._end_due = max(self._last_due, now + self._lag())

    def turn(self, now: float) -> MeshLock:
        """Return what is to be done, taking the bytes out that are to be passed on."""
        reset = self.bend.reset
        if reset is not None and self._passed >= reset:
            return MeshLock(last="reset")
        if not self._chunks:
            return self._without_bytes(now)
        ready_at = max(self._chunks[0].due, self._next_piece if self.bend.pieces else 0.0)
        if ready_at > now:
            return MeshLock(wait=ready_at - now)
        data = self._take(self._most(), now)
        self._passed += len(data)
        return MeshLock(data, last="reset" if reset is not None and self._passed >= reset else "")

    def was_passed(self, now: float) -> None:
        """Say when the bytes of the last turn had been passed on."""
        self._next_piece = now + GAP

    def _without_bytes(self, now: float) -> MeshLock:
        if not self._ended:
            return MeshLock()
        return MeshLock(wait=self._end_due - now) if self._end_due > now else MeshLock(last="end")

    def _most(self) -> int:
        most = self.bend.pieces or (BOUND if self.bend.hold else _AT_ONCE)
        if self.bend.reset is not None:
            most = min(most, self.bend.reset - self._passed)
        return most

    def _take(self, most: int, now: float) -> bytes:
        """Take out bytes that are due, as many as asked for at most."""
        taken: list[memoryview] = []
        while most and self._chunks and self._chunks[0].due <= now:
            chunk = self._chunks[0]
            taken.append(chunk.data[:most])
            chunk.data = chunk.data[most:]
            most -= len(taken[-1])
            self.size -= len(taken[-1])
            if not chunk.data:
                self._chunks.popleft()
        return b"".join(taken)

    def _due(self, came: float) -> float:
        """Return when bytes may go that came at a time: never before those that came earlier."""
        if not self.bend.hold:
            self._last_due = max(self._last_due, came + self._lag())
        elif came >= self._collects_until:  # the first of those that are held together
            self._collects_until = came + self.bend.hold
            self._last_due = max(self._last_due, self._collects_until + self._lag())
        return self._last_due

    def _lag(self) -> float:
        jitter = self.bend.jitter
        varied = self._between(-jitter, jitter) if jitter else 0.0
        return max(0.0, self.bend.lag + varied)

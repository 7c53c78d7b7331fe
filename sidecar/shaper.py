"""Shapes one direction of a stream in time. Pure: the caller passes the time in.

Bytes and their order never change, and the end comes after all of them. Bytes are collected
first (`hold`), then delayed (`lag`), then cut into pieces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import uniform
from typing import Literal, NamedTuple

from sidecar.ruleset import CLEAR, Shape

BOUND = 1 << 20
"""Bytes that may wait in one direction before no more are read."""

GAP = 0.0005
"""Seconds between two pieces, at least: a program that reads all the time reads them apart."""

_CHUNK = 1 << 16  # bytes passed on in one go


class Action(NamedTuple):
    """What to do now.

    Attributes:
        data: bytes to pass on; more may be ready, so ask again.
        wait: if there are none, seconds until there will be; None until some are put.
        last: ``end`` or ``reset`` if the direction ends so once the data is passed on.
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


class StreamShaper:
    """The bytes of one direction that wait to be passed on.

    Args:
        shape: how to shape them.
        between: draws a number between two, for the jitter.
    """

    def __init__(
        self, shape: Shape = CLEAR, between: Callable[[float, float], float] = uniform
    ) -> None:
        self.size = 0
        self.shape = shape
        self._between = between
        self._chunks: deque[_Chunk] = deque()
        self._ended = False
        self._end_due = 0.0
        self._last_due = 0.0
        self._collects_until = 0.0
        self._next_piece = 0.0
        self._passed = 0  # since the shape has this reset

    @property
    def has_room(self) -> bool:
        """Whether more bytes should be put."""
        return self.size < BOUND

    def change(self, shape: Shape) -> None:
        """Shape what waits, and all that comes, in another way from now on."""
        if shape == self.shape:
            return
        if shape.reset != self.shape.reset:
            self._passed = 0
        self.shape = shape
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
        """Note that no more bytes will come."""
        self._ended = True
        # An end lags as bytes do, but is not held back to collect more of them.
        self._end_due = max(self._last_due, now + self._lag())

    def next_action(self, now: float) -> Action:
        """Return what to do now, and take out the bytes to pass on."""
        reset = self.shape.reset
        if reset is not None and self._passed >= reset:
            return Action(last="reset")
        if not self._chunks:
            return self._without_bytes(now)
        ready_at = max(self._chunks[0].due, self._next_piece if self.shape.pieces else 0.0)
        if ready_at > now:
            return Action(wait=ready_at - now)
        data = self._take(self._most(), now)
        self._passed += len(data)
        return Action(data, last="reset" if reset is not None and self._passed >= reset else "")

    def was_passed(self, now: float) -> None:
        """Note when the bytes of the last action had been passed on."""
        self._next_piece = now + GAP

    def _without_bytes(self, now: float) -> Action:
        if not self._ended:
            return Action()
        return Action(wait=self._end_due - now) if self._end_due > now else Action(last="end")

    def _most(self) -> int:
        most = self.shape.pieces or (BOUND if self.shape.hold else _CHUNK)
        if self.shape.reset is not None:
            most = min(most, self.shape.reset - self._passed)
        return most

    def _take(self, most: int, now: float) -> bytes:
        """Take out bytes that are due, `most` at most."""
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
        """Return when bytes that came at a time may go: never before those that came earlier."""
        if not self.shape.hold:
            self._last_due = max(self._last_due, came + self._lag())
        elif came >= self._collects_until:  # the first of those that are held together
            self._collects_until = came + self.shape.hold
            self._last_due = max(self._last_due, self._collects_until + self._lag())
        return self._last_due

    def _lag(self) -> float:
        jitter = self.shape.jitter
        varied = self._between(-jitter, jitter) if jitter else 0.0
        return max(0.0, self.shape.lag + varied)

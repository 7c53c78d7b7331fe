"""What a process may keep for all of its connections together: its one bound on memory.

The peer stays below 100 MB whatever 256 strangers do, and it is here that this can be checked:

==========================  ======================================  =======================
what                        who gives way when it is full           MB, at the most
==========================  ======================================  =======================
Python, the program         -                                       18
a connection's thread       further connections are turned away     256 x 0.03 = 8
what was read and is not    the other end: its socket is not read   256 x 0.07 = 18
shown yet                   until it has been shown
greetings, receipts, signs  the other end: they wait for            256 x 0.02 = 5
of life, a piece to write   `OUTBOX_ROOM`
messages without a receipt  the user: `send` is refused (`Budget`)  `POOL` 17, and one for
                                                                    each connection, 21
==========================  ======================================  =======================

What comes in needs no count: a connection reads `READ_SIZE` bytes, shows every line that they
complete, `PORTION` of them at a time, and only then reads again. All else waits in the kernel, and
at the other end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

Lock = AbstractContextManager[Any]

READ_SIZE = 16_384
"""Bytes that a connection reads at once."""

PORTION = 256
"""Lines that it takes in and shows together; an empty one, too, takes 64 bytes until then."""

PIECE = 16_384
"""Largest piece handed out for one write, in bytes."""

OUTBOX_ROOM = 1024
"""While more bytes than this wait to be written, no receipt or sign of life is added."""

POOL = 16 * 1024 * 1024
"""Bytes that messages without a receipt may take on all connections together."""


_PORTIONS = re.compile(rb"(?:[^\n]*\n){1,%d}|[^\n]+" % PORTION)


def portions(data: bytes) -> Iterator[bytes]:
    """Cut what was read into pieces that complete `PORTION` lines at most."""
    return (match.group() for match in _PORTIONS.finditer(data))


class Budget:
    """Counts the bytes that wait on all connections.

    Args:
        lock: makes the count safe if several threads use it.
        turn: held by the connection that takes in what it has read. One at a time, or the
            console would have to wait for 256 threads to get its share of the processor.
        total: how many bytes there may be.
    """

    def __init__(self, lock: Lock | None = None, turn: Lock | None = None,
                 total: int = POOL) -> None:  # fmt: skip
        self._lock, self.turn, self.total = lock or nullcontext(), turn or nullcontext(), total
        self._taken = 0

    def take(self, size: int, *, first: bool) -> bool:
        """Take `size` bytes, or return False if they are not to be had.

        Args:
            size: how many.
            first: nothing waits on that connection yet. It gets them in any case, so that
                connections that do not read cannot stop messages on those that do.
        """
        with self._lock:
            if not first and self._taken + size > self.total:
                return False
            self._taken += size
            return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._taken -= size

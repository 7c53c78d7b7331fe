"""Renews the kernel's rules before they run out; counts how often that was too late."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from sidecar.errors import CommandError, SidecarError
from sidecar.kernel import Kernel
from sidecar.ruleset import Rules

T = TypeVar("T")

_RENEWALS = 5  # in one lease


class Lease:
    """Rules that are renewed until `end`. The kernel does one thing at a time, in threads.

    Nothing is cancelled halfway, and nothing is renewed once `end` has begun.
    """

    def __init__(self, kernel: Kernel, clock: Callable[[], float] = time.monotonic) -> None:
        self.rules = Rules()
        self._kernel = kernel
        self._clock = clock
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._ended = False
        self._lapses = 0
        self._active_until = 0.0  # counted from before the kernel was last called

    @property
    def lapses(self) -> int:
        """How often rules ran out before they were renewed, the present included."""
        return self._lapses + self._is_late()

    async def apply(self, rules: Rules, port: int) -> None:
        """Replace all rules; see `Kernel.apply`."""
        async with self._lock:
            if self._ended:
                raise SidecarError("the sidecar is leaving")
            began = self._clock()
            await asyncio.to_thread(self._kernel.apply, rules, port)
            self._renewed(began, rules)
        self._changed.set()

    async def keep(self) -> None:
        """Renew the rules until `end`."""
        while not self._ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self.rules.lease / _RENEWALS)
            self._changed.clear()
            async with self._lock:
                await self._renew()

    async def end(self) -> None:
        """Remove all rules, at once and for good.

        Raises:
            SidecarError: some could not be removed.
        """
        self._ended = True
        self._changed.set()
        async with self._lock:
            await asyncio.to_thread(self._kernel.remove)

    async def alone(self, work: Callable[[], T]) -> T:
        """Do other work with the kernel in a thread, with no call of ours at the same time."""
        async with self._lock:
            return await asyncio.to_thread(work)

    async def dropped(self) -> dict[str, int]:
        """Return how many packets were dropped so far, for each reason."""
        return await self.alone(self._kernel.dropped)

    async def _renew(self) -> None:
        if self._ended or not self._kernel.is_active:
            return
        began = self._clock()
        with contextlib.suppress(CommandError):  # tried again; if that is late, it is counted
            self._lapses += not await asyncio.to_thread(self._kernel.renew)
            self._renewed(began, self.rules)

    def _renewed(self, began: float, rules: Rules) -> None:
        self._lapses += self._is_late()
        self.rules = rules
        self._active_until = began + rules.lease if self._kernel.is_active else 0.0

    def _is_late(self) -> bool:
        return 0 < self._active_until < self._clock()

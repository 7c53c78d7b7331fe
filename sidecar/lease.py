"""Renews what holds in the kernel before it runs out; counts how often that was too late."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from sidecar.errors import CommandError, SidecarError
from sidecar.kernel import Kernel
from sidecar.rules import Rules

T = TypeVar("T")

_RENEWALS = 5  # to a lease


class Lease:
    """The rules that hold. The kernel is told one thing after the other, in threads.

    Nothing is ever cancelled in its midst, and once `end` has begun nothing is renewed.
    """

    def __init__(self, kernel: Kernel, clock: Callable[[], float] = time.monotonic) -> None:
        self.rules = Rules()
        self._kernel = kernel
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._news = asyncio.Event()
        self._ended = False
        self._lapses = 0
        self._sure_until = 0.0  # counted from before the kernel was last told

    @property
    def lapses(self) -> int:
        """How often rules had run out before they were renewed; the present time counts."""
        return self._lapses + self._is_late()

    async def hold(self, rules: Rules, port: int) -> None:
        """Let rules hold in place of those before; see `Kernel.hold`."""
        async with self._one_at_a_time:
            if self._ended:
                raise SidecarError("the sidecar is leaving")
            began = self._clock()
            await asyncio.to_thread(self._kernel.hold, rules, port)
            self._renewed(began, rules)
        self._news.set()

    async def keep(self) -> None:
        """Renew what holds until `end`."""
        while not self._ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self.rules.lease / _RENEWALS)
            self._news.clear()
            async with self._one_at_a_time:
                await self._renew()

    async def end(self) -> None:
        """Remove all that holds, at once and for good.

        Raises:
            SidecarError: some of it could not be removed.
        """
        self._ended = True
        self._news.set()
        async with self._one_at_a_time:
            await asyncio.to_thread(self._kernel.remove)

    async def alone(self, work: Callable[[], T]) -> T:
        """Do something else with the kernel, in a thread, while nothing is told to it here."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(work)

    async def dropped(self) -> dict[str, int]:
        """Return how many packets vanished so far, by their reason."""
        return await self.alone(self._kernel.dropped)

    async def _renew(self) -> None:
        if self._ended or not self._kernel.holds:
            return
        began = self._clock()
        with contextlib.suppress(CommandError):  # the next time, or it is late and counted
            self._lapses += not await asyncio.to_thread(self._kernel.renew)
            self._renewed(began, self.rules)

    def _renewed(self, began: float, rules: Rules) -> None:
        self._lapses += self._is_late()
        self.rules = rules
        self._sure_until = began + rules.lease if self._kernel.holds else 0.0

    def _is_late(self) -> bool:
        return 0 < self._sure_until < self._clock()

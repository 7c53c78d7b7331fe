"""What holds is renewed in time, and never once it was to be removed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from sidecar.errors import CommandError, SidecarError
from sidecar.kernel import Kernel
from sidecar.lease import Lease
from sidecar.rules import Arrive, Rules

HELD = Rules(lease=0.5, arrive=(Arrive(("10.0.0.3",), cut=True),))


class Played(Kernel):
    """Writes down what it is told.

    Attributes:
        told: that, in its order.
        renews: whether it does so; None for refusing.
        slow: what `renew` waits for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.renews: bool | None = True
        self.slow = threading.Event()
        self.slow.set()
        self.begun = threading.Event()

    @property
    def holds(self) -> bool:
        return "hold" in self.told

    def hold(self, rules: Rules, port: int) -> None:
        self.told.append("hold")

    def renew(self) -> bool:
        self.begun.set()
        assert self.slow.wait(20)
        self.told.append("renew")
        if self.renews is None:
            raise CommandError("nft: refused")
        return self.renews

    def remove(self) -> None:
        self.told.append("remove")


class Trial:
    """A lease whose kernel and clock are played."""

    def __init__(self) -> None:
        self.now = 100.0
        self.kernel = Played()
        self.lease = Lease(self.kernel, lambda: self.now)
        self.keeping = asyncio.create_task(self.lease.keep())

    async def renewals(self, more: int) -> None:
        wanted = self.kernel.told.count("renew") + more
        async with asyncio.timeout(20):
            while self.kernel.told.count("renew") < wanted:
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        await self.lease.end()
        await self.keeping


def run(trial: Callable[[Trial], Awaitable[None]]) -> None:
    async def whole() -> None:
        one = Trial()
        await trial(one)
        await one.end()
        assert one.kernel.told[-1] == "remove"

    asyncio.run(whole())


def test_what_holds_is_renewed_and_what_does_not_is_not() -> None:
    async def trial(on: Trial) -> None:
        assert not on.kernel.told
        await on.lease.hold(HELD, 0)
        assert on.lease.rules == HELD
        await on.renewals(3)
        assert on.lease.lapses == 0

    run(trial)


def test_a_renewal_that_comes_late_is_a_lapse() -> None:
    async def trial(on: Trial) -> None:
        await on.lease.hold(HELD, 0)
        await on.renewals(1)
        on.now += 0.6
        assert on.lease.lapses == 1
        await on.renewals(3)
        assert on.lease.lapses == 1

    run(trial)


def test_a_renewal_that_is_refused_is_a_lapse_once_the_lease_is_over() -> None:
    async def trial(on: Trial) -> None:
        await on.lease.hold(HELD, 0)
        on.kernel.renews = None
        await on.renewals(1)
        assert on.lease.lapses == 0
        on.now += 0.6
        await on.renewals(1)
        assert on.lease.lapses == 1

    run(trial)


def test_rules_that_somebody_removed_are_a_lapse() -> None:
    async def trial(on: Trial) -> None:
        await on.lease.hold(HELD, 0)
        on.kernel.renews = False
        await on.renewals(1)
        on.kernel.renews = True
        await on.renewals(1)
        assert on.lease.lapses >= 1

    run(trial)


def test_a_renewal_under_way_is_over_before_all_is_removed() -> None:
    async def trial(on: Trial) -> None:
        await on.lease.hold(HELD, 0)
        on.kernel.slow.clear()
        on.kernel.begun.clear()
        assert await asyncio.to_thread(on.kernel.begun.wait, 20)
        ending = asyncio.create_task(on.lease.end())
        await asyncio.sleep(0)
        on.kernel.slow.set()
        await ending
        await on.keeping
        assert on.kernel.told[-2:] == ["renew", "remove"]
        with pytest.raises(SidecarError, match="leaving"):
            await on.lease.hold(HELD, 0)

    run(trial)

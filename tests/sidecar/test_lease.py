"""Rules are renewed in time, and never after their removal."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from sidecar.errors import CommandError, SidecarError
from sidecar.kernel import Kernel
from sidecar.lease import Lease
from sidecar.ruleset import ArriveRule, Rules

RULES = Rules(lease=0.5, arrive=(ArriveRule(("10.0.0.3",), cut=True),))


class FakeKernel(Kernel):
    """Records its calls.

    Attributes:
        calls: those, in order.
        renews: what `renew` returns; None makes it fail.
        slow: what `renew` waits for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.renews: bool | None = True
        self.slow = threading.Event()
        self.slow.set()
        self.begun = threading.Event()

    @property
    def is_active(self) -> bool:
        return "apply" in self.calls

    def apply(self, rules: Rules, port: int) -> None:
        self.calls.append("apply")

    def renew(self) -> bool:
        self.begun.set()
        assert self.slow.wait(20)
        self.calls.append("renew")
        if self.renews is None:
            raise CommandError("nft: refused")
        return self.renews

    def remove(self) -> None:
        self.calls.append("remove")


class LeaseRun:
    """A lease with a fake kernel and clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.kernel = FakeKernel()
        self.lease = Lease(self.kernel, lambda: self.now)
        self.keeping = asyncio.create_task(self.lease.keep())

    async def renewals(self, more: int) -> None:
        wanted = self.kernel.calls.count("renew") + more
        async with asyncio.timeout(20):
            while self.kernel.calls.count("renew") < wanted:
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        await self.lease.end()
        await self.keeping


def run(trial: Callable[[LeaseRun], Awaitable[None]]) -> None:
    async def whole() -> None:
        one = LeaseRun()
        await trial(one)
        await one.end()
        assert one.kernel.calls[-1] == "remove"

    asyncio.run(whole())


def test_active_rules_are_renewed() -> None:
    async def trial(on: LeaseRun) -> None:
        assert not on.kernel.calls
        await on.lease.apply(RULES, 0)
        assert on.lease.rules == RULES
        await on.renewals(3)
        assert on.lease.lapses == 0

    run(trial)


def test_a_late_renewal_is_a_lapse() -> None:
    async def trial(on: LeaseRun) -> None:
        await on.lease.apply(RULES, 0)
        await on.renewals(1)
        on.now += 0.6
        assert on.lease.lapses == 1
        await on.renewals(3)
        assert on.lease.lapses == 1

    run(trial)


def test_a_failed_renewal_is_a_lapse_once_the_lease_is_over() -> None:
    async def trial(on: LeaseRun) -> None:
        await on.lease.apply(RULES, 0)
        on.kernel.renews = None
        await on.renewals(1)
        assert on.lease.lapses == 0
        on.now += 0.6
        await on.renewals(1)
        assert on.lease.lapses == 1

    run(trial)


def test_rules_that_were_removed_are_a_lapse() -> None:
    async def trial(on: LeaseRun) -> None:
        await on.lease.apply(RULES, 0)
        on.kernel.renews = False
        await on.renewals(1)
        on.kernel.renews = True
        await on.renewals(1)
        assert on.lease.lapses >= 1

    run(trial)


def test_a_renewal_finishes_before_the_removal() -> None:
    async def trial(on: LeaseRun) -> None:
        await on.lease.apply(RULES, 0)
        on.kernel.slow.clear()
        on.kernel.begun.clear()
        assert await asyncio.to_thread(on.kernel.begun.wait, 20)
        ending = asyncio.create_task(on.lease.end())
        await asyncio.sleep(0)
        on.kernel.slow.set()
        await ending
        await on.keeping
        assert on.kernel.calls[-2:] == ["renew", "remove"]
        with pytest.raises(SidecarError, match="leaving"):
            await on.lease.apply(RULES, 0)

    run(trial)

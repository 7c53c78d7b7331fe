"""Makes rules hold in the kernel, by `nft` and `tc`; where one refuses, the last ones stay."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence

from sidecar import nft, shaping
from sidecar.command import run
from sidecar.errors import CommandError, SidecarError
from sidecar.rules import Rules
from sidecar.shaping import Slow

Run = Callable[..., str]
"""Runs a program: its words, then what it reads; returns what it printed."""


class Kernel:
    """What holds in the network namespace that this process is in. Used by one thread at a time."""

    def __init__(self, run_command: Run = run) -> None:
        self._run = run_command
        self._rules = Rules()
        self._port = 0
        self._slow: tuple[Slow, ...] = ()
        self._sets: nft.Sets | None = None  # none yet: what is there was left by another sidecar

    @property
    def holds(self) -> bool:
        """Whether there is something to renew."""
        return any((self._sets or {}).values())

    def hold(self, rules: Rules, port: int) -> None:
        """Let rules hold in place of those before.

        Args:
            rules: what shall hold.
            port: where the relay listens; 0 where it does not.

        Raises:
            SidecarError: they cannot be held; those before hold still.
        """
        if self._sets is None:
            self._sweep()
        slow = shaping.plan(rules.leave, self._device_to, self._slow)
        had = self._roots() if slow else {}
        self._see_that_ours(slow, had)
        try:
            self._shape(slow, had)
            self._nft(nft.load(rules, slow, port, self._sets))
        except CommandError:
            self._shape_back(slow, had)
            raise
        gone, self._slow = self._slow, slow
        self._rules, self._port, self._sets = rules, port, nft.sets_of(rules, slow)
        self._tidy(gone)

    def renew(self) -> bool:
        """Let all that holds do so for another lease.

        Returns:
            Whether it still held; where somebody had removed it, it is made anew.

        Raises:
            CommandError: it cannot be renewed.
        """
        try:
            self._nft(nft.renewal(self._sets or {}, self._rules.lease))
        except CommandError:
            self._nft(nft.load(self._rules, self._slow, self._port, None))
            return False
        return True

    def remove(self) -> None:
        """Remove all that was ever made here.

        Raises:
            SidecarError: some of it could not be removed.
        """
        if self._sets is None:
            return
        with contextlib.ExitStack() as both:  # each, even where the other fails
            both.callback(self._remove_roots, {one.device for one in self._slow})
            self._nft(nft.removal())
        self._slow, self._sets = (), None

    def dropped(self) -> dict[str, int]:
        """Return how many packets vanished so far, by their reason.

        Raises:
            CommandError: the counters cannot be read.
        """
        counted = {"cut": 0, "loss": 0}
        if self._sets is not None:
            words = ("nft", "-j", "list", "counters", "table", *nft.TABLE.split())
            counted.update(nft.dropped(self._run(words)))
        return counted

    def _nft(self, script: str) -> None:
        self._run(("nft", "-f", "-"), script)

    def _tc(self, lines: Iterable[str]) -> None:
        script = "\n".join(lines)
        if script:
            self._run(("tc", "-batch", "-"), script + "\n")

    def _roots(self) -> dict[str, str]:
        return shaping.roots(self._run(("tc", "-j", "qdisc", "show")))

    def _device_to(self, address: str) -> str:
        device = shaping.device_of(self._run(("ip", "-j", "route", "get", address)))
        if device == "lo":
            raise SidecarError(f"{address} is an address of this peer: loopback is left alone")
        return device

    def _see_that_ours(self, slow: Sequence[Slow], had: dict[str, str]) -> None:
        for device in _devices(slow):
            if had.get(device, shaping.OURS) != shaping.OURS:
                what = f"{device} has a root qdisc of somebody else's ({had[device]})"
                raise SidecarError(f"{what}: it is left alone")

    def _shape(self, slow: Sequence[Slow], had: dict[str, str]) -> None:
        new = [shaping.root(device) for device in _devices(slow) if device not in had]
        self._tc(new + [line for one in slow for line in shaping.shape(one)])

    def _shape_back(self, slow: Sequence[Slow], had: dict[str, str]) -> None:
        """Undo `_shape`, however far it came."""
        known = {(one.device, one.minor) for one in self._slow}
        back = [line for one in self._slow if one.device in had for line in shaping.shape(one)]
        back += [shaping.no_class(one) for one in slow if (one.device, one.minor) not in known]
        back += [shaping.no_root(device) for device in _devices(slow) if device not in had]
        for line in back:
            with contextlib.suppress(CommandError):  # it was not there
                self._tc([line])

    def _tidy(self, before: Sequence[Slow]) -> None:
        """Remove what nothing is put into any more."""
        kept = {(one.device, one.minor) for one in self._slow}
        devices = _devices(self._slow)
        for one in before:
            if one.device in devices and (one.device, one.minor) not in kept:
                with contextlib.suppress(CommandError):  # gone with its interface
                    self._tc([shaping.no_class(one)])
        self._remove_roots(_devices(before) - devices)

    def _sweep(self) -> None:
        """Remove roots that a sidecar which was killed had left."""
        self._remove_roots(
            {device for device, what in self._roots().items() if what == shaping.OURS}
        )

    def _remove_roots(self, devices: Iterable[str]) -> None:
        for device in devices:
            try:
                self._tc([shaping.no_root(device)])
            except CommandError:
                if self._roots().get(device) == shaping.OURS:
                    raise  # else it is gone with its interface


def _devices(slow: Iterable[Slow]) -> set[str]:
    return {one.device for one in slow}

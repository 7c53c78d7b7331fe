"""Applies rules in the kernel with `nft` and `tc`; if one refuses, the previous rules stay."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterable, Sequence

from sidecar import nft, tc
from sidecar.errors import CommandError, SidecarError
from sidecar.ruleset import Rules
from sidecar.tc import LimitClass

_COMMAND_WITHIN = 10.0  # seconds

Run = Callable[..., str]
"""Runs a program, given its words and its input; returns what it printed."""


def run(words: Sequence[str], text: str = "") -> str:
    """Run a program to its end and return what it printed.

    Args:
        words: the program and its arguments.
        text: its input.

    Raises:
        CommandError: it cannot be run, takes too long or fails.
    """
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, timeout=_COMMAND_WITHIN, check=False
        )
    except OSError as error:
        raise CommandError(f"{words[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{words[0]}: no answer within {_COMMAND_WITHIN:g} s") from error
    if done.returncode:
        why = first_error(done.stderr) or f"status {done.returncode}"
        raise CommandError(f"{words[0]}: {why}")
    return done.stdout


def first_error(output: str) -> str:
    """Return the first error in a program's output, in one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        before, found, after = line.partition("Error: ")
        if found and len(before) < len("/dev/stdin:1000:1000-1000: "):
            return after
    return lines[0] if lines else ""


class Kernel:
    """The rules in this process's network namespace. Used by one thread at a time."""

    def __init__(self, run_command: Run = run) -> None:
        self._run = run_command
        self._rules = Rules()
        self._port = 0
        self._limits: tuple[LimitClass, ...] = ()
        self._sets: nft.Sets | None = None  # until the first rules: another sidecar's may be left

    @property
    def is_active(self) -> bool:
        """Whether there is something to renew."""
        return any((self._sets or {}).values())

    def apply(self, rules: Rules, port: int) -> None:
        """Replace all rules.

        Args:
            rules: the new ones.
            port: where the relay listens; 0 if it does not.

        Raises:
            SidecarError: they cannot be applied; the previous ones stay active.
        """
        if self._sets is None:
            self._remove_leftovers()
        limits = tc.plan(rules.leave, self._device_to, self._limits)
        roots = self._roots() if limits else {}
        _refuse_foreign(limits, roots)
        try:
            self._add_classes(limits, roots)
            self._nft(nft.load_script(rules, limits, port, self._sets))
        except CommandError:
            self._undo_classes(limits, roots)
            raise
        before, self._limits = self._limits, limits
        self._rules, self._port, self._sets = rules, port, nft.sets_of(rules, limits)
        self._remove_unused(before)

    def renew(self) -> bool:
        """Renew all rules for another lease.

        Returns:
            Whether they were still active; rules that something had removed are added again.

        Raises:
            CommandError: they cannot be renewed.
        """
        try:
            self._nft(nft.renew_script(self._sets or {}, self._rules.lease))
        except CommandError:
            self._nft(nft.load_script(self._rules, self._limits, self._port, None))
            return False
        return True

    def remove(self) -> None:
        """Remove everything that was added here.

        Raises:
            SidecarError: some of it could not be removed.
        """
        if self._sets is None:
            return
        with contextlib.ExitStack() as both:  # the roots even if the table stays
            both.callback(self._remove_roots, _devices(self._limits))
            self._nft(nft.remove_script())
        self._limits, self._sets = (), None

    def dropped(self) -> dict[str, int]:
        """Return how many packets were dropped so far, for each reason.

        Raises:
            CommandError: the counters cannot be read.
        """
        counted = {"cut": 0, "loss": 0}
        if self._sets is not None:
            words = ("nft", "-j", "list", "counters", "table", *nft.TABLE.split())
            counted.update(nft.parse_dropped(self._run(words)))
        return counted

    def _nft(self, script: str) -> None:
        self._run(("nft", "-f", "-"), script)

    def _tc(self, lines: Iterable[str]) -> None:
        script = "\n".join(lines)
        if script:
            self._run(("tc", "-batch", "-"), script + "\n")

    def _roots(self) -> dict[str, str]:
        return tc.parse_roots(self._run(("tc", "-j", "qdisc", "show")))

    def _device_to(self, address: str) -> str:
        device = tc.parse_device(self._run(("ip", "-j", "route", "get", address)))
        if device == "lo":
            raise SidecarError(f"{address} is this peer's own: loopback is never touched")
        return device

    def _add_classes(self, limits: Sequence[LimitClass], roots: dict[str, str]) -> None:
        new = [tc.add_root(device) for device in _devices(limits) if device not in roots]
        self._tc(new + [line for limit in limits for line in tc.replace_class(limit)])

    def _undo_classes(self, limits: Sequence[LimitClass], roots: dict[str, str]) -> None:
        """Undo `_add_classes`, however far it came."""
        known = {(limit.device, limit.minor) for limit in self._limits}
        undo = [
            line
            for limit in self._limits
            if limit.device in roots
            for line in tc.replace_class(limit)
        ]
        undo += [tc.delete_class(new) for new in limits if (new.device, new.minor) not in known]
        undo += [tc.delete_root(device) for device in _devices(limits) if device not in roots]
        for line in undo:
            with contextlib.suppress(CommandError):  # it was never added
                self._tc([line])

    def _remove_unused(self, before: Sequence[LimitClass]) -> None:
        """Remove the classes and roots that packets are no longer put into."""
        kept = {(limit.device, limit.minor) for limit in self._limits}
        devices = _devices(self._limits)
        for limit in before:
            if limit.device in devices and (limit.device, limit.minor) not in kept:
                with contextlib.suppress(CommandError):  # gone with its interface
                    self._tc([tc.delete_class(limit)])
        self._remove_roots(_devices(before) - devices)

    def _remove_leftovers(self) -> None:
        """Remove roots that a killed sidecar left."""
        self._remove_roots({device for device, root in self._roots().items() if root == tc.OURS})

    def _remove_roots(self, devices: Iterable[str]) -> None:
        for device in devices:
            try:
                self._tc([tc.delete_root(device)])
            except CommandError:
                if self._roots().get(device) == tc.OURS:
                    raise  # else it is gone with its interface


def _devices(limits: Iterable[LimitClass]) -> set[str]:
    return {limit.device for limit in limits}


def _refuse_foreign(limits: Iterable[LimitClass], roots: dict[str, str]) -> None:
    for device in _devices(limits):
        if roots.get(device, tc.OURS) != tc.OURS:
            raise SidecarError(
                f"{device} has a root qdisc that is not ours ({roots[device]}): it stays as it is"
            )

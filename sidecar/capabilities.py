"""What can be done to the network here: each feature is tried for real, then removed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from sidecar import nft, tc
from sidecar.errors import CommandError
from sidecar.kernel import Run, run
from sidecar.ruleset import LeaveRule
from sidecar.tcp import socket_to_dial

_DEVICE = "lo"  # every network has it
_MINOR = 0x10

FEATURES = ("cut", "loss", "bandwidth", "delay", "stream")


@dataclass
class Capabilities:
    """What can be done.

    Attributes:
        mechanisms: what implements each supported feature.
        unsupported: why each of the others is not supported.
        notes: a sentence about a feature that its users should know.
    """

    mechanisms: dict[str, str] = field(default_factory=dict)
    unsupported: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def try_all(run_command: Run = run) -> Capabilities:
    """Try every feature, and leave nothing behind."""
    found = Capabilities()
    trial = _Trial(run_command)
    for feature in FEATURES:
        try:
            found.mechanisms[feature] = trial.mechanism(feature, found)
        except CommandError as error:
            found.unsupported[feature] = str(error)
    return found


class _Trial:
    def __init__(self, run_command: Run) -> None:
        self._run = run_command
        self._accepted: set[str] = set()  # features whose rule nft has taken

    def mechanism(self, feature: str, found: Capabilities) -> str:
        """Return what implements a feature.

        Raises:
            CommandError: nothing does.
        """
        if feature in {"cut", "loss"}:
            self._try_rule(feature)
            return "nftables"
        if feature == "bandwidth":
            self._try_rule(feature)
            self._try_class(LeaveRule((), bandwidth=1000))
            return "tc htb"
        if feature == "delay":
            return self._try_delay(found)
        return self._try_relay()

    def _try_delay(self, found: Capabilities) -> str:
        try:
            self._try_rule("bandwidth")
            self._try_class(LeaveRule((), delay=0.001))
        except CommandError as error:
            mechanism = self._try_relay()
            found.notes["delay"] = (
                f"no netem here ({error}): "
                "the relay delays instead, connections made while the fault is active"
            )
            return mechanism
        return "tc netem"

    def _try_relay(self) -> str:
        self._try_rule("stream")
        try:
            socket_to_dial("", mark=True).close()
        except OSError as error:
            raise CommandError(f"SO_MARK: {error.strerror}") from error
        return "relay"

    def _try_rule(self, feature: str) -> None:
        if feature not in self._accepted:
            self._run(("nft", "-f", "-"), nft.trial_script(*nft.TRIALS[feature]))
            self._accepted.add(feature)

    def _try_class(self, rule: LeaveRule) -> None:
        """Add a class that no packet is put into, and remove it."""
        limit = tc.LimitClass(_DEVICE, _MINOR, (), rule)
        remove = tc.delete_root(_DEVICE)
        if _DEVICE in tc.parse_roots(self._run(("tc", "-j", "qdisc", "show"))):
            raise CommandError(f"tc: {_DEVICE} has a root qdisc already")
        try:
            self._tc(tc.add_root(_DEVICE), *tc.replace_class(limit), remove)
        except CommandError:
            with contextlib.suppress(CommandError):  # not even the root was added
                self._tc(remove)
            raise

    def _tc(self, *lines: str) -> None:
        self._run(("tc", "-batch", "-"), "\n".join(lines) + "\n")

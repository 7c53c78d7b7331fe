"""What can be done to the network here: each feature tried for real, and removed again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from sidecar import nft, shaping
from sidecar.command import run
from sidecar.errors import CommandError
from sidecar.kernel import Run
from sidecar.rules import Leave
from sidecar.sockets import to_dial

_DEVICE = "lo"  # every network has it
_MINOR = 0x10

FEATURES = ("cut", "loss", "bandwidth", "delay", "stream")


@dataclass
class Abilities:
    """What can be done.

    Attributes:
        means: for each feature that there is, by what means.
        lacks: for each of the others, why not.
        notes: for some features what else is worth knowing, in a sentence.
    """

    means: dict[str, str] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def try_all(run_command: Run = run) -> Abilities:
    """Try everything, and leave nothing behind."""
    found = Abilities()
    trial = _Trial(run_command)
    for feature in FEATURES:
        try:
            found.means[feature] = trial.of(feature, found)
        except CommandError as error:
            found.lacks[feature] = str(error)
    return found


class _Trial:
    """Tries one feature after the other."""

    def __init__(self, run_command: Run) -> None:
        self._run = run_command
        self._well: set[str] = set()  # rules that were taken

    def of(self, feature: str, found: Abilities) -> str:
        """Return the means for a feature.

        Raises:
            CommandError: there are none.
        """
        if feature in {"cut", "loss"}:
            self._rule(feature)
            return "nftables"
        if feature == "bandwidth":
            self._rule(feature)
            self._shape(Leave((), bandwidth=1000))
            return "tc htb"
        if feature == "delay":
            return self._delay(found)
        return self._relay()

    def _delay(self, found: Abilities) -> str:
        try:
            self._rule("bandwidth")
            self._shape(Leave((), delay=0.001))
        except CommandError as error:
            means = self._relay()
            found.notes["delay"] = (
                f"no netem here ({error}): "
                "delay and jitter by the relay, for connections made while they hold"
            )
            return means
        return "tc netem"

    def _relay(self) -> str:
        self._rule("stream")
        try:
            to_dial("", mark=True).close()
        except OSError as error:
            raise CommandError(f"SO_MARK: {error.strerror}") from error
        return "relay"

    def _rule(self, feature: str) -> None:
        if feature not in self._well:
            self._run(("nft", "-f", "-"), nft.trial(*nft.TRIED[feature]))
            self._well.add(feature)

    def _shape(self, leave: Leave) -> None:
        """Shape nothing, since no packet is put into the class."""
        one = shaping.Slow(_DEVICE, _MINOR, (), leave)
        gone = shaping.no_root(_DEVICE)
        if _DEVICE in shaping.roots(self._run(("tc", "-j", "qdisc", "show"))):
            raise CommandError(f"tc: {_DEVICE} has a root qdisc already")
        try:
            self._tc(shaping.root(_DEVICE), *shaping.shape(one), gone)
        except CommandError:
            with contextlib.suppress(CommandError):  # not even the root was made
                self._tc(gone)
            raise

    def _tc(self, *lines: str) -> None:
        self._run(("tc", "-batch", "-"), "\n".join(lines) + "\n")

"""One peer's attachment to a network of containers: its sidecar and the rules that it has."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.docker.client import Client, MissingError, translated
from orchestrator.engines.docker.peer import DockerPeer, networks_of
from orchestrator.engines.docker.sidecar import DockerSidecar
from orchestrator.engines.network import Lapse
from orchestrator.engines.sidecar import rules
from orchestrator.engines.sidecar.client import Pending, SidecarGoneError
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError

_STATE_WITHIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class ContainerIncarnation:
    """The time for which a container has one network namespace: while it runs, or its holder."""

    since: str  # when it started, as Docker writes it; the holder if that has the namespace
    networks: Mapping[str, str]  # its IPv4 address in each network


Start = Callable[[DockerPeer, ContainerIncarnation], DockerSidecar]
"""Starts a sidecar in a peer's network namespace."""


class Attachment:
    """A peer and its sidecar. Not thread-safe."""

    def __init__(self, client: Client, peer: DockerPeer, start: Start) -> None:
        self._client = client
        self.peer = peer
        # the peer's present one, as last inspected; None if it does not run
        self.incarnation: ContainerIncarnation | None = None
        self.sidecar: DockerSidecar | None = None  # the running sidecar, if any
        self.rules: Rules = rules.nothing()  # what it was last asked to apply
        self._start = start
        self._joined = ""  # the incarnation that the sidecar joined
        self._abandoned = ""  # the incarnation in which a sidecar with rules was ended
        self._is_uncounted = False  # rules were applied since lapses were last counted
        self._lapses = 0  # of this sidecar, reported
        self._is_mute = False  # reported as not answering
        self._reports: list[Lapse] = []

    @property
    def networks(self) -> Mapping[str, str]:
        """The peer's address in each network; none while unknown."""
        return (self.incarnation and self.incarnation.networks) or self.peer.networks

    @property
    def is_shaped(self) -> bool:
        """Whether rules of a sidecar that was ended may still apply, until their lease is over."""
        current = self.incarnation
        return self.sidecar is None and current is not None and self._abandoned == current.since

    def take(self, sidecar: DockerSidecar, joined: str) -> None:
        """Take over a running sidecar that joined the given incarnation of the peer."""
        self.sidecar, self._joined = sidecar, joined

    def inspect(self) -> None:
        """Learn whether the peer runs; drop a sidecar that joined an earlier incarnation."""
        self.incarnation = self._current()
        if self.sidecar is None:
            return
        if self.sidecar.ended:
            self._report_end()
        elif self.incarnation is None or self._joined != self.incarnation.since:
            self._count()
            self.leave()

    def _current(self) -> ContainerIncarnation | None:
        try:
            with translated(f"{self.peer.name} cannot be inspected"):
                found: dict[str, Any] = self._client.api.inspect_container(self.peer.container)
        except MissingError:
            return None
        if not found["State"]["Running"]:
            return None
        holder = self.peer.holder
        if holder and holder.has_network:
            return ContainerIncarnation(holder.container, self.peer.networks)
        return ContainerIncarnation(found["State"]["StartedAt"], networks_of(found))

    def join(self) -> bool:
        """Start a sidecar if there is none and the peer runs; return whether there is a new one.

        Raises:
            EngineError: it cannot be started, though the peer runs.
        """
        current = self.incarnation
        if self.sidecar or current is None:
            return False
        try:
            self.sidecar = self._start(self.peer, current)
        except EngineError:
            self.incarnation = self._current()
            if self.incarnation == current:
                raise
            self.incarnation = None  # it ended or restarted meanwhile; `refresh` follows
        self._joined, self._lapses, self._is_mute = current.since, 0, False
        return self.sidecar is not None

    def apply(self, wanted: Rules) -> Pending | None:
        """Have the sidecar replace its rules; None if there is no sidecar."""
        self.rules = wanted
        self._is_uncounted |= not rules.is_nothing(wanted)
        if self.sidecar:
            self._abandoned = ""
        return self.sidecar.request("set", rules=wanted) if self.sidecar else None

    def resume(self, wanted: Rules) -> bool:
        """Return whether a sidecar that was taken over has these rules; note them if so."""
        if self.sidecar is None:
            return False
        with contextlib.suppress(EngineError):
            if _stated(self.sidecar.ask("state", _STATE_WITHIN)["rules"]) == _stated(wanted):
                self.rules, self._is_uncounted = wanted, not rules.is_nothing(wanted)
                return True
        return False

    def leave(self) -> None:
        """Clear the rules and remove the sidecar."""
        if self.sidecar:
            self.sidecar.remove()
        self._forget()

    def detach(self) -> None:
        """Detach from the sidecar, which stays."""
        if self.sidecar:
            self.sidecar.close()
        self._forget()

    def _forget(self) -> None:
        self.sidecar, self.rules = None, rules.nothing()

    def lapses(self) -> list[Lapse]:
        """Return a sentence for each lapse that was not reported yet."""
        if self.sidecar and self.sidecar.ended:
            self._report_end()
        else:
            self._count()
        reports, self._reports = self._reports, []
        return reports

    def _count(self) -> None:
        """Ask how often rules expired before they were renewed, if there were any."""
        if self.sidecar is None or not self._is_uncounted:
            return
        self._is_uncounted = not rules.is_nothing(self.rules)
        who = f"the sidecar of {self.peer.name}"
        try:
            count = self.sidecar.ask("state", _STATE_WITHIN)["lapses"]
        except SidecarGoneError:
            self._report_end()
        except EngineError:
            if not self._is_mute:
                self._report(f"{who} does not answer: its faults lapse")
            self._is_mute = True
        else:
            if count > self._lapses:
                self._report(f"{who} was held up: its faults lapsed for a while")
            self._lapses, self._is_mute = count, False

    def _report(self, sentence: str) -> None:
        self._reports.append(Lapse(sentence, self.peer.name))

    def _report_end(self) -> None:
        """Note that something else ended the sidecar."""
        if rules.is_nothing(self.rules):
            lost = "connections that it relayed are lost"
        else:
            lost = f"its faults lapse within {rules.LEASE:g} s"
            self._abandoned = self._joined
        self._report(f"the sidecar of {self.peer.name} was ended: {lost}")
        with contextlib.suppress(EngineError):
            self.leave()
        self._forget()


def _stated(value: Any) -> Any:
    """Return rules without defaults; a reset after zero bytes is none."""
    if isinstance(value, dict):
        stated = {key: _stated(item) for key, item in value.items()}
        return {key: item for key, item in stated.items() if item or (key, item) == ("reset", 0)}
    return [_stated(item) for item in value] if isinstance(value, list) else value

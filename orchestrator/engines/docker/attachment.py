"""One peer's place in a network of containers, and the sidecar that sits there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.base import Lapse
from orchestrator.engines.docker.client import Client, MissingError, translated
from orchestrator.engines.docker.peer import DockerPeer, address_of
from orchestrator.engines.docker.sidecar import DockerSidecar
from orchestrator.engines.sidecar import rules
from orchestrator.engines.sidecar.client import Pending, SidecarGoneError
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError

_TELLS_WITHIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a container, from a start to its end: it has a network of its own.

    Attributes:
        since: when it started, as Docker says it.
        address: of its container.
    """

    since: str
    address: str


Start = Callable[[DockerPeer, Life], DockerSidecar]
"""Starts a sidecar that joins a peer's network."""


class Attachment:
    """A peer and its sidecar. One thread at a time may use it.

    Args:
        client: the engine.
        peer: the peer.
        start: starts a sidecar for it.

    Attributes:
        peer: the peer.
        life: the one that the peer has now, as last looked; None when it does not run.
        sidecar: the one that sits there, if any.
        held: what it was told last to hold.
    """

    def __init__(self, client: Client, peer: DockerPeer, start: Start) -> None:
        self._client = client
        self.peer = peer
        self.life: Life | None = None
        self.sidecar: DockerSidecar | None = None
        self.held: Rules = rules.nothing()
        self._start = start
        self._joined = ""  # the life in which the sidecar sits
        self._left = ""  # the life in which one was ended that held something
        self._is_uncounted = False  # something held since lapses were counted last
        self._lapses = 0  # counted by this sidecar, and told
        self._silent = False  # told that it does not answer
        self._told: list[Lapse] = []

    @property
    def address(self) -> str:
        """Where the peer is dialled; empty while that is not known."""
        return (self.life and self.life.address) or self.peer.address

    @property
    def is_shaped(self) -> bool:
        """Whether what a sidecar held that was ended may hold still, for as long as its lease."""
        return self.sidecar is None and self.life is not None and self._left == self.life.since

    def take(self, sidecar: DockerSidecar, joined: str) -> None:
        """Take over a sidecar that is there already, and joined the peer in some life."""
        self.sidecar, self._joined = sidecar, joined

    def look(self) -> None:
        """Learn whether the peer runs, and let go of a sidecar that sits in an earlier life."""
        self.life = self._living()
        if self.sidecar is None:
            return
        if self.sidecar.ended:
            self._tell_of_end()
        elif self.life is None or self._joined != self.life.since:
            self._count()
            self.leave()

    def _living(self) -> Life | None:
        try:
            with translated(f"{self.peer.name} cannot be inspected"):
                found: dict[str, Any] = self._client.api.inspect_container(self.peer.container)
        except MissingError:
            return None
        if not found["State"]["Running"]:
            return None
        return Life(found["State"]["StartedAt"], address_of(found))

    def sit(self) -> bool:
        """Start a sidecar, if there is none and the peer runs; tell whether one is new.

        Raises:
            EngineError: it cannot be started, though the peer runs.
        """
        life = self.life
        if self.sidecar or life is None:
            return False
        try:
            self.sidecar = self._start(self.peer, life)
        except EngineError:
            self.life = self._living()
            if self.life == life:
                raise
            self.life = None  # it ended meanwhile, or started anew: `refresh` comes after that
        self._joined, self._lapses, self._silent = life.since, 0, False
        return self.sidecar is not None

    def hold(self, wanted: Rules) -> Pending | None:
        """Have the sidecar hold something and nothing else; None where there is no sidecar."""
        self.held = wanted
        self._is_uncounted |= not rules.is_nothing(wanted)
        if self.sidecar:
            self._left = ""
        return self.sidecar.request("set", rules=wanted) if self.sidecar else None

    def resume(self, wanted: Rules) -> bool:
        """Tell whether a sidecar that was taken over holds this; it is what it holds, then.

        One that cannot tell does not.
        """
        if self.sidecar is None:
            return False
        with contextlib.suppress(EngineError):
            if _told(self.sidecar.ask("state", _TELLS_WITHIN)["rules"]) == _told(wanted):
                self.held, self._is_uncounted = wanted, not rules.is_nothing(wanted)
                return True
        return False

    def leave(self) -> None:
        """Straighten the network and remove the sidecar."""
        if self.sidecar:
            self.sidecar.remove()
        self._forget()

    def detach(self) -> None:
        """Let go of the sidecar and leave it there."""
        if self.sidecar:
            self.sidecar.close()
        self._forget()

    def _forget(self) -> None:
        self.sidecar, self.held = None, rules.nothing()

    def lapses(self) -> list[Lapse]:
        """Return what has not held, in a sentence each, each once."""
        if self.sidecar and self.sidecar.ended:
            self._tell_of_end()
        else:
            self._count()
        told, self._told = self._told, []
        return told

    def _count(self) -> None:
        """Ask how often a rule ran out before it was renewed, if any held since."""
        if self.sidecar is None or not self._is_uncounted:
            return
        self._is_uncounted = not rules.is_nothing(self.held)
        who = f"the sidecar of {self.peer.name}"
        try:
            count = self.sidecar.ask("state", _TELLS_WITHIN)["lapses"]
        except SidecarGoneError:
            self._tell_of_end()
        except EngineError:
            if not self._silent:
                self._tell(f"{who} does not answer: what held there lapses")
            self._silent = True
        else:
            if count > self._lapses:
                self._tell(f"{who} was held up: what held there lapsed for a while")
            self._lapses, self._silent = count, False

    def _tell(self, said: str) -> None:
        self._told.append(Lapse(said, self.peer.name))

    def _tell_of_end(self) -> None:
        """Note that the sidecar was ended by somebody else."""
        if rules.is_nothing(self.held):
            lost = "connections that it carried are lost"
        else:
            lost = f"what held there lapses within {rules.LEASE:g} s"
            self._left = self._joined
        self._tell(f"the sidecar of {self.peer.name} was ended: {lost}")
        with contextlib.suppress(EngineError):
            self.leave()
        self._forget()


def _told(what: Any) -> Any:
    """Return rules without what need not be said; a reset after no bytes must be."""
    if isinstance(what, dict):
        said = {key: _told(value) for key, value in what.items()}
        return {key: value for key, value in said.items() if value or (key, value) == ("reset", 0)}
    return [_told(each) for each in what] if isinstance(what, list) else what

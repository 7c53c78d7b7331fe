"""The network between containers, bent by a sidecar in each peer's own. See docs/faults.md."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from orchestrator.engines.base import Lapse, Network
from orchestrator.engines.docker.attachment import Attachment, Life
from orchestrator.engines.docker.client import OWNER, Client, in_parallel
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import LIFE, SIDECAR, DockerSidecar, capabilities, start
from orchestrator.engines.sidecar import probing, rules
from orchestrator.engines.sidecar.probing import Route
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError
from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.probe import Measured, Probe


class DockerNetwork(Network):
    """The network between some peers of one engine.

    A sidecar starts when its peer's network is first bent or measured.

    Args:
        client: the engine.
        peers: between which it is.
        owner: the mark of the run whose peers they are.

    Attributes:
        is_closed: whether it was closed; it is of no more use then.
    """

    def __init__(self, client: Client, peers: Sequence[DockerPeer], owner: str) -> None:
        self._client, self._owner = client, owner
        self._lock = threading.RLock()
        self.is_closed = False
        self._effects: dict[Link, Effect] = {}
        self._seats = {peer.name: Attachment(client, peer, self._start) for peer in peers}

    def _start(self, peer: DockerPeer, life: Life) -> DockerSidecar:
        labels = {OWNER: self._owner, SIDECAR: peer.container, LIFE: life.since}
        return start(self._client, peer.handle, f"container:{peer.container}", labels)

    def mechanisms(self) -> Mapping[str, str]:
        """Return what sidecars can do here, and how; the first time one is asked."""
        return capabilities(self._client).mechanisms

    def unsupported(self) -> Mapping[str, str]:
        """Return what sidecars cannot do here, and why."""
        return capabilities(self._client).unsupported

    def notes(self) -> Mapping[str, str]:
        """Return what sidecars say of how they do some features."""
        return capabilities(self._client).notes

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Have the sidecars hold these effects, and no others.

        A peer that does not run is left out: see `refresh`.
        """
        self._refuse(effects)
        with self._lock:
            self._effects = {link: each for link, each in effects.items() if each != CLEAR}
            self._apply()

    def _refuse(self, effects: Mapping[Link, Effect]) -> None:
        """Raise where a peer is none of ours, or something cannot be done here."""
        for link in effects:
            self._ends(link)
        for feature in {each for effect in effects.values() for each in effect.features}:
            if feature not in self.mechanisms():
                why = self.unsupported().get(feature, "nobody knows how")
                raise EngineError(f"{feature} cannot be done here: {why}")

    def _ends(self, link: Link) -> tuple[Attachment, Attachment]:
        try:
            return self._seats[link[0]], self._seats[link[1]]
        except KeyError as error:
            raise EngineError(f"{error.args[0]} is no peer of this network") from None

    def refresh(self) -> None:
        """Have what was asked for last hold in the networks of restarted peers as well."""
        with self._lock:
            self._apply()

    def _apply(self) -> None:
        """Make what is to hold hold: look who runs, bring sidecars, tell them their shares."""
        self._refuse_closed()
        seats = list(self._seats.values())
        if not self._effects and not any(seat.sidecar or seat.is_shaped for seat in seats):
            return
        in_parallel(Attachment.look, seats)
        wanted = self._shares()
        needy = [s for s in seats if s.is_shaped or not rules.is_nothing(wanted[s])]
        in_parallel(Attachment.sit, needy)
        for pending in [seat.hold(wanted[seat]) for seat in seats]:
            if pending:
                pending.answer()

    def _shares(self) -> dict[Attachment, Rules]:
        """Return what each sidecar must hold."""
        addresses = {name: seat.address for name, seat in self._seats.items() if seat.address}
        mechanisms = self.mechanisms() if self._effects else {}
        wanted = rules.for_peers(self._effects, addresses, mechanisms)
        return {seat: wanted.get(name, rules.nothing()) for name, seat in self._seats.items()}

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Have the sidecars at both ends of each link send probes and hear them."""
        return probing.measure(self._routes(probes), probes)

    def _routes(self, probes: Mapping[Link, Probe]) -> dict[Link, Route]:
        """Return how each link is measured, but for those with an end that does not run."""
        ends = {link: self._ends(link) for link in probes}
        with self._lock:
            seats = list(dict.fromkeys(seat for pair in ends.values() for seat in pair))
            self._bring(seats)
            sidecars = {seat: seat.sidecar for seat in seats if seat.sidecar}
            addresses = {seat: seat.address for seat in seats}
        receivers = {receiver for _, receiver in ends.values()} & sidecars.keys()
        asked = {seat: sidecars[seat].request("listen") for seat in receivers}
        ports = {seat: pending.answer() for seat, pending in asked.items()}
        return {
            link: Route(
                sidecars[sender],
                sidecars[receiver],
                addresses[receiver],
                ports[receiver]["stream" if probes[link].what == "stream" else "packets"],
            )
            for link, (sender, receiver) in ends.items()
            if sender in sidecars and receiver in sidecars
        }

    def _bring(self, seats: Sequence[Attachment]) -> None:
        """Bring sidecars to peers; what is to hold holds again where one is new."""
        self._refuse_closed()
        in_parallel(Attachment.look, seats)
        if any(in_parallel(Attachment.sit, seats)) and self._effects:
            self._apply()

    def _refuse_closed(self) -> None:
        if self.is_closed:
            raise EngineError("this network was closed")

    def lapses(self) -> list[Lapse]:
        """Return which sidecars were ended or held up by somebody else."""
        with self._lock:
            told = in_parallel(Attachment.lapses, list(self._seats.values()))
        return [each for seat in told for each in seat]

    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        """Return the peer's own address and port: nobody is pointed elsewhere here."""
        _, seat = self._ends((dialler, to))
        return seat.address, seat.peer.port

    def close(self) -> None:
        """Remove the sidecars, which straighten what they have bent."""
        with self._lock:
            self.is_closed, self._effects = True, {}
            in_parallel(Attachment.leave, list(self._seats.values()))

"""The network between containers: a sidecar in each peer's namespace shapes it.

See docs/faults.md.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from itertools import permutations

from orchestrator.engines.docker.attachment import Attachment, ContainerIncarnation
from orchestrator.engines.docker.client import OWNER, Client
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import (
    INCARNATION,
    SIDECAR,
    DockerSidecar,
    capabilities,
    start,
)
from orchestrator.engines.network import Lapse, Network
from orchestrator.engines.sidecar import measuring, rules
from orchestrator.engines.sidecar.measuring import Route
from orchestrator.engines.sidecar.rules import Networks, Rules
from orchestrator.errors import EngineError
from orchestrator.faults.effect import CLEAR, Effect, Link, Links
from orchestrator.faults.probe import Measured, Probe
from orchestrator.parallel import map_parallel


class DockerNetwork(Network):
    """The network between some peers of one engine.

    A sidecar starts when its peer's links are first shaped or measured.
    """

    def __init__(self, client: Client, peers: Sequence[DockerPeer], owner: str) -> None:
        self._client, self._owner = client, owner
        self._lock = threading.RLock()
        self.is_closed = False  # whether it was closed and can be dropped
        self._effects: dict[Link, Effect] = {}
        self._by_name = {peer.name: Attachment(client, peer, self._start) for peer in peers}
        self._attachments = list(self._by_name.values())

    def _start(self, peer: DockerPeer, incarnation: ContainerIncarnation) -> DockerSidecar:
        labels = {OWNER: self._owner, SIDECAR: peer.container, INCARNATION: incarnation.since}
        return start(self._client, peer.handle, f"container:{peer.container}", labels)

    def mechanisms(self) -> Mapping[str, str]:
        """Return how sidecars do each feature here; the first call starts one to try."""
        return capabilities(self._client).mechanisms

    def unsupported(self) -> Mapping[str, str]:
        """Return why sidecars cannot do other features here."""
        return capabilities(self._client).unsupported

    def notes(self) -> Mapping[str, str]:
        """Return what sidecars say about some features."""
        return capabilities(self._client).notes

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Have the sidecars apply these effects and no others.

        Peers that do not run are left out: see `refresh`.
        """
        self._require_supported(effects)
        with self._lock:
            self._effects = {link: effect for link, effect in effects.items() if effect != CLEAR}
            self._apply()

    def _require_supported(self, effects: Mapping[Link, Effect]) -> None:
        for link in effects:
            self._ends(link)
        for feature in {feature for effect in effects.values() for feature in effect.features}:
            if feature not in self.mechanisms():
                why = self.unsupported().get(feature, "its sidecars do not know it")
                raise EngineError(f"{feature} cannot be done here: {why}")

    def _ends(self, link: Link) -> tuple[Attachment, Attachment]:
        try:
            return self._by_name[link[0]], self._by_name[link[1]]
        except KeyError as error:
            raise EngineError(f"{error.args[0]} is not a peer of this network") from None

    def refresh(self) -> None:
        """Apply the current effects to restarted peers too."""
        with self._lock:
            self._apply()

    def _apply(self) -> None:
        """Apply the current effects: see which peers run, start sidecars, send their rules."""
        self._require_open()
        if not self._effects and not any(one.sidecar or one.is_shaped for one in self._attachments):
            return
        map_parallel(Attachment.inspect, self._attachments)
        wanted = self._shares()
        needed = [
            attachment
            for attachment in self._attachments
            if attachment.is_shaped or not rules.is_nothing(wanted[attachment])
        ]
        map_parallel(Attachment.join, needed)
        for pending in [one.apply(wanted[one]) for one in self._attachments]:
            if pending:
                pending.answer()

    def _shares(self) -> dict[Attachment, Rules]:
        networks = {name: one.networks for name, one in self._by_name.items()}
        mechanisms = self.mechanisms() if self._effects else {}
        wanted = rules.for_peers(self._effects, networks, mechanisms)
        return {one: wanted.get(name, rules.nothing()) for name, one in self._by_name.items()}

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Have the sidecars at both ends of each link send and receive probes."""
        return measuring.measure(self._routes(probes), probes)

    def _routes(self, probes: Mapping[Link, Probe]) -> dict[Link, Route]:
        """Return how each link is measured, if both its ends run."""
        ends = {link: self._ends(link) for link in probes}
        with self._lock:
            attachments = list(dict.fromkeys(end for pair in ends.values() for end in pair))
            self._join(attachments)
            sidecars = {end: end.sidecar for end in attachments if end.sidecar}
            networks = {end: end.networks for end in attachments}
        receivers = {receiver for _, receiver in ends.values()} & sidecars.keys()
        pending = {receiver: sidecars[receiver].request("listen") for receiver in receivers}
        ports = {receiver: request.answer() for receiver, request in pending.items()}
        return {
            link: Route(
                sidecars[sender],
                sidecars[receiver],
                address,
                ports[receiver]["stream" if probes[link].what == "stream" else "packets"],
            )
            for link, (sender, receiver) in ends.items()
            if sender in sidecars and receiver in sidecars
            for address in _addresses(networks[sender], networks[receiver], probes[link])
        }

    def _join(self, attachments: Sequence[Attachment]) -> None:
        """Start missing sidecars; a new one gets the current rules."""
        self._require_open()
        map_parallel(Attachment.inspect, attachments)
        if any(map_parallel(Attachment.join, attachments)) and self._effects:
            self._apply()

    def _require_open(self) -> None:
        if self.is_closed:
            raise EngineError("this network was closed")

    def lapses(self) -> list[Lapse]:
        """Return which sidecars were held up, or ended by something else."""
        with self._lock:
            return [
                lapse
                for lapses in map_parallel(Attachment.lapses, self._attachments)
                for lapse in lapses
            ]

    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        """Return the peer's own address and port: no dial is redirected here."""
        one, other = self._ends((dialler, to))
        ends = rules.shared(one.networks, other.networks)
        return ends[0][1] if ends else other.peer.address, other.peer.port

    def paths(self, link: Link) -> Sequence[str]:
        """Return the networks that both ends of a link are on; an empty name if it is one."""
        one, other = self._ends(link)
        names = [name for name in one.networks if name in other.networks]
        return names if len(names) > 1 else ("",)

    def shut(self) -> Links:
        """Return the links between peers that share no network."""
        return frozenset(
            (one.peer.name, other.peer.name)
            for one, other in permutations(self._attachments, 2)
            if one.networks.keys().isdisjoint(other.networks)
        )

    def close(self) -> None:
        """Remove the sidecars, which clear their rules."""
        with self._lock:
            self.is_closed, self._effects = True, {}
            map_parallel(Attachment.leave, self._attachments)


def _addresses(sender: Networks, receiver: Networks, probe: Probe) -> Sequence[str]:
    """Return the address to which a probe is sent; none if the ends have no network for it."""
    if probe.network:
        return [receiver[probe.network]] if {probe.network} <= sender.keys() & receiver else []
    return [address for _, address in rules.shared(sender, receiver)[:1]]

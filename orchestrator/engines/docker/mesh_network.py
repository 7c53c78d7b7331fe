"""The network of the mesh for manual use: its sidecars outlive the command that started them.

Later commands find them by their label.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.engines.docker.attachment import Attachment, ContainerIncarnation
from orchestrator.engines.docker.client import Client, translated
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import (
    INCARNATION,
    MESH_SIDECAR,
    DockerSidecar,
    remove,
    start,
)
from orchestrator.engines.network import Lapse
from orchestrator.engines.sidecar import rules
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError, first_line
from orchestrator.faults.effect import Effect, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel

_ANSWERS_WITHIN = 5.0  # seconds
_STARTED_WITHIN = 60.0  # seconds from creating a sidecar to starting it
_STARTED_BY = "peerlab.started-by"  # label of a sidecar: the mark of the command that starts it


class MeshNetwork(DockerNetwork):
    """The network between the peers of the mesh, as the last command left it.

    `close` leaves the sidecars and their rules in place; `remove_mesh_sidecars` removes both.

    Raises:
        EngineError: Docker does not answer.
    """

    def __init__(self, client: Client, peers: Sequence[DockerPeer]) -> None:
        super().__init__(client, peers, owner="")
        self._repairs: list[str] = []
        self._starter = Owner.this()
        try:
            map_parallel(self._find, self._attachments)
        except BaseException:
            self.close()
            raise

    def _find(self, attachment: Attachment) -> None:
        """Take over a peer's sidecar; remove one that never started, is mute or surplus."""
        for found in _sidecars(self._client, attachment.peer.container):
            if sidecar := self._attached(attachment, found):
                attachment.take(sidecar, found["Labels"][INCARNATION])
            else:
                with contextlib.suppress(EngineError):
                    remove(self._client, attachment.peer.name, found["Id"])

    def _attached(self, attachment: Attachment, found: dict[str, Any]) -> DockerSidecar | None:
        name = attachment.peer.name
        if found["State"] != "running" or attachment.sidecar:
            return None
        try:
            sidecar = DockerSidecar(self._client, name, found["Id"])
        except EngineError:
            return None  # it has just ended
        try:
            sidecar.ask("state", _ANSWERS_WITHIN)
        except EngineError:
            self._repairs.append(f"the sidecar of {name} did not answer and was removed")
            sidecar.close()
            return None
        return sidecar

    def resume(self, effects: Mapping[Link, Effect]) -> None:
        """Take on the effects that the last command left; restore those that are not active.

        A difference means that a command was killed or a sidecar was. `lapses` reports it.
        """
        with self._lock:
            self._effects = self._present(effects)
            if not self._effects and not any(one.sidecar for one in self._attachments):
                return
            map_parallel(Attachment.inspect, self._attachments)
            wanted = self._shares()
            running = [attachment for attachment in self._attachments if attachment.incarnation]
            broken = [one for one in running if not self._is_intact(one, wanted[one])]
            if not broken:
                return
            try:
                self._apply()
            except EngineError as error:
                self._repairs.append(f"faults cannot be restored: {first_line(error)}")

    def _is_intact(self, attachment: Attachment, wanted: Rules) -> bool:
        """Return whether a peer's sidecar has the rules that it should; note what is wrong."""
        name = attachment.peer.name
        if attachment.sidecar is None:
            if not rules.is_nothing(wanted):
                self._repairs.append(f"faults at {name} had lapsed: its sidecar is gone")
            return rules.is_nothing(wanted)
        if not attachment.resume(wanted):
            self._repairs.append(f"at {name} the faults differed from the record: restored")
            return False
        return True

    def _present(self, effects: Mapping[Link, Effect]) -> dict[Link, Effect]:
        """Return the effects between peers that exist; a user may have removed a container."""
        return {link: effect for link, effect in effects.items() if self._has(link)}

    def _has(self, link: Link) -> bool:
        return all(name in self._by_name for name in link)

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Have the sidecars apply these effects and no others, between peers that exist."""
        super().shape(self._present(effects))

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Send probes between the peers that exist; the others count as not running."""
        missing = Measured(sent=0, arrived=0, error=NOT_RUNNING)
        present = {link: probe for link, probe in probes.items() if self._has(link)}
        return dict.fromkeys(probes, missing) | super().measure(present)

    def _start(self, peer: DockerPeer, incarnation: ContainerIncarnation) -> DockerSidecar:
        labels = {
            MESH_SIDECAR: peer.container,
            INCARNATION: incarnation.since,
            _STARTED_BY: self._starter.mark,
        }
        network = f"container:{peer.container}"
        return start(self._client, peer.handle, network, labels, outlives=True)

    def lapses(self) -> list[Lapse]:
        """Return what has lapsed, and what `resume` restored."""
        repairs, self._repairs = self._repairs, []
        return [*map(Lapse, repairs), *super().lapses()]

    def close(self) -> None:
        """Detach from the sidecars, which stay with their rules."""
        with self._lock:
            for attachment in self._attachments:
                attachment.detach()


def remove_mesh_sidecars(client: Client, peers: Sequence[DockerPeer]) -> int:
    """Remove the sidecars of these peers and their rules; return how many."""
    containers = {peer.container for peer in peers}
    theirs = [one for one in _sidecars(client) if one["Labels"][MESH_SIDECAR] in containers]
    return _remove(client, theirs)


def remove_orphans(client: Client) -> int:
    """Remove mesh sidecars whose peer is gone or that will not be started; return how many."""
    found = _sidecars(client)
    if not found:
        return 0
    with translated("cannot clean up"):
        existing = {container["Id"] for container in client.api.containers(all=True)}

    return _remove(client, [
        sidecar
        for sidecar in found
        if sidecar["Labels"][MESH_SIDECAR] not in existing
        or (sidecar["State"] == "created" and _is_abandoned(sidecar))
    ])  # fmt: skip


def _is_abandoned(sidecar: dict[str, Any]) -> bool:
    """Return whether no command will start a sidecar that has only been created."""
    starter = Owner.parse(sidecar["Labels"].get(_STARTED_BY, ""))
    is_gone = starter is not None and starter.is_gone
    return is_gone or sidecar["Created"] < time.time() - _STARTED_WITHIN


def _sidecars(client: Client, peer: str = "") -> list[dict[str, Any]]:
    wanted = {"label": f"{MESH_SIDECAR}={peer}" if peer else MESH_SIDECAR}
    with translated("the mesh's sidecars cannot be listed"):
        found: list[dict[str, Any]] = client.api.containers(all=True, filters=wanted)
    return found


def _remove(client: Client, sidecars: Sequence[dict[str, Any]]) -> int:
    """Have sidecars clear their rules, then remove them."""

    def end(sidecar: dict[str, Any]) -> None:
        name = sidecar["Names"][0].removeprefix("/")
        with contextlib.suppress(EngineError):  # another command may be removing it too
            if sidecar["State"] == "running":
                return DockerSidecar(client, name, sidecar["Id"]).remove()
        return remove(client, name, sidecar["Id"])

    map_parallel(end, sidecars)
    return len(sidecars)

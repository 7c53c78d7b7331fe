"""What keeps the folders of a mesh's peers while their programs do not run: see `holder`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from orchestrator import definition
from orchestrator.engines.docker import sandbox
from orchestrator.engines.docker.client import Client, remove_container, translated
from orchestrator.engines.docker.holder import FOLDERS, Holder, hold, removed_on_failure
from orchestrator.engines.docker.mesh_changes import MESH
from orchestrator.engines.docker.sandbox import PeerImage, Place
from orchestrator.engines.starting import PeerAddress
from orchestrator.profile import Profile

_HOLDER = "peerlab.holder"  # label of a peer: the id of the container that holds its folders
_HOLDS = "peerlab.holds"  # label of such a container: whose mesh, as `MESH` says of a peer


def holder_of(labels: Mapping[str, str]) -> Holder | None:
    """Return what holds the folders of a peer with these labels, if something does."""
    return Holder(labels[_HOLDER], FOLDERS, has_network=False) if _HOLDER in labels else None


class MeshHolders:
    """The holders of one mesh.

    Args:
        client: the engine.
        mesh: whose mesh, as its label says.
    """

    def __init__(self, client: Client, mesh: str) -> None:
        self._client, self._mesh = client, mesh

    def create_peer(
        self,
        name: str,
        profile: Profile,
        spec: definition.ContainerSpec,
        image: PeerImage,
        run: Sequence[PeerAddress],
        mark: Mapping[str, str],
        place: Place,
    ) -> str:
        """Create a peer's container, and first what holds its folders; return its id.

        Args:
            name: the peer's name.
            profile: its profile.
            spec: of its container.
            image: of its container.
            run: all peers.
            mark: labels of all that is created now.
            place: where it is created.

        Raises:
            ConflictError: the container's name is taken.
            EngineError: it cannot be created.
        """
        held, volumes = None, sandbox.kept_volumes(spec, profile, image, {MESH: self._mesh, **mark})
        if volumes:
            labels = {**mark, _HOLDS: self._mesh}
            held = hold(self._client, name, place, volumes, labels, network=False)
            own = place.labels | {_HOLDER: held.container}
            place = replace(place, holder=held.container, labels=own)
        with removed_on_failure(self._client, held), translated(f"{name}: no container"):
            return sandbox.create(self._client, name, profile, spec, image, place, run)

    def all(self) -> list[str]:
        """Return the ids of all holders.

        Raises:
            EngineError: Docker does not answer.
        """
        with translated("the mesh cannot be listed"):
            wanted = {"label": f"{_HOLDS}={self._mesh}"}
            found = self._client.api.containers(all=True, filters=wanted)
        return [one["Id"] for one in found]

    def remove_others(self, used: Collection[str]) -> None:
        """Remove the holders that are not used.

        Raises:
            EngineError: Docker cannot.
        """
        for container in self.all():
            if container not in used:
                with translated("what held a peer's folders cannot be removed"):
                    remove_container(self._client, container)

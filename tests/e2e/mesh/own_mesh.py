"""A mesh of a test's own: how to look at it past the command line."""

from __future__ import annotations

from typing import Any

from orchestrator import profile
from orchestrator.engines.docker.client import engine_id
from orchestrator.engines.docker.mesh_changes import CHANGED_BY, MESH
from orchestrator.engines.docker.mesh_peers import MeshId, MeshPeer, MeshPeers
from orchestrator.engines.docker.sidecar import MESH_SIDECAR
from orchestrator.files import lock_file
from orchestrator.mesh.mesh import MeshState
from tests.orchestrator.cli.support import peerlab_on_docker


class OwnMesh:
    """One mesh, which the environment has every command use.

    Args:
        client: the Docker engine.
        name: its name.
    """

    def __init__(self, client: Any, name: str) -> None:
        self.client, self.id = client, MeshId(name)
        self.peers_there = MeshPeers(client, self.id, profile.load("peerlab"))
        self.state = MeshState(engine_id(client), self.id.key)
        self._seen: set[str] = set()

    @property
    def wanted(self) -> dict[str, str]:
        """Docker's filter for the mesh's containers and networks."""
        return {"label": f"{MESH}={self.id.label}"}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its containers and networks."""
        return {MESH: self.id.label}

    def peers(self) -> list[MeshPeer]:
        """Return the peers that exist."""
        return self.peers_there.all()

    def container(self, name: str) -> str:
        """Return the id of a peer's container."""
        (found,) = (peer.container for peer in self.peers() if peer.name == name)
        return found

    def running(self) -> list[str]:
        """Return the names of the peers that run."""
        return [peer.name for peer in self.peers() if peer.status().state == "running"]

    def networks(self) -> list[dict[str, Any]]:
        """Return the mesh's networks."""
        found: list[dict[str, Any]] = self.client.api.networks(filters=self.wanted)
        return found

    def sidecars(self) -> list[str]:
        """Return the containers of the sidecars of all peers that ever were seen here."""
        self._seen |= {peer.container for peer in self.peers()}
        found = self.client.api.containers(all=True, filters={"label": MESH_SIDECAR})
        return [one["Id"] for one in found if one["Labels"][MESH_SIDECAR] in self._seen]

    def is_half_done(self) -> bool:
        """Return whether a command is starting or removing peers, or was killed at it."""
        found = self.client.api.volumes(filters={"label": [CHANGED_BY, self.wanted["label"]]})
        return bool(found["Volumes"])

    def is_locked(self) -> bool:
        """Return whether a command is changing it."""
        try:
            lock_file(self.state.record.with_suffix(".lock")).release()
        except TimeoutError:
            return True
        return False


def done(*words: str) -> str:
    """Run a command that does what it is asked; return what it prints."""
    one = peerlab_on_docker(*words)
    assert one.returncode == 0, one.stdout + one.stderr
    return one.stdout + one.stderr

"""The mesh for manual use: peers that stay until they are removed, and what is kept of them."""

from __future__ import annotations

import contextlib
import functools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator import definition
from orchestrator.compose.stack import Stack
from orchestrator.engines.base import Progress, Say
from orchestrator.engines.choose import reap_containers, reap_processes
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import images
from orchestrator.engines.docker import peer as docker_peer
from orchestrator.engines.docker.mesh_network import MeshNetwork, remove_mesh_sidecars
from orchestrator.engines.docker.mesh_peers import DEFAULT, MeshId, MeshPeer, MeshPeers
from orchestrator.errors import QUOTED_LINES, EngineError, LabError, quote
from orchestrator.files import lock_file
from orchestrator.mesh.manual_faults import ManualFaults
from orchestrator.parallel import map_parallel
from orchestrator.paths import give_to_user, state_folder
from orchestrator.profile import Profile, Reader
from orchestrator.scenario.values import among
from orchestrator.text import count, shown

Ready = Callable[[str], object | None]
"""Returns something for a line that says that a peer is ready, else None."""

PROFILE = "peerlab"  # of the peers in compose.yaml

_LOCKED_WITHIN = 60.0  # seconds: a command that measures many links takes a few
_WAITING = "waiting for another peerlab command that changes this mesh"
_STATE_HINT = "set XDG_STATE_HOME to a folder of yours"
_POLL = 0.05  # seconds between two readings of the logs
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")


class MeshState:
    """What one mesh keeps in its user's state folder: the record of its faults, and a lock."""

    def __init__(self, engine: str, key: str) -> None:
        self.record = state_folder() / f"mesh-{engine}-{key}.json"

    @contextlib.contextmanager
    def locked(self, say: Say) -> Iterator[None]:
        """Have other commands wait that would change the mesh.

        Args:
            say: hears that another one must end first.

        Raises:
            LabError: it does not end, or the folder cannot be written.
        """
        path = self.record.with_suffix(".lock")
        try:
            try:
                lock = lock_file(path)
            except TimeoutError:
                say(_WAITING)
                lock = lock_file(path, _LOCKED_WITHIN)
            give_to_user(path)
        except TimeoutError:
            raise LabError(
                "another peerlab command is changing this mesh",
                hint="wait until it is done, or end it",
            ) from None
        except OSError as error:
            raise LabError(
                f"{path}: cannot be written: {error.strerror}", hint=_STATE_HINT
            ) from error
        try:
            yield
        finally:
            lock.release()

    def forget(self) -> None:
        """Remove the record: it is of no use without its containers."""
        with contextlib.suppress(OSError):
            self.record.unlink()


class Mesh:
    """One mesh of this user and checkout: the peers of compose.yaml, and as many more as asked for.

    Args:
        profile: the peers' profile.
        name: which mesh; empty for the one without a name.
        say: hears what killed runs left behind; that is removed first.
        without: what the user can do if Docker does not answer.

    Raises:
        LabError: Docker does not answer, or no mesh can be called this.
    """

    def __init__(
        self,
        profile: Profile,
        name: str = "",
        say: Say = lambda _: None,
        *,
        without: str = "the peers of a mesh are there, and their faults",
    ) -> None:
        name = name or DEFAULT
        if not _NAME.fullmatch(name):
            raise LabError(
                f"a mesh cannot be called {name!r}",
                hint="take up to 32 of the characters a-z, 0-9, '_', '.' and '-'",
            )
        self._profile, self._id = profile, MeshId(name)
        reap_processes(say)
        self._client = docker_client.connect(without)
        reap_containers(self._client, say)
        self._peers = MeshPeers(self._client, self._id, profile)

    @functools.cached_property
    def _state(self) -> MeshState:
        return MeshState(docker_client.engine_id(self._client), self._id.key)

    def locked(self, say: Say = lambda _: None) -> contextlib.AbstractContextManager[None]:
        """Have other commands wait that would change this mesh; see `MeshState.locked`."""
        return self._state.locked(say)

    def peers(self) -> list[MeshPeer]:
        """Return the peers that exist, in the order of their names."""
        return self._peers.all()

    def peer(self, name: str) -> MeshPeer:
        """Return the peer of this name.

        Raises:
            LabError: there is none.
        """
        peers = {peer.name: peer for peer in self.peers()}
        if not peers:
            raise LabError(f"there is no mesh, so no peer {name!r}", hint="peerlab up starts one")
        if name not in peers:
            raise LabError(
                f"there is no peer {name!r}{among(name, [*peers])}", hint="peerlab ps shows them"
            )
        return peers[name]

    def faults(self) -> ManualFaults:
        """Return the active faults, to show or change. Lock the mesh first.

        Raises:
            LabError: the faults cannot be resumed.
        """
        peers = self.peers()
        containers = {peer.name: peer.container for peer in peers}
        network = MeshNetwork(self._client, peers)
        try:
            return ManualFaults(containers, network, self._state.record)
        except BaseException:
            network.close()
            raise

    def forget_faults(self) -> None:
        """Clear all faults, and remove their sidecars and their record."""
        remove_mesh_sidecars(self._client, self.peers())
        self._state.forget()

    def up(self, number: int, progress: Progress) -> list[MeshPeer]:
        """Start or remove peers until there are exactly so many, all ready; return them.

        If it fails or is interrupted, the peers that it created are removed. Lock the mesh first.

        Raises:
            LabError: it cannot be started, or a peer does not become ready.
        """
        image = images.ensure(self._client, self._profile, progress.phase)
        wanted = definition.names(number)
        if not self._is_composed(wanted if self._profile.name == PROFILE else None):
            progress.phase(f"starting {count(number, 'peer')}")
            with self._peers.all_or_nothing():
                self._peers.complete(wanted, definition.load(), image)
                if self._profile.ready and not self._profile.start.answers:
                    self._await_ready(wanted, progress, self._profile)
        for peer in self.peers():
            if peer.name not in wanted:
                progress.phase(f"removing {peer.name}")
                peer.remove()
        self._peers.remove_spare_holders()
        self._peers.remove_volumes()
        return self.peers()

    def up_stack(
        self, stack: Stack, profiles: Mapping[str, Profile], progress: Progress
    ) -> list[MeshPeer]:
        """Start the services of a Compose file, and remove all other peers; return the services.

        If it fails or is interrupted, what it created is removed. Lock the mesh first.

        Args:
            stack: the services.
            profiles: how they are read, by the peers' names.
            progress: hears what goes on.

        Raises:
            LabError: they cannot be started, or one does not become ready.
        """
        spec = definition.load().network
        self._is_composed(None)
        with self._peers.all_or_nothing():
            self._peers.complete_stack(stack, profiles, spec, progress.phase)
            for name, profile in profiles.items():
                if profile.ready:
                    self._await_ready([name], progress, profile)
        return self.peers()

    def _is_composed(self, wanted: Sequence[str] | None) -> bool:
        """Return whether Compose has started the mesh, from compose.yaml by hand, as wanted.

        Args:
            wanted: the names of its peers; None if peers of another program are.

        Raises:
            LabError: it has, and not as wanted.
        """
        composed = [peer for peer in self.peers() if peer.by_compose]
        running = {peer.name for peer in composed if peer.status().state == "running"}
        if composed and (wanted is None or not running.issuperset(wanted)):
            raise LabError(
                "Docker Compose has started this mesh, with other peers",
                hint="remove it first: peerlab down",
            )
        return bool(composed)

    def _await_ready(self, names: Sequence[str], progress: Progress, profile: Profile) -> None:
        ready = Reader(profile).ready
        deadline = time.monotonic() + profile.ready_within
        waiting = [peer for peer in self.peers() if peer.name in names]
        while waiting:
            progress.step(f"waiting for {len(waiting)} of {count(len(names), 'peer')}")
            are_ready = map_parallel(lambda peer: _is_ready(peer, ready, deadline), waiting)
            waiting = [
                peer for peer, is_ready in zip(waiting, are_ready, strict=True) if not is_ready
            ]
            if waiting:
                time.sleep(_POLL)

    def down(self, progress: Progress) -> int:
        """Remove the mesh; the one without a name with what ended runs kept.

        Return the number of peers. Lock the mesh first.
        """
        kept = self.remove_kept() if self._id.name == DEFAULT else 0
        if kept:
            progress.phase(f"removed what runs had kept: {count(kept, 'peer')}")
        there = len(self.peers())
        if there:
            progress.phase(f"removing {count(there, 'peer')}")
        self.forget_faults()
        return kept + self._peers.remove()

    def remove_kept(self) -> int:
        """Remove only what ended runs kept; return the number of peers."""
        return docker_client.remove_kept(self._client)


def _is_ready(peer: MeshPeer, ready: Ready, deadline: float) -> bool:
    """Return whether a peer has said that it is ready; raise if it will not."""
    lines = [shown(line) for line in docker_peer.logs(peer).split("\n")]
    if any(ready(line) is not None for line in lines):
        return True
    status = peer.status()
    if status.state == "running" and time.monotonic() < deadline:
        return False
    last = quote(list(filter(None, lines))[-QUOTED_LINES:])
    raise EngineError(f"{peer.name} did not become ready: {status.phrase}; it showed:{last}")


def attach_command(peer: MeshPeer) -> list[str]:
    """Return the command that attaches this terminal to a peer's console.

    Raises:
        LabError: it has none.
    """
    if peer.console is None:
        hint = f"peerlab logs {peer.name} shows what it prints"
        raise LabError(f"{peer.name} has no console", hint=hint)
    if peer.console:
        return ["docker", "exec", "--interactive", "--tty", peer.handle, *peer.console]
    peer.show_typing()
    return ["docker", "attach", peer.handle]

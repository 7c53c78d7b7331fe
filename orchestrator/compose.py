"""The mesh that people use by hand: started and stopped by Docker Compose, v1 or v2."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence

from orchestrator import command, definition
from orchestrator.engines import docker
from orchestrator.engines.base import Progress
from orchestrator.errors import EngineError, LabError
from orchestrator.image import ensure_image
from orchestrator.profile import Patterns, Profile

_PROJECT = "peerlab"
_LABEL = "peerlab.mesh"
_VARIANTS = (("docker", "compose"), ("docker-compose",))  # v2 is preferred
_TIMEOUT = 300  # seconds
_HINT = "a container or network of that name that is not the lab's must be removed first"
_POLL = 0.05  # seconds between two looks at the logs
_QUOTED_LINES = 8


class Mesh:
    """The peers of compose.yaml, and as many more as are asked for.

    Args:
        profile: what the peers look like.

    Raises:
        EngineError: Docker does not answer.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._file = definition.load()
        self._client = docker.connect()
        docker.sweep(self._client)

    def peers(self) -> list[docker.DockerPeer]:
        """Return the peers that exist, by name."""
        label = f"{_LABEL}={self._file.container.labels[_LABEL]}"
        return docker.mesh_peers(self._client, label, self._profile.port)

    def names(self, count: int) -> list[str]:
        """Return the names of a mesh of `count` peers."""
        named = list(self._file.services)
        return [*named[:count], *(f"peer{number}" for number in range(len(named) + 1, count + 1))]

    def up(self, count: int, progress: Progress) -> list[docker.DockerPeer]:
        """Make the mesh have exactly `count` peers, ready to talk; return them.

        Raises:
            LabError: it cannot be started, or a peer does not become ready.
        """
        ensure_image(progress.phase, definition.ROOT)
        wanted = self.names(count)
        for peer in self.peers():
            if peer.name not in wanted:
                progress.phase(f"removing {peer.name}")
                peer.remove()
        progress.phase(f"starting {count} peers")
        with self._services(wanted) as files:
            _compose(files, "up", "-d", "--no-build", *wanted)
        peers = self.peers()
        self._await_ready(peers, progress)
        return peers

    @contextlib.contextmanager
    def _services(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Yield the files to hand to Compose: compose.yaml, and one that extends its peer."""
        path, (first, *_) = str(definition.COMPOSE_FILE), self._file.services
        extra = {
            name: {
                "extends": {"file": path, "service": first},
                "container_name": name,
                "hostname": name,
            }
            for name in names
            if name not in self._file.services
        }
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump({"services": extra}, file)  # JSON is YAML
            file.flush()
            yield [path, file.name] if extra else [path]

    def _await_ready(self, peers: Sequence[docker.DockerPeer], progress: Progress) -> None:
        ready = Patterns(self._profile).ready
        deadline = time.monotonic() + self._profile.ready_within
        waiting = list(peers)
        while waiting:
            progress.step(f"waiting for {len(waiting)} of {len(peers)} peers")
            waiting = [peer for peer in waiting if not _is_ready(peer, ready, deadline)]
            if waiting:
                time.sleep(_POLL)

    def down(self, progress: Progress) -> int:
        """Remove the mesh; return how many peers it had."""
        count = len(self.peers())
        progress.phase(f"removing {count} peers")
        _compose([str(definition.COMPOSE_FILE)], "down", "--remove-orphans")
        return count


def _is_ready(peer: docker.DockerPeer, ready: re.Pattern[str], deadline: float) -> bool:
    """Tell whether a peer has said that it is ready; raise where it will not."""
    log = docker.logs(peer)
    if any(ready.search(line) for line in log.splitlines()):
        return True
    status = peer.status()
    if status.state == "running" and time.monotonic() < deadline:
        return False
    shown = "\n".join(f"  | {line}" for line in log.splitlines()[-_QUOTED_LINES:])
    raise EngineError(
        f"{peer.name} did not become ready: {status.phrase}; it showed:\n{shown}",
        hint=f"docker logs {peer.name}",
    )


def _compose(files: Sequence[str], *words: str) -> None:
    named = [word for file in files for word in ("-f", file)]
    folder = ["--project-directory", str(definition.ROOT)]
    called = [*find(), "-p", _PROJECT, *folder, *named, *words]
    command.run(*called, seconds=_TIMEOUT, hint=_HINT)


def find() -> list[str]:
    """Return the words that start Compose here.

    Raises:
        LabError: there is none.
    """
    for words in _VARIANTS:
        with contextlib.suppress(LabError):
            command.run(*words, "version", "--short", seconds=_TIMEOUT)
            return list(words)
    raise LabError(
        "neither `docker compose` nor `docker-compose` works here",
        hint="install Docker Compose: on Debian and Ubuntu `apt install docker-compose`",
    )


def attach_command(name: str) -> list[str]:
    """Return the command that puts this terminal on a peer's console."""
    return ["docker", "attach", name]

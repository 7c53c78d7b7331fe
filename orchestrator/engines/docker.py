"""The engine that matters: every peer in a container of its own on a bridge network.

The only module that imports the Docker SDK.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import docker
import requests
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from orchestrator import definition
from orchestrator.engines.base import Engine, Peer, Say, Status
from orchestrator.engines.sockets import count_established
from orchestrator.errors import EngineError
from orchestrator.image import ensure_image
from orchestrator.owner import Owner
from orchestrator.profile import Profile

OWNER, PEER = "peerlab.owner", "peerlab.peer"
"""Labels: the mark of the run that made a thing; the peer's name."""

_WORKERS = 4
_TIMEOUT = 60  # seconds, for one call of the API
_POLL = 0.02  # seconds
_READ_TABLES = (
    "import pathlib\n"
    "for n in 'tcp', 'tcp6':\n"
    " p = pathlib.Path('/proc/net', n)\n"
    " print(p.read_text() if p.exists() else '')"
)
Given = TypeVar("Given")
Made = TypeVar("Made")


def connect() -> docker.DockerClient:
    """Return a client of the engine that the `docker` command would use.

    Raises:
        EngineError: no engine answers.
    """
    try:
        with _translated("Docker does not answer"):
            where = _where()
            _knock(where.get("base_url") or DEFAULT_UNIX_SOCKET)
            client = docker.DockerClient(**where, timeout=_TIMEOUT)
            client.ping()
            return client
    except EngineError as error:
        error.hint = "start Docker; `peerlab run --engine process` does without it"
        raise


def _knock(url: str) -> None:
    """Fail where nobody listens: the SDK would leave the socket that it tried open."""
    path = url.partition("unix://")[2]
    if path:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(path)


def _where() -> dict[str, Any]:
    """Return where the engine is: as the environment says, or the current context."""
    if "DOCKER_HOST" not in os.environ:
        with contextlib.suppress(Exception):  # no context is readable: the default will do
            host = docker.ContextAPI.get_current_context().Host
            return {"base_url": host} if host else {}
    return dict(kwargs_from_env())


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the SDK's exceptions into the lab's."""
    try:
        yield
    except APIError as error:
        raise EngineError(f"{what}: {error.explanation or error}") from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise EngineError(f"{what}: {_root_reason(error)}") from error


def _root_reason(error: BaseException) -> str:
    """Return what the system said: the SDK wraps it in two or three layers of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return str(error).partition("\n")[0] or type(error).__name__


class DockerPeer(Peer):
    """One container."""

    def __init__(self, client: docker.DockerClient, name: str, container: str) -> None:
        self._api: Any = client.api
        self.name, self.container = name, container
        self.address, self.port = "", 0
        self._stream: Any = None

    def attach(self) -> int:
        """Return the attached stream's descriptor: one connection to Docker, no process."""
        if self._stream is None:
            with _translated(f"{self.name}: cannot attach to its console"):
                wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                self._stream = self._api.attach_socket(self.container, params=wanted)
            # The SDK's timeout for calls would make the descriptor non-blocking.
            self._stream._sock.settimeout(None)
        return int(self._stream.fileno())

    def detach(self) -> None:
        """Close the attached stream."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream._sock.shutdown(socket.SHUT_RDWR)
            # The response first: it flushes the stream that it shares a file with.
            self._stream._response.close()
            self._stream.close()
            self._stream = None

    def launch(self) -> None:
        """Attach, start the container and learn its address."""
        self.attach()
        with _translated(f"{self.name} cannot be started"):
            self._api.start(self.container)
            networks = self._inspect()["NetworkSettings"]["Networks"]
        self.address = next(iter(networks.values()))["IPAddress"]

    def _inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = self._api.inspect_container(self.container)
        return found

    def status(self) -> Status:
        """Return how the container is doing now."""
        try:
            with _translated(f"{self.name} cannot be inspected"):
                state = self._inspect()["State"]
        except EngineError as error:
            if isinstance(error.__cause__, NotFound):
                return Status("removed")
            raise
        if state["Running"]:
            return Status("paused" if state["Paused"] else "running")
        return Status("exited", state["ExitCode"])

    def await_end(self, timeout: float) -> Status:
        """Return the status once the container has ended, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (status := self.status()).state == "running" and time.monotonic() < deadline:
            with contextlib.suppress(APIError, requests.RequestException):
                left = max(_POLL, deadline - time.monotonic())
                self._api.wait(self.container, timeout=left)
        return status

    def kill(self) -> None:
        """Send SIGKILL."""
        with _translated(f"{self.name} cannot be killed"):
            self._api.kill(self.container)

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after the grace period."""
        with _translated(f"{self.name} cannot be stopped"):
            self._api.stop(self.container)

    def remove(self) -> None:
        """Remove the container, running or not."""
        with _translated(f"{self.name} cannot be removed"):
            _gone(self._api.remove_container, self.container, force=True, v=True)

    def memory(self) -> int | None:
        """Return the bytes in use, page cache left out as `docker stats` does."""
        try:
            with _translated(f"{self.name}: no statistics"):
                stats = self._api.stats(self.container, stream=False, one_shot=True)
        except EngineError:
            if self.status().state == "running":
                raise
            return None  # it ended or was removed while we looked
        memory = stats.get("memory_stats", {})
        if "usage" not in memory:
            return None
        return int(memory["usage"]) - int(memory.get("stats", {}).get("inactive_file", 0))

    def connections(self) -> int | None:
        """Return the established connections in the container's own network."""
        try:
            with _translated(f"{self.name} cannot be inspected"):
                state = self._inspect()["State"]
        except EngineError:
            return None
        if not state["Running"]:
            return None
        process = Path(f"/proc/{state['Pid']}")
        try:
            if self.container in (process / "cgroup").read_text():
                tables = [(process / "net" / name).read_text() for name in ("tcp", "tcp6")]
                return sum(map(count_established, tables))
        except OSError:
            pass  # no such process here, or none that may be looked at
        return self._connections_from_inside()  # as where Docker runs in another machine

    def _connections_from_inside(self) -> int | None:
        with contextlib.suppress(EngineError), _translated("no answer from inside"):
            call = self._api.exec_create(self.container, ["python3", "-c", _READ_TABLES])
            return count_established(self._api.exec_start(call["Id"]).decode())
        return None


class DockerEngine(Engine):
    """Runs peers as containers on a network of this run's own."""

    name = "docker"

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        with _translated("Docker does not tell its version"):
            self.version = str(client.version()["Version"])
        self._owner = Owner.this()
        self._peers: list[DockerPeer] = []
        self._network = ""

    @property
    def _prefix(self) -> str:
        return f"peerlab-{self._owner.run}"

    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start a container for each name, four at a time."""
        compose = definition.load()
        ensure_image(say, definition.ROOT)
        say(f"starting {len(names)} containers")
        try:
            self.make_network(compose.network)
            return list(
                _parallel(lambda name: self._start(name, profile, compose.container), names)
            )
        except BaseException:
            self.close()
            raise

    def make_network(self, network: definition.Network) -> None:
        """Make this run's network, unless it is there."""
        if self._network:
            return
        with _translated("no network for this run"):
            self._client.api.create_network(
                self._prefix,
                driver=network.driver,
                options=network.driver_opts,
                labels={OWNER: self._owner.mark},
            )
        self._network = self._prefix

    def _start(self, name: str, profile: Profile, container: definition.Container) -> Peer:
        with _translated(f"{name}: no container"):
            made = self.create(name, profile, container)
        peer = DockerPeer(self._client, name, made)
        self._peers.append(peer)
        peer.port = profile.port
        peer.launch()
        return peer

    def create(self, name: str, profile: Profile, container: definition.Container) -> str:
        """Create a peer's container on this run's network; return its id."""
        api: Any = self._client.api
        words = {"port": profile.port, "name": name, "address": "0.0.0.0"}  # noqa: S104 - in there
        made = api.create_container(
            container.image,
            command=[part.format_map(words) for part in profile.start.container],
            name=f"{self._prefix}-{name}",
            hostname=name,
            user=container.user,
            stdin_open=container.stdin_open,
            tty=container.tty,
            stop_timeout=int(container.stop_grace_period.removesuffix("s")),
            environment=container.environment | profile.start.environment,
            labels={OWNER: self._owner.mark, PEER: name},
            host_config=api.create_host_config(
                network_mode=self._network,
                read_only=container.read_only,
                cap_drop=container.cap_drop,
                security_opt=container.security_opt,
                tmpfs=dict.fromkeys(container.tmpfs, ""),
                mem_limit=container.mem_limit,
                memswap_limit=container.memswap_limit,
                pids_limit=container.pids_limit,
            ),
            networking_config=api.create_networking_config(
                {self._network: api.create_endpoint_config(aliases=[name])}
            ),
        )
        return str(made["Id"])

    def close(self) -> None:
        """Remove every container and the network."""
        for peer in self._peers:
            peer.detach()
        self._peers.clear()
        self._network = ""
        _remove_all(self._client, lambda owner: owner.run == self._owner.run)


def _parallel(work: Callable[[Given], Made], items: Sequence[Given]) -> list[Made]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(work, items))


def sweep(client: docker.DockerClient) -> int:
    """Remove what runs that are gone have left behind; return how many things.

    What cannot be removed now is left for the next time: another command may be at it,
    or somebody may have put a container of their own on such a network.
    """
    return _remove_all(client, lambda owner: owner.is_gone, remove=_try_to_remove)


def _try_to_remove(remove: Callable[..., object], what: str, **how: bool) -> None:
    with contextlib.suppress(APIError):
        remove(what, **how)


def _remove_all(
    client: docker.DockerClient,
    whose: Callable[[Owner], bool],
    remove: Callable[..., None] | None = None,
) -> int:
    """Remove the labelled containers and networks of the owners asked for."""
    remove = remove or _gone
    api, wanted = client.api, {"label": OWNER}

    def owned(thing: dict[str, Any]) -> bool:
        owner = Owner.parse(thing["Labels"].get(OWNER, ""))
        return owner is not None and whose(owner)

    with _translated("cannot clean up"):
        containers = [
            each["Id"] for each in api.containers(all=True, filters=wanted) if owned(each)
        ]
        _parallel(lambda each: remove(api.remove_container, each, force=True, v=True), containers)
        networks = [each["Id"] for each in api.networks(filters=wanted) if owned(each)]
        _parallel(lambda each: remove(api.remove_network, each), networks)
    return len(containers) + len(networks)


def _gone(remove: Callable[..., object], what: str, **how: bool) -> None:
    """Remove something that may be on its way out already."""
    try:
        remove(what, **how)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != requests.codes.conflict:  # "removal is already in progress"
            raise


def mesh_peers(client: docker.DockerClient, label: str, port: int) -> list[DockerPeer]:
    """Return the peers of the mesh that Compose started, by name.

    Args:
        client: the engine.
        label: the label, ``key=value``, that the mesh's containers carry.
        port: the port that they listen on.
    """
    with _translated("the mesh cannot be listed"):
        found = client.api.containers(all=True, filters={"label": label})
    peers = []
    for each in found:
        peer = DockerPeer(client, each["Names"][0].removeprefix("/"), each["Id"])
        networks = each["NetworkSettings"]["Networks"].values()
        peer.address = next((network["IPAddress"] for network in networks), "")
        peer.port = port
        peers.append(peer)
    return sorted(peers, key=lambda peer: _natural(peer.name))


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a key that puts peer5 before peer20."""
    parts = re.findall(r"(\D*)(\d*)", name)
    return [(word, int(number or 0)) for word, number in parts]


def logs(peer: DockerPeer) -> str:
    """Return all that a container has printed."""
    with _translated(f"{peer.name}: no log"):
        data: bytes = peer._api.logs(peer.container)
    return data.decode("utf-8", "replace")

"""Sidecars in containers: each shares the network of a peer's container, and nothing else."""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.base import Say
from orchestrator.engines.docker import container as docker_container
from orchestrator.engines.docker.client import (
    OWNER,
    Client,
    MissingError,
    attach,
    engine_id,
    remove_container,
    translated,
)
from orchestrator.engines.owner import Owner
from orchestrator.engines.sidecar.client import Carrier, Sidecar, SidecarGoneError
from orchestrator.errors import EngineError
from orchestrator.image import ensure_sidecar_image
from orchestrator.paths import ROOT

SIDECAR = "peerlab.sidecar"
"""Label of a run's sidecar: the id of the peer's container."""

MESH_SIDECAR = "peerlab.mesh-sidecar"
"""The same, of a sidecar that outlives the command which started it."""

LIFE = "peerlab.sidecar-life"
"""Label of every sidecar: since when the peer's container ran that it joined."""

_MEMORY, _PROCESSES = "128m", 64
_HEADER = 8  # bytes before each chunk of a stream without a terminal: whose, and its length
_POLITE = 5.0  # seconds that a sidecar has to straighten the network and end
_SEND_WITHIN = 10  # seconds
_GONE_WITHIN = 30.0  # seconds that Docker has to remove what has ended
_ASKING = threading.Lock()
_CAPABILITIES: dict[str, Capabilities] = {}  # by engine


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What sidecars on one Docker engine can do.

    Attributes:
        mechanisms: by what each feature is brought about.
        unsupported: why others cannot be.
        notes: what somebody should know who uses some feature, in a sentence.
    """

    mechanisms: Mapping[str, str]
    unsupported: Mapping[str, str]
    notes: Mapping[str, str]


class AttachedCarrier(Carrier):
    """A container's standard streams, attached. For a container without a terminal.

    Args:
        client: the engine.
        container: its id.
    """

    def __init__(self, client: Client, container: str) -> None:
        self._stream = attach(client, container)
        self._socket: socket.socket = self._stream._sock
        limit = struct.pack("ll", _SEND_WITHIN, 0)  # Linux: struct timeval
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        self._socket.sendall(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes out of the container, of both streams."""
        # The response's own file: it may have read more than the head of the response.
        file = self._stream._response.raw._fp.fp
        while len(head := file.read(_HEADER)) == _HEADER:
            yield file.read(int.from_bytes(head[4:], "big"))

    def close(self) -> None:
        """Detach; a container that was started with `outlives` goes on."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def free(self) -> None:
        """Free the descriptor, once nobody reads."""
        self._stream._response.close()
        self._stream.close()


class DockerSidecar(Sidecar):
    """A sidecar in a container.

    Args:
        client: the engine.
        name: whose sidecar it is.
        container: its container, created or running.
    """

    def __init__(self, client: Client, name: str, container: str) -> None:
        self._client = client
        self.container = container
        with translated(f"the sidecar of {name} cannot be attached to"):
            self._attachment = AttachedCarrier(client, container)
        super().__init__(name, self._attachment)

    def close(self) -> None:
        """Let go of it; one of a run then straightens the network and ends."""
        super().close()
        self._attachment.free()

    def remove(self) -> None:
        """Have it straighten the network, and remove it."""
        with contextlib.suppress(EngineError):
            self.ask("bye", _POLITE)
            self.await_end(_POLITE)
        self.close()
        remove(self._client, self.name, self.container)


def remove(client: Client, name: str, container: str) -> None:
    """Remove a sidecar's container; when this returns it is gone, who removes it or not."""
    api: Any = client.api
    with translated(f"the sidecar of {name} cannot be removed"):
        remove_container(client, container)
        with contextlib.suppress(MissingError), translated("gone"):
            api.wait(container, timeout=_GONE_WITHIN, condition="removed")


def start(
    client: Client,
    name: str,
    network: str,
    labels: Mapping[str, str],
    *,
    outlives: bool = False,
    say: Say = lambda _: None,
) -> DockerSidecar:
    """Start a sidecar.

    Args:
        client: the engine.
        name: whose sidecar it is; its container is called after it.
        network: what it joins, as Docker's network mode.
        labels: of its container.
        outlives: whether it goes on when nobody is attached to it any more.
        say: told of phases where its image must be built first.

    Raises:
        EngineError: it cannot be started; nothing is left of it.
    """
    image = ensure_sidecar_image(say, ROOT)
    with translated(f"no sidecar for {name}"):
        container = _create(client, image, name, network, labels, outlives=outlives)
    sidecar = None
    try:
        sidecar = DockerSidecar(client, name, container)
        with translated(f"the sidecar of {name} cannot be started"):
            client.api.start(container)
    except BaseException:
        if sidecar:
            sidecar.close()
        with translated(f"the sidecar of {name} cannot be removed"):
            remove_container(client, container)
        raise
    return sidecar


def _create(
    client: Client,
    image: str,
    name: str,
    network: str,
    labels: Mapping[str, str],
    *,
    outlives: bool,
) -> str:
    api: Any = client.api
    made = api.create_container(
        image,
        name=f"{name}-sidecar-{secrets.token_hex(3)}",
        stdin_open=True,
        # The SDK's word for whether standard input stays open when nobody is attached.
        detach=outlives,
        labels=dict(labels),
        host_config=api.create_host_config(
            network_mode=network,
            auto_remove=True,
            cap_add=["NET_ADMIN"],
            **docker_container.walls(_MEMORY, _PROCESSES),
        ),
    )
    return str(made["Id"])


def capabilities(client: Client, say: Say = lambda _: None) -> Capabilities:
    """Return what sidecars can do here; asked once of each engine.

    Args:
        client: the engine.
        say: told of phases where the sidecar's image must be built first.

    Raises:
        EngineError: nobody can tell.
    """
    engine = engine_id(client)
    with _ASKING:
        if engine not in _CAPABILITIES:
            _CAPABILITIES[engine] = _ask_capabilities(client, say)
        return _CAPABILITIES[engine]


def _ask_capabilities(client: Client, say: Say) -> Capabilities:
    """Ask a sidecar with a network of its own, which nobody else has."""
    owner = {OWNER: Owner.this().mark}
    sidecar = start(client, "peerlab", "none", owner, say=say)
    try:
        found = sidecar.ask("abilities")
    except SidecarGoneError as error:
        error.hint = "see that containers may be given NET_ADMIN here"
        raise
    finally:
        sidecar.remove()
    return Capabilities(found["means"], found["lacks"], found["notes"])

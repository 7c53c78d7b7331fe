"""Sidecars in containers: each shares the network namespace of a peer, and nothing else."""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.docker.client import (
    OWNER,
    Client,
    MissingError,
    attach,
    engine_id,
    remove_container,
    translated,
)
from orchestrator.engines.docker.sandbox import own_limits
from orchestrator.engines.sidecar.client import Carrier, Sidecar, SidecarGoneError
from orchestrator.errors import EngineError
from orchestrator.image import ensure_sidecar_image
from orchestrator.owner import Owner
from orchestrator.paths import ROOT

SIDECAR = "peerlab.sidecar"  # label of a run's sidecar: the id of the peer's container

MESH_SIDECAR = "peerlab.mesh-sidecar"
"""The same for a sidecar that outlives the command that started it."""

INCARNATION = "peerlab.sidecar-life"
"""Label of every sidecar: when the incarnation of the peer's container started that it joined."""

_MEMORY, _PROCESSES = "128m", 64
_HEADER = 8  # bytes before each chunk of a stream without a terminal: its number and length
_POLITE = 5.0  # seconds that a sidecar has to clear its rules and end
_SEND_WITHIN = 10  # seconds
_GONE_WITHIN = 30.0  # seconds that Docker has to remove an ended container
_ASKING = threading.Lock()
_CAPABILITIES: dict[str, NetworkCapabilities] = {}  # by engine


@dataclass(frozen=True, slots=True)
class NetworkCapabilities:
    """What sidecars can do on one Docker engine."""

    mechanisms: Mapping[str, str]  # how each supported feature is done
    unsupported: Mapping[str, str]  # why other features cannot be done
    notes: Mapping[str, str]  # what a user of a feature should know, in a sentence


class AttachedCarrier(Carrier):
    """The attached standard streams of a container without a terminal."""

    def __init__(self, client: Client, container: str) -> None:
        self._stream = attach(client, container)
        self._socket: socket.socket = self._stream._sock
        limit = struct.pack("ll", _SEND_WITHIN, 0)  # Linux: struct timeval
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        self._socket.sendall(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield the container's output from both streams."""
        # The response's own file: it may have read beyond the headers of the response.
        file = self._stream._response.raw._fp.fp
        while len(head := file.read(_HEADER)) == _HEADER:
            yield file.read(int.from_bytes(head[4:], "big"))

    def close(self) -> None:
        """Detach; a container that was started with `outlives` runs on."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def free(self) -> None:
        """Close the descriptor, once nothing reads it."""
        self._stream._response.close()
        self._stream.close()


class DockerSidecar(Sidecar):
    """A sidecar in a container."""

    def __init__(self, client: Client, name: str, container: str) -> None:
        self._client = client
        self.container = container
        with translated(f"cannot attach to the sidecar of {name}"):
            self._carried = AttachedCarrier(client, container)
        super().__init__(name, self._carried)

    def close(self) -> None:
        """Detach from it; a run's sidecar then clears its rules and ends."""
        super().close()
        self._carried.free()

    def remove(self) -> None:
        """Have it clear its rules, and remove it."""
        with contextlib.suppress(EngineError):
            self.ask("bye", _POLITE)
            self.await_end(_POLITE)
        self.close()
        remove(self._client, self.name, self.container)


def remove(client: Client, name: str, container: str) -> None:
    """Remove a sidecar's container; it is gone when this returns."""
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
) -> DockerSidecar:
    """Start a sidecar.

    Args:
        client: the engine.
        name: the peer's name, which the sidecar's container begins with.
        network: the namespace that it joins, as Docker's network mode.
        labels: labels of its container.
        outlives: whether it runs on when nothing is attached to it.

    Raises:
        EngineError: it cannot be started; nothing is left of it.
    """
    image = ensure_sidecar_image(lambda _: None, ROOT)
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
        detach=outlives,  # the SDK's word for a standard input that stays open
        labels=dict(labels),
        host_config=api.create_host_config(
            network_mode=network,
            auto_remove=True,
            cap_add=["NET_ADMIN"],
            **own_limits(_MEMORY, _PROCESSES),
        ),
    )
    return str(made["Id"])


def capabilities(client: Client) -> NetworkCapabilities:
    """Return what sidecars can do here; each engine is asked once.

    Raises:
        EngineError: no sidecar can be started and asked.
    """
    engine = engine_id(client)
    with _ASKING:
        if engine not in _CAPABILITIES:
            _CAPABILITIES[engine] = _ask_capabilities(client)
        return _CAPABILITIES[engine]


def _ask_capabilities(client: Client) -> NetworkCapabilities:
    """Ask a sidecar in a network namespace of its own."""
    owner = {OWNER: Owner.this().mark}
    sidecar = start(client, "peerlab", "none", owner)
    try:
        found = sidecar.ask("capabilities")
    except SidecarGoneError as error:
        error.hint = "check that containers may have NET_ADMIN here"
        raise
    finally:
        sidecar.remove()
    return NetworkCapabilities(found["mechanisms"], found["unsupported"], found["notes"])

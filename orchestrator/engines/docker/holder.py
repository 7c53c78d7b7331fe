"""What keeps a peer's folders or network while its program does not run: a second container.

The folders are volumes in memory, see `sandbox.kept_volumes`. Docker empties such a volume once
no running container has it, and removes a network namespace with the last one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.docker import sandbox
from orchestrator.engines.docker.client import (
    Client,
    MissingError,
    remove_container,
    translated,
)
from orchestrator.engines.docker.sandbox import Place
from orchestrator.errors import EngineError
from orchestrator.image import ensure_image
from orchestrator.paths import ROOT

_MEMORY, _PROCESSES = "32m", 8
FOLDERS = "the folders that its profile keeps"
_NO_NETWORK = {"network_mode": "none"}
_WAITS = ("python3", "-I", "-S", "-c", "import signal; signal.pause()")


@dataclass(frozen=True, slots=True)
class Holder:
    """The container that keeps something of a peer.

    Attributes:
        container: its id.
        what: what it keeps, in words.
        has_network: whether that is the network: then the peer's container joins it there.
    """

    container: str
    what: str
    has_network: bool

    def pid(self, client: Client) -> int:
        """Return its process on Docker's machine; 0 if that is unknown."""
        with contextlib.suppress(EngineError), translated("no process"):
            return int(client.api.inspect_container(self.container)["State"]["Pid"])
        return 0

    def runs(self, client: Client) -> bool:
        """Return whether it has not ended.

        Raises:
            EngineError: it is gone, or Docker does not answer.
        """
        with translated("the container that holds something is gone"):
            return bool(client.api.inspect_container(self.container)["State"]["Running"])

    def require(self, client: Client, name: str) -> None:
        """Raise an `EngineError` if it has ended: then what it kept is lost."""
        lost = f"{name} has lost {self.what}"
        with contextlib.suppress(MissingError):
            if self.runs(client):
                return
        raise EngineError(
            f"{lost}: the container that holds it has ended",
            hint="something outside of the lab ended it: run the scenario, or `peerlab up`, again",
        )


def hold(
    client: Client,
    name: str,
    place: Place,
    volumes: list[dict[str, Any]],
    labels: dict[str, str],
    *,
    network: bool,
) -> Holder:
    """Start the container that keeps a peer's folders or network, before there is the peer's.

    Args:
        client: the engine.
        name: the peer's name.
        place: where the peer is to be.
        volumes: the folders, as `create_host_config` takes them.
        labels: the holder's.
        network: whether it keeps the network, with the peer's address and host name.
    """
    api: Any = client.api
    kept = [FOLDERS] if volumes else []
    kept += ["its network"] if network else []
    options, host = sandbox.networking(client, name, place) if network else ({}, _NO_NETWORK)
    with translated(f"{name}: nothing keeps {' and '.join(kept)}"):
        made = api.create_container(
            ensure_image(lambda _: None, ROOT),
            name=f"{place.handle}.kept",  # no peer has a name with a dot
            entrypoint=list(_WAITS),
            labels=labels,
            healthcheck={"test": ["NONE"]},
            stop_signal="SIGKILL",
            **options,
            host_config=api.create_host_config(
                mounts=volumes,
                **host,
                **sandbox.own_limits(_MEMORY, _PROCESSES),
            ),
        )
        api.start(made["Id"])
    return Holder(str(made["Id"]), " and ".join(kept), network)


@contextlib.contextmanager
def removed_on_failure(client: Client, held: Holder | None) -> Iterator[None]:
    """Remove what was to hold something for a peer if this block fails to create the peer."""
    try:
        yield
    except BaseException:
        if held:
            remove_container(client, held.container)
        raise

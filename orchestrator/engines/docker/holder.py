"""What keeps a peer's folders while its program does not run: a container beside its own.

The folders are volumes in memory, see `sandbox.kept_volumes`. Docker empties such a volume once
no running container has it.
"""

from __future__ import annotations

from typing import Any

from orchestrator.engines.docker import sandbox
from orchestrator.engines.docker.client import Client, translated
from orchestrator.errors import EngineError
from orchestrator.image import ensure_image
from orchestrator.paths import ROOT

_MEMORY, _PROCESSES = "32m", 8
_WAITS = ("python3", "-I", "-S", "-c", "import signal; signal.pause()")


def hold(client: Client, name: str, container: str, handle: str, labels: dict[str, str]) -> str:
    """Start the holder of a peer's folders; return its id.

    The peer's container was created and not started yet. `handle` is its name; `labels` are the
    holder's.
    """
    api: Any = client.api
    with translated(f"{name}: nothing keeps its folders"):
        made = api.create_container(
            ensure_image(lambda _: None, ROOT),
            name=f"{handle}.kept",  # no peer has a name with a dot
            entrypoint=list(_WAITS),
            labels=labels,
            healthcheck={"test": ["NONE"]},
            stop_signal="SIGKILL",
            host_config=api.create_host_config(
                network_mode="none",
                volumes_from=[container],
                **sandbox.own_limits(_MEMORY, _PROCESSES),
            ),
        )
        api.start(made["Id"])
    return str(made["Id"])


def require(client: Client, name: str, holder: str) -> None:
    """Raise an `EngineError` if a peer's holder has ended: then its folders are empty."""
    with translated(f"{name} has lost the folders that its profile keeps"):
        if client.api.inspect_container(holder)["State"]["Running"]:
            return
    raise EngineError(
        f"{name} has lost the folders that its profile keeps: the container that holds them ended",
        hint="something outside of the lab ended it: run the scenario again",
    )

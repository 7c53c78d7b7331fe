"""A note beside a mesh: a label of a container that is never started.

It outlives every peer and every sidecar, and goes with the last container that it is about.
"""

from __future__ import annotations

import base64
import secrets
import time
import zlib
from collections.abc import Sequence
from typing import Any

from orchestrator.engines.docker.client import Client, remove_container, translated
from orchestrator.image import ensure_sidecar_image
from orchestrator.paths import ROOT

NOTE = "peerlab.mesh-note"
"""Label: when it was written, in nanoseconds since the epoch, and the text, compressed."""

ABOUT = "peerlab.mesh-note-about"
"""Label of the same: the containers of the mesh's peers."""


def read(client: Client, containers: Sequence[str]) -> str:
    """Return what was noted last of a mesh; empty where nothing was.

    Args:
        client: the engine.
        containers: of the mesh's peers, or some of them.

    Raises:
        EngineError: Docker does not tell.
    """
    found = [each["Labels"][NOTE] for each in _notes(client) if _is_about(each, containers)]
    _, _, text = max(found, key=_when, default="").partition(" ")
    return zlib.decompress(base64.b64decode(text)).decode() if text else ""


def _when(note: str) -> int:
    return int(note.partition(" ")[0] or 0)


def write(client: Client, containers: Sequence[str], text: str) -> None:
    """Note something of a mesh in place of what was noted before.

    Args:
        client: the engine.
        containers: of all the mesh's peers.
        text: of any length.

    Raises:
        EngineError: it cannot be kept; what was noted before may be.
    """
    old = [each["Id"] for each in _notes(client) if _is_about(each, containers)]
    packed = base64.b64encode(zlib.compress(text.encode())).decode()
    image = ensure_sidecar_image(lambda _: None, ROOT)
    api: Any = client.api
    with translated("what holds cannot be noted"):
        api.create_container(
            image,
            name=f"peerlab-note-{secrets.token_hex(3)}",
            labels={NOTE: f"{time.time_ns()} {packed}", ABOUT: ",".join(containers)},
            network_disabled=True,
        )
        for each in old:
            remove_container(client, each)


def remove(client: Client, containers: Sequence[str] | None = None) -> None:
    """Remove what was noted of a mesh, or of all.

    Args:
        client: the engine.
        containers: of the mesh's peers, or some of them; None for all there are.
    """
    for each in _notes(client):
        if containers is None or _is_about(each, containers):
            with translated("what was noted cannot be removed"):
                remove_container(client, each["Id"])


def remove_orphans(client: Client) -> None:
    """Remove what was noted of meshes that are gone."""
    if notes := _notes(client):
        with translated("cannot clean up"):
            there = [each["Id"] for each in client.api.containers(all=True)]
        for each in notes:
            if not _is_about(each, there):
                with translated("what was noted cannot be removed"):
                    remove_container(client, each["Id"])


def _notes(client: Client) -> list[dict[str, Any]]:
    with translated("what was noted cannot be listed"):
        found: list[dict[str, Any]] = client.api.containers(all=True, filters={"label": NOTE})
    return found


def _is_about(note: dict[str, Any], containers: Sequence[str]) -> bool:
    return not set(note["Labels"][ABOUT].split(",")).isdisjoint(containers)

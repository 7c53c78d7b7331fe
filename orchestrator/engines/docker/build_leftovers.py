"""Removes what builds of the lab's images left behind on Docker."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from typing import Any

from orchestrator.engines.docker.client import OWNER, PEER, Client, translated
from orchestrator.errors import EngineError
from orchestrator.image.building import BUILT
from orchestrator.parallel import map_parallel

_STARTED_WITHIN = 60.0  # seconds in which a builder starts the container that it has created
_UNNAMED = re.compile(r"(sha256:)?[0-9a-f]{12,64}")  # an image between two steps of a build


def sweep_builds(
    client: Client, labels: Sequence[str] = BUILT, older: float = _STARTED_WITHIN
) -> int:
    """Remove containers of builds in which a step could not be started; return how many.

    The engine's own builder removes the container of a step once it has ended. One that never
    began stays `created` if the builder was killed, or not told to remove it.

    Args:
        client: the engine.
        labels: those of images that have them from their first step on, as the containers have.
        older: seconds since it was created; a younger one may be about to start.

    Raises:
        EngineError: Docker does not answer.
    """
    api: Any = client.api

    def is_removed(container: str) -> bool:
        with contextlib.suppress(EngineError), translated("it is in use"):
            api.remove_container(container, v=True)  # not by force: it may have started
            return True
        return False

    with translated("containers of builds cannot be listed"):
        found = {it["Id"]: it for label in labels
                 for it in api.containers(all=True, filters={"label": label, "status": "created"})
                 }  # fmt: skip
    until = time.time() - older
    left = [name for name, it in found.items() if it["Created"] < until and _is_of_build(it)]
    return sum(map_parallel(is_removed, left))


def _is_of_build(container: dict[str, Any]) -> bool:
    """Return whether a container is of a step; peers have the labels of their images as well."""
    is_peer = not {OWNER, PEER}.isdisjoint(container["Labels"])
    return not is_peer and bool(_UNNAMED.fullmatch(container["Image"]))

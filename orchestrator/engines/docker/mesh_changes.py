"""Changes of meshes that are under way, marked so that none outlives its command half done.

Docker cannot relabel what exists, so the mark is an object of its own: a volume, which costs
milliseconds. It names its command, and goes once the mesh is as it was asked for. If the command is
killed before that, the next command of anyone finds the mark and removes the new parts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.client import Client, translated
from orchestrator.errors import EngineError
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel

MESH = "peerlab.mesh"  # label of a mesh's containers and network: whose it is
CHANGED_BY = "peerlab.changed-by"  # label of a change's volume: the mark of the command
_MADE_IN = "peerlab.made-in"  # label of what a change creates: the change
_DOOMED = "peerlab.doomed"  # label of its volume: ids of what it removes, separated by commas


@contextlib.contextmanager
def changing(client: Client, mesh: str, doomed: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Mark a mesh as half done; yield the labels for what is created inside.

    If that fails, is interrupted or killed, what was created goes. If it is killed, `doomed` goes.

    Args:
        client: the engine.
        mesh: whose mesh, as its label says.
        doomed: ids of containers and networks to be removed inside.

    Raises:
        EngineError: the mesh cannot be marked.
    """
    owner = Owner.this()
    name = f"peerlab-change-{owner.run}"
    labels = {CHANGED_BY: owner.mark, MESH: mesh, _DOOMED: ",".join(doomed)}
    with translated("the mesh cannot be changed"):
        _api(client).create_volume(name, labels=labels)
    try:
        yield {_MADE_IN: name}
        with translated("the mesh cannot be completed"):
            _api(client).remove_volume(name)
    except BaseException:
        _undo(client, name)
        raise


def sweep_changes(client: Client) -> int:
    """Undo what killed commands left half done; return the number of containers and networks.

    What cannot be removed now waits for the next sweep.

    Raises:
        EngineError: Docker does not answer.
    """
    changes = _changes(client)
    dead = [change for change in changes if _is_dead(change)]
    busy = {change["Labels"][MESH] for change in changes} - {one["Labels"][MESH] for one in dead}
    removed = 0
    for change in dead:
        with contextlib.suppress(EngineError):
            doomed = [one for one in change["Labels"][_DOOMED].split(",") if one]
            removed += _undo(client, change["Name"], doomed)
            if change["Labels"][MESH] not in busy:
                removed += _remove_empty(client, change["Labels"][MESH])
    return removed + _remove_stragglers(client)


def _remove_stragglers(client: Client) -> int:
    """Remove containers that Docker created after their change was undone; return how many.

    Docker carries out a request even if its command is killed. On a busy machine it may create the
    container seconds later, when the mark is gone, and no command starts it. A change that was
    completed has started every container before its mark goes.
    """

    def unstarted() -> dict[str, str]:
        wanted = {"label": _MADE_IN, "status": "created"}
        found = _api(client).containers(all=True, filters=wanted)
        return {one["Id"]: one["Labels"][_MADE_IN] for one in found}

    with translated("what killed commands left cannot be listed"):
        if not (before := unstarted()):
            return 0
        under_way = {change["Name"] for change in _changes(client)}
        # One of a change that was completed since then has been started: look again.
        late = [one for one in unstarted() if before.get(one, "") not in {"", *under_way}]
    map_parallel(lambda one: docker_client.remove_container(client, one), late)
    return len(late)


def _changes(client: Client) -> list[dict[str, Any]]:
    with translated("changes of meshes cannot be listed"):
        found = _api(client).volumes(filters={"label": CHANGED_BY})
    return [*(found["Volumes"] or [])]


def _is_dead(change: dict[str, Any]) -> bool:
    owner = Owner.parse(change["Labels"][CHANGED_BY])
    return owner is not None and owner.is_gone


def _undo(client: Client, change: str, doomed: Sequence[str] = ()) -> int:
    """Remove what a change has made, and `doomed`; then its mark. Return how many that was.

    Raises:
        EngineError: some of it cannot be removed. The mark stays.
    """
    wanted = {"label": f"{_MADE_IN}={change}"}
    with translated("what was begun cannot be removed"):
        containers = _api(client).containers(all=True, filters=wanted)
        networks = _api(client).networks(filters=wanted)
        if doomed:
            containers += _api(client).containers(all=True, filters={"id": [*doomed]})
            networks += _api(client).networks(filters={"id": [*doomed]})
        _remove(client, containers, networks)
        for volume in _api(client).volumes(filters=wanted)["Volumes"] or ():
            docker_client.remove_volume(client, volume["Name"])
        _api(client).remove_volume(change, force=True)
    return len(containers) + len(networks)


def _remove_empty(client: Client, mesh: str) -> int:
    """Remove the networks of a mesh that has no container any more; return how many."""
    wanted = {"label": f"{MESH}={mesh}"}
    with translated("the mesh's network cannot be removed"):
        if _api(client).containers(all=True, filters=wanted):
            return 0
        networks = _api(client).networks(filters=wanted)
        _remove(client, [], networks)
    return len(networks)


def _remove(
    client: Client, containers: Sequence[dict[str, Any]], networks: Sequence[dict[str, Any]]
) -> None:
    map_parallel(lambda one: docker_client.remove_container(client, one["Id"]), containers)
    map_parallel(lambda one: docker_client.remove_network(client, one["Id"]), networks)


def _api(client: Client) -> Any:
    return client.api

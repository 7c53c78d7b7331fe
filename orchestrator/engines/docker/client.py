"""The Docker API: connections, errors translated, and whatever carries our labels.

The only module that imports the Docker SDK.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
import requests
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from orchestrator.engines.owner import Owner
from orchestrator.errors import EngineError
from orchestrator.parallel import map_parallel

Client = docker.DockerClient

OWNER, PEER, KEEP = "peerlab.owner", "peerlab.peer", "peerlab.keep"
"""Labels: the mark of the run that made an object; the peer's name; whether it is kept."""

_TIMEOUT = 60  # seconds, for one call of the API
_LINGER = 1.0  # seconds for which a network may still look busy
_ENDS_WITHIN = 60.0  # seconds in which a killed container ends on a busy machine
_POLL = 0.05  # seconds


class MissingError(EngineError):
    """Docker does not have the object (any more)."""


def connect() -> Client:
    """Return a client of the engine that the `docker` command would use.

    Raises:
        EngineError: no engine answers.
    """
    try:
        with translated("Docker does not answer"):
            location = _location()
            _knock(location.get("base_url") or DEFAULT_UNIX_SOCKET)
            client = docker.DockerClient(**location, timeout=_TIMEOUT)
            client.ping()
            return client
    except EngineError as error:
        error.hint = "start Docker; `peerlab run --engine process` does without it"
        raise


def _knock(url: str) -> None:
    """Fail if nothing listens: the SDK would leak the socket that it tried."""
    path = url.partition("unix://")[2]
    if path:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)


def _location() -> dict[str, Any]:
    """Return the engine's address from the environment or the current context."""
    if "DOCKER_HOST" not in os.environ:
        with contextlib.suppress(Exception):  # without a readable context the default will do
            host = docker.ContextAPI.get_current_context().Host
            return {"base_url": host} if host else {}
    return dict(kwargs_from_env())


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Translate the SDK's exceptions.

    Args:
        what: what failed then, which begins the message.

    Raises:
        MissingError: Docker does not have the object.
        EngineError: anything else.
    """
    try:
        yield
    except NotFound as error:
        raise MissingError(f"{what}: {error.explanation or error}") from error
    except APIError as error:
        raise EngineError(f"{what}: {error.explanation or error}") from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise EngineError(f"{what}: {_root_reason(error)}") from error


def _root_reason(error: BaseException) -> str:
    """Return the system's own message, which the SDK wraps in two or three layers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return str(error).partition("\n")[0] or type(error).__name__


def remove_container(client: Client, container: str) -> None:
    """Remove a container, running or not, even if something else is removing it."""
    _insist(client.api.remove_container, container, force=True, v=True)


def _insist(remove: Callable[..., object], object_id: str, **options: bool) -> None:
    """Remove an object that may be on its way out already, or look busy a little longer."""
    begun = time.monotonic()
    while True:
        try:
            remove(object_id, **options)
        except NotFound:
            return
        except APIError as error:
            if error.status_code == requests.codes.conflict:  # "removal is already in progress"
                return
            if time.monotonic() > begun + _passes_within(error):
                raise
            time.sleep(_POLL)
        else:
            return


def _passes_within(error: APIError) -> float:
    """Return for how many seconds a failed removal is worth repeating.

    Docker says "has active endpoints" just after the containers were removed, and "did not
    receive an exit event" if the machine is too busy to end a container at once.
    """
    if "did not receive an exit event" in str(error.explanation):
        return _ENDS_WITHIN
    return _LINGER if error.status_code == requests.codes.forbidden else 0.0


def engine_id(client: Client) -> str:
    """Return the id of a Docker engine.

    Raises:
        EngineError: it does not answer.
    """
    with translated("Docker does not say which engine it is"):
        return str(client.info()["ID"])


def attach(client: Client, container: str) -> Any:
    """Return the standard streams of a container as the SDK's own kind of file.

    Raises:
        APIError: Docker refuses; the caller translates it, knowing whose container it is.
    """
    wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    stream: Any = client.api.attach_socket(container, params=wanted)
    # The SDK's timeout for calls would make the descriptor non-blocking.
    stream._sock.settimeout(None)
    return stream


def remove_run(client: Client, run: str) -> None:
    """Remove everything that one run created.

    Raises:
        EngineError: some of it cannot be removed.
    """
    with translated("cannot clean up"):
        containers, networks = _objects(client, lambda owner, _: owner.run == run)
        map_parallel(lambda container: remove_container(client, container), containers)
        map_parallel(lambda network: remove_network(client, network), networks)


def remove_network(client: Client, network: str) -> None:
    """Remove a network, even if it looks busy a little longer."""
    api: Any = client.api
    try:
        _insist(api.remove_network, network)
    except APIError:
        # Under load Docker may lose count of endpoints and keep an empty network until
        # it is restarted itself. A later sweep removes it.
        if api.inspect_network(network)["Containers"]:
            raise


def sweep(client: Client) -> int:
    """Remove what ended runs left behind; return the number of objects.

    Kept peers stay. What cannot be removed now waits for the next sweep: another command may
    be removing it, or a user may have attached a container of their own to such a network.
    """
    return sum(_try_all(client, lambda owner, kept: owner.is_gone and not kept))


def remove_kept(client: Client) -> int:
    """Remove what ended runs kept; return how many peers they had."""
    with translated("cannot clean up"):
        found = client.api.containers(all=True, filters={"label": [KEEP, PEER]})
    owners = [Owner.parse(container["Labels"][OWNER]) for container in found]
    _try_all(client, lambda owner, kept: owner.is_gone and kept)
    return sum(owner is not None and owner.is_gone for owner in owners)


def _try_all(client: Client, chosen: Callable[[Owner, bool], bool]) -> tuple[int, int]:
    """Remove what can be removed; return how many containers and networks that was."""
    api = client.api

    def can(remove: Callable[..., object], object_id: str, **options: bool) -> bool:
        with contextlib.suppress(APIError):
            remove(object_id, **options)
            return True
        return False

    with translated("cannot clean up"):
        containers, networks = _objects(client, chosen)
        gone = map_parallel(
            lambda container: can(api.remove_container, container, force=True, v=True), containers
        )
        gone_networks = map_parallel(lambda network: can(api.remove_network, network), networks)
        return sum(gone), sum(gone_networks)


def _objects(client: Client, chosen: Callable[[Owner, bool], bool]) -> tuple[list[str], list[str]]:
    """Return the ids of our containers and of our networks for which `chosen` returns true.

    Args:
        client: the engine.
        chosen: called with an object's owner and whether it is to be kept.
    """
    api, wanted = client.api, {"label": OWNER}

    def is_chosen(found: dict[str, Any]) -> bool:
        owner = Owner.parse(found["Labels"].get(OWNER, ""))
        return owner is not None and chosen(owner, KEEP in found["Labels"])

    containers = api.containers(all=True, filters=wanted)
    networks = api.networks(filters=wanted)
    return (
        [container["Id"] for container in containers if is_chosen(container)],
        [network["Id"] for network in networks if is_chosen(network)],
    )

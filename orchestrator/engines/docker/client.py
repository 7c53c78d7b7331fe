"""Talking to Docker: connecting, its errors in the lab's words, what carries our labels.

The only module that imports the Docker SDK.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import docker
import requests
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from orchestrator.engines.owner import Owner
from orchestrator.errors import EngineError

Client = docker.DockerClient

OWNER, PEER, KEEP = "peerlab.owner", "peerlab.peer", "peerlab.keep"
"""Labels: the mark of the run that made a thing; the peer's name; to be kept afterwards."""

_WORKERS = 4
_TIMEOUT = 60  # seconds, for one call of the API
_LINGER = 1.0  # seconds that a network may seem to be in use
_ENDS_WITHIN = 60.0  # seconds in which a container ends that was killed on a busy machine
_POLL = 0.05  # seconds
Given = TypeVar("Given")
Made = TypeVar("Made")


class MissingError(EngineError):
    """Docker does not have what was asked about (any more)."""


def connect() -> Client:
    """Return a client of the engine that the `docker` command would use.

    Raises:
        EngineError: no engine answers.
    """
    try:
        with translated("Docker does not answer"):
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
def translated(what: str) -> Iterator[None]:
    """Turn the SDK's exceptions into the lab's.

    Raises:
        MissingError: Docker does not have it.
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
    """Return what the system said: the SDK wraps it in two or three layers of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return str(error).partition("\n")[0] or type(error).__name__


def in_parallel(work: Callable[[Given], Made], items: Sequence[Given]) -> list[Made]:
    """Return what `work` makes of each item, several at a time; the first failure ends it."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(work, items))


def remove_container(client: Client, container: str) -> None:
    """Remove a container, running or not; it may be on its way out already."""
    _surely(client.api.remove_container, container, force=True, v=True)


def _surely(remove: Callable[..., object], what: str, **how: bool) -> None:
    """Remove something that may be on its way out already, or in use a little longer."""
    begun = time.monotonic()
    while True:
        try:
            remove(what, **how)
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
    """Return the seconds in which a removal that failed may still succeed.

    Docker says "has active endpoints" though the containers have just been removed, and "did not
    receive an exit event" where a machine is too busy to end a container at once.
    """
    if "did not receive an exit event" in str(error.explanation):
        return _ENDS_WITHIN
    return _LINGER if error.status_code == requests.codes.forbidden else 0.0


def engine_id(client: Client) -> str:
    """Return what tells an engine from others.

    Raises:
        EngineError: it does not say.
    """
    with translated("Docker does not tell what it is"):
        return str(client.info()["ID"])


def attach(client: Client, container: str) -> Any:
    """Return the standard streams of a container as the SDK's own kind of file.

    Raises:
        APIError: that cannot be had; to be translated by who knows whose container it is.
    """
    wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    stream: Any = client.api.attach_socket(container, params=wanted)
    # The SDK's timeout for calls would make the descriptor non-blocking.
    stream._sock.settimeout(None)
    return stream


def remove_run(client: Client, run: str) -> None:
    """Remove all that one run has made.

    Raises:
        EngineError: something of it cannot be removed.
    """
    with translated("cannot clean up"):
        containers, networks = _things(client, lambda owner, _: owner.run == run)
        in_parallel(lambda each: remove_container(client, each), containers)
        in_parallel(lambda each: remove_network(client, each), networks)


def remove_network(client: Client, network: str) -> None:
    """Remove a network; it may be on its way out already, or in use a little longer."""
    api: Any = client.api
    try:
        _surely(api.remove_network, network)
    except APIError:
        # Under load Docker may lose count of endpoints, and keeps a network that nobody is
        # on until it is restarted itself. A later sweep takes it.
        if api.inspect_network(network)["Containers"]:
            raise


def sweep(client: Client) -> int:
    """Remove what runs that are gone have left behind; return how many things.

    What was to be kept stays. What cannot be removed now is left for the next time:
    another command may be at it, or somebody may have put a container of their own on
    such a network.
    """
    return sum(_try_all(client, lambda owner, kept: owner.is_gone and not kept))


def remove_kept(client: Client) -> int:
    """Remove what runs that are gone have kept; return how many peers they had."""
    with translated("cannot clean up"):
        wanted = {"label": [KEEP, PEER]}
        marks = [each["Labels"][OWNER] for each in client.api.containers(all=True, filters=wanted)]
    _try_all(client, lambda owner, kept: owner.is_gone and kept)
    return sum(owner is not None and owner.is_gone for owner in map(Owner.parse, marks))


def _try_all(client: Client, goes: Callable[[Owner, bool], bool]) -> tuple[int, int]:
    """Remove what can be removed; return how many containers and networks that was."""
    api = client.api

    def can(remove: Callable[..., object], what: str, **how: bool) -> bool:
        with contextlib.suppress(APIError):
            remove(what, **how)
            return True
        return False

    with translated("cannot clean up"):
        containers, networks = _things(client, goes)
        gone = in_parallel(
            lambda one: can(api.remove_container, one, force=True, v=True), containers
        )
        return sum(gone), sum(in_parallel(lambda one: can(api.remove_network, one), networks))


def _things(client: Client, goes: Callable[[Owner, bool], bool]) -> tuple[list[str], list[str]]:
    """Return the containers and networks of ours of which `goes` says so.

    Args:
        client: the engine.
        goes: told a thing's owner, and whether it was to be kept.
    """
    api, wanted = client.api, {"label": OWNER}

    def is_meant(thing: dict[str, Any]) -> bool:
        owner = Owner.parse(thing["Labels"].get(OWNER, ""))
        return owner is not None and goes(owner, KEEP in thing["Labels"])

    containers = api.containers(all=True, filters=wanted)
    networks = api.networks(filters=wanted)
    return (
        [each["Id"] for each in containers if is_meant(each)],
        [each["Id"] for each in networks if is_meant(each)],
    )

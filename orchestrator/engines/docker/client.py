"""The Docker API: connections, errors translated, and whatever carries our labels.

The only module that imports the Docker SDK.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import docker
import requests
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import APIError, DockerException, NotFound

from orchestrator.docker_host.dialling import ssh_refusal
from orchestrator.docker_host.endpoint import current
from orchestrator.docker_host.health import (
    ONCE_IT_ANSWERS,
    EngineHealth,
    EngineStalledError,
    health_of,
)
from orchestrator.engines.docker.adapter import DialledAdapter
from orchestrator.errors import REMOVED_LATER, EngineError, behind
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel
from orchestrator.paths import origin

Client = docker.DockerClient

OWNER, PEER, KEEP = "peerlab.owner", "peerlab.peer", "peerlab.keep"
"""Labels: the mark of the run that made an object; the peer's name; for whom it is kept."""

_TIMEOUT = 60  # seconds, for one call of the API
_SILENT = "Docker does not answer"
_NO_RIGHTS = (
    "`sudo usermod -aG docker $USER` and a new login let you use Docker, as which you are root"
    " there"
)
WITHOUT = "`--engine process` does without it"
_UNUSED = "unix:///unused"  # an address that the SDK accepts; the adapter has the real one
_LINGER = 1.0  # seconds for which a network may still look busy
_ENDS_WITHIN = 60.0  # seconds in which a killed container ends on a busy machine
_POLL = 0.05  # seconds


class MissingError(EngineError):
    """Docker does not have the object (any more)."""


class ConflictError(EngineError):
    """The name is taken, or the object's state does not allow this."""


class EngineLostError(EngineError):
    """Docker ended, stalled, or cannot be reached."""


class PodmanError(EngineError):
    """The engine is Podman, which cannot confine programs as the lab needs it."""


def connect(without: str = WITHOUT) -> Client:
    """Return a client of the engine that the `docker` command would use.

    Args:
        without: the end of the hint if none answers: what the command's user can do then.

    Raises:
        EngineError: no engine answers.
    """
    health = health_of(current())
    try:
        with translated(_SILENT):
            client = _client(health)
            health.watch()
            return client
    except EngineError as error:
        if health.endpoint.parts.scheme == "ssh" and (says := ssh_refusal(health.endpoint)):
            error.what = f"Docker does not answer at {health.endpoint}: {says}"
        if behind(error, PermissionError):
            error.hint = f"{_NO_RIGHTS}; {without}"
        elif isinstance(error, PodmanError):
            error.hint = f"{error.hint}; {without}"
        elif not error.hint or isinstance(error, EngineLostError):  # nothing was begun
            start = f"start Docker, which should listen at {health.endpoint}"
            begin = "restart Docker" if health.has_stalled else start
            error.hint = f"{begin}; {without}"
        raise


def _client(health: EngineHealth) -> Client:
    """Return a client whose connections are dialled by the lab."""
    health.look()
    # With no version given, the SDK would ask for it on connections of its own.
    asking = _dialled(health, MINIMUM_DOCKER_API_VERSION)
    try:
        found = asking.api.version(api_version=False)
    finally:
        asking.close()
    if any("podman" in part["Name"].lower() for part in found.get("Components") or ()):
        raise PodmanError(
            f"the engine at {health.endpoint} is Podman, which cannot limit a program's files in"
            " number, so the lab cannot confine programs there",
            hint="set DOCKER_HOST to a Docker engine",
        )
    return _dialled(health, str(found["ApiVersion"]))


def _dialled(health: EngineHealth, version: str) -> Client:
    client = Client(_UNUSED, version=version, timeout=_TIMEOUT)
    client.api.mount("http+docker://", DialledAdapter(health, _TIMEOUT))
    return client


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Translate the SDK's exceptions.

    Args:
        what: what failed then, which begins the message.

    Raises:
        MissingError: Docker does not have the object.
        ConflictError: the name is taken, or the object's state does not allow this.
        EngineError: anything else.
    """
    try:
        yield
    except NotFound as error:
        raise MissingError(f"{what}: {error.explanation or error}") from error
    except APIError as error:
        is_conflict = error.status_code == requests.codes.conflict
        kind = ConflictError if is_conflict else EngineError
        raise kind(f"{what}: {error.explanation or error}") from error
    except DockerException as error:
        raise EngineError(f"{what}: {_root_reason(error)}") from error
    except (requests.RequestException, OSError) as error:
        silence = "" if what == _SILENT else f"{_SILENT}: "
        what = f"{what}: {silence}{_root_reason(error)}"
        raise EngineLostError(what, hint=ONCE_IT_ANSWERS) from error


def _root_reason(error: BaseException) -> str:
    """Return the system's own message, which the SDK wraps in two or three layers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, EngineStalledError):
            return str(cause)
        if isinstance(cause, ConnectionError) and not cause.strerror:
            return "it closed the connection"
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


def is_here(client: Client) -> bool:
    """Return whether an engine's containers run on the kernel of this machine.

    Raises:
        EngineError: it does not answer.
    """
    with translated("Docker does not say where it runs"):
        info = client.info()
    here = os.uname()
    return (info["Name"], info["KernelVersion"]) == (here.nodename, here.release)


def attach(client: Client, container: str) -> Any:
    """Return the standard streams of a container as the SDK's own kind of file.

    Raises:
        APIError: Docker refuses; the caller translates it, knowing whose container it is.
    """
    wanted: dict[str, int | str] = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    wanted["detachKeys"] = "ctrl-@"  # else Docker holds Ctrl-P back; no text has this one
    return _without_timeout(client.api.attach_socket(container, params=wanted))


def watch(client: Client, container: str) -> Any:
    """Return what a container has printed and prints from now on, as `attach` does, but no input.

    Raises:
        APIError: Docker refuses; the caller translates it, knowing whose container it is.
    """
    wanted: dict[str, int | str] = {"logs": 1, "stdout": 1, "stderr": 1, "stream": 1}
    return _without_timeout(client.api.attach_socket(container, params=wanted))


def execute(client: Client, container: str, command: Sequence[str], mark: str) -> tuple[str, Any]:
    """Run a command in a container on a terminal; return its id and that, as `attach` does.

    Args:
        client: the engine.
        container: the container, which must run.
        command: the command, which runs as the container's user and within its limits.
        mark: a variable to add to its environment, as `NAME=value`.

    Raises:
        APIError: Docker refuses; the caller translates it.
    """
    api: Any = client.api
    made = api.exec_create(
        container, command, stdin=True, tty=True, environment=[mark], detach_keys="ctrl-@"
    )
    return made["Id"], _without_timeout(api.exec_start(made["Id"], tty=True, socket=True))


def _without_timeout(stream: Any) -> Any:
    # The SDK's timeout for calls would make the descriptor non-blocking.
    stream._sock.settimeout(None)
    return stream


def detach(stream: Any) -> None:
    """Close what `attach` or `execute` returned."""
    with contextlib.suppress(OSError):
        stream._sock.shutdown(socket.SHUT_RDWR)
    # The response first: it shares a file with the stream and flushes it.
    stream._response.close()
    stream.close()


def remove_run(client: Client, run: str) -> None:
    """Remove everything that one run created.

    Raises:
        EngineError: some of it cannot be removed.
    """
    try:
        with translated("cannot clean up"):
            containers, networks, volumes = _objects(client, lambda owner, _: owner.run == run)
            map_parallel(lambda container: remove_container(client, container), containers)
            map_parallel(lambda network: remove_network(client, network), networks)
            map_parallel(lambda volume: remove_volume(client, volume), volumes)
    except EngineLostError as error:
        error.hint = f"once Docker answers, {REMOVED_LATER}"
        raise


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


def remove_volume(client: Client, volume: str) -> None:
    """Remove a volume, even if something else is removing it."""
    _insist(client.api.remove_volume, volume)


def sweep(client: Client) -> int:
    """Remove what ended runs left behind; return the number of objects.

    Kept peers stay. What cannot be removed now waits for the next sweep: another command may
    be removing it, or a user may have attached a container of their own to such a network.
    """
    return sum(_try_all(client, _is_left_behind))


def leftovers(client: Client) -> int:
    """Return how many containers, networks and volumes the next `sweep` is about to remove.

    Raises:
        EngineError: Docker does not answer.
    """
    with translated("Docker does not list what there is"):
        return sum(map(len, _objects(client, _is_left_behind)))


def _is_left_behind(owner: Owner, kept_for: str) -> bool:
    return owner.is_gone and not kept_for


def kept(client: Client) -> int:
    """Return how many peers ended runs of this user and checkout have kept.

    Raises:
        EngineError: Docker does not answer.
    """
    with translated("Docker does not list what there is"):
        return sum(owner is not None and owner.is_gone for owner in _owners_of_kept(client))


def _owners_of_kept(client: Client) -> list[Owner | None]:
    found = client.api.containers(all=True, filters={"label": [f"{KEEP}={origin()}", PEER]})
    return [Owner.parse(container["Labels"][OWNER]) for container in found]


def remove_kept(client: Client) -> int:
    """Remove what ended runs of this user and checkout kept; return how many peers they had."""
    ours = origin()
    with translated("cannot clean up"):
        owners = _owners_of_kept(client)
    _try_all(client, lambda owner, kept_for: owner.is_gone and kept_for == ours)
    return sum(owner is not None and owner.is_gone for owner in owners)


def _try_all(client: Client, chosen: Callable[[Owner, str], bool]) -> tuple[int, int, int]:
    """Remove what can be removed; return how many containers, networks and volumes that was."""
    api = client.api

    def can(remove: Callable[..., object], object_id: str, **options: bool) -> bool:
        with contextlib.suppress(APIError):
            remove(object_id, **options)
            return True
        return False

    with translated("cannot clean up"):
        containers, networks, volumes = _objects(client, chosen)
        gone = map_parallel(
            lambda container: can(api.remove_container, container, force=True, v=True), containers
        )
        gone_networks = map_parallel(lambda network: can(api.remove_network, network), networks)
        gone_volumes = map_parallel(lambda volume: can(api.remove_volume, volume), volumes)
        return sum(gone), sum(gone_networks), sum(gone_volumes)


def _objects(
    client: Client, chosen: Callable[[Owner, str], bool]
) -> tuple[list[str], list[str], list[str]]:
    """Return our containers, networks and volumes for which `chosen` returns true.

    Most volumes go with their containers.
    """
    api, wanted = client.api, {"label": OWNER}

    def is_chosen(found: dict[str, Any]) -> bool:
        owner = Owner.parse(found["Labels"].get(OWNER, ""))
        return owner is not None and chosen(owner, found["Labels"].get(KEEP, ""))

    containers = api.containers(all=True, filters=wanted)
    networks = api.networks(filters=wanted)
    volumes = api.volumes(filters=wanted)["Volumes"] or ()
    return (
        [container["Id"] for container in containers if is_chosen(container)],
        [network["Id"] for network in networks if is_chosen(network)],
        [volume["Name"] for volume in volumes if is_chosen(volume)],
    )

"""Which engine to use."""

from __future__ import annotations

from orchestrator.cancel import CancelToken
from orchestrator.engines import reaper as leftovers
from orchestrator.engines.base import Engine, Say
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import EngineError
from orchestrator.scenario import EngineName

_NOT_KEPT = "peers can be kept on Docker alone: nothing holds a process's terminal once we end"


def available(say: Say) -> EngineName:
    """Return which engine `auto` takes here; say why, where it is not Docker.

    Args:
        say: told so.
    """
    try:
        docker_client.connect().close()
    except EngineError as error:
        say(f"{error.what}: using the process engine")
        return EngineName.PROCESS
    return EngineName.DOCKER


def choose(
    name: EngineName, say: Say, *, stop: CancelToken | None = None, keep: bool = False
) -> Engine:
    """Return an engine, once what killed runs left behind has been removed.

    Args:
        name: `auto` takes Docker when it answers, and says so when it does not.
        say: told what was found.
        stop: once it is set the engine starts no further peer.
        keep: whether the peers may be left running in the end.

    Raises:
        EngineError: the engine asked for does not answer, or cannot keep peers.
    """
    if keep and name is EngineName.PROCESS:
        raise EngineError(_NOT_KEPT, hint="leave out --keep, or take --engine docker")
    leftovers.remove_processes(say)
    if name is EngineName.PROCESS:
        return ProcessEngine(stop)
    try:
        client = docker_client.connect()
    except EngineError as error:
        if name is EngineName.DOCKER:
            raise
        if keep:
            raise EngineError(f"{_NOT_KEPT}; {error.what}", hint=error.hint) from error
        say(f"{error.what}: using the process engine")
        return ProcessEngine(stop)
    leftovers.remove_things(client, say)
    return DockerEngine(client, stop, keep=keep)

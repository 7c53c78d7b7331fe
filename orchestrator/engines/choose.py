"""Which engine to use, and tidying up after runs that were killed."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.engines import docker, process
from orchestrator.engines.base import Engine, Say
from orchestrator.errors import EngineError


class EngineName(StrEnum):
    """What `--engine` takes."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


def choose(name: EngineName, say: Say) -> Engine:
    """Return an engine, once what killed runs left behind has been removed.

    Args:
        name: `auto` takes Docker when it answers, and says so when it does not.
        say: told what was found.

    Raises:
        EngineError: the engine asked for does not answer.
    """
    _say_swept(process.sweep(), "process", say)
    if name is EngineName.PROCESS:
        return process.ProcessEngine()
    try:
        client = docker.connect()
    except EngineError as error:
        if name is EngineName.DOCKER:
            raise
        say(f"{error.what}: using the process engine")
        return process.ProcessEngine()
    _say_swept(docker.sweep(client), "container or network", say)
    return docker.DockerEngine(client)


def _say_swept(count: int, what: str, say: Say) -> None:
    if count:
        say(f"removed what a killed run left behind: {count} {what}(s)")

"""Choosing an engine, and removing what killed runs left behind.

What only Docker needs is imported when it is tried: a third of the time in which a command on
processes starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Engine, Say
from orchestrator.engines.process.engine import ProcessEngine, sweep_processes
from orchestrator.errors import EngineError
from orchestrator.files import sweep_folders
from orchestrator.scenario import EngineName
from orchestrator.text import count

if TYPE_CHECKING:
    from orchestrator.engines.docker.client import Client

_NOT_KEPT = "peers can be kept on Docker alone: a process loses its terminal when the lab ends"


def available(say: Say) -> EngineName:
    """Return the engine that `auto` stands for here; `say` hears why if it is not Docker."""
    try:
        _connect().close()
    except EngineError as error:
        say(f"{error.what}: using the process engine")
        return EngineName.PROCESS
    return EngineName.DOCKER


def choose(
    name: EngineName, say: Say, *, cancel: CancelToken | None = None, keep: bool = False
) -> Engine:
    """Return an engine, after removing what killed runs left behind.

    Args:
        name: the engine; `auto` is Docker if it answers.
        say: hears what was removed, and why `auto` is not Docker.
        cancel: once set, the engine starts no further peer.
        keep: whether the peers may be left running.

    Raises:
        EngineError: the engine does not answer or cannot keep peers.
    """
    if keep and name is EngineName.PROCESS:
        raise EngineError(_NOT_KEPT, hint="leave out --keep, or take --engine docker")
    reap_processes(say)
    if name is EngineName.PROCESS:
        return ProcessEngine(cancel)
    try:
        client = _connect(keep=keep)
    except EngineError as error:
        if name is EngineName.DOCKER:
            raise
        if keep:
            raise EngineError(f"{_NOT_KEPT}; {error.what}", hint=error.hint) from error
        say(f"{error.what}: using the process engine")
        return ProcessEngine(cancel)
    from orchestrator.engines.docker.engine import DockerEngine

    reap_containers(client, say)
    return DockerEngine(client, cancel, keep=keep)


def _connect(*, keep: bool = False) -> Client:
    from orchestrator.engines.docker.client import WITHOUT, connect

    return connect("without --keep, `--engine process` does without it" if keep else WITHOUT)


def reap_processes(say: Say) -> None:
    """Kill the processes that killed runs left behind, and remove their temporary folders."""
    _report(sweep_processes(), "program", say)
    sweep_folders()


def reap_containers(client: Client, say: Say) -> None:
    """Remove the containers and networks that killed commands left behind."""
    from orchestrator.engines.docker.build_leftovers import sweep_builds
    from orchestrator.engines.docker.client import sweep
    from orchestrator.engines.docker.mesh_changes import sweep_changes
    from orchestrator.engines.docker.mesh_network import remove_orphans

    _report(sweep(client) + sweep_changes(client) + sweep_builds(client), "Docker object", say)
    remove_orphans(client)  # not worth a word: a user removed their peers


def _report(number: int, what: str, say: Say) -> None:
    if number:
        say(f"removed what a killed run left behind: {count(number, what)}")

"""Tidying up after runs that were killed, said aloud in one place."""

from __future__ import annotations

from orchestrator.engines.base import Say
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import mesh_network as docker_mesh
from orchestrator.engines.process import engine as process_engine
from orchestrator.text import count


def remove_processes(say: Say) -> None:
    """Kill the processes that killed runs left behind."""
    _tell(process_engine.sweep(), "program", say)


def remove_things(client: docker_client.Client, say: Say) -> None:
    """Remove the containers and networks that killed runs left behind."""
    _tell(docker_client.sweep(client), "Docker object", say)
    docker_mesh.remove_orphans(client)  # nobody's fault: their peers were removed by hand


def _tell(number: int, what: str, say: Say) -> None:
    if number:
        say(f"removed what a killed run left behind: {count(number, what)}")

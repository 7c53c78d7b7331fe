"""A console's client in a peer's container: what `docker exec` with a terminal runs."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engines.attachable import ConsoleClient
from orchestrator.engines.docker.client import Client, detach, execute, translated
from orchestrator.engines.status import Status
from orchestrator.errors import EngineError
from orchestrator.image.inside import begin
from orchestrator.image.inside.start import SIZE

_POLL = 0.02  # seconds
_MARK = "PEERLAB_CLIENT"  # the variable by which a client's processes are found
_SERIALS = itertools.count(1)

BEGUN_BY = ("python3", "-I", "-S", "-c", Path(begin.__file__).read_text())
"""Writes a program's files and prepares its terminal; the files, as JSON, and its command follow.

Nothing but a process inside could: the rest of a container is read-only, and its working folder is
there only when it runs."""

_KILL = """
import contextlib, os, sys
for pid in filter(str.isdecimal, os.listdir("/proc")):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        if sys.argv[1].encode() in file.read().split(b"\\0") and int(pid) != os.getpid():
            os.kill(int(pid), 9)
"""
_KILL_IN_SHELL = """
for one in /proc/[0-9]*; do
    tr '\\0' '\\n' <$one/environ 2>&- | grep -qx "$1" && kill -9 ${one#/proc/}
done; true
"""
_PYTHON = ("python3", "-I", "-S", "-c")


@dataclass(frozen=True, slots=True)
class ClientCommand:
    """How a client is started.

    Attributes:
        words: its command; empty if the peer's profile names no client.
        begun_by: what prepares its terminal first, if the image is known to have that.
    """

    words: Sequence[str] = ()
    begun_by: Sequence[str] = ()


class ContainerClient(ConsoleClient):
    """A client in a container.

    Docker ends no process that an exec has started, so this one's are found by a mark in their
    environment.

    Args:
        client: the engine.
        name: the peer's name.
        container: its container, which runs.
        command: how it is started.

    Raises:
        EngineError: it cannot be started there.
    """

    def __init__(self, client: Client, name: str, container: str, command: ClientCommand) -> None:
        self.name, self._container = name, container
        self._api: Any = client.api
        self._mark = f"{_MARK}={next(_SERIALS)}"
        with translated(f"{name}: its client cannot be started"):
            self._id, self._stream = execute(
                client, container, [*command.begun_by, *command.words], self._mark
            )
            self._resize()

    def _resize(self) -> None:
        """Give the terminal its size; a client that has ended needs none."""
        with contextlib.suppress(EngineError), translated("no size"):
            self._api.exec_resize(self._id, *SIZE)

    def attach(self) -> int:
        """Return the descriptor of its stream."""
        return int(self._stream.fileno())

    def status(self) -> Status:
        """Return the status of its first process."""
        with translated(f"{self.name}: its client cannot be inspected"):
            found = self._api.exec_inspect(self._id)
        return Status("running") if found["Running"] else Status("exited", found["ExitCode"])

    def await_end(self, timeout: float) -> Status:
        """Return the status once it has ended, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (status := self.status()).state != "exited" and time.monotonic() < deadline:
            time.sleep(_POLL)
        return status

    def kill(self) -> None:
        """Kill its processes, unless the container has ended or is paused."""
        with contextlib.suppress(EngineError):
            if self.status().state == "running" and self._run(*_PYTHON, _KILL, self._mark):
                self._run("sh", "-c", _KILL_IN_SHELL, "sh", self._mark)

    def _run(self, *command: str) -> int:
        """Run a command in the container and return its exit status."""
        with translated(f"{self.name}: its client cannot be ended"):
            made = self._api.exec_create(self._container, command)
            self._api.exec_start(made["Id"])
            return int(self._api.exec_inspect(made["Id"])["ExitCode"] or 0)

    def close(self) -> None:
        """Close its stream."""
        detach(self._stream)

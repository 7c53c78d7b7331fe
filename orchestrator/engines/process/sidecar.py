"""A sidecar as a local process, for peers that are processes themselves."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.engines.sidecar.client import Carrier, Sidecar
from orchestrator.errors import EngineError
from orchestrator.paths import ROOT

_POLITE = 2.0  # seconds that it has to end by itself
_CHUNK = 65_536


class PipeCarrier(Carrier):
    """The pipes of a local process.

    Raises:
        EngineError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=dict(environment),
                bufsize=0,
                start_new_session=True,  # a user's Ctrl-C is for the lab alone
            )
        except OSError as error:
            raise EngineError(f"{command[0]} cannot be started: {error.strerror}") from error
        self._stdin: Any = self._process.stdin
        self._stdout: Any = self._process.stdout

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._stdin.write(view) :]
        except ValueError as error:  # closed
            raise OSError(str(error)) from error

    def chunks(self) -> Iterator[bytes]:
        """Yield the process's output."""
        while chunk := self._stdout.read(_CHUNK):
            yield chunk

    def close(self) -> None:
        """End the process by closing its input, or kill it."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(_POLITE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def free(self) -> None:
        """Close the descriptor, once nothing reads it."""
        if self._process.stdout:
            self._process.stdout.close()


class ProcessSidecar(Sidecar):
    """A sidecar as a local process.

    Raises:
        EngineError: it cannot be started.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "sidecar", "--no-kernel"]
        self._pipes = PipeCarrier(command, environment)
        super().__init__("this run's processes", self._pipes)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._pipes.pid

    def close(self) -> None:
        """End the process."""
        super().close()
        self._pipes.free()

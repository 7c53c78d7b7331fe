"""Processes on terminals of their own: a peer's program, and the clients beside it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines.attachable import ConsoleClient
from orchestrator.engines.status import Status
from orchestrator.image.inside.start import prepare


@dataclass(frozen=True, slots=True)
class Launch:
    """What a process is started with, first and again."""

    command: Sequence[str]  # the words of the command
    environment: dict[str, str]  # all of its environment
    folder: Path  # the working folder
    # called before it is started again: makes the folder as it was
    renew: Callable[[], object] | None = None
    client: Sequence[str] = ()  # the command of its console's client; empty if it has none


def start_on_terminal(
    command: Sequence[str], launch: Launch
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command in a session of its own; return its process and its terminal's descriptor.

    Raises:
        OSError: there is no such program.
    """
    own, console = pty.openpty()
    prepare(console)
    try:
        process = subprocess.Popen(
            command,
            stdin=console,
            stdout=console,
            stderr=console,
            cwd=launch.folder,
            env=launch.environment,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509
        )
    except OSError:
        os.close(own)
        raise
    finally:
        os.close(console)
    return process, own


def _take_terminal() -> None:
    """In the child: make the pty its controlling terminal, with the signals of a login shell.

    So Ctrl-C and a hang-up reach the program as they reach a person's, even if the lab itself
    was started by a script in the background, which ignores SIGINT, or by nohup.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def status_of(process: subprocess.Popen[bytes]) -> Status:
    """Return whether a process runs, or its exit status as in a shell."""
    code = process.poll()
    if code is None:
        return Status("running")
    return Status("exited", code if code >= 0 else 128 - code)


class ProcessClient(ConsoleClient):
    """A client as a process beside the peer's.

    Args:
        name: the peer's name.
        launch: how the peer's program is started; the client has the same folder and environment.

    Raises:
        OSError: there is no such program.
    """

    def __init__(self, name: str, launch: Launch) -> None:
        self.name = name
        self._process, self._pty = start_on_terminal(launch.client, launch)
        self.pid = self._process.pid

    def attach(self) -> int:
        """Return the pty's descriptor."""
        return self._pty

    def status(self) -> Status:
        """Return the process's status."""
        return status_of(self._process)

    def await_end(self, timeout: float) -> Status:
        """Return the status once the process has ended, or after `timeout` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        return self.status()

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and what it has started."""
        if self.runs:  # later, another process may have its id
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def server_ended(self) -> None:
        """Kill it, as the end of a container kills what else runs in it."""
        self.signal(signal.SIGKILL)

    def kill(self) -> None:
        """Kill the process and its descendants."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Close its pty; harmless when repeated."""
        if self._pty >= 0:
            os.close(self._pty)
            self._pty = -1

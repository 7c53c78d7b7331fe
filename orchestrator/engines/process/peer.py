"""One peer as a process of this machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import socket
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from orchestrator.engines.base import Peer, Status
from orchestrator.engines.endpoints import Endpoint, is_among, plain
from orchestrator.engines.process import marks
from orchestrator.engines.states import require
from orchestrator.errors import BuildError, EngineError
from orchestrator.image.inside.start import silence

_POLITE = 2.0  # seconds between SIGTERM and SIGKILL
_PROMPT = 2.0  # seconds within which a process takes a signal
_POLL = 0.002  # seconds
_FRESH = 0.05  # seconds for which a look at a process's sockets counts
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Launch:
    """What a process is started with, each time."""

    command: Sequence[str]
    environment: dict[str, str]
    folder: Path


class ProcessPeer(Peer):
    """A local process on a pty.

    Args:
        name: as the scenario calls it.
        address: where it is to listen.
        port: the same.
        number: tells it from all others of its engine, past ones as well.
        source: an address that is its own alone.
    """

    def __init__(self, name: str, address: str, port: int, number: str, source: str) -> None:
        self.name, self.address, self.port = name, address, port
        self._source = source
        self.number = number
        self._process: subprocess.Popen[bytes] | None = None
        self._how: Launch | None = None
        self._pty = -1
        self._sockets: frozenset[Endpoint] = frozenset()
        self._looked = 0.0

    @property
    def addresses(self) -> frozenset[str]:
        """Its own, and all of this machine: programs find theirs by asking the system."""
        return frozenset({self.address}) | _machine_addresses()

    @property
    def source(self) -> str:
        """A loopback address: its own, or one beside it where it listens on all."""
        return self._source

    def has(self, address: str, port: str) -> bool:
        """Tell whether the process, or one that it started, has such a socket."""
        if plain(address) == self._source:  # from there a relay dials as well
            return True
        if time.monotonic() > self._looked + _FRESH:
            self._look()
        return is_among(address, port, self._sockets, self.addresses)

    def _look(self) -> None:
        """Learn which sockets there are; what was seen last stays when the process has ended."""
        if (found := self._inspect(_sockets)) is not None:
            self._sockets = found
        self._looked = time.monotonic()

    def launch(self, how: Launch) -> None:
        """Start the process on a pty of its own.

        Raises:
            EngineError: there is no such program.
        """
        self._how = how
        self._pty, console = pty.openpty()
        silence(console)
        try:
            self._process = subprocess.Popen(
                how.command,
                stdin=console,
                stdout=console,
                stderr=console,
                cwd=how.folder,
                env=how.environment,
                start_new_session=True,
                preexec_fn=_take_terminal,  # noqa: PLW1509
            )
        except OSError as error:
            self.discard()
            raise BuildError(
                f"{self.name} cannot be started: {how.command[0]}: {error.strerror}",
                hint="see `start` in its profile",
            ) from error
        finally:
            os.close(console)
        self.handle = str(self.pid)

    def attach(self) -> int:
        """Return the pty's descriptor."""
        return self._pty

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EngineError(f"{self.name} was never started")
        return self._process

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._started.pid

    def status(self) -> Status:
        """Return how the process is doing now."""
        code = self._started.poll()
        if code is not None:
            return Status("exited", code if code >= 0 else 128 - code)
        stopped = self._inspect(lambda process: process.status() == psutil.STATUS_STOPPED)
        return Status("paused" if stopped else "running")

    def await_end(self, timeout: float) -> Status:
        """Return the status once the process has ended, or after `timeout` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started.wait(timeout)
        return self.status()

    def kill(self) -> None:
        """Kill the process and all that it started."""
        if self._started.poll() is None:  # later, its number may be somebody else's
            self._look()
            self._signal(signal.SIGKILL)
            self._started.wait()

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self) -> None:
        """Ask the process to end, and kill it if it does not."""
        paused = self.status().state == "paused"
        self._started.terminate()
        if paused:
            self._signal(signal.SIGCONT)  # it takes the other signal first
        if self.await_end(_POLITE).state != "exited":
            self.kill()

    def start(self) -> None:
        """Start the process again, with the same words, on a new pty."""
        require(self.name, self.status(), "exited", "started")
        if self._how:
            # What it started and left behind, as by a crash, may have the port.
            mark = self._how.environment[marks.OWNER]
            left = marks.kill(lambda owner, its: owner.mark == mark and its == self.number)
            marks.await_end(left, _PROMPT)
            self.discard()
            self.launch(self._how)

    def pause(self) -> None:
        """Stop the process and all that it started, as SIGSTOP does."""
        require(self.name, self.status(), "running", "paused")
        self._signal(signal.SIGSTOP)
        self._await_state("paused")

    def resume(self) -> None:
        """Let them go on."""
        require(self.name, self.status(), "paused", "resumed")
        self._signal(signal.SIGCONT)
        self._await_state("running")

    def _await_state(self, state: str) -> None:
        """Return once the process is in a state: signals take a moment."""
        deadline = time.monotonic() + _PROMPT
        while (status := self.status()).state != state:
            if status.state == "exited" or time.monotonic() > deadline:
                raise EngineError(f"{self.name} does not become {state}: it {status.clause}")
            time.sleep(_POLL)

    def memory(self) -> int | None:
        """Return its resident memory in bytes."""
        return self._inspect(lambda process: int(process.memory_info().rss))

    def connections(self) -> int | None:
        """Return how many TCP connections it has established."""
        return self._inspect(
            lambda process: sum(
                each.status == psutil.CONN_ESTABLISHED for each in process.net_connections("tcp")
            )
        )

    def _inspect(self, look: Callable[[psutil.Process], Found]) -> Found | None:
        try:
            return look(psutil.Process(self.pid))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def discard(self) -> None:
        """Kill the process if it runs, and close its pty."""
        if self._process is not None:
            self.kill()
        if self._pty >= 0:
            os.close(self._pty)
            self._pty = -1


def _take_terminal() -> None:
    """In the child: make the pty its controlling terminal, with the signals of a login shell.

    So Ctrl-C and a hang-up reach the program as they reach a person's, even if the lab itself
    was started by a script in the background, which ignores SIGINT, or by nohup.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _sockets(process: psutil.Process) -> frozenset[Endpoint] | None:
    """Return where the TCP sockets of a process and its descendants are bound."""
    if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
        return None
    found: set[Endpoint] = set()
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            found |= {(one.laddr.ip, one.laddr.port) for one in each.net_connections("tcp")}
    return frozenset(found)


def _machine_addresses() -> frozenset[str]:
    """Return every IPv4 and IPv6 address of this machine."""
    families = (socket.AF_INET, socket.AF_INET6)
    every = (each for some in psutil.net_if_addrs().values() for each in some)
    return frozenset(plain(each.address) for each in every if each.family in families)

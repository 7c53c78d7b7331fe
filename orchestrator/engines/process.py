"""The engine for machines without Docker: local processes, each on a loopback address."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import random
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from typing import TypeVar

import psutil

from orchestrator import definition
from orchestrator.engines.base import Engine, Peer, Say, Status
from orchestrator.errors import EngineError
from orchestrator.owner import Owner
from orchestrator.profile import Profile

_OWNER = "PEERLAB_OWNER"  # environment variable that carries the owner's mark
_POLITE = 2.0  # seconds between SIGTERM and SIGKILL
_TRIES = 50  # loopback addresses tried for one peer
Found = TypeVar("Found")


class ProcessPeer(Peer):
    """A local process on a pty."""

    def __init__(self, name: str, address: str, port: int) -> None:
        self.name, self.address, self.port = name, address, port
        self._process: subprocess.Popen[bytes] | None = None
        self._pty = -1

    def launch(self, command: Sequence[str], environment: dict[str, str]) -> None:
        """Start the process on a pty of its own.

        Raises:
            EngineError: there is no such program.
        """
        self._pty, console = pty.openpty()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=console,
                stdout=console,
                stderr=console,
                cwd=definition.ROOT,
                env=environment,
                start_new_session=True,
                # In the child: make the pty the controlling terminal, so that Ctrl-C and
                # a hang-up reach the program as they would a person's.
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
            )
        except OSError as error:
            self.discard()
            raise EngineError(
                f"{self.name} cannot be started: {command[0]}: {error.strerror}",
                hint="see `start` in its profile",
            ) from error
        finally:
            os.close(console)

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
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._started.wait()

    def stop(self) -> None:
        """Ask the process to end, and kill it if it does not."""
        self._started.terminate()
        if self.await_end(_POLITE).state != "exited":
            self.kill()

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


class ProcessEngine(Engine):
    """Runs peers as processes of this machine."""

    name = "process"
    version = f"Python {sys.version.split()[0]}"

    def __init__(self) -> None:
        self._owner = Owner.this()
        self._peers: list[ProcessPeer] = []

    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start a process for each name."""
        say(f"starting {len(names)} processes")
        try:
            return [self._start(name, profile) for name in names]
        except BaseException:
            self.close()
            raise

    def _start(self, name: str, profile: Profile) -> Peer:
        peer = ProcessPeer(name, _free_address(profile.port), profile.port)
        self._peers.append(peer)
        words = {
            "port": peer.port, "address": peer.address, "name": name, "python": sys.executable,
        }  # fmt: skip
        command = [part.format_map(words) for part in profile.start.process]
        peer.launch(command, self._environment(profile))
        return peer

    def _environment(self, profile: Profile) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        ours = {"LANG": "C.UTF-8", "TERM": "xterm", _OWNER: self._owner.mark}
        return kept | ours | profile.start.environment

    def close(self) -> None:
        """Kill every process, also one that has left its peer's session; close every pty."""
        while self._peers:
            self._peers.pop().discard()
        _kill_all(lambda owner: owner.run == self._owner.run)


def _free_address(port: int) -> str:
    """Return a loopback address on which nobody listens at `port`.

    Raises:
        EngineError: none was found.
    """
    for _ in range(_TRIES):
        low, middle, high = random.randint(1, 254), random.randint(0, 255), random.randint(1, 254)  # noqa: S311
        address = f"127.{low}.{middle}.{high}"
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((address, port))
            return address
    raise EngineError(
        f"port {port} is taken on every loopback address tried",
        hint="a program that listens on every address has it: stop it, or see `ss -ltnp`",
    )


def sweep() -> int:
    """Kill what runs that are gone have left behind; return how many processes."""
    return _kill_all(lambda owner: owner.is_gone)


def _kill_all(whose: Callable[[Owner], bool]) -> int:
    """Kill the processes that carry the mark of the owners asked for."""
    count = 0
    for process in psutil.process_iter():
        try:
            owner = Owner.parse(process.environ().get(_OWNER, ""))
            if owner and whose(owner):
                process.kill()
                count += 1
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return count

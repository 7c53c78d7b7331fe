"""One peer as a process of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

from orchestrator.engines import kernel_sockets
from orchestrator.engines.activity import Activity, activity_of
from orchestrator.engines.attachable import ConsoleClient
from orchestrator.engines.base import Peer
from orchestrator.engines.endpoints import Endpoint, TcpSocket, is_among, plain
from orchestrator.engines.process import marks
from orchestrator.engines.process.terminals import (
    Launch,
    ProcessClient,
    start_on_terminal,
    status_of,
)
from orchestrator.engines.status import Status, require
from orchestrator.errors import BuildError, EngineError

_POLITE = 2.0  # seconds between SIGTERM and SIGKILL
_PROMPT = 2.0  # seconds in which a signal takes effect
_POLL = 0.002  # seconds
_FRESH = 0.05  # seconds for which known sockets count as current
Found = TypeVar("Found")


class ProcessPeer(Peer):
    """A local process on a pty.

    Args:
        name: its name in the scenario.
        address: the address on which it should listen.
        port: the port on which it should listen.
        number: unique among the past and present peers of its engine.
        source: an address that no other peer has.
    """

    def __init__(self, name: str, address: str, port: int, number: str, source: str) -> None:
        self.name, self.address, self.port = name, address, port
        self._source = source
        self.number = number
        self._process: subprocess.Popen[bytes] | None = None
        self._launch: Launch | None = None
        self._clients: list[ProcessClient] = []
        self._pty = -1
        self._sockets: frozenset[Endpoint] = frozenset()
        self._seen_at = 0.0

    @property
    def keeps_network(self) -> bool:
        """Yes: it is this machine's."""
        return True

    @property
    def addresses(self) -> frozenset[str]:
        """Its own and all others of this machine: programs ask the system for theirs."""
        return frozenset({self.address}) | _machine_addresses()

    @property
    def source(self) -> str:
        """Its own loopback address, even if it listens on all."""
        return self._source

    def has(self, address: str, port: str) -> bool:
        """Return whether the process or a descendant has such a socket."""
        if plain(address) == self._source:  # a relay dials from there too
            return True
        if time.monotonic() > self._seen_at + _FRESH:
            self._see_sockets()
        return is_among(address, port, self._sockets, self.addresses)

    def _see_sockets(self) -> None:
        """Read which sockets there are; keep the last ones once the process has ended."""
        if (found := self.sockets()) is not None:
            self._sockets = frozenset(one.local for one in found)
        self._seen_at = time.monotonic()

    def launch(self, launch: Launch) -> None:
        """Start the process on a pty of its own.

        Raises:
            EngineError: there is no such program.
        """
        self._launch = launch
        try:
            self._process, self._pty = start_on_terminal(launch.command, launch)
        except OSError as error:
            raise BuildError(
                f"{self.name} cannot be started: {launch.command[0]}: {error.strerror}",
                hint="see `start` in its profile",
            ) from error
        self.handle = str(self.pid)

    def open_client(self) -> ConsoleClient:
        """Start the client as another process, with the mark by which all of them are found."""
        require(self.name, self.status(), "running", "given a client")
        if self._launch is None or not self._launch.client:
            raise EngineError(f"{self.name} has no client")
        try:
            client = ProcessClient(self.name, self._launch)
        except OSError as error:
            raise BuildError(
                f"{self.name}: its client cannot be started: {self._launch.client[0]}:"
                f" {error.strerror}",
                hint="see `console` in its profile",
            ) from error
        self._clients = [*(one for one in self._clients if one.runs), client]
        return client

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
        """Return the process's status."""
        if (status := status_of(self._started)).state == "exited":
            return status
        stopped = self._inspect(lambda process: process.status() == psutil.STATUS_STOPPED)
        return Status("paused" if stopped else "running")

    def await_end(self, timeout: float) -> Status:
        """Return the status once the process has ended, or after `timeout` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started.wait(timeout)
        return self.status()

    def kill(self) -> None:
        """Kill the process and its descendants, and its clients."""
        if self._started.poll() is None:  # later, another process may have its id
            self._see_sockets()
            self._signal(signal.SIGKILL)
            self._started.wait()
        self._kill_clients()

    def _kill_clients(self) -> None:
        for client in self._clients:
            client.kill()

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, its descendants and its clients."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        for client in self._clients:
            client.signal(number)

    def stop(self, slowness: float = 1.0) -> None:
        """Ask the process to end, and kill it if it does not."""
        paused = self.status().state == "paused"
        self._started.terminate()
        if paused:
            self._signal(signal.SIGCONT)  # it gets the other signal first
        self.await_end(_POLITE * slowness)
        self.kill()  # its clients, too, as the end of a container ends them

    def start(self) -> None:
        """Restart the process with the same command on a new pty."""
        require(self.name, self.status(), "exited", "started")
        if self._launch:
            # A descendant that outlived it, as after a crash, may hold the port.
            mark = self._launch.environment[marks.OWNER]
            left = marks.kill(lambda owner, its: owner.mark == mark and its == self.number)
            marks.await_end(left, _PROMPT)
            self.discard()
            if self._launch.renew:
                self._launch.renew()
            self.launch(self._launch)

    def pause(self) -> None:
        """Stop the process and its descendants with SIGSTOP."""
        require(self.name, self.status(), "running", "paused")
        self._signal(signal.SIGSTOP)
        self._await_state("paused")

    def resume(self) -> None:
        """Continue them with SIGCONT."""
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

    def host_pid(self) -> int | None:
        """Return the program's process."""
        return self.pid or None

    def sockets(self, *, quick: bool = False) -> Sequence[TcpSocket] | None:
        """Return the TCP sockets of the process and its descendants."""
        return self._inspect(_sockets)

    def activity(self) -> Activity | None:
        """Return what the process and its descendants do."""
        return activity_of(
            self.pid, lambda: [row for row in kernel_sockets.read() if self._is_at(row.socket)]
        )

    def _is_at(self, one: TcpSocket) -> bool:
        """Return whether any process has a socket at its address."""
        ends = [one.local, one.remote or one.local]
        return any(plain(address) == self.address for address, _ in ends)

    def leftovers(self) -> Sequence[TcpSocket]:
        """Return the TCP sockets of its processes that have outlived it."""
        if self._launch is None or self._started.poll() is None:
            return []
        mark = self._launch.environment[marks.OWNER]
        left = marks.find(lambda owner, its: owner.mark == mark and its == self.number)
        known = {self.pid, *(client.pid for client in self._clients)}
        return _sockets_of([process.pid for process in left if process.pid not in known])

    def blocking(self) -> Sequence[TcpSocket]:
        """Return the closing connections of its address and port."""
        with contextlib.suppress(OSError):
            found = kernel_sockets.closing(self.port)
            return [one for one in found if plain(one.local[0]) == self.address]
        return []

    def _inspect(self, read: Callable[[psutil.Process], Found]) -> Found | None:
        try:
            return read(psutil.Process(self.pid))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def discard(self) -> None:
        """Kill the process and its clients if they run, and close its pty."""
        if self._process is not None:
            self.kill()
        if self._pty >= 0:
            os.close(self._pty)
            self._pty = -1


def _sockets(process: psutil.Process) -> Sequence[TcpSocket] | None:
    if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
        return None
    return _sockets_of([process.pid, *_descendants(process)])


def _descendants(process: psutil.Process) -> Iterator[int]:
    """Yield the ids of a process's children, and of theirs."""
    try:
        threads = Path(f"/proc/{process.pid}/task").iterdir()
        children = [
            int(pid) for thread in threads for pid in (thread / "children").read_text().split()
        ]
    except OSError:  # it has ended, or the kernel lists no children: this looks at every process
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from (child.pid for child in process.children(recursive=True))
        return
    for pid in children:
        yield pid
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from _descendants(psutil.Process(pid))


def _sockets_of(processes: Sequence[int]) -> Sequence[TcpSocket]:
    """Return the sockets of some processes: a descendant inherits sockets."""
    if psutil.LINUX:
        inodes = {inode for pid in processes for inode in _inodes(pid)}
        with contextlib.suppress(OSError):
            return kernel_sockets.owned(kernel_sockets.read(), lambda one: one.inode in inodes)
    found: set[TcpSocket] = set()
    for pid in processes:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            for one in filter(lambda one: one.laddr, psutil.Process(pid).net_connections("tcp")):
                remote = (one.raddr.ip, one.raddr.port) if one.raddr else None
                found.add(TcpSocket((one.laddr.ip, one.laddr.port), remote, one.status))
    return [*found]


def _inodes(pid: int) -> Iterator[int]:
    """Yield the inodes of a process's sockets; none if it has ended."""
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                kind, _, inode = str(descriptor.readlink()).partition(":[")
                if kind == "socket":
                    yield int(inode.removesuffix("]"))


def _machine_addresses() -> frozenset[str]:
    """Return every IPv4 and IPv6 address of this machine."""
    families = (socket.AF_INET, socket.AF_INET6)
    listed = (address for interface in psutil.net_if_addrs().values() for address in interface)
    return frozenset(plain(one.address) for one in listed if one.family in families)

"""The engine for machines without Docker: local processes, each on a loopback address."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Engine, Network, Peer, Say, folder_of, refuse_taken
from orchestrator.engines.owner import Owner
from orchestrator.engines.process import copies as process_build
from orchestrator.engines.process import marks
from orchestrator.engines.process.copies import Copies, require_program
from orchestrator.engines.process.network import ProcessNetwork
from orchestrator.engines.process.peer import Launch, ProcessPeer
from orchestrator.errors import EngineError
from orchestrator.paths import ROOT
from orchestrator.profile import Profile

__all__ = ["ProcessEngine", "ProcessPeer", "sweep"]

_TRIES = 50  # loopback addresses or ports tried for one peer
_LOOPBACK = "127.0.0.1"
_PORTS = (20_000, 31_999)  # of programs that listen on every address; below those for dialling


class ProcessEngine(Engine):
    """Runs peers as processes of this machine."""

    name = "process"
    version = f"Python {sys.version.split()[0]}"

    def __init__(self, stop: CancelToken | None = None) -> None:
        super().__init__(stop)
        self._owner = Owner.this()
        self._peers: list[ProcessPeer] = []
        self._networks: list[ProcessNetwork] = []
        self._serials = itertools.count(1)
        self._copies = Copies(self._environment(), self._owner.mark)

    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start a process for each name."""
        self.stop.check()
        refuse_taken(names, self._peers)
        source = self._source(profile, say)
        say(f"starting {len(names)} processes")
        before = list(self._peers)
        try:
            return [self._start(name, profile, source) for name in names]
        except BaseException:
            self.discard([peer for peer in self._peers if peer not in before])
            raise

    def _source(self, profile: Profile, say: Say) -> Path | None:
        """Return what a profile's program is copied from, built where it must be."""
        start = profile.start
        if start.words("process") is None or (start.image and not start.process):
            raise EngineError(
                f"{profile.name} cannot be started as a process", hint="take --engine docker"
            )
        folder = folder_of(profile)
        if folder and start.build:
            say(f"building {folder}")
            return self._copies.built(folder, start)
        return folder

    def _start(self, name: str, profile: Profile, source: Path | None) -> Peer:
        self.stop.check()
        number = str(next(self._serials))
        wanted = profile.start.words("process") or []
        peer = self._placed(name, profile, number)
        self._peers.append(peer)
        folder = self._copies.of(number, source) if source else ROOT
        words = {
            "port": peer.port, "address": peer.address, "name": name, "python": sys.executable,
            "folder": folder,
        }  # fmt: skip
        command = [part.format_map(words) for part in wanted]
        require_program(command[0])
        environment = self._environment() | profile.start.environment | {marks.PEER: number}
        peer.launch(Launch(command, environment, folder))
        return peer

    def _placed(self, name: str, profile: Profile, number: str) -> ProcessPeer:
        """Return a peer with an address and a port of its own.

        A program that is not told its address listens on all: such peers differ by port.
        """
        answers = [line.type for line in profile.start.answers]
        told = " ".join([*(profile.start.words("process") or ()), *answers])
        address = _free_address(profile.port)
        if "{address}" in told:
            return ProcessPeer(name, address, profile.port, number, address)
        port = _free_port({peer.port for peer in self._peers})
        return ProcessPeer(name, _LOOPBACK, port, number, address)

    def _environment(self) -> dict[str, str]:
        """Return the environment of whatever this engine starts."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return kept | {"LANG": "C.UTF-8", "TERM": "xterm", marks.OWNER: self._owner.mark}

    def network(self, peers: Sequence[Peer]) -> Network:
        """Return the network between these peers; streams alone can be bent."""
        self._networks = [each for each in self._networks if not each.is_closed]
        self._networks.append(ProcessNetwork(peers, self._environment()))
        return self._networks[-1]

    def discard(self, peers: Iterable[Peer]) -> None:
        """Kill them and all that they started, in whatever session; close their ptys."""
        ended = set(peers)
        going = [peer for peer in self._peers if peer in ended]
        for peer in going:
            peer.discard()
        self._peers = [peer for peer in self._peers if peer not in going]
        numbers = {peer.number for peer in going}
        marks.kill(lambda owner, number: self._owns(owner) and number in numbers)
        self._copies.drop(numbers)

    def _owns(self, owner: Owner) -> bool:
        return owner.run == self._owner.run

    def close(self) -> None:
        """Kill every process, also one that has left its peer's session; close every pty."""
        while self._networks:
            self._networks.pop().close()
        while self._peers:
            self._peers.pop().discard()
        marks.kill(lambda owner, _: self._owns(owner))
        self._copies.remove()


def _free_port(taken: Collection[int]) -> int:
    """Return a port on which nobody listens at any address.

    Raises:
        EngineError: none was found.
    """
    for _ in range(_TRIES):
        port = random.randint(*_PORTS)  # noqa: S311
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            if port not in taken:
                return port
    raise EngineError(f"no port is free between {_PORTS[0]} and {_PORTS[1]}")


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
    """Kill what runs that are gone have left behind; return how many processes.

    Their copies of programs go as well.
    """
    killed = len(marks.kill(lambda owner, _: owner.is_gone))
    process_build.sweep()
    return killed

"""The engine for machines without Docker: local processes, each on a loopback address."""

from __future__ import annotations

import errno
import itertools
import os
import random
import socket
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from orchestrator.cancel import CancelToken
from orchestrator.engines import resources
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.engines.canary.canary import SOURCE, Canary
from orchestrator.engines.network import Network
from orchestrator.engines.process import marks
from orchestrator.engines.process.copies import Copies, require_program
from orchestrator.engines.process.network import ProcessNetwork
from orchestrator.engines.process.peer import ProcessPeer
from orchestrator.engines.process.ports import PortClaim, claim_port
from orchestrator.engines.process.sidecar import PipeCarrier
from orchestrator.engines.process.terminals import Launch
from orchestrator.engines.resources import Demand, Resource
from orchestrator.engines.starting import (
    PeerAddress,
    address_of,
    files_of,
    filled,
    folder_of,
    port_of,
    refuse_taken,
    require_start,
    start_values,
)
from orchestrator.errors import EngineError
from orchestrator.owner import Owner
from orchestrator.paths import ROOT
from orchestrator.profile import Profile

_TRIES = 50  # loopback addresses tried for one peer
_LOOPBACK = "127.0.0.1"
_CANARY = "127.0.0.1" if sys.platform == "darwin" else "127.255.0.1"  # peers are below


class ProcessEngine(Engine):
    """Runs peers as processes of this machine."""

    name = "process"
    version = f"Python {sys.version.split()[0]}"

    def __init__(self, cancel: CancelToken | None = None) -> None:
        super().__init__(cancel)
        self._owner = Owner.this()
        self._peers: list[ProcessPeer] = []
        self._networks: list[ProcessNetwork] = []
        self._claims: dict[str, PortClaim] = {}  # by the peer's number
        self._serials = itertools.count(1)
        self._copies = Copies(self._environment(), self._owner)
        self._reserved: dict[str, ProcessPeer] = {}  # by name; they were not started

    def reserve(self, profiles: Mapping[str, Profile]) -> None:
        """Find an address and port for each peer."""
        self._release(peer.number for peer in self._reserved.values())
        self._reserved.clear()
        for name, profile in profiles.items():
            self._reserved[name] = self._new_peer(name, profile)

    def start(
        self,
        names: Sequence[str],
        profile: Profile,
        say: Say,
        restarted: Collection[str] = (),
        among: Sequence[str] = (),
    ) -> list[Peer]:
        """Start a process for each name; every one has this machine's network."""
        self.cancel.check()
        refuse_taken(names, self._peers)
        source = self._source(profile, say)
        say(f"starting {len(names)} process{'' if len(names) == 1 else 'es'}")
        before = list(self._peers)
        try:
            for name in names:
                if name not in self._reserved:
                    self._reserved[name] = self._new_peer(name, profile)
            known = {peer.name: peer for peer in (*self._peers, *self._reserved.values())}
            run = [address_of(known[name]) for name in among or known if name in known]
            peers = [self._start(name, profile, source, run) for name in names]
            if self._has_canary and not self.canary:
                self._start_canary()
        except BaseException:
            self.discard([peer for peer in self._peers if peer not in before])
            self.reserve({})
            raise
        return peers

    def _start_canary(self) -> None:
        """Start the canary; its two ends are loopback addresses of no peer."""
        ends = [_CANARY, _LOOPBACK, "0"]
        carrier = PipeCarrier([sys.executable, "-I", "-S", str(SOURCE), *ends], self._environment())
        where = f"from {_CANARY} to {_LOOPBACK}"
        self.canary = Canary(carrier, where, "a firewall may drop what loopback carries")

    def _source(self, profile: Profile, say: Say) -> Path | None:
        """Return the folder to copy a program from, built if needed; None without a folder."""
        start = profile.start
        require_start(profile)
        if start.words("process") is None or (start.image and not start.process):
            raise EngineError(
                f"{profile.name} cannot be started as a process", hint="take --engine docker"
            )
        _refuse_absolute(profile)
        folder = folder_of(profile)
        if folder and start.build:
            say(f"building {folder}")
            return self._copies.built(folder, start)
        return folder

    def _start(
        self, name: str, profile: Profile, source: Path | None, run: Sequence[PeerAddress]
    ) -> Peer:
        self.cancel.check()
        peer, start = self._reserved.pop(name), profile.start
        self._peers.append(peer)
        has_folder = source is not None or start.files
        folder = self._copies.folder_of(peer.number) if has_folder else ROOT
        own = {
            "port": peer.port, "address": peer.address, "bind": peer.address, "name": name,
            "python": sys.executable, "folder": folder,
        }  # fmt: skip
        values = start_values(own, run)
        files = files_of(start, values)
        renew = partial(self._copies.of, peer.number, source, start.keep, files)
        if has_folder:
            renew()
        command = filled(start.words("process") or (), values)
        client = filled(profile.console.exec or (), values)
        for tool in (*command[:1], *client[:1]):
            require_program(tool)
        environment = self._environment() | start.environment | {marks.PEER: peer.number}
        peer.launch(Launch(command, environment, folder, renew if has_folder else None, client))
        return peer

    def _new_peer(self, name: str, profile: Profile) -> ProcessPeer:
        """Return a peer with its own address and port.

        A program that is not given an address listens on all: such peers differ by port.
        """
        number = str(next(self._serials))
        given = " ".join(profile.start.templates("process"))
        others = [*self._peers, *self._reserved.values()]
        wanted = port_of(profile, {peer.port for peer in others})
        address = free_address(wanted, {peer.source for peer in others})
        if "{address}" in given or "{bind}" in given:
            return ProcessPeer(name, address, wanted, number, address)
        claim = self._claims[number] = claim_port()
        return ProcessPeer(name, _LOOPBACK, claim.port, number, address)

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return kept | {"LANG": "C.UTF-8", "TERM": "xterm", marks.OWNER: self._owner.mark}

    def _resources(self, demand: Demand) -> Iterable[Resource]:
        return resources.of_processes(demand)

    def network(self, peers: Sequence[Peer]) -> Network:
        """Return the network between these peers; only streams can be shaped."""
        self._networks = [network for network in self._networks if not network.is_closed]
        self._networks.append(ProcessNetwork(peers, self._environment()))
        return self._networks[-1]

    def discard(self, peers: Iterable[Peer]) -> None:
        """Kill them and their descendants in any session; close their ptys."""
        discarded = set(peers)
        going = [peer for peer in self._peers if peer in discarded]
        for peer in going:
            peer.discard()
        self._peers = [peer for peer in self._peers if peer not in going]
        numbers = {peer.number for peer in going}
        marks.kill(lambda owner, number: self._owns(owner) and number in numbers)
        self._copies.drop(numbers)
        self._release(numbers)

    def _release(self, numbers: Iterable[str]) -> None:
        """Leave the ports of peers that are gone to others."""
        for number in numbers:
            if claim := self._claims.pop(number, None):
                claim.release()

    def _owns(self, owner: Owner) -> bool:
        return owner.run == self._owner.run

    def close(self) -> None:
        """Kill every process, even one that left its peer's session; close every pty."""
        self._end_canary()
        while self._networks:
            self._networks.pop().close()
        while self._peers:
            self._peers.pop().discard()
        marks.kill(lambda owner, _: self._owns(owner))
        self._copies.remove()
        self._reserved.clear()
        self._release([*self._claims])


def _refuse_absolute(profile: Profile) -> None:
    """Raise an `EngineError` if a profile keeps an absolute folder: that is this machine's own."""
    for folder in profile.start.keep:
        if folder.startswith("/"):
            raise EngineError(
                f"{profile.name} keeps {folder}, and the process engine has no such folder for"
                " each peer",
                hint="take --engine docker, or keep a folder below the program's own, without the"
                " first slash, and have the program use that",
            )


def free_address(port: int, taken: Collection[str]) -> str:
    """Return a loopback address where `port` is free.

    Linux has all of 127.0.0.0/8; macOS and some containers only those that were added.
    """
    for _ in range(_TRIES):
        low, middle, high = random.randint(1, 254), random.randint(0, 255), random.randint(1, 254)  # noqa: S311
        address = f"127.{low}.{middle}.{high}"
        why = _refusal(address, port)
        if why == errno.EADDRNOTAVAIL:
            return _added_address(port, taken)
        if not why:
            return address
    raise EngineError(
        f"port {port} is taken on every loopback address tried",
        hint="some program listens there on every address: find it with `ss -ltnp`",
    )


def _refusal(address: str, port: int) -> int:
    """Return the number of the error with which a port cannot be bound; 0 if it can."""
    try:
        with socket.socket() as probe:
            probe.bind((address, port))
    except OSError as error:
        return error.errno or errno.EINVAL
    return 0


def _added_address(port: int, taken: Collection[str]) -> str:
    """Return a loopback address that an interface has, where `port` is free."""
    listed = (one for interface in psutil.net_if_addrs().values() for one in interface)
    known = sorted({one.address for one in listed if one.address.startswith("127.")})
    for address in known:
        if address not in taken and not _refusal(address, port):
            return address
    missing = next(it for n in range(2, 256) if (it := f"127.0.0.{n}") not in (*known, *taken))
    raise EngineError(
        f"each peer needs a loopback address of its own with port {port} free, and this machine"
        f" has {', '.join(known) or 'none'}: {missing} is missing",
        hint=f"add one for each peer: `sudo ifconfig lo0 alias {missing}` on macOS,"
        f" `sudo ip address add {missing}/8 dev lo` on Linux",
    )


def leftovers() -> int:
    """Return how many processes `sweep_processes` is about to kill."""
    return sum(1 for _ in marks.find(_is_left_behind))


def _is_left_behind(owner: Owner, _peer: str) -> bool:
    return owner.is_gone


def sweep_processes() -> int:
    """Kill the processes that ended runs left behind; return how many."""
    return len(marks.kill(_is_left_behind))

"""What peers take from the machine, counted before they start.

Every figure is the least that peers need: nothing is refused that could work.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.errors import ShortageError
from orchestrator.text import count

_PROC = Path("/proc")
_NEIGHBOURS = "net.ipv4.neigh.default.gc_thresh3"
_FILES_OF_A_PEER = 2  # its console and its transcript
_FILES_OF_THE_LAB = 24  # measured: 21 for Docker's connections, and those of one more command
_MEMORY_OF_A_PEER = 8 << 20  # bytes; a small program and its container's keeper take more
_DISK_OF_A_PEER = 64 << 10  # bytes of its transcript and its part of the history
_UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@dataclass(frozen=True, slots=True)
class Demand:
    """What a run asks of a machine."""

    peers: int  # how many are to start
    links: int  # connections between pairs of peers that need at least one new peer
    folder: Path  # where the run is kept


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that a machine has a limited number of."""

    what: str  # its plural
    needed: int  # how many peers need at least
    free: int | None  # how many are left; None if that cannot be found out
    remedy: str  # a command that raises the limit, or another way out
    show: Callable[[int], str] = "{:,}".format  # turns a number into text

    @property
    def is_short(self) -> bool:
        """Whether there is certainly not enough."""
        return self.free is not None and self.needed > self.free

    def __str__(self) -> str:
        return f"{self.show(self.needed)} {self.what}, and {self.show(self.free or 0)} are free"


def require(demand: Demand, resources: Iterable[Resource]) -> None:
    """Refuse a run for which the machine has too little.

    Raises:
        ShortageError: it names what is short, with the figures, and how to get more.
    """
    short = [one for one in resources if one.is_short]
    if short:
        need = "needs" if demand.peers == 1 else "need"
        raise ShortageError(
            f"{count(demand.peers, 'peer')} {need} {'; '.join(map(str, short))}",
            hint="; ".join(one.remedy for one in short),
        )


def of_the_lab(demand: Demand) -> Iterator[Resource]:
    """Yield what the lab itself needs, whatever the engine."""
    files = _FILES_OF_A_PEER * demand.peers + _FILES_OF_THE_LAB
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Resource(
        "open files", files, _less(most, _open_files()),
        f"`ulimit -n {_rounded(files + _open_files())}` in this shell allows more",
    )  # fmt: skip
    stats = os.statvfs(demand.folder)
    yield Resource(
        "of disk", _DISK_OF_A_PEER * demand.peers, stats.f_bavail * stats.f_frsize,
        f"make room on the disk of {demand.folder}, or choose another with --output", _size,
    )  # fmt: skip


def of_processes(demand: Demand) -> Iterator[Resource]:
    """Yield what peers need that run as processes of this machine."""
    yield _memory(demand)
    most, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if os.geteuid() and most != resource.RLIM_INFINITY:  # root has no limit
        yield Resource(
            "processes", demand.peers, _less(most, _threads_of_this_user()),
            f"`ulimit -u {_rounded(most + demand.peers)}` in this shell allows more",
        )  # fmt: skip


def of_containers(demand: Demand) -> Iterator[Resource]:
    """Yield what peers need that run in containers of this machine.

    Two peers that talk take an entry each in the kernel's table of neighbours, which is one for
    all network namespaces. When it is full, the kernel drops packets: connections time out.
    """
    yield _memory(demand)
    entries = 2 * demand.links
    most = _number(_PROC / "sys" / _NEIGHBOURS.replace(".", "/"))
    used = _neighbours()
    yield Resource(
        "entries in the kernel's neighbour table", entries,
        None if most is None or used is None else _less(most, used),
        f"`sudo sysctl -w {_NEIGHBOURS}={_rounded(entries + (used or 0))}` on this machine"
        " allows more",
    )  # fmt: skip


def _memory(demand: Demand) -> Resource:
    return Resource(
        "of memory", _MEMORY_OF_A_PEER * demand.peers, psutil.virtual_memory().available,
        "end other programs, or start fewer peers", _size,
    )  # fmt: skip


def _open_files() -> int:
    return psutil.Process().num_fds()


def _threads_of_this_user() -> int:
    """Return how many threads run as this user: the kernel counts each as a process."""
    mine = os.geteuid()
    found = psutil.process_iter(["uids", "num_threads"])
    return sum(
        one.info["num_threads"] or 0 for one in found if one.info["uids"] and
        one.info["uids"].real == mine
    )  # fmt: skip


def _neighbours() -> int | None:
    """Return the number of entries for IPv4; the kernel has one line for each processor."""
    try:
        head, line, *_ = (_PROC / "net/stat/arp_cache").read_text().splitlines()
    except (OSError, ValueError):
        return None
    return int(dict(zip(head.split(), line.split(), strict=True))["entries"], 16)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _less(most: int, used: int) -> int | None:
    """Return what is left of a limit; None if there is no limit."""
    return None if most == resource.RLIM_INFINITY else max(0, most - used)


def _rounded(needed: int) -> int:
    """Return a power of two with some room above what is needed."""
    return 1 << (needed + needed // 4).bit_length()


def _size(number: int) -> str:
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} bytes"

"""What a program does at one moment, by the kernel: where its threads wait, what it has written.

A program of which every thread waits does nothing more by itself until the first of their
deadlines: only input, from its terminal or from another program, makes it go on.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.engines.kernel_sockets import KernelSocket
from orchestrator.engines.thread_waits import ThreadWait, wait_of

_NAME_SERVER = f":{53:04X}"  # the end of a name server's address and port in /proc/net/udp
_UNDERWAY = ("SYN_SENT", "SYN_RECV", "FIN_WAIT1", "CLOSING", "LAST_ACK")


@dataclass(frozen=True, slots=True)
class Activity:
    """What a program and its descendants do at one moment.

    Attributes:
        waits: whether every thread waits, and nothing is underway to it or from it in the network.
        threads: how long each has run, in nanoseconds.
        deadlines: after how many seconds the wait of a thread ends, from when it began; without
            those that wait for ever.
        readers: the threads that wait for input, perhaps from the terminal.
        written: how many bytes it has written so far, to its terminal or elsewhere.
        is_virtual: whether a virtual machine with threads of its own runs it.
        runs: whether a thread runs, or would if a processor were free.
        sleeps: for how many seconds more each of the threads sleeps, at most, that do.
    """

    waits: bool
    threads: Mapping[int, int]
    deadlines: Mapping[int, float]
    readers: frozenset[int]
    written: int
    is_virtual: bool = False
    runs: bool = False
    sleeps: Mapping[int, float] = field(default_factory=dict, compare=False)  # passes by itself

    def is_done(self, before: Activity) -> bool:
        """Return whether it has taken what was typed at an earlier moment, and is done with it.

        If no thread waited for input, nothing is ever taken. A virtual machine that ends the
        program waits for its own threads meanwhile; it is done only when it reads again.
        """
        has_run = any(self.threads.get(it) != before.threads[it] for it in before.readers)
        has_read = has_run or not before.readers
        return has_read and bool(self.readers or not self.is_virtual)


def activity_of(pid: int, sockets: Callable[[], Iterable[KernelSocket]]) -> Activity | None:
    """Return what a process and its descendants do; None if the kernel does not say.

    It does not on other systems than Linux, to a user who may not know, and of one that ended.

    Args:
        pid: the process.
        sockets: returns those that it may have, and those that the kernel closes for it.
    """
    found, written = list[ThreadWait](), 0
    try:
        for process in _family(pid):
            written += _written(process)
            found += map(wait_of, process.glob("task/*"))
        waits = all(it.seconds is not None for it in found)
        waits = waits and not any(map(_is_underway, sockets()))
    except (OSError, ValueError, IndexError, struct.error):
        return None
    return Activity(
        waits,
        {it.number: it.ran for it in found},
        {it.number: it.seconds for it in found if it.seconds is not None and it.seconds < math.inf},
        frozenset(it.number for it in found if it.takes_input),
        written,
        any(it.is_virtual for it in found),
        any(it.runs for it in found),
        {it.number: it.left for it in found if it.left < math.inf},
    )


def asks_for_names(pid: int) -> bool:
    """Return whether a name is being looked up in a process's network, or that is unknown.

    Something else than the program is at work then.
    """
    try:
        tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("udp", "udp6")]
    except OSError:
        return True
    rows = (line.split() for table in tables for line in table.splitlines()[1:])
    return any(row[2].endswith(_NAME_SERVER) for row in rows)


def _is_underway(one: KernelSocket) -> bool:
    return one.socket.state in _UNDERWAY or one.socket.unsent > 0


def _family(pid: int) -> Iterator[Path]:
    """Yield the folders in /proc of a process and its descendants."""
    process = Path(f"/proc/{pid}")
    yield process
    for thread in process.glob("task/*"):
        for child in (thread / "children").read_text().split():
            yield from _family(int(child))


def _written(process: Path) -> int:
    rows = (line.split() for line in (process / "io").read_text().splitlines())
    return next(int(value) for key, value in rows if key == "wchar:")

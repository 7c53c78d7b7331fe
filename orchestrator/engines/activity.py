"""What a program does at one moment, by the kernel: where its threads wait, what it has written.

A program of which every thread waits does nothing more by itself until the first of their
deadlines: only input, from its terminal or from another program, makes it go on.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.engines.kernel_sockets import KernelSocket
from orchestrator.engines.thread_waits import ThreadWait, read_file, wait_of

_NAME_SERVER = f":{53:04X}"  # the end of a name server's address and port in /proc/net/udp
_UNDERWAY = ("SYN_SENT", "SYN_RECV", "FIN_WAIT1", "CLOSING", "LAST_ACK")


@dataclass(frozen=True, slots=True)
class Activity:
    """What a program and its descendants do at one moment.

    Attributes:
        threads: where each waits, by number.
        taken: how many bytes it has read so far, from its terminal or elsewhere.
        written: how many bytes it has written so far, in the same sense.
        sockets: returns those that it may have, and those that the kernel closes for it. They cost
            more than all the rest, so they are read only when they decide.
    """

    threads: Mapping[int, ThreadWait]
    taken: int
    written: int
    sockets: Callable[[], Iterable[KernelSocket]] = field(compare=False, repr=False)

    @property
    def waits(self) -> bool:
        """Whether every thread waits, and nothing is underway to it or from it in the network."""
        return all(it.seconds is not None for it in self.threads.values()) and not self.is_underway

    @property
    def is_underway(self) -> bool:
        """Whether something is underway to it or from it in the network now, or may be."""
        try:
            return any(map(_is_underway, self.sockets()))
        except (OSError, ValueError, IndexError, struct.error):
            return True

    @property
    def deadlines(self) -> Mapping[int, float]:
        """After how many seconds the wait of a thread ends, from when it began; if ever."""
        found = {number: it.seconds for number, it in self.threads.items()}
        return {it: end for it, end in found.items() if end is not None and end < math.inf}

    @property
    def readers(self) -> frozenset[int]:
        """The threads that wait for input, perhaps from the terminal."""
        return frozenset(number for number, it in self.threads.items() if it.takes_input)

    @property
    def is_virtual(self) -> bool:
        """Whether a virtual machine with threads of its own runs it."""
        return any(it.is_virtual for it in self.threads.values())

    @property
    def runs(self) -> frozenset[int]:
        """The threads that run, or would if a processor were free."""
        return frozenset(number for number, it in self.threads.items() if it.runs)

    @property
    def sleeps(self) -> Mapping[int, float]:
        """For how many seconds more each of the threads sleeps, at most, that do."""
        found = {number: it.left for number, it in self.threads.items()}
        return {number: left for number, left in found.items() if left < math.inf}

    def is_done(self, before: Activity) -> bool:
        """Return whether it has taken what was typed at an earlier moment, and is done with it.

        If no thread waited for input, nothing is ever taken. A virtual machine that ends the
        program waits for its own threads meanwhile; it is done only when it reads again.
        """
        return self.has_taken(before) and bool(not self.is_virtual or self.readers)

    def has_taken(self, before: Activity) -> bool:
        """Return whether it has taken what was typed at an earlier moment.

        If no thread waited for input, nothing is ever taken.
        """
        readers = before.readers
        has_run = any(self._ran(number) != before._ran(number) for number in readers)
        return (has_run and self.taken > before.taken) or not readers

    def _ran(self, number: int) -> int | None:
        return self.threads[number].ran if number in self.threads else None


def activity_of(pid: int, sockets: Callable[[], Iterable[KernelSocket]]) -> Activity | None:
    """Return what a process and its descendants do; None if the kernel does not say.

    It does not on other systems than Linux, to a user who may not know, and of one that ended.

    Args:
        pid: the process.
        sockets: returns those that it may have, and those that the kernel closes for it.
    """
    threads, taken, written = dict[int, ThreadWait](), 0, 0
    try:
        for process in _family(pid):
            ours = _bytes(process)
            taken, written = taken + ours["rchar:"], written + ours["wchar:"]
            threads |= {it.number: it for it in map(wait_of, _threads(process))}
    except (OSError, ValueError, IndexError, KeyError, struct.error):
        return None
    return Activity(threads, taken, written, sockets) if threads else None


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


def _family(pid: int) -> Iterator[str]:
    """Yield the folders in /proc of a process and its descendants that have not ended.

    One that has ended stays there until its parent asks for its status, without its program.
    """
    process = f"/proc/{pid}"
    try:
        Path(f"{process}/exe").readlink()
    except FileNotFoundError:
        return
    yield process
    for thread in _threads(process):
        for child in read_file(f"{thread}/children").split():
            yield from _family(int(child))


def _threads(process: str) -> list[str]:
    with os.scandir(f"{process}/task") as found:
        return [it.path for it in found]


def _bytes(process: str) -> dict[str, int]:
    rows = (line.split() for line in read_file(f"{process}/io").splitlines())
    return {key: int(value) for key, value in rows}

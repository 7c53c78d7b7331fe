"""How long programs have run on a processor, and waited for one, as the kernel counts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_NANO = 1e-9


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """What the threads of a program and its descendants have used since they started."""

    threads: Mapping[int, tuple[float, float]]  # seconds in which each ran, and waited to run

    def shares(self, before: ProcessorTime, seconds: float) -> tuple[float, float]:
        """Return how much of a processor all threads used, and how much one wanted at most.

        Both are shares of a time that has passed since. On a busy machine a thread gets less than
        it wants: the time in which it was ready to run.
        """
        spent = [*self._since(before)]
        used = sum(ran for ran, _ in spent) / seconds
        wanted = max((ran + waited for ran, waited in spent), default=0.0) / seconds
        return used, max(used, wanted)

    def _since(self, before: ProcessorTime) -> Iterator[tuple[float, float]]:
        for thread, (ran, waited) in self.threads.items():
            ran_before, waited_before = before.threads.get(thread, (0.0, 0.0))
            yield ran - ran_before, waited - waited_before


def processor_time(pid: int | None) -> ProcessorTime | None:
    """Return the processor time of a process and its descendants; None if it is not here."""
    if pid is None:
        return None
    try:
        root = psutil.Process(pid)
        pids = [pid, *(child.pid for child in root.children(recursive=True))]
    except psutil.Error:
        return None
    folders = [path for one in pids for path in Path(f"/proc/{one}/task").glob("*")]
    known = {int(folder.name): times for folder in folders if (times := _of_thread(folder))}
    return ProcessorTime(known) if known else None


def _of_thread(folder: Path) -> tuple[float, float] | None:
    """Return the seconds in which a thread ran, and waited; None if it has ended."""
    try:
        ran, waited, *_ = (folder / "schedstat").read_text().split()
        return int(ran) * _NANO, int(waited) * _NANO
    except (OSError, ValueError):
        return None

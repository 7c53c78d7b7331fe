"""Marks on containers, processes and files that say which run owns them, even after `kill -9`.

A process is identified by the boot of its kernel, its process namespace, its id there and the
clock tick at which it started: none of them changes when someone sets the clock.
"""

from __future__ import annotations

import functools
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

_PROC = Path("/proc")
_FIRST = "4026531836"  # Linux, PROC_PID_INIT_INO: the process namespace that sees all others
_START = 19  # Linux, proc(5): the column `starttime` of /proc/PID/stat, counted behind the name
_ENDED = ("Z", "X")  # its parent has not reaped it yet


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of the orchestrator."""

    run: str  # the run's id, eight hexadecimal digits
    host: str  # the machine's name
    boot: str  # the id that the kernel drew when it booted; empty where it has none
    namespace: str  # the number of the process namespace; empty where there are none
    pid: int  # the process in it
    started: int  # when that process started, in clock ticks since the machine booted

    @classmethod
    def this(cls) -> Owner:
        """Return the owner for a new run of this process."""
        return cls.of("self", os.getpid())

    @classmethod
    def of(cls, process: str, pid: int) -> Owner:
        """Return the owner for a new run of a process that runs now.

        Args:
            process: its folder in /proc; not used where there is none.
            pid: its id in its own namespace.
        """
        run, host = secrets.token_hex(4), socket.gethostname()
        return cls(run, host, _boot(), _namespace(process), pid, _started(process, pid) or 0)

    @classmethod
    def parse(cls, mark: str) -> Owner | None:
        """Return the owner that `mark` names; None if the mark is not ours."""
        try:
            run, host, boot, namespace, pid, started = mark.split("/")
            owner = cls(run, host, boot, namespace, int(pid), int(started))
        except ValueError:
            return None
        return owner if owner.pid > 0 else None

    @property
    def mark(self) -> str:
        """The owner as one word."""
        parts = (self.run, self.host, self.boot, self.namespace, self.pid, self.started)
        return "/".join(map(str, parts))

    @property
    def is_gone(self) -> bool:
        """Whether the process has certainly ended; False if that cannot be seen from here."""
        if self.boot != _boot():  # another machine, or this one before it was booted again
            return self.host == socket.gethostname()
        if self.namespace != _namespace("self"):
            return _is_gone_elsewhere(self)
        return _sees_its_own() and _started(str(self.pid), self.pid) != self.started


@functools.cache
def _boot() -> str:
    return _read(_PROC / "sys/kernel/random/boot_id").strip()


def _namespace(process: str) -> str:
    try:
        return str((_PROC / process / "ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return ""


def _sees_its_own() -> bool:
    """Return whether /proc shows the processes of our own namespace, by their ids there."""
    return not _boot() or str((_PROC / "self").readlink()) == str(os.getpid())


def _started(process: str, pid: int) -> int | None:
    """Return when a process started; None if it does not run."""
    if not _boot():
        return _started_without_proc(pid)
    fields = _read(_PROC / process / "stat").rpartition(")")[2].split()
    return int(fields[_START]) if fields and fields[0] not in _ENDED else None


def _started_without_proc(pid: int) -> int | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time())
    except psutil.NoSuchProcess:
        return None


def _is_gone_elsewhere(owner: Owner) -> bool:
    """Return whether a process of another namespace of this kernel has certainly ended.

    Only the first namespace has the processes of all others; a user may be shown none but the own.
    """
    if _namespace("self") != _FIRST or not _read(_PROC / "1/stat"):
        return False
    return not any(
        _started(path.name, owner.pid) == owner.started  # numbers of namespaces are reused
        and _inner(path.name) == owner.pid
        and _namespace(path.name) in (owner.namespace, "")  # that of another user is not shown
        for path in _PROC.iterdir()
        if path.name.isdecimal()
    )


def _inner(process: str) -> int:
    rows = (line.split() for line in _read(_PROC / process / "status").splitlines())
    return next((int(row[-1]) for row in rows if row[:1] == ["NSpid:"]), 0)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

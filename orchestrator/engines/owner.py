"""Marks on containers and processes that say which run owns them, even after `kill -9`."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass

import psutil

_CLOCK_SLACK = 2.0  # seconds by which a process's start may appear to move


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of the orchestrator.

    Attributes:
        run: the run's id, eight hexadecimal digits.
        host: the machine's name.
        pid: the process.
        started: when that process started, in seconds since the epoch.
    """

    run: str
    host: str
    pid: int
    started: float

    @classmethod
    def this(cls) -> Owner:
        """Return the owner for a new run of this process."""
        process = psutil.Process()
        return cls(secrets.token_hex(4), socket.gethostname(), process.pid, process.create_time())

    @classmethod
    def parse(cls, mark: str) -> Owner | None:
        """Return the owner that `mark` names; None if the mark is not ours."""
        try:
            run, host, pid, started = mark.split("/")
            owner = cls(run, host, int(pid), float(started))
        except ValueError:
            return None
        return owner if owner.pid > 0 else None

    @property
    def mark(self) -> str:
        """The owner as one word."""
        return f"{self.run}/{self.host}/{self.pid}/{self.started:.2f}"

    @property
    def is_gone(self) -> bool:
        """Whether the process has certainly ended; unknown on another machine, so False."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            started = process.create_time()
            if process.status() == psutil.STATUS_ZOMBIE:  # its parent has not reaped it yet
                return True
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False
        return abs(started - self.started) > _CLOCK_SLACK

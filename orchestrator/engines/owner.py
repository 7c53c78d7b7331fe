"""Who made something: a mark that a later command can judge, after a `kill -9` too."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass

import psutil

_CLOCK_SLACK = 2.0  # seconds by which a process's start may seem to move


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of the orchestrator.

    Attributes:
        run: the run's id, eight hexadecimal digits.
        host: the name of the machine.
        pid: the process.
        started: when that process started, in seconds since 1970.
    """

    run: str
    host: str
    pid: int
    started: float

    @classmethod
    def this(cls) -> Owner:
        """Return the mark of a new run of this process."""
        process = psutil.Process()
        return cls(secrets.token_hex(4), socket.gethostname(), process.pid, process.create_time())

    @classmethod
    def parse(cls, mark: str) -> Owner | None:
        """Return the owner that `mark` names; None when it is not a mark of ours."""
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
        """Whether the process has surely ended; another machine's are left alone."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            started = process.create_time()
            if process.status() == psutil.STATUS_ZOMBIE:  # only its parent keeps it
                return True
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False
        return abs(started - self.started) > _CLOCK_SLACK

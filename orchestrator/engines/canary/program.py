"""The canary's program: times a TCP echo without end and prints what it finds.

This file alone runs beside the peers, with the standard library, in a container or as a process:
`program.py SOURCE ADDRESS PORT`. With port 0 it answers itself, at that address. After the first
echo, then twice a second, it prints a line of JSON, also while the echo is stuck; it ends with its
standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time

_PAUSE = 0.1  # seconds between two round trips
_REPORT = 0.5  # seconds between two lines
_PATIENCE = 5.0  # seconds for a round trip; then it connects again
_LOAD = "/proc/loadavg"  # Linux: its fourth word begins with how many threads run or want to


class EchoTimer:
    """Sends a byte again and again, and measures when it is back."""

    def __init__(self, source: str, address: str, port: int) -> None:
        self._source, self._target = source, (address, port)
        self._took: list[float] = []  # seconds of each round trip since the last line
        self._since: float | None = None  # when the round trip began that is not over
        self._why = ""  # the last error
        self.carried = threading.Event()  # set once there was a round trip

    def run(self) -> None:
        """Measure without end."""
        while True:
            self._since = self._since or time.monotonic()
            try:
                with socket.create_connection(self._target, _PATIENCE, (self._source, 0)) as stream:
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while self._trip(stream):
                        time.sleep(_PAUSE)
                self._why = "it was closed"
            except OSError as error:
                self._why = str(error.strerror or error)
            time.sleep(_PAUSE)

    def _trip(self, stream: socket.socket) -> bool:
        """Make a round trip; return False if the other end is gone."""
        self._since = began = self._since or time.monotonic()
        stream.sendall(b".")
        if not stream.recv(1):
            return False
        self._took.append(time.monotonic() - began)
        self._since, self._why = None, ""
        self.carried.set()
        return True

    def report(self) -> dict[str, object]:
        """Return what was found since the last report."""
        took, self._took = self._took, []
        since = self._since
        held = time.monotonic() - since if since else 0.0
        return {"took": took, "held": held, "why": self._why}


def _echo(listener: socket.socket) -> None:
    """Send back what comes, one connection after the other."""
    while True:
        stream, _ = listener.accept()
        with stream, contextlib.suppress(OSError):
            while data := stream.recv(64):
                stream.sendall(data)


def _wanting() -> int | None:
    """Return how many threads of the machine run or want to, without this one."""
    try:
        with open(_LOAD) as load:  # noqa: PTH123 - pathlib takes a seventh of the start
            return int(load.read().split()[3].partition("/")[0]) - 1
    except (OSError, ValueError, IndexError):
        return None


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


def _start(work: object, *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]


def main(source: str, address: str, port: int) -> None:
    """Measure until the end of input."""
    _start(_end_with_input)
    if not port:
        listener = socket.create_server((address, 0))
        port = listener.getsockname()[1]
        _start(_echo, listener)
    timer = EchoTimer(source, address, port)
    _start(timer.run)
    timer.carried.wait(_REPORT)  # a run waits for the first line: it comes as soon as it can
    _print(timer, [])
    while True:
        wanting = []
        for _ in range(round(_REPORT / _PAUSE)):
            time.sleep(_PAUSE)
            wanting.append(_wanting())
        _print(timer, wanting)


def _print(timer: EchoTimer, wanting: list[int | None]) -> None:
    known = [number for number in wanting if number is not None]
    crowd = sum(known) / len(known) / (os.cpu_count() or 1) if known else 1.0
    line = json.dumps(timer.report() | {"crowd": crowd})
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""A socket in front of Docker's that can stall, or end, as the engine behind it would."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self

_CHUNK = 65_536  # bytes


class DockerProxy:
    """Passes everything on to Docker, until told otherwise.

    Args:
        path: the socket to listen on.
        engine: the socket of the engine.
    """

    def __init__(self, path: Path, engine: str = "/var/run/docker.sock") -> None:
        self.url = f"unix://{path}"
        self._path, self._engine = path, engine
        self._flows = threading.Event()
        self._flows.set()
        self._ends: list[socket.socket] = []
        self._listen()

    def _listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._engine)
                self._ends += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=ends, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flows.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def stall(self) -> None:
        """Go on accepting connections, and pass nothing on."""
        self._flows.clear()

    def resume(self) -> None:
        """Pass on what was held back, and all that comes."""
        self._flows.set()

    def end(self) -> None:
        """Cut every connection and refuse new ones, as an engine that was killed."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._flows.set()

    def restart(self) -> None:
        """Listen again after `end`."""
        self._listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        for end in self._ends:
            end.close()

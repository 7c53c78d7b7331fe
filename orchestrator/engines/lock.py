"""One command at a time may change what holds in the mesh."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator

from orchestrator.errors import EngineError

_WITHIN = 60.0  # seconds: a command that measures many links takes a few
_POLL = 0.05  # seconds


class MeshLock:
    """Held by one process at a time. The kernel ends it with its process, however that ends.

    Args:
        what: what must not be done twice at a time, of which engine.
        within: seconds to wait for it.

    Raises:
        EngineError: another command holds it all the time.
    """

    def __init__(self, what: str, within: float = _WITHIN) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + within
        while not self._take(f"\0peerlab {what}"):  # an abstract name: there is no file
            if time.monotonic() >= deadline:
                self._socket.close()
                raise EngineError(
                    "another command is at the mesh's faults",
                    hint="wait until it is done, or end it",
                )
            time.sleep(_POLL)

    def _take(self, name: str) -> bool:
        try:
            self._socket.bind(name)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise EngineError(f"no turn at the mesh's faults: {error.strerror}") from error
            return False
        return True

    def end(self) -> None:
        """Let the next command have it; harmless when done twice."""
        self._socket.close()


@contextlib.contextmanager
def idle(what: str) -> Iterator[bool]:
    """Tell whether no command is at it, and keep it so for as long as the context lasts."""
    try:
        turn = MeshLock(what, within=0.0)
    except EngineError:
        yield False
    else:
        try:
            yield True
        finally:
            turn.end()

"""Ports for programs that listen on every address: no two peers of this machine get the same.

A port that is free when it is chosen may be taken by the time a slow program listens: other runs
choose ports as well, in this process and in others. So the engine claims a port first.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import socket
import sys
import threading

from orchestrator.errors import EngineError

_PORTS = (20_000, 31_999)  # below those that Linux gives to sockets that dial
_TRIES = 50
_claimed: set[int] = set()  # in this process
_lock = threading.Lock()


class PortClaim:
    """A port that nothing else of the lab takes until this claim is released.

    Other processes see it by the name of a socket, which the kernel forgets when this process
    ends. Only Linux has such names (unix(7), "abstract"); elsewhere other processes see nothing.

    Args:
        port: the port.

    Raises:
        OSError: it is claimed, or in use.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            with _lock:
                self._claim()
        except OSError:
            self._name.close()
            raise

    def _claim(self) -> None:
        if self.port in _claimed:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        if sys.platform == "linux":
            self._name.bind(f"\0peerlab-port-{self.port}")
        with socket.socket() as probe:
            probe.bind(("", self.port))
        _claimed.add(self.port)

    def release(self) -> None:
        """Leave the port to others."""
        with _lock:
            _claimed.discard(self.port)
        self._name.close()


def claim_port() -> PortClaim:
    """Claim a port that is free on every address.

    Raises:
        EngineError: none was found.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            return PortClaim(random.randint(*_PORTS))  # noqa: S311 - any will do
    raise EngineError(
        f"no port is free between {_PORTS[0]} and {_PORTS[1]}",
        hint="see what listens there with `ss -ltnp`",
    )

"""`python3 -m peer.health`: exit 0 if the container's peer answers."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from peer import arguments
from peer.wire import Alive, Probe, Refuse, encode

_TIMEOUT = 3.0  # seconds


def alive(address: str, port: int, timeout: float = _TIMEOUT) -> bool:
    """Return whether a peer answers a probe there within `timeout` seconds."""
    try:
        with socket.create_connection((address, port), timeout) as sock:
            sock.sendall(encode(Probe()))
            answer = sock.makefile("rb").readline()
            return answer in (encode(Alive()), encode(Refuse("full", "-")))
    except OSError:
        return False


def main() -> int:
    """Return 0 when the peer answers, 1 when it does not."""
    words = Path("/proc/1/cmdline").read_bytes().decode().rstrip("\0").split("\0")
    settings = arguments.parse(words[words.index("peer") + 1 :])
    return 0 if alive(settings.bind or "127.0.0.1", settings.port) else 1


if __name__ == "__main__":
    sys.exit(main())

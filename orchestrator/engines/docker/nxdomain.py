"""A DNS server that answers every query with NXDOMAIN, and a TCP echo for the canary.

Docker resolves the names of containers itself and forwards all others to a server that
a lab's network does not reach, so that a program would wait ten seconds for each mistyped
name. This file alone runs in a container beside the peers, with the standard library.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from typing import Any

PORT = 53
ECHO_PORT = 7  # RFC 862
_HEADER = struct.Struct("!6H")  # RFC 1035, 4.1.1: id, flags, and four counts
_NXDOMAIN = 0x8183  # a response, recursion desired and available, code 3
_RECURSION_DESIRED = 0x0100


def reply(query: bytes) -> bytes:
    """Return the NXDOMAIN response to a query; empty if `query` is not one."""
    if len(query) < _HEADER.size:
        return b""
    number, flags, questions, *_ = _HEADER.unpack_from(query)
    end = _HEADER.size
    for _ in range(questions):
        end = _skip_name(query, end) + 4  # type and class
    if flags & 0x8000 or not questions or end > len(query):
        return b""
    code = _NXDOMAIN & ~_RECURSION_DESIRED | flags & _RECURSION_DESIRED
    return _HEADER.pack(number, code, questions, 0, 0, 0) + query[_HEADER.size : end]


def _skip_name(query: bytes, start: int) -> int:
    """Return the offset after a name; past the end if the name is truncated."""
    while start < len(query) and query[start]:
        start += query[start] + 1
    return start + 1


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sender = self.request
        if response := reply(data):
            with contextlib.suppress(OSError):
                sender.sendto(response, self.client_address)


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(64):
            self.request.sendall(data)


class _Server(socketserver.UDPServer):
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore it: one bad datagram must not end the server."""


class _EchoServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore it: the canary may just have ended."""


def main() -> None:
    """Serve until killed."""
    echo = _EchoServer(("", ECHO_PORT), _Echo)
    threading.Thread(target=echo.serve_forever, args=(60,), daemon=True).start()
    with _Server(("", PORT), _Datagram) as server:
        server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()

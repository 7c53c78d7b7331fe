"""A DNS server that answers every query with NXDOMAIN.

Docker resolves the names of containers itself and forwards all others to a server that
a lab's network does not reach, so that a program would wait ten seconds for each mistyped
name. This file alone runs in a container beside the peers, with the standard library.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
from typing import Any

PORT = 53
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


class _Server(socketserver.UDPServer):
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore it: one bad datagram must not end the server."""


def main() -> None:
    """Serve until killed."""
    with _Server(("", PORT), _Datagram) as server:
        server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()

"""A name server that knows nobody, and says so at once.

Docker itself answers for the names of containers. Any other name it asks of somebody
outside, whom a lab's network does not reach: programs would wait ten seconds for each
wrong address that is typed. This file alone is what runs in a container beside the
peers; it needs nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
from typing import Any

PORT = 53
_HEADER = struct.Struct("!6H")  # RFC 1035, 4.1.1: id, flags, and four counts
_SAYS_NO = 0x8183  # a reply, recursion was available, there is no such name
_RECURSES = 0x0100


def reply(query: bytes) -> bytes:
    """Return what says that there is no such name; empty where it was no query."""
    if len(query) < _HEADER.size:
        return b""
    number, flags, questions, *_ = _HEADER.unpack_from(query)
    end = _HEADER.size
    for _ in range(questions):
        end = _after_name(query, end) + 4
    if flags & 0x8000 or not questions or end > len(query):
        return b""
    said = _SAYS_NO & ~_RECURSES | flags & _RECURSES
    return _HEADER.pack(number, said, questions, 0, 0, 0) + query[_HEADER.size : end]


def _after_name(query: bytes, start: int) -> int:
    """Return where a name ends that starts there; past the end where it is cut short."""
    while start < len(query) and query[start]:
        start += query[start] + 1
    return start + 1


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sender = self.request
        if said := reply(data):
            with contextlib.suppress(OSError):
                sender.sendto(said, self.client_address)


class _Server(socketserver.UDPServer):
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Go on: whatever somebody sent is nobody else's business."""


def main() -> None:
    """Answer for ever."""
    with _Server(("", PORT), _Datagram) as server:
        server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()

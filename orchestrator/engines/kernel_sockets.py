"""The TCP sockets in a network namespace, as the kernel lists them, and whose they are."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engines import sock_diag
from orchestrator.engines.endpoints import Endpoint, TcpSocket

HEADER = "local_address"  # a word in the first line of each table
_STATES = (  # include/net/tcp_states.h, from 1 on
    "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
    "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
)  # fmt: skip
_CLOSING = ("FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSING", "LAST_ACK")
_UNACCEPTED = ("ESTABLISHED", "CLOSE_WAIT")


@dataclass(frozen=True, slots=True)
class KernelSocket:
    """A socket, and whose it is.

    Attributes:
        socket: it.
        user: the id of the user who opened it.
        inode: of its descriptors; 0 if there is none, because it was not accepted yet, or because
            its program has closed it and the kernel finishes the connection.
    """

    socket: TcpSocket
    user: int
    inode: int


def read(pid: int | None = None, *, closed: bool = False) -> list[KernelSocket]:
    """Return the sockets in the network namespace of a process; by default, of this one.

    Args:
        pid: the process.
        closed: whether those are to be among them that only wait until their port is free.

    Raises:
        OSError: no permission, it has ended, or this is not Linux.
    """
    with contextlib.suppress(OSError):  # to another namespace, only root may ask
        return [_dumped(found) for found in sock_diag.dump(pid, closed=closed)]
    tables = [Path(f"/proc/{pid or 'self'}/net/{name}") for name in ("tcp", "tcp6")]
    texts = [table.read_text() for table in tables[:1]]
    texts += [table.read_text() for table in tables[1:] if table.exists()]  # no IPv6, no tcp6
    return [row for text in texts for row in parse(text)]


def closing(port: int, pid: int | None = None) -> list[TcpSocket]:
    """Return the connections of a port that no program has any more: the kernel finishes them.

    Raises:
        OSError: as for `read`.
    """
    rows = read(pid, closed=True)
    return [r.socket for r in rows if r.socket.state in _CLOSING and r.socket.local[1] == port]


def takes_datagrams(port: int, pid: int) -> bool:
    """Return whether a UDP socket has a port in the network namespace of a process.

    It is false as well if that is unknown.
    """
    for table in (Path(f"/proc/{pid}/net/{name}") for name in ("udp", "udp6")):
        with contextlib.suppress(OSError):
            rows = (line.split() for line in table.read_text().splitlines()[1:])
            if any(_endpoint(row[1])[1] == port for row in rows):
                return True
    return False


def _dumped(found: sock_diag.Found) -> KernelSocket:
    state, local, remote, unread, unsent, user, inode = found
    return _made(_STATES[state - 1], local, remote, unread, unsent, user, inode)


def user_of(pid: int) -> int:
    """Return the id of the user as whom a process runs.

    Raises:
        OSError: it has ended, or this is not Linux.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[2])  # the effective one
    raise ProcessLookupError(pid)


def parse(text: str) -> list[KernelSocket]:
    """Return the sockets in the text of /proc/net/tcp, tcp6 or both (Linux, proc(5))."""
    rows = (line.split() for line in text.splitlines())
    return [_row(row) for row in rows if row and row[0].endswith(":")]  # neither blank nor a header


def _row(row: list[str]) -> KernelSocket:
    unsent, unread = (int(digits, 16) for digits in row[4].split(":"))
    ends = _endpoint(row[1]), _endpoint(row[2])
    return _made(_STATES[int(row[3], 16) - 1], *ends, unread, unsent, int(row[7]), int(row[9]))


def _made(
    state: str, local: Endpoint, remote: Endpoint, unread: int, unsent: int, user: int, inode: int
) -> KernelSocket:
    if state == "LISTEN":
        unread = unsent = 0  # not bytes, but connections that wait
    other = remote if remote[1] else None
    return KernelSocket(
        TcpSocket(local, other, state, unread, unsent, accepted=inode != 0), user, inode
    )


def _endpoint(text: str) -> Endpoint:
    """Return an endpoint that the kernel wrote: words of 32 bits in the machine's byte order."""
    digits, port = text.split(":")
    words = [int(digits[at : at + 8], 16) for at in range(0, len(digits), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)), int(port, 16)


def owned(rows: Iterable[KernelSocket], is_own: Callable[[KernelSocket], bool]) -> list[TcpSocket]:
    """Return a program's sockets, with the connections to it that it has not accepted yet.

    Those that it has closed are not its own any more.

    Args:
        rows: all sockets in its network namespace.
        is_own: returns whether a socket with a descriptor is the program's.
    """
    rows = list(rows)
    own = [row.socket for row in rows if row.inode and is_own(row)]
    bound = {one.local for one in own if one.state == "LISTEN"}
    ports = {port for _, port in bound}
    waiting = (
        row.socket
        for row in rows
        if not row.inode and row.socket.state in _UNACCEPTED and row.socket.local[1] in ports
    )
    return [*own, *(one for one in waiting if _is_to(one.local, bound))]


def _is_to(local: Endpoint, bound: set[Endpoint]) -> bool:
    """Return whether a connection to this endpoint is for a socket that listens at one of these."""
    addresses = {address for address, port in bound if port == local[1]}
    return local[0] in addresses or any(address in ("0.0.0.0", "::") for address in addresses)  # noqa: S104

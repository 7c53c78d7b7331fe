"""What the kernel says of a container's main process, if Docker runs on this machine.

Docker's own statistics take up to a second for each container.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.engines import kernel_sockets
from orchestrator.engines.activity import Activity, activity_of
from orchestrator.engines.endpoints import TcpSocket

_CGROUPS = Path("/sys/fs/cgroup")
_SOCKET = "socket:["  # how the target of a socket's descriptor begins


def memory(container: str, pid: int) -> int | None:
    """Return the bytes in use without the page cache, as `docker stats` does; None if not here.

    Args:
        container: the container's id.
        pid: the process's id on Docker's machine.
    """
    for folder, usage, cache in _memory_files(container, pid):
        try:
            used = int((folder / usage).read_text())
            rows = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
            return used - next(int(value) for key, value in rows if key == cache)
        except (OSError, ValueError, StopIteration):
            continue
    return None


def is_here(container: str, pid: int) -> bool:
    """Return whether a process on Docker's machine is one of this machine."""
    return bool(_groups(container, pid))


def _memory_files(container: str, pid: int) -> Iterator[tuple[Path, str, str]]:
    """Yield the folder of a container's memory limits, with the names in it."""
    for line in _groups(container, pid):
        controllers, path = line.split(":", 2)[1:]
        if controllers == "memory":
            folder = _CGROUPS / "memory" / path.lstrip("/")
            yield folder, "memory.usage_in_bytes", "total_inactive_file"
        elif not controllers:  # version 2
            yield _CGROUPS / path.lstrip("/"), "memory.current", "inactive_file"


def sockets(container: str, pid: int, *, of_many_users: bool = False) -> Sequence[TcpSocket] | None:
    """Return the TCP sockets of its programs; None if it is not here.

    Those of a sidecar in its network namespace are not among them. It belongs to another user than
    programs that the lab starts.

    Args:
        container: the container's id.
        pid: its main process's id on Docker's machine.
        of_many_users: whether its programs may run as any user, so that only their descriptors
            tell which sockets are theirs.
    """
    if not _groups(container, pid):
        return None
    try:
        rows = kernel_sockets.read(pid)
        if of_many_users:
            inodes = _inodes(container, pid)
            return kernel_sockets.owned(rows, lambda row: row.inode in inodes)
        user = kernel_sockets.user_of(pid)
        return kernel_sockets.owned(rows, lambda row: row.user == user)
    except OSError:
        return None  # no permission, or it has ended


def activity(container: str, pid: int) -> Activity | None:
    """Return what its programs do at this moment; None if it is not here, or has ended.

    Args:
        container: the container's id.
        pid: its main process's id on Docker's machine.
    """
    if not _groups(container, pid):
        return None
    return activity_of(pid, lambda: kernel_sockets.read(pid))


def _inodes(container: str, pid: int) -> set[int]:
    """Return the numbers of the sockets of which a container's processes have descriptors.

    Raises:
        OSError: no permission, or it has ended.
    """
    found: set[int] = set()
    for process in _processes(container, pid):
        with contextlib.suppress(FileNotFoundError):  # this one has ended
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    target = str(descriptor.readlink())
                    if target.startswith(_SOCKET):
                        found.add(int(target[len(_SOCKET) : -1]))
    return found


def _processes(container: str, pid: int) -> Sequence[str]:
    """Return the ids of a container's processes on Docker's machine.

    Raises:
        OSError: it has ended.
    """
    for folder, _, _ in _memory_files(container, pid):
        with contextlib.suppress(FileNotFoundError):  # of two versions, one may not be mounted
            return (folder / "cgroup.procs").read_text().split()
    raise ProcessLookupError(pid)


def closing(container: str, pid: int, port: int) -> Sequence[TcpSocket]:
    """Return the connections of a port that the kernel finishes; none if it is not here."""
    with contextlib.suppress(OSError):
        return kernel_sockets.closing(port, pid) if _groups(container, pid) else []
    return []


def _groups(container: str, pid: int) -> list[str]:
    """Return the lines of a process's control groups; none if it is not the container's."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return []
    return text.splitlines() if container in text else []

"""What confines a container: limits, privileges and writable folders. See docs/sandbox.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator import definition
from orchestrator.image import program
from orchestrator.image.recipe import USER
from orchestrator.profile import Profile

_CPU = 1_000_000_000  # Docker's API counts nano-CPUs
_WRITABLE = f"rw,exec,nosuid,nodev,size=64m,nr_inodes=16k,mode=755,uid={USER},gid={USER}"
"""Options of a program's working folder, which lies in memory.

Many programs write a log beside themselves and end if they cannot."""


@dataclass(frozen=True, slots=True)
class PeerImage:
    """The image that a peer runs.

    Attributes:
        name: its name.
        id: its id.
        user: the user that it names; empty for root.
        volumes: folders that it declares persistent; here they are not.
    """

    name: str
    id: str
    user: str = ""
    volumes: Sequence[str] = ()

    @classmethod
    def of(cls, name: str, found: dict[str, Any]) -> PeerImage:
        """Return the image that Docker describes."""
        config = found.get("Config") or {}
        return cls(name, found["Id"], config.get("User") or "", [*(config.get("Volumes") or ())])

    @property
    def unprivileged(self) -> str:
        """The user that its programs run as: never root."""
        is_roots = self.user.partition(":")[0] in ("", "0", "root")
        return f"{USER}:{USER}" if is_roots else self.user


def options(spec: definition.ContainerSpec, profile: Profile, image: PeerImage) -> dict[str, Any]:
    """Return arguments of `create_container`, without network, names and labels."""
    return {
        "user": spec.user or image.unprivileged,
        "stdin_open": spec.stdin_open,
        "tty": spec.tty,
        "stop_timeout": int(spec.stop_grace_period.removesuffix("s")),
        "environment": spec.environment | profile.start.environment,
    }


def peer_limits(
    spec: definition.ContainerSpec, profile: Profile, image: PeerImage
) -> dict[str, Any]:
    """Return arguments of `create_host_config` that confine a peer."""
    tmpfs = dict(entry.partition(":")[::2] for entry in spec.tmpfs)
    if profile.start.folder:
        tmpfs[program.FOLDER] = _WRITABLE
    # A volume would be on disk, without a limit.
    tmpfs |= {path: _WRITABLE for path in image.volumes if path not in tmpfs}
    return {
        "read_only": spec.read_only,
        "cap_drop": spec.cap_drop,
        "security_opt": spec.security_opt,
        "tmpfs": tmpfs,
        "shm_size": spec.shm_size,
        "mem_limit": spec.mem_limit,
        "memswap_limit": spec.memswap_limit,
        "pids_limit": spec.pids_limit,
        "nano_cpus": int(spec.cpus * _CPU),
        "ulimits": [_ulimit(name, limit) for name, limit in spec.ulimits.items()],
        "log_config": {"Type": spec.logging.driver, "Config": spec.logging.options},
        "dns_opt": spec.dns_opt,
    }


def own_limits(memory: str, processes: int) -> dict[str, Any]:
    """Return arguments of `create_host_config` that confine one of the lab's own containers.

    Args:
        memory: the most memory, without swap, as Docker writes sizes.
        processes: the most processes and threads.
    """
    return {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "log_config": {"Type": "none"},
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": processes,
    }


def _ulimit(name: str, limit: int | definition.Range) -> dict[str, Any]:
    soft, hard = (limit, limit) if isinstance(limit, int) else (limit.soft, limit.hard)
    return {"Name": name, "Soft": soft, "Hard": hard}


def command(name: str, profile: Profile) -> dict[str, Any]:
    """Return arguments of `create_container` that start a program.

    Args:
        name: the peer's name.
        profile: the program's profile.
    """
    values = {
        "port": profile.port, "name": name, "folder": program.FOLDER, "python": "python3",
        "address": "0.0.0.0",  # noqa: S104 - inside the container
    }  # fmt: skip
    words = [part.format_map(values) for part in profile.start.words("container") or ()]
    # The health check of the peers' image is for their own program alone.
    unchecked: dict[str, Any] = {"healthcheck": {"test": ["NONE"]}}
    if profile.start.folder:
        return unchecked | {
            "entrypoint": [*program.STARTED_BY, *words], "working_dir": program.FOLDER,
        }  # fmt: skip
    if profile.start.image:
        return unchecked | {"command": words}
    if profile.start.command:  # the whole command, on the peers' image
        return unchecked | {"entrypoint": words}
    return {"command": words}

"""What a peer's container is told: how it is confined, what it runs and what it may write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator import definition
from orchestrator.image import program
from orchestrator.image.recipe import USER
from orchestrator.profile import Profile

_CPU = 1_000_000_000  # in the words of Docker's API
_WRITABLE = f"rw,exec,nosuid,nodev,size=64m,nr_inodes=16k,mode=755,uid={USER},gid={USER}"
"""How the working folder of a program that brings one may be written to: in memory, so much.

Many programs write a log where they are, and end where that cannot be done."""


@dataclass(frozen=True, slots=True)
class Image:
    """The image that a peer runs.

    Attributes:
        name: of it.
        id: of it.
        user: whom it says its programs run as; empty for root.
        volumes: folders of which it says that they are kept; here they are not.
    """

    name: str
    id: str
    user: str = ""
    volumes: Sequence[str] = ()

    @classmethod
    def of(cls, name: str, found: dict[str, Any]) -> Image:
        """Return the image that Docker describes so."""
        config = found.get("Config") or {}
        return cls(name, found["Id"], config.get("User") or "", [*(config.get("Volumes") or ())])

    @property
    def unprivileged(self) -> str:
        """As whom its programs run: never as root."""
        is_roots = self.user.partition(":")[0] in ("", "0", "root")
        return f"{USER}:{USER}" if is_roots else self.user


def options(container: definition.Container, profile: Profile, image: Image) -> dict[str, Any]:
    """Return what `create_container` is told beside the network, names and labels."""
    return {
        "user": container.user or image.unprivileged,
        "stdin_open": container.stdin_open,
        "tty": container.tty,
        "stop_timeout": int(container.stop_grace_period.removesuffix("s")),
        "environment": container.environment | profile.start.environment,
    }


def limits(container: definition.Container, profile: Profile, image: Image) -> dict[str, Any]:
    """Return what `create_host_config` is told beside the network: what holds a peer back."""
    tmpfs = dict(each.partition(":")[::2] for each in container.tmpfs)
    if profile.start.folder:
        tmpfs[program.PLACE] = _WRITABLE
    # A volume would be written to the disk, without an end.
    tmpfs |= {path: _WRITABLE for path in image.volumes if path not in tmpfs}
    return {
        "read_only": container.read_only,
        "cap_drop": container.cap_drop,
        "security_opt": container.security_opt,
        "tmpfs": tmpfs,
        "shm_size": container.shm_size,
        "mem_limit": container.mem_limit,
        "memswap_limit": container.memswap_limit,
        "pids_limit": container.pids_limit,
        "nano_cpus": int(container.cpus * _CPU),
        "ulimits": [_ulimit(name, limit) for name, limit in container.ulimits.items()],
        "log_config": {
            "Type": container.logging.driver,
            "Config": container.logging.options,
        },
        "dns_opt": container.dns_opt,
    }


def walls(memory: str, processes: int) -> dict[str, Any]:
    """Return what `create_host_config` is told of a container of the lab's own: what it may not.

    Args:
        memory: how much it may have, as Docker writes sizes; none of it is swapped.
        processes: how many of them, with threads.
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
    """Return what a container is told to run.

    Args:
        name: the peer's.
        profile: its program's.
    """
    words = {
        "port": profile.port, "name": name, "folder": program.PLACE, "python": "python3",
        "address": "0.0.0.0",  # noqa: S104 - in there
    }  # fmt: skip
    given = [part.format_map(words) for part in profile.start.words("container") or ()]
    # The peers' own image has a health check for their own program alone.
    silent: dict[str, Any] = {"healthcheck": {"test": ["NONE"]}}
    if profile.start.folder:
        return silent | {"entrypoint": [*program.STARTED_BY, *given], "working_dir": program.PLACE}
    if profile.start.image:
        return silent | {"command": given}
    if profile.start.command:  # the whole command, on the peers' image
        return silent | {"entrypoint": given}
    return {"command": given}

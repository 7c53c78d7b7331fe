"""What confines a container: limits, privileges and writable folders. See docs/sandbox.md."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from orchestrator import definition
from orchestrator.engines.docker.client import Client
from orchestrator.engines.docker.console_client import BEGUN_BY, ClientCommand
from orchestrator.engines.starting import PeerAddress, files_of, filled, start_values
from orchestrator.image import program
from orchestrator.image.recipe import USER
from orchestrator.profile import Profile
from orchestrator.profile.keep import is_in

_CPU = 1_000_000_000  # Docker's API counts nano-CPUs
_OWN_FILES = (("core", 0), ("nofile", 1024))  # limits of files of the lab's own containers

_WRITABLE = "rw,exec,nosuid,nodev"
"""Options of a program's working folder, which lies in memory, and of others.

Many programs write a log beside themselves and end if they cannot."""

_NUMBERS = re.compile(r"[0-9]+(:[0-9]+)?")


@dataclass(frozen=True, slots=True)
class PeerImage:
    """The image that a peer runs."""

    name: str  # its name
    id: str  # its id
    user: str = ""  # the user that it names; empty for root
    volumes: Sequence[str] = ()  # folders that it declares persistent; here they are not

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a peer's container is created."""

    handle: str  # the container's name
    labels: dict[str, str]  # its labels
    network: str  # the id or name of its network, in which its peer's name is a host name
    address: str  # its address there
    dns: Sequence[str] = ()  # name servers; empty for Docker's own
    dns_options: Sequence[str] = ()  # of its resolver
    holder: str = ""  # the id of the container that keeps its folders or network, if any
    joins: bool = False  # whether that is its network


def create(
    client: Client,
    name: str,
    profile: Profile,
    spec: definition.ContainerSpec,
    image: PeerImage,
    place: Place,
    run: Sequence[PeerAddress] = (),
) -> str:
    """Create a peer's container and return its id.

    Raises:
        APIError: Docker refuses; the caller translates it.
    """
    api: Any = client.api
    network, host = networking(client, name, place)
    made = api.create_container(
        image.name,
        **command(name, profile, place.address, run),
        **options(spec, profile, image),
        **network,
        name=place.handle,
        labels=place.labels,
        host_config=api.create_host_config(
            volumes_from=[place.holder] if place.holder else None,
            **host,
            **peer_limits(spec, profile, image),
        ),
    )
    return str(made["Id"])


def networking(client: Client, name: str, place: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what puts a container into a peer's network.

    These are arguments of `create_container` and of `create_host_config`. A container that joins
    its holder's network finds the address, the host name and the name servers there.
    """
    if place.joins:
        return {}, {"network_mode": f"container:{place.holder}"}
    api: Any = client.api
    endpoint = api.create_endpoint_config(aliases=[name], ipv4_address=place.address)
    config = api.create_networking_config({place.network: endpoint})
    dns = {"dns": list(place.dns) or None, "dns_opt": list(place.dns_options) or None}
    return {"hostname": name, "networking_config": config}, {"network_mode": place.network, **dns}


def options(spec: definition.ContainerSpec, profile: Profile, image: PeerImage) -> dict[str, Any]:
    """Return arguments of `create_container`, without network, names and labels."""
    return {
        "user": _user(spec, image),
        "stdin_open": spec.stdin_open,
        "tty": spec.tty,
        "stop_timeout": int(spec.stop_grace_period.removesuffix("s")),
        "environment": spec.environment | profile.start.environment,
    }


def peer_limits(
    spec: definition.ContainerSpec, profile: Profile, image: PeerImage
) -> dict[str, Any]:
    """Return arguments of `create_host_config` that confine a peer."""
    memory = f"{profile.start.room.memory}m" if profile.start.room.memory else ""
    return {
        "init": spec.init,
        "read_only": spec.read_only,
        "cap_drop": spec.cap_drop,
        "security_opt": spec.security_opt,
        "tmpfs": _in_memory(spec, profile, image),
        "shm_size": spec.shm_size,
        "mem_limit": memory or spec.mem_limit,
        "memswap_limit": memory or spec.memswap_limit,
        "pids_limit": spec.pids_limit,
        "nano_cpus": int(spec.cpus * _CPU),
        "ulimits": [_ulimit(name, limit) for name, limit in spec.ulimits.items()],
        "log_config": {"Type": spec.logging.driver, "Config": spec.logging.options},
    }


def _user(spec: definition.ContainerSpec, image: PeerImage) -> str:
    return spec.user or image.unprivileged


def _writable(user: str, profile: Profile, mode: str = "755") -> str:
    """Return the options of a folder in memory that is a user's own, as large as a profile asks.

    Only an image knows the number of a user that it gives by name: the folder is then the lab's
    user's.
    """
    uid, _, gid = user.partition(":") if _NUMBERS.fullmatch(user) else (USER, "", USER)
    room = f"size={program.room_of(profile.start)}m,nr_inodes={program.MOST_FILES}"
    return f"{_WRITABLE},{room},mode={mode},uid={uid},gid={gid or uid}"


def _in_memory(
    spec: definition.ContainerSpec, profile: Profile, image: PeerImage
) -> dict[str, str]:
    """Return the options of each writable folder that a start finds empty, by path."""
    tmpfs = dict(entry.partition(":")[::2] for entry in spec.tmpfs)
    writable = _writable(_user(spec, image), profile)
    if profile.start.folder or profile.start.files:
        tmpfs[program.FOLDER] = writable
    # a volume would be on disk, without a limit.
    tmpfs |= {path: writable for path in image.volumes if path not in tmpfs}
    kept = _kept(profile, image)
    # What Docker creates itself on the way to a kept folder would be root's.
    between = {str(one) for path in kept for one in PurePosixPath(path).parents}
    tmpfs |= {path: writable for path in between if _is_below(path, tmpfs)}
    return {path: how for path, how in tmpfs.items() if not any(is_in(path, one) for one in kept)}


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(is_in(path, one) and PurePosixPath(path) != PurePosixPath(one) for one in folders)


def _kept(profile: Profile, image: PeerImage) -> list[str]:
    """Return where a container has the folders that a profile keeps, and volumes within them."""
    named = [posixpath.join(program.FOLDER, folder) for folder in profile.start.keep]
    return [*map(posixpath.normpath, named), *(it for it in image.volumes if _is_below(it, named))]


def kept_volumes(
    spec: definition.ContainerSpec, profile: Profile, image: PeerImage, labels: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the folders that a profile keeps as `create_host_config` takes volumes.

    They are in memory like others, and without a name: Docker removes each with the last container
    that has it. Anyone may write there: Docker may map users to others outside of containers.
    """
    options = _writable(_user(spec, image), profile, mode="1777")
    local = {"type": "tmpfs", "device": "tmpfs", "o": options}
    volume = {
        "NoCopy": True,
        "Labels": labels,
        "DriverConfig": {"Name": "local", "Options": local},
    }
    return [
        {"Type": "volume", "Target": path, "VolumeOptions": volume}
        for path in _kept(profile, image)
    ]


def own_limits(memory: str, processes: int) -> dict[str, Any]:
    """Return arguments of `create_host_config` that confine one of the lab's own containers.

    They have one processor, and are not started again.

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
        "nano_cpus": _CPU,
        "ulimits": [_ulimit(name, limit) for name, limit in _OWN_FILES],
        "restart_policy": {"Name": "no"},
    }


def _ulimit(name: str, limit: int | definition.Range) -> dict[str, Any]:
    soft, hard = (limit, limit) if isinstance(limit, int) else (limit.soft, limit.hard)
    return {"Name": name, "Soft": soft, "Hard": hard}


def client_command(
    name: str, profile: Profile, address: str, run: Sequence[PeerAddress]
) -> ClientCommand:
    """Return how the client is started that a profile's console is, if it is one."""
    words = filled(profile.console.exec or (), _values(name, profile, address, run))
    return ClientCommand(words, () if profile.start.image else (*BEGUN_BY, "[]"))


def _values(
    name: str, profile: Profile, address: str, run: Sequence[PeerAddress]
) -> Mapping[str, object]:
    """Return what placeholders stand for in a container."""
    own = {
        "port": profile.port, "name": name, "folder": program.FOLDER, "python": "python3",
        "address": address, "bind": "0.0.0.0",  # noqa: S104 - inside the container
    }  # fmt: skip
    return start_values(own, run)


def command(
    name: str, profile: Profile, address: str, run: Sequence[PeerAddress] = ()
) -> dict[str, Any]:
    """Return arguments of `create_container` that start a program."""
    values = _values(name, profile, address, run)
    start = profile.start
    words = filled(start.words("container") or (), values)
    begun = [*BEGUN_BY, json.dumps(files_of(start, values)), *words]
    in_folder = {"working_dir": program.FOLDER} if start.folder or start.files else {}
    # The health check of the peers' image is for their own program alone.
    unchecked: dict[str, Any] = {"healthcheck": {"test": ["NONE"]}}
    if start.folder:
        # Absolute ones are never in the program's folder.
        kept = [folder for folder in start.keep if not folder.startswith("/")]
        started_by = [*program.STARTED_BY, str(len(kept)), *kept]
        entrypoint = [*started_by, *(begun if start.files else words)]
        return unchecked | {"entrypoint": entrypoint} | in_folder
    if start.image:
        return unchecked | {"command": words}
    if start.command:  # the whole command, on the peers' image or one with packages
        return unchecked | {"entrypoint": begun} | in_folder
    return {"command": words}

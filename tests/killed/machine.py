"""What exists on this machine that the lab may create, or must not touch.

This leaves out what other labs have made that run meanwhile, and the mesh for manual use: they
may come and go.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator import command
from orchestrator.engines.docker.client import OWNER
from orchestrator.engines.docker.sidecar import MESH_SIDECAR
from orchestrator.engines.process import marks
from orchestrator.owner import Owner

_RULES = (("nft", "list", "ruleset"), ("iptables-save",))
"""Commands that print the host's own rules; the first that is installed is used."""

_BY_HAND = ("peerlab.mesh", MESH_SIDECAR)
"""Labels of the mesh for manual use."""

_RESTS_WITHIN, _POLL = 10.0, 0.5  # seconds
_SHOWN = 12  # lines of a difference between two sets of rules


@dataclass(frozen=True)
class Machine:
    """Names or ids of what exists, and the host's own firewall rules without their counters."""

    containers: frozenset[str]
    networks: frozenset[str]
    volumes: frozenset[str]
    interfaces: frozenset[str]
    sidecars: frozenset[int]
    namespaces: frozenset[str]
    rules: tuple[str, ...]

    @classmethod
    def now(cls) -> Machine:
        """Return what exists now."""
        containers, busy = _split("ps", "--all")
        networks, others = _split("network", "ls")
        volumes, _ = _split("volume", "ls")
        bridges = frozenset(f"br-{network[:12]}" for network in others)
        return cls(
            containers,
            networks,
            volumes,
            frozenset(_interfaces(bridges)),
            frozenset(_sidecars(busy)),
            frozenset(_namespaces(busy)),
            tuple(line for line in _rules() if not any(bridge in line for bridge in bridges)),
        )

    @classmethod
    def at_rest(cls) -> Machine:
        """Return what exists once it stops changing: the kernel takes a moment to remove things."""
        deadline = time.monotonic() + _RESTS_WITHIN
        seen, again = cls.now(), cls.now()
        while seen != again and time.monotonic() < deadline:
            time.sleep(_POLL)
            seen, again = again, cls.now()
        return again

    def differences(self, other: Machine) -> list[str]:
        """Return a line for every kind of thing that changed."""
        found = []
        for name in (
            "containers",
            "networks",
            "volumes",
            "interfaces",
            "sidecars",
            "namespaces",
            "rules",
        ):
            before, after = getattr(self, name), getattr(other, name)
            if before != after:
                gone, new = set(before) - set(after), set(after) - set(before)
                found.append(f"{name}: gone {_shown(gone)}, new {_shown(new)}")
        return found


def _shown(what: set[str] | set[int]) -> str:
    return json.dumps(sorted(map(str, what))[:_SHOWN])


def _split(*words: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids that `docker` lists: first those that count, then those of running labs."""
    is_volume = words[0] == "volume"  # which has a name alone
    labels = [f'{{{{.Label "{label}"}}}}' for label in (OWNER, *_BY_HAND)]
    shown = "|".join(["{{.Name}}" if is_volume else "{{.ID}}", *labels])
    whole = () if is_volume else ("--no-trunc",)
    lines = command.run("docker", *words, *whole, "--format", shown).splitlines()
    rows = [line.split("|") for line in lines]
    busy = frozenset(name for name, mark, *by_hand in rows if any(by_hand) or _lives(mark))
    return frozenset(name for name, *_ in rows) - busy, busy


def _lives(mark: str) -> bool:
    owner = Owner.parse(mark)
    return owner is not None and not owner.is_gone


def _interfaces(others: frozenset[str]) -> Iterator[str]:
    """Yield the host's interfaces, except other labs' bridges and what is attached to these."""
    for path in Path("/sys/class/net").iterdir():
        if not path.is_dir():
            continue  # a file of the bonding driver
        bridge = (path / "master").resolve().name if (path / "master").exists() else ""
        if path.name not in others and bridge not in others:
            yield path.name


def _sidecars(busy: frozenset[str]) -> Iterator[int]:
    """Yield the ids of all sidecar processes."""
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        mark = (process.info["environ"] or {}).get(marks.OWNER, "")
        is_sidecar = "sidecar" in (process.info["cmdline"] or ())
        place = Path(f"/proc/{process.info['pid']}")
        if is_sidecar and not _lives(mark) and not _is_in(place, busy):
            yield process.info["pid"]


def _is_in(process: Path, containers: frozenset[str]) -> bool:
    try:
        group = (process / "cgroup").read_text()
    except OSError:
        return False
    return any(container in group for container in containers)


def _namespaces(busy: frozenset[str]) -> Iterator[str]:
    """Yield the network namespaces that have a process."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            namespace = str((process / "ns/net").readlink())
        except OSError:
            continue
        if not _is_in(process, busy):
            yield namespace


def _rules() -> Iterator[str]:
    """Yield the lines of the host's own rules; none if no command can print them."""
    for words in _RULES:
        if shutil.which(words[0]):
            yield from _without_counters(command.run(*words))
            return


def _without_counters(rules: str) -> Iterator[str]:
    for line in rules.splitlines():
        if not line.startswith("#"):
            yield line.partition("counter packets")[0].partition("[")[0]


def changed(before: Machine, after: Machine, but: Sequence[str] = ()) -> list[str]:
    """Return what changed, except in the kinds `but`."""
    return [line for line in before.differences(after) if line.partition(":")[0] not in but]

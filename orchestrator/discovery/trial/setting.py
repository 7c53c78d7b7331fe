"""Which peers a profile is tried with: a scenario without steps, written for that purpose. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator import definition, document, profile
from orchestrator.compose.stack import Stack
from orchestrator.errors import LabError
from orchestrator.files import YAML
from orchestrator.profile import Profile
from orchestrator.scenario import services

NAME = "profile-test"
_COUNT = 3  # peers of a program that names none


@dataclass(frozen=True)
class Setting:
    """The peers, and their programs.

    Attributes:
        peers: the names of peers that run the profile, the first to be typed at in front.
        others: the profiles of all other peers, by peer.
        assumed: those that run the profile because nothing says what else they would run.
        compose: the Compose file whose services they are, if they are.
    """

    peers: Sequence[str]
    others: Mapping[str, str] = field(default_factory=dict)
    assumed: Sequence[str] = ()
    compose: Path | None = None

    def scenario(self, file: str) -> str:
        """Return the text of the scenario, for a profile in a file."""
        own = {peer: str(profile.path_of(name).resolve()) for peer, name in self.others.items()}
        tried = str(profile.path_of(file).resolve())
        made: dict[str, Any] = {"name": NAME, "why": "Each operation is typed.", "fresh": True}
        if self.compose:
            made |= {"compose": str(self.compose.resolve())}
            own |= dict.fromkeys(self.peers, tried)
        else:
            made |= {"profile": tried, "peers": [*self.others, *self.peers]}  # servers first
        return document.to_yaml(made | {"profiles": own, "promises": [], "steps": []})


def setting(file: str, given: Sequence[str], compose: Path | None) -> Setting:
    """Return the peers for a profile.

    Args:
        file: the profile's.
        given: the programs of peers, each as `PEER=FILE`.
        compose: the Compose file whose services are the peers.

    Raises:
        LabError: what is given is wrong, or it is not known how to start the program.
    """
    own = _given(given)
    tried = profile.load(file)
    if compose:
        return _of_services(file, tried, own, services.load(compose), compose)
    if tried.start.is_missing:
        raise LabError(
            f"{file} does not say how to start {tried.name}: it has no `start`",
            hint="if it is a service, name its Compose file with --compose FILE",
        )
    return _of_peers(file, own)


def _given(given: Sequence[str]) -> dict[str, str]:
    own = {}
    for one in given:
        peer, _, name = one.partition("=")
        if not (peer and name):
            raise LabError(f"--profile {one}: write PEER=FILE")
        profile.load(name)
        own[peer] = name
    return own


def _of_peers(file: str, own: Mapping[str, str]) -> Setting:
    """Return the peers that a profile names, and those that their profiles name."""
    programs, assumed = dict(own), list[str]()
    unseen = [profile.load(name) for name in (file, *own.values())]
    while unseen:
        for peer in sorted(unseen.pop().peers_named - programs.keys()):
            beside = _beside(peer, file)
            programs[peer] = beside or file
            if beside:
                unseen.append(profile.load(beside))
            else:
                assumed.append(peer)
    tried = profile.path_of(file).resolve()
    same = [peer for peer, name in programs.items() if profile.path_of(name).resolve() == tried]
    if not same:
        free = [name for name in definition.names(_COUNT + len(programs)) if name not in programs]
        same = free[: 1 if programs else _COUNT]
    others = {peer: name for peer, name in programs.items() if peer not in same}
    return Setting(same, others, assumed)


def _beside(peer: str, file: str) -> str:
    """Return the profile beside a file that is called after a peer, with or without its number."""
    home = profile.path_of(file).parent
    names = [peer, re.sub(r"\d+$", "", peer)]
    found = (home / f"{name}{suffix}" for name in names for suffix in YAML)
    return next((str(path) for path in found if path.is_file()), "")


def _of_services(
    file: str, tried: Profile, own: Mapping[str, str], stack: Stack, compose: Path
) -> Setting:
    """Return the services of a stack, of which those called like the profile run it."""
    members = {peer: [peer] for peer in stack.by_peer} | stack.members
    if unknown := [service for service in own if service not in members]:
        near = document.nearest(unknown[0], members) or f": {', '.join(members)}"
        raise LabError(f"--profile {unknown[0]}=…: there is no service {unknown[0]!r}{near}")
    by_peer = {peer: name for service, name in own.items() for peer in members[service]}
    path = profile.path_of(file).resolve()
    same = [peer for peer, name in by_peer.items() if profile.path_of(name).resolve() == path]
    called = next((name for name in (tried.name, path.stem) if name in members), "")
    same = same or list(members.get(called, ()))
    if not same:
        raise LabError(
            f"no service is called {tried.name}; there are {', '.join(members)}",
            hint=f"say which one it describes: --profile SERVICE={file}",
        )
    others = {peer: name for peer, name in by_peer.items() if peer not in same}
    return Setting(same, others, compose=compose)

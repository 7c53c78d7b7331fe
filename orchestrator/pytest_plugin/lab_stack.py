"""The services of a Compose file as the peers of a lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.scenario import services
from orchestrator.scenario.values import among

__tracebackhide__ = True  # a traceback ends in the test


class LabStack:
    """All services of a Compose file: they start together.

    Args:
        file: the Compose file.

    Raises:
        DocumentError: Compose refuses it, or some services cannot be peers.
        LabError: there is no Compose here.
    """

    def __init__(self, file: str) -> None:
        self._file, self._stack = file, services.load(Path(file))
        self.names = [*self._stack.by_peer]  # of all peers

    @property
    def ends(self) -> dict[str, Any]:
        """How the services must end that have work to do."""
        return {job: {"exited": 0} for job in self._stack.jobs}

    def named(self, wanted: Sequence[str | int]) -> list[str]:
        """Return the peers of services, or all if none is named.

        Raises:
            ValueError: there is no such service, or one is named twice.
        """
        names: list[str] = []
        for name in wanted:
            if isinstance(name, int):
                what = f"the services of {self._file} are the peers: name them instead of {name!r}"
                raise ValueError(what)  # noqa: TRY004 - one kind for all that a test gets wrong
            names += self._peers_of(name)
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"the peer {twice!r} is asked for twice")
        return names or self.names

    def profiles(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the profile of each peer whose service has one.

        Raises:
            ValueError: one is given for no service.
        """
        return {peer: it for name, it in given.items() for peer in self._peers_of(name)}

    def _peers_of(self, service: str) -> list[str]:
        members = self._stack.members
        if service in members:
            return members[service]
        if service not in self.names:
            near = among(service, self.names, members)
            raise ValueError(f"no service {service!r} in {self._file}{near}")
        return [service]

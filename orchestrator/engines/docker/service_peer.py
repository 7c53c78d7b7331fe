"""One container of a service of a user's own Compose file, as a peer."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.compose.stack import Service
from orchestrator.engines.attachable import ConsoleClient
from orchestrator.engines.docker import echo_switch
from orchestrator.engines.docker.client import Client, translated
from orchestrator.engines.docker.console_client import ClientCommand
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sandbox import client_command
from orchestrator.engines.docker.sidecar import AttachedCarrier
from orchestrator.engines.health_check import HealthCheck
from orchestrator.engines.starting import PeerAddress
from orchestrator.profile import Profile


class LogStream:
    """What a container without a terminal prints, both its streams as one.

    Docker marks each piece with its stream. A thread takes these marks away.
    """

    def __init__(self, client: Client, container: str) -> None:
        self._carried = AttachedCarrier(client, container)
        self.descriptor, into = os.pipe()
        threading.Thread(target=self._copy, args=(into,), daemon=True).start()

    def _copy(self, into: int) -> None:
        with contextlib.suppress(OSError, ValueError), open(into, "wb", buffering=0) as pipe:
            for chunk in self._carried.chunks():
                rest = memoryview(chunk)
                while rest:
                    rest = rest[pipe.write(rest) :]
        self._carried.free()

    def close(self) -> None:
        """End the stream."""
        self._carried.close()
        os.close(self.descriptor)


class ServicePeer(DockerPeer):
    """A container of a service.

    Args:
        client: the engine.
        service: the service.
        found: the container, as Docker lists it.
        profile: how it is read.
        own: its name, address and port; 0 for the port that its Compose file names first.
        run: all peers of the run.
        by_hand: whether a person types at it, who wants to see that.
    """

    _START_HINT = "see its `command` and `image` in the Compose file"
    _has_many_users = True

    def __init__(
        self,
        client: Client,
        service: Service,
        found: Mapping[str, Any],
        profile: Profile,
        own: PeerAddress,
        run: Sequence[PeerAddress],
        *,
        by_hand: bool,
    ) -> None:
        handle = found["Names"][0].removeprefix("/")
        super().__init__(client, service.peer, found["Id"], handle)
        self.address, self.port = own.address, own.port or service.port
        self.networks = own.networks
        run = [other.seen_from(own) for other in run]
        words = client_command(own.name, profile, own.address, run).words
        self.client = ClientCommand(words)
        self._is_attached, self._by_hand = profile.console.is_own, by_hand
        self._has_terminal = self._is_attached or bool(service.spec.get("tty"))
        self._is_awaited = bool(profile.port)  # whether it is ready only once it listens
        self._log: LogStream | None = None

    def attach(self) -> int:
        """Return the descriptor of its terminal, or of what it prints if it has none."""
        if self._has_terminal:
            return super().attach()
        if self._log is None:
            with translated(f"{self.name}: cannot read its log"):
                self._log = LogStream(self._client, self.container)
        return self._log.descriptor

    def detach(self) -> None:
        """Close the stream."""
        if self._log is not None:
            self._log.close()
            self._log = None
        super().detach()

    def launch(self) -> None:
        """Start the container, and have a terminal that the lab types at echo nothing."""
        super().launch()
        if self._is_attached and not self._by_hand:
            echo_switch.turn_off(self._client, self.container)

    def open_client(self) -> ConsoleClient:
        """Run the client in the container, with a terminal that echoes nothing if it can."""
        if not self.client.begun_by and (switch := echo_switch.find(self._client, self.container)):
            self.client = replace(self.client, begun_by=switch.at_client)
        return super().open_client()

    def listens(self) -> bool | None:
        """Return whether it listens on its port; None if its profile names none."""
        return super().listens() if self._is_awaited else None

    def health(self) -> HealthCheck | None:
        """Return what its health check says, if it has one and runs."""
        with translated(f"{self.name} cannot be inspected"):
            state = self._inspect()["State"]
        found = state.get("Health") or {}
        if not state["Running"] or found.get("Status", "none") == "none":
            return None
        log = found.get("Log") or [{}]
        return HealthCheck(found["Status"], str(log[-1].get("Output", "")).strip())

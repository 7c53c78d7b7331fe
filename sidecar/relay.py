"""Relays streams: those that the kernel redirects, or those that come to listeners of their own.

Connections that it carries stay with it for good, bent as the rules of the moment have it.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Coroutine, Iterable

from sidecar.accepting import Accepting
from sidecar.carry import Carried
from sidecar.rules import CLEAR, Bend, Bent
from sidecar.sockets import original_target, reset, to_dial

LOOPBACK = "127.0.0.1"


class Relay:
    """The connections that are carried, and how each is bent."""

    def __init__(self) -> None:
        self._bent: dict[str, Bent] = {}
        self._carried: dict[Carried, str] = {}
        self._redirected = Accepting(self._carry_redirected)
        self._listeners: dict[str, Accepting] = {}

    @property
    def carried(self) -> int:
        """How many connections are open."""
        return len(self._carried)

    @property
    def bent(self) -> tuple[Bent, ...]:
        """The peers to which streams are bent at the moment."""
        return tuple(self._bent.values())

    def open(self) -> int:
        """Return the port to which the kernel may redirect connections.

        Raises:
            OSError: no port can be had.
        """
        _allow_many_descriptors()
        return self._redirected.port or self._redirected.open(LOOPBACK)

    def bend(self, bent: Iterable[Bent]) -> None:
        """Bend all connections, those that are carried and those to come, as is said here."""
        self._bent = {each.key: each for each in bent}
        for carried, key in self._carried.items():
            carried.bend(*self._bends(key))

    def listen(self, bent: Iterable[Bent]) -> dict[str, int]:
        """Have a listener for each of these and no other, and return their ports.

        Raises:
            OSError: no port can be had.
        """
        _allow_many_descriptors()
        wanted = {each.key: each for each in bent}
        for key, each in wanted.items():
            if key not in self._listeners:
                accepting = Accepting(self._carrier_to(each))
                accepting.open(LOOPBACK)
                self._listeners[key] = accepting
        for key in self._listeners.keys() - wanted.keys():
            self._listeners.pop(key).stop()
        return {key: self._listeners[key].port for key in wanted}

    def _bends(self, key: str) -> tuple[Bend, Bend]:
        bent = self._bent.get(key)
        return (bent.out, bent.back) if bent else (CLEAR, CLEAR)

    async def _carry_redirected(self, came: socket.socket) -> None:
        try:
            target = original_target(came)
        except OSError:
            target = came.getsockname()
        if target == came.getsockname():  # somebody dialled the relay itself
            reset(came)
            return
        await self._carry(came, target[0], target, "")

    def _carrier_to(self, bent: Bent) -> Callable[[socket.socket], Coroutine[None, None, None]]:
        async def carry(came: socket.socket) -> None:
            await self._carry(came, bent.key, (bent.to, bent.port), bent.source)

        return carry

    async def _carry(
        self, came: socket.socket, key: str, target: tuple[str, int], source: str
    ) -> None:
        try:
            dialled = to_dial(source, mark=not source)
        except OSError:
            reset(came)
            return
        carried = Carried(came, dialled, self._bends(key))
        self._carried[carried] = key
        try:
            await carried.carry(target)
        finally:
            del self._carried[carried]


def _allow_many_descriptors() -> None:
    """Each connection takes two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

"""The settings that a peer starts with, and their defaults."""

from __future__ import annotations

from typing import NamedTuple

from peer.limits import Limits


class Settings(NamedTuple):
    """How this peer runs.

    Attributes:
        port: the port to listen on; 0 lets the system choose.
        bind: the address to listen on; empty for every address.
        name: what this host is called in greetings.
        connect_timeout: longest wait for a dial, look-up included, in seconds.
        max_connections: how many connections may exist at once.
        limits: the protocol's own times and sizes.
    """

    port: int
    bind: str = ""
    name: str = "peer"
    connect_timeout: float = 5.0
    max_connections: int = 256
    limits: Limits = Limits()

"""What a peer's container is: read from compose.yaml, which says it once for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from orchestrator import document
from orchestrator.document import Strict
from orchestrator.paths import ROOT

COMPOSE_FILE = ROOT / "compose.yaml"


class Range(Strict):
    """A limit that a process may raise for itself, up to the hard one."""

    soft: int
    hard: int


class Logging(Strict):
    """Where what a container prints is kept, and how much of it."""

    driver: str
    options: dict[str, str] = {}


class Container(Strict):
    """The block `x-peer`: the keys that both Compose and the lab act on.

    A key that is not here is refused rather than dropped in silence, so that a container
    which the lab creates is never less confined than one that Compose creates.
    """

    image: str
    build: Any = None  # the lab builds through image/
    networks: list[str] = []  # the lab makes a network for each run
    labels: dict[str, str] = {}  # the lab puts its own
    restart: str = "no"  # the lab never restarts a peer behind a scenario's back
    stdin_open: bool
    tty: bool
    user: str | None = None
    environment: dict[str, str] = {}
    tmpfs: list[str] = []  # a path each, with options after a colon
    shm_size: str
    read_only: bool
    cap_drop: list[str]
    security_opt: list[str]
    mem_limit: str
    memswap_limit: str
    pids_limit: int
    cpus: float
    ulimits: dict[str, int | Range] = {}
    logging: Logging
    dns_opt: list[str] = []
    stop_grace_period: Annotated[str, Field(pattern=r"^[0-9]+s$")]


class Network(Strict):
    """A network of compose.yaml."""

    name: str
    driver: str
    driver_opts: dict[str, str] = {}
    labels: dict[str, str] = {}


class ComposeFile(Strict):
    """What the lab reads of compose.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    container: Container = Field(alias="x-peer")
    services: dict[str, Any]
    networks: dict[str, Network]

    @property
    def network(self) -> Network:
        """The network that the peers share."""
        return self.networks[self.container.networks[0]]


def load(path: Path = COMPOSE_FILE) -> ComposeFile:
    """Return the definition in `path`.

    Raises:
        DocumentError: it cannot be read, or says something that the lab does not know.
    """
    return document.read(path, ComposeFile)


def names(count: int) -> list[str]:
    """Return the names of `count` peers: those of compose.yaml, then `peer5` and so on.

    Raises:
        DocumentError: compose.yaml cannot be read.
    """
    named = list(load().services)
    return [*named[:count], *(f"peer{number}" for number in range(len(named) + 1, count + 1))]

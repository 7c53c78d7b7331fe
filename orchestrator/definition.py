"""The peers' containers as compose.yaml defines them, for Compose and for the lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from orchestrator import document
from orchestrator.document import Strict
from orchestrator.paths import ROOT

COMPOSE_FILE = ROOT / "compose.yaml"


class Range(Strict):
    """A soft limit, which a process may raise up to the hard one."""

    soft: int
    hard: int


class LoggingSpec(Strict):
    """Where Docker keeps a container's output, and how much of it."""

    driver: str
    options: dict[str, str] = {}


class ContainerSpec(Strict):
    """The block `x-peer`, which both Compose and the lab follow.

    Unknown keys are errors: a container that the lab creates must not be less confined than
    one that Compose creates.
    """

    image: str
    build: Any = None  # the lab builds through image/
    networks: list[str] = []  # the lab creates a network for each run
    labels: dict[str, str] = {}  # the lab sets its own
    restart: str = "no"  # in the lab only scenarios restart peers
    stdin_open: bool
    tty: bool
    init: bool = False
    user: str | None = None
    environment: dict[str, str] = {}
    tmpfs: list[str] = []  # paths, each with options after a colon
    shm_size: str
    read_only: bool
    cap_drop: list[str]
    security_opt: list[str]
    mem_limit: str
    memswap_limit: str
    pids_limit: int
    cpus: float
    ulimits: dict[str, int | Range] = {}
    logging: LoggingSpec
    dns_opt: list[str] = []
    stop_grace_period: Annotated[str, Field(pattern=r"^[0-9]+s$")]


class NetworkSpec(Strict):
    """A network of compose.yaml."""

    name: str
    driver: str
    driver_opts: dict[str, str] = {}
    labels: dict[str, str] = {}


class ComposeFile(Strict):
    """The parts of compose.yaml that the lab reads."""

    model_config = ConfigDict(populate_by_name=True)

    container: ContainerSpec = Field(alias="x-peer")
    services: dict[str, Any]
    networks: dict[str, NetworkSpec]

    @property
    def network(self) -> NetworkSpec:
        """The network that the peers share."""
        return self.networks[self.container.networks[0]]


def load(path: Path = COMPOSE_FILE) -> ComposeFile:
    """Return the definition in `path`.

    Raises:
        DocumentError: it cannot be read, or has a key that the lab does not know.
    """
    return document.read(path, ComposeFile)


def names(count: int) -> list[str]:
    """Return the names of `count` peers: those in compose.yaml, then `peer5` and so on.

    Raises:
        DocumentError: compose.yaml cannot be read.
    """
    named = list(load().services)
    return [*named[:count], *(f"peer{number}" for number in range(len(named) + 1, count + 1))]

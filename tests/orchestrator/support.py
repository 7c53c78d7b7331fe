"""What the orchestrator's tests share: waiting, live peers on an engine, a second terminal."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import struct
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

from orchestrator import profile
from orchestrator.compose import tool
from orchestrator.console.session import UNREAD, Notice, Session
from orchestrator.engines.base import Engine, Peer
from orchestrator.engines.canary.canary import SOURCE
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process import engine as process_engine
from orchestrator.errors import LabError
from orchestrator.image import ensure_image
from orchestrator.owner import Owner
from orchestrator.profile import Profile
from tests.waiting import PATIENCE as PATIENCE  # noqa: PLC0414 - tests import it with the rest
from tests.waiting import until as until  # noqa: PLC0414

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests/programs"


def bring_peer(folder: Path) -> None:
    """Put a copy of the peer's package beside a program that patches it."""
    shutil.copytree(ROOT / "peer", folder / "peer", ignore=shutil.ignore_patterns("__pycache__"))


def processes_of(run: str, *, canary: bool = False) -> list[int]:
    """Return the processes that carry the mark of a run, with or without its canary."""
    found = [psutil.Process(pid) for pid, owner in marked_processes() if owner.run == run]
    return [one.pid for one in found if canary or str(SOURCE) not in one.cmdline()]


def marked_processes() -> list[tuple[int, Owner]]:
    """Return every process of any process engine, with its owner."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            owner = Owner.parse(one.environ().get("PEERLAB_OWNER", ""))
            if owner and one.status() != psutil.STATUS_ZOMBIE:
                found.append((one.pid, owner))
    return found


def things_of(client: Any, whose: Callable[[Owner], bool], *labels: str) -> list[str]:
    """Return the names of what carries the mark of a run, and `labels`, on an engine."""
    wanted = {"label": [docker_client.OWNER, *labels]}
    found = [(c["Names"][0], c) for c in client.api.containers(all=True, filters=wanted)]
    found += [(n["Name"], n) for n in client.api.networks(filters=wanted)]
    found += [(v["Name"], v) for v in client.api.volumes(filters=wanted)["Volumes"] or ()]
    owners = [(name, Owner.parse(thing["Labels"][docker_client.OWNER])) for name, thing in found]
    return [name for name, owner in owners if owner and whose(owner)]


def require_compose() -> None:
    """Skip a test where there is no Docker Compose."""
    try:
        tool.find()
    except LabError as error:
        pytest.skip(error.what)


def write_stack(folder: Path, compose: str, **profiles: str) -> Path:
    """Write a Compose file and profiles into a folder, and return it; skip without Compose.

    `IMAGE` in the file stands for the image of the lab's own peer.
    """
    require_compose()
    image = ensure_image(lambda _: None, ROOT)
    (folder / "compose.yaml").write_text(compose.replace("IMAGE", image))
    for name, text in profiles.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def make_engine(name: str, *, keep: bool = False) -> Engine:
    """Return a new engine."""
    if name == "process":
        return process_engine.ProcessEngine()
    return DockerEngine(docker_client.connect(), keep=keep)


def run_of(engine: Engine) -> str:
    """Return the run whose mark is on all that an engine starts."""
    assert isinstance(engine, process_engine.ProcessEngine | DockerEngine)
    return engine._owner.run


def client_behind(engine: Engine) -> docker_client.Client:
    """Return the client of a Docker engine."""
    assert isinstance(engine, DockerEngine)
    return engine._client


def await_exit(peer: Peer) -> None:
    """Wait until a program is seen to have ended."""
    until(lambda: peer.status().state == "exited", "its end")


DOCKER_ONLY = pytest.mark.parametrize(
    "one_engine", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True
)
"""For tests that use the fixture `shared_engine` on Docker alone."""


class LivePeers:
    """An engine, its peers and their sessions, as the runner puts them together.

    Args:
        engine: the engine's name.
        keep: whether it may leave its peers running.
        canary: as for programs that are judged: on Docker, two containers more.
    """

    def __init__(self, engine: str, *, keep: bool = False, canary: bool = False) -> None:
        self.name = engine
        self.engine = make_engine(engine, keep=keep)
        if canary:
            self.engine.bring_canary()
        self.run = run_of(self.engine)
        self.sessions: dict[str, Session] = {}
        self.notices: dict[str, list[Notice]] = {}
        self.unread: dict[str, list[Notice]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, names: Sequence[str], which: Profile | None = None) -> list[Session]:
        """Start peers and wait until they are ready."""
        which = which or profile.load("peerlab")
        peers = self.engine.start(names, which, lambda _: None)
        for peer in peers:
            self.notices[peer.name] = []
            self.sessions[peer.name] = Session(
                peer, which, functools.partial(self._keep, peer.name)
            )
        for peer in peers:
            self.sessions[peer.name].await_ready()
        return [self.sessions[peer.name] for peer in peers]

    @property
    def client(self) -> docker_client.Client:
        """The client of its engine, which must be Docker's."""
        return client_behind(self.engine)

    def _keep(self, name: str, notice: Notice) -> None:
        kept = self.unread if notice.kind == UNREAD else self.notices
        kept.setdefault(name, []).append(notice)

    def close(self) -> None:
        """Let go of every console and remove everything."""
        for session in self.sessions.values():
            session.close()
        self.engine.close()
        if isinstance(self.engine, DockerEngine):
            self.engine._client.close()

    def discard_all(self) -> None:
        """End all peers; the engine goes on."""
        for session in self.sessions.values():
            session.close()
        self.engine.discard([session.peer for session in self.sessions.values()])
        self.sessions.clear()
        self.notices.clear()
        self.unread.clear()

    def left(self) -> list[object]:
        """Return what there still is of this place."""
        if isinstance(self.engine, DockerEngine):
            return list(things_of(self.engine._client, lambda owner: owner.run == self.run))
        return list(processes_of(self.run, canary=True))

    @contextlib.contextmanager
    def linked(self, one: str, other: str) -> Iterator[str]:
        """Connect two peers; yield the id at `one`, and disconnect them afterwards."""
        peer = self.sessions[other].peer
        reply = self.sessions[one].ask("connect", address=peer.address, port=peer.port)
        assert reply.ok, reply.lines
        self.sessions[other].await_notice("connected", lambda _: True, PATIENCE)
        try:
            yield reply.fields["id"]
        finally:
            self.sessions[one].ask("terminate", id=reply.fields["id"])
            self.sessions[other].await_notice("closed", lambda _: True, PATIENCE)

    def texts(self, name: str) -> list[str]:
        """Return the messages that a peer has shown so far."""
        return [n.fields["text"] for n in self.notices[name] if n.kind == "message"]

    def await_texts(self, name: str, count: int, timeout: float = PATIENCE) -> list[str]:
        """Return the messages that a peer has shown, once they are so many."""

        def enough() -> bool:
            self.sessions[name].take_in(0.02)
            return len(self.texts(name)) >= count

        until(enough, f"{count} messages at {name}, got {len(self.texts(name))}", timeout)
        return self.texts(name)


class SecondTerminal:
    """Another terminal at a peer's console, beside the session."""

    def __init__(self, peer: Peer) -> None:
        self._own = isinstance(peer, DockerPeer)
        self._peer = second_attach(peer) if isinstance(peer, DockerPeer) else peer
        self._fd = self._peer.attach()

    def type(self, keys: str) -> None:
        """Press some keys."""
        os.write(self._fd, keys.encode())

    def close(self) -> None:
        """Detach; the peer stays."""
        if isinstance(self._peer, DockerPeer) and self._own:
            self._peer.detach()


def second_attach(peer: DockerPeer) -> DockerPeer:
    """Return the same container once more, with a stream of its own."""
    return DockerPeer(peer._client, peer.name, peer.container, peer.handle)


def resize(peer: Peer, columns: int) -> None:
    """Make a peer's terminal so wide."""
    if isinstance(peer, DockerPeer):
        peer._api.resize(peer.container, 24, columns)
    else:
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(peer.attach(), termios.TIOCSWINSZ, size)

"""`peerlab attach` and `logs --follow` at a terminal, and what ends them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli import consoles, logs
from orchestrator.cli.interrupted import Interrupted
from tests.docker_proxy import DockerProxy
from tests.e2e.mesh.own_mesh import OwnMesh, done
from tests.e2e.support import environment
from tests.orchestrator.support import ROOT, until

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(120, func_only=True),
]

ATTACH = """
from orchestrator.docker_host import health
health._EVERY, health._ANSWERS_WITHIN = 0.1, 1.0  # what a user waits for is 5 and 10 s
from orchestrator import cli
cli.main()
"""


class Screen:
    """A terminal with a command on it."""

    def __init__(self, *words: str, **changes: str) -> None:
        self.user, self.near = os.openpty()
        self.mode = termios.tcgetattr(self.near)
        self.shown = ""
        self.command = subprocess.Popen(
            [sys.executable, "-c", ATTACH, *words],
            stdin=self.near,
            stdout=self.near,
            stderr=self.near,
            env=environment(**changes),
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads
        )
        os.set_blocking(self.user, False)

    def shows(self, text: str) -> bool:
        """Return whether it has shown a text by now."""
        with contextlib.suppress(BlockingIOError):
            self.shown += os.read(self.user, 65_536).decode()
        return text in self.shown

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.user, keys.encode())

    def close(self) -> None:
        """End the command."""
        self.command.kill()
        self.command.wait()
        os.close(self.user)
        os.close(self.near)


@pytest.fixture
def proxy(own: OwnMesh, tmp_path: Path) -> Iterator[DockerProxy]:
    """A way to Docker that can stall, beside a mesh of one."""
    done("up", "--peers", "1")
    assert own.running() == ["alice"]
    with DockerProxy(tmp_path / "docker.sock") as one:
        yield one


@pytest.fixture
def screen(proxy: DockerProxy) -> Iterator[Screen]:
    """A terminal that is attached to alice."""
    one = Screen("attach", "alice", DOCKER_HOST=proxy.url)
    until(lambda: one.shows("Ctrl-P Ctrl-Q to leave"), "the attachment")
    one.type("myport\n")
    until(lambda: one.shows(" 5000\r"), "an answer")
    yield one
    one.close()


def test_who_leaves_gets_the_terminal_back(own: OwnMesh, screen: Screen) -> None:
    screen.type("\x10\x11")
    screen.command.wait(20)
    assert termios.tcgetattr(screen.near) == screen.mode
    assert own.running() == ["alice"]


def test_a_stall_ends_it_and_is_named(proxy: DockerProxy, screen: Screen) -> None:
    proxy.stall()
    screen.type("\x03")  # goes to alice, and gets no answer
    began = time.monotonic()
    until(lambda: screen.shows("`docker attach`: Docker does not answer: "), "its end")
    until(lambda: screen.shows("has stalled"), "the reason")
    screen.command.wait(20)
    assert time.monotonic() - began < 15
    assert screen.command.returncode == 2
    assert termios.tcgetattr(screen.near) == screen.mode


def test_logs_go_on_with_what_is_printed_until_a_stall(proxy: DockerProxy) -> None:
    screen = Screen("logs", "alice", "--follow", DOCKER_HOST=proxy.url)
    until(lambda: screen.shows("listening on "), "what was printed before")
    other = Screen("attach", "alice")
    until(lambda: other.shows("Ctrl-P Ctrl-Q to leave"), "the attachment")
    other.type("nonsense\n")
    until(lambda: screen.shows("nonsense"), "what is printed now")
    other.close()
    proxy.stall()
    until(lambda: screen.shows("has stalled"), "the reason")
    screen.command.wait(20)
    assert screen.command.returncode == 2
    screen.close()


def test_logs_until_now_and_interrupted(proxy: DockerProxy) -> None:
    assert "listening on " in done("logs", "alice")
    screen = Screen("logs", "alice", "--follow", DOCKER_HOST=proxy.url)
    until(lambda: screen.shows("listening on "), "what was printed before")
    screen.type("\x03")
    until(lambda: screen.shows("interrupted: alice goes on without you"), "what goes on")
    screen.command.wait(20)
    assert screen.command.returncode == 130
    screen.close()


def test_an_interruption_between_two_lines_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def printing(*_: object, **__: object) -> None:
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(logs, "_of_mesh", lambda *_, **__: iter(["a line"]))
    monkeypatch.setattr(consoles.out, "print", printing)
    with pytest.raises(Interrupted) as end:
        logs.logs("alice", follow=True)
    assert end.value.left == "alice goes on without you"


def test_a_stall_before_it_is_attached_ends_it(proxy: DockerProxy) -> None:
    proxy.stall()
    screen = Screen("attach", "alice", DOCKER_HOST=proxy.url)
    until(lambda: screen.shows("Docker does not answer"), "its end")
    screen.command.wait(20)
    assert screen.command.returncode == 2
    screen.close()

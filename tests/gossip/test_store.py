"""Three processes of the example store, used by pipes as by a person."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.support import ROOT, until

STORE = ROOT / "examples/gossip/store.py"
NAMES = ["alice", "bob", "carol"]


class _Console:
    """A running member and what it has shown."""

    def __init__(self, name: str, port: int, folder: Path) -> None:
        self.name, self.port, self.shown = name, port, ""
        folder.mkdir(exist_ok=True)
        words = [str(port), "--name", name, "--cluster", ",".join(NAMES)]
        self.process = subprocess.Popen(
            [sys.executable, STORE, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, bufsize=0,
        )  # fmt: skip
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self) -> str:
        assert self.process.stdout is not None
        self.shown += (self.process.stdout.read() or b"").decode()
        return self.shown

    def await_prompt(self) -> None:
        """Wait for the first prompt: what stands before it is no reply."""
        until(lambda: self.read().endswith("> "), "its first prompt")

    def ask(self, line: str) -> list[str]:
        """Type a line; return the lines of the reply, without notices."""
        assert self.process.stdin is not None
        before = len(self.read())
        self.process.stdin.write(f"{line}\n".encode())
        until(lambda: self._replies(before), f"the reply to {line}")
        return self._replies(before)

    def _replies(self, start: int) -> list[str]:
        """Return the lines of a reply if it is complete."""
        *lines, last = self.read()[start:].split("\n")
        replies = [line for line in lines if not line.removeprefix("> ").startswith("* ")]
        return replies if last == "> " else []

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def consoles(tmp_path: Path) -> Iterator[dict[str, _Console]]:
    """Three members that have met."""
    started = {name: _Console(name, _free_port(), tmp_path / name) for name in NAMES}
    try:
        for console in started.values():
            console.await_prompt()
            console.ask("help")
        for name in ("alice", "carol"):
            assert started[name].ask(f"join localhost {started['bob'].port}") == ["joined bob"]
        yield started
    finally:
        for console in started.values():
            console.end()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _leader(console: _Console) -> str:
    words = console.ask("leader")[0].split()
    return words[1] if words[0] == "leader" else ""


def test_a_killed_leader_costs_nothing_and_comes_back_with_its_data(
    consoles: dict[str, _Console], tmp_path: Path
) -> None:
    until(lambda: {_leader(console) for console in consoles.values()} <= {*NAMES}, "a leader")
    old = _leader(consoles["bob"])
    assert consoles["alice"].ask("put x 1") == ["stored"]
    assert consoles["carol"].ask("cas x 1 2") == ["changed"]
    consoles[old].end()
    left = [console for name, console in consoles.items() if name != old]
    until(lambda: _leader(left[0]) not in ("", old), "another leader")
    until(lambda: left[1].ask("get x") == ["x = 2"], "the value")
    consoles[old] = _Console(old, consoles[old].port, tmp_path / old)
    until(lambda: _leader(consoles[old]) not in ("", old), "another leader")
    assert consoles[old].ask("get x") == ["x = 2"]
    until(lambda: consoles[old].ask("members")[-1] == "3 members", "all three")
    assert re.search(r"^(> )*\* leader \w+ term \d+$", left[0].shown, re.MULTILINE)


def test_mistakes_get_an_answer(consoles: dict[str, _Console]) -> None:
    bob = consoles["bob"]
    assert bob.ask("fly") == ["error: no command 'fly'; try help"]
    assert bob.ask("put x") == ["error: usage: put <key> <value>"]
    assert bob.ask("join localhost 70000")[0].startswith("error: localhost 70000: ")
    assert bob.ask("help")[0].startswith("join <host> <port>")
    assert bob.ask("put x \x07") == ["error: there are control characters in this line"]
    assert bob.ask(f"join localhost {bob.port}")[0].startswith("unavailable: no member")
    until(lambda: _leader(bob), "a leader")  # it still hears the others
    value = 'é"' * 600
    assert bob.ask(f"put x {value}") == ["stored"]
    assert consoles["alice"].ask("get x") == [f"x = {value}"]


def test_a_name_that_is_not_in_the_cluster_is_refused() -> None:
    words = [sys.executable, str(STORE), "7000", "--name", "eve", "--cluster", "alice,bob,carol"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "three to five different names, and this one's among them" in done.stderr


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("", 0))
        port = str(bound.getsockname()[1])
        words = [sys.executable, str(STORE), port, "--name", "a", "--cluster", "a,b,c"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert f"port {port} cannot be used" in done.stderr
    assert done.returncode == 2

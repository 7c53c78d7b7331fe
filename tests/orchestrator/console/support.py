"""A console without a program behind it: the tests write what it shows and read what is typed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from orchestrator import profile
from orchestrator.cancel import CancelToken
from orchestrator.console.lines import ProgramConsole
from orchestrator.console.notices import Notice
from orchestrator.engines.base import Peer
from orchestrator.engines.status import Status
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Profile

PROFILE = """
name: pure
summary: a program that is a test
port: 5000
start: {command: ["program"]}
ready: '^ready (?P<port>\\d+)$'
answer_within: 10
sync: myport
console: {echo: false, quiet: 0.01}
errors: '^error: '
verbs:
  myport: {send: myport, ok: '^port \\d+$'}
  send: {send: 'send {text}', ok: '^sent (?P<text>.*)$'}
  connect: {send: [connect, {after: '^Whom\\?', type: '{address}'}], ok: '^connected$'}
  list: {send: list, ends: quiet, row: '^(?P<id>\\d+) (?P<address>\\S+)$'}
  terminate: {send: terminate, silent: true}
  raw: {send: '{line}'}
notices:
  message:
    - '^\\* (?P<name>\\w+): (?P<text>.*)$'
    - block: ['^from (?P<name>\\w+)$', '^(?P<text>.*)$', '^end$']
"""


def made(folder: Path, **changes: Any) -> Profile:
    """Return the profile above with changes."""
    path = folder / "pure.yaml"
    path.write_text(PROFILE)
    found = profile.load(str(path))
    console = found.console.model_copy(update=changes.pop("console", {}))
    return found.model_copy(update={**changes, "console": console})


class SocketPeer:
    """A peer whose program is the test, at the other end of a socket."""

    name = "alice"
    address = "10.0.0.1"
    port = 5000

    def __init__(self) -> None:
        self._lab, self.program = socket.socketpair()
        self.program.settimeout(10.0)
        self.is_killed = False

    def attach(self) -> int:
        """Return the console's descriptor."""
        return self._lab.fileno()

    def status(self) -> Status:
        """Return that the program runs, or how it ended."""
        return self.await_end(0.0) if self.is_killed else Status("running")

    def await_end(self, timeout: float) -> Status:
        """Return how the program ended."""
        return Status("exited", 137 if self.is_killed else 0)

    def kill(self) -> None:
        """Kill the program."""
        self.is_killed = True

    def close(self) -> None:
        """Close both ends."""
        self.program.close()
        self._lab.close()


class FakeConsole:
    """A console, its program's end, and the notices that were read."""

    def __init__(self, profile: Profile) -> None:
        self.peer, self.cancel = SocketPeer(), CancelToken()
        self.notices: list[Notice] = []
        self.transcript = Transcript()
        self.console = ProgramConsole(
            cast(Peer, self.peer), profile, self.notices.append, self.transcript, self.cancel
        )

    def show(self, *lines: str, end: str = "\n") -> None:
        """Print lines as the program."""
        self.peer.program.sendall("".join(line + end for line in lines).encode())

    def typed(self) -> str:
        """Return what the program can read now."""
        return self.peer.program.recv(65_536).decode()

    def answer(self, answers: Callable[[str], str]) -> None:
        """Answer every line that is typed, in a thread that ends with the console."""

        def run() -> None:
            with contextlib.suppress(OSError), self.peer.program.makefile() as typed:
                for line in typed:
                    self.peer.program.sendall(answers(line.rstrip("\n")).encode())

        threading.Thread(target=run, daemon=True).start()

    def seen(self) -> list[tuple[str, dict[str, str]]]:
        """Return the kind and the fields of each notice."""
        return [(notice.kind, dict(notice.fields)) for notice in self.notices]

    def close(self) -> None:
        """Close everything."""
        self.console.terminal.close()
        with contextlib.suppress(OSError):
            self.peer.program.shutdown(socket.SHUT_RDWR)
        self.peer.close()

"""What the peer's tests share: waiting, nodes, processes on pipes and on terminals."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pexpect
import pyte

from peer.limits import Limits
from peer.node import Node
from peer.render import Row
from peer.settings import Settings
from tests.waiting import PATIENCE
from tests.waiting import until as until  # noqa: PLC0414 - tests import it with the rest

ROOT = Path(__file__).parents[2]
_JOINER = "\u200d".encode()  # pyte drops what follows one
AT_ONCE = 10.0  # seconds; a third of whatever is not to be waited for, or less
_NEVER_FORCED = "from peer import repl; repl._LONGEST_LEAVE = 1_000"
_numbers = itertools.count(1)


def changed(*statements: str) -> str:
    """Return the code of a peer in which something is another way than in others.

    Args:
        statements: what is done before it begins; they may use `sys`.
    """
    first, last = "import runpy, sys", "sys.argv[0] = 'peer'"
    start = "sys.exit(runpy.run_module('peer', run_name='__main__'))"
    return "\n".join([first, *statements, last, start])


def lingers(seconds: float) -> str:
    """Return the code of a peer that waits so long for the orderly end of a connection.

    Nor is it ended by its own clock once it was told to leave.
    """
    return changed(
        _NEVER_FORCED,
        "import functools",
        "from peer import arguments",
        f"arguments.Limits = functools.partial(arguments.Limits, linger={seconds})",
    )


NEVER_FORCED = changed(_NEVER_FORCED)
"""The code of a peer that is not ended by its own clock once it was told to leave."""


def address() -> str:
    """Return a loopback address that nothing else of this run uses."""
    number = next(_numbers)
    return f"127.{os.getpid() % 200 + 20}.{number // 250 + 1}.{number % 250 + 2}"


class LabNode:
    """A node and the notices that it gave."""

    def __init__(
        self,
        bind: str | None = None,
        name: str = "lab",
        limits: Limits | None = None,
        notify: Callable[[Sequence[str]], None] | None = None,
        **settings: Any,
    ) -> None:
        self.bind = address() if bind is None else bind
        self.lines: list[str] = []
        chosen = Settings(
            port=0, bind=self.bind, name=name, limits=limits or Limits(greeting=1.0), **settings
        )
        self.node = Node(chosen, notify or self.lines.extend)
        self.port = self.node.port

    def connect(self, other: LabNode) -> Row:
        return self.node.connect(other.bind, other.port)

    def await_line(self, pattern: str, timeout: float = PATIENCE) -> str:
        until(lambda: self.matching(pattern), lambda: f"{pattern!r} in {self.lines[-8:]}", timeout)
        return self.matching(pattern)[0]

    def matching(self, pattern: str) -> list[str]:
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def texts(self) -> list[str]:
        return [line.partition("): ")[2] for line in self.matching(r"^\* message ")]

    def await_texts(self, count: int) -> None:
        until(lambda: len(self.texts()) >= count)

    def dial(self, timeout: float = 3.0) -> socket.socket:
        return socket.create_connection((self.bind, self.port), timeout)

    def close(self) -> None:
        self.node.close()


class Peer:
    """A real `python3 -m peer` on pipes."""

    def __init__(self, *arguments: str, code: str = "", bind: str | None = None, **popen: Any):
        self.bind = address() if bind is None else bind
        self.lines: list[str] = []
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115
        start = ["-c", code] if code else ["-m", "peer"]
        where = ["--bind", self.bind] if self.bind else []
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, *start, *(arguments or ("0",)), *where],
            stdin=popen.pop("stdin", subprocess.PIPE),
            stdout=popen.pop("stdout", subprocess.PIPE),
            stderr=self._stderr,
            cwd=ROOT,
            **popen,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._seen = 0

    def _read(self) -> None:
        with contextlib.suppress(ValueError):
            for line in self.process.stdout or ():
                self.lines.append(line.decode("utf-8", "replace").removesuffix("\n"))

    @property
    def errors(self) -> str:
        if not self._stderr.closed:
            self._stderr.seek(0)
            self._errors = self._stderr.read()
        return self._errors

    @property
    def port(self) -> int:
        return int(self.expect(r"^\* listening on .*:(\d+) \(").group(1))

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def close_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def find(self, pattern: str, start: int = 0) -> re.Match[str] | None:
        found = (re.search(pattern, line) for line in self.lines[start:])
        return next((match for match in found if match), None)

    def expect(self, pattern: str, timeout: float = PATIENCE, start: int = 0) -> re.Match[str]:
        until(
            lambda: self.find(pattern, start), lambda: f"{pattern!r} in {self.lines[-8:]}", timeout
        )
        found = self.find(pattern, start)
        assert found
        return found

    def command(self, line: str, timeout: float = PATIENCE) -> str:
        """Type a line; return the last line of its reply."""
        start = len(self.lines)
        self.write(line.encode() + b"\n")
        return self.expect(r"^(ok|error): .*", timeout, start).group()

    def connect(self, other: Peer) -> str:
        return self.command(f"connect {other.bind} {other.port}")

    def expect_rows(self, count: int) -> None:
        """Wait until the list has so many rows."""
        until(lambda: self.command("list").startswith(f"ok: {count} connection"))

    def texts(self) -> list[str]:
        return [line.partition("): ")[2] for line in self.lines if line.startswith("* message ")]

    def expect_texts(self, wanted: list[str]) -> None:
        until(lambda: self.texts() == wanted, what=lambda: f"{wanted} in {self.texts()}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        until(lambda: stat(self.process.pid)[0] == "T", what="the process to stop")

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def wait(self, timeout: float = PATIENCE) -> int:
        status = self.process.wait(timeout)
        self._reader.join(PATIENCE)
        return status

    def clean_up(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(PATIENCE)
        assert self.errors is not None  # read before it is closed
        for pipe in (self.process.stdin, self.process.stdout, self._stderr):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()


def stat(pid: int) -> tuple[str, float]:
    """Return a process's state and the seconds of CPU it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Return a process's resident memory in KiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) if found else 0


class Screen:
    """A real `python3 -m peer` on a pty, called one, and what a person sees there."""

    def __init__(self, *arguments: str, code: str = "", bind: str | None = None,
                 size: tuple[int, int] = (40, 100), **environment: str) -> None:  # fmt: skip
        self.bind = address() if bind is None else bind
        start = ["-c", code] if code else ["-m", "peer"]
        arguments = arguments or ("0", "--name", "one")
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            [*start, *arguments, "--bind", self.bind],
            env={**os.environ, "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1", **environment},
            dimensions=size,
            cwd=str(ROOT),
            timeout=PATIENCE,
        )
        self.child.delaybeforesend = None
        self.display = pyte.HistoryScreen(size[1], size[0], history=20_000, ratio=0.5)
        self._stream = pyte.ByteStream(self.display)
        self.raw = ""
        self.hung_up = False

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed does."""
        self.update()
        self.hung_up = True
        child: Any = self.child  # whose types leave `ptyproc` out
        child.ptyproc.fileobj.close()

    def type(self, text: str) -> None:
        self.child.send(text.encode("utf-8"))

    def update(self) -> Self:
        """Take in what was printed since; return itself."""
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            while not self.hung_up:
                data = self.child.read_nonblocking(65_536, timeout=0)
                self.raw += data.decode("utf-8", "replace")
                self._stream.feed(data.replace(_JOINER, b""))
        return self

    @property
    def rows(self) -> list[str]:
        return [line.rstrip() for line in self.display.display]

    @property
    def current(self) -> str:
        """The row the cursor is on, without blanks at its end."""
        return self.rows[self.display.cursor.y]

    @property
    def line(self) -> str:
        """The row the cursor is on, as text: wide characters once, no joiners."""
        row = self.display.buffer[self.display.cursor.y]
        return "".join(row[x].data for x in range(self.display.columns)).rstrip()

    def see(self, pattern: str, timeout: float = PATIENCE) -> str:
        """Wait until a row of the screen matches; return that row."""
        found: list[str] = []

        def look() -> bool:
            self.update()
            found[:] = [row for row in self.rows if re.search(pattern, row)]
            return bool(found)

        until(look, lambda: f"{pattern!r} on the screen:\n" + "\n".join(self.rows), timeout)
        return found[0]

    def settle(self, current: str, timeout: float = PATIENCE) -> None:
        """Wait until the cursor's row is exactly `current`."""

        def look() -> bool:
            self.update()
            return self.current == current

        until(look, lambda: f"row {current!r}, not {self.current!r}", timeout)

    @property
    def port(self) -> int:
        row = self.see(r"\* listening on \S+:(\d+)")
        self.settle("one>")
        found = re.search(r":(\d+) \(", row)
        assert found
        self.port_shown = int(found.group(1))
        return self.port_shown

    def command(self, line: str) -> str:
        """Type a line at an empty prompt and return the last line of its reply."""
        self.settle("one>")
        before = len(re.findall(r"(?m)^(?:ok|error): .*\r$", self.raw))
        self.type(line + "\r")
        replies: list[str] = []

        def look() -> bool:
            self.update()
            replies[:] = re.findall(r"(?m)^((?:ok|error): .*)\r$", self.raw)
            return len(replies) > before

        until(look, what=f"a reply to {line[:40]!r}")
        return replies[-1]

    def clean_up(self) -> None:
        self.update()
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        self.child.close()

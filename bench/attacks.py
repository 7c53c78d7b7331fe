"""What hostile programs cost a peer: its peak memory, its console's answer, and its end.

256 connections, as many as a peer takes, do one thing each that could make it keep more and
more: send without end, or never read. The peer runs on this machine, without Docker.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table

_CONNECTIONS = 256
_BLOCK = 65_536  # bytes, of one write
_PATIENCE = 60.0  # seconds
_ROOT = Path(__file__).parents[1]
_SECONDS = 5.0  # of each attack
_BETWEEN = 0.05  # seconds between two questions at the console
_AT_ONCE = 64  # lines typed at once
_ENOUGH = 400.0  # MB; more need not be shown
WANTED_MB, WANTED_ANSWER, WANTED_EXIT = 100, 1.0, 2.0


@dataclass(frozen=True, slots=True)
class Attack:
    """What every connection does.

    Attributes:
        greets: whether it says what a peer says first.
        readies: whether it finishes its greeting.
        sends: what it sends again and again; nothing if empty.
        typed: what the user types for each connection, `{id}` replaced; until it is refused.
        unread: whether the peer's output is not read either.
        ends: whether the connections are reset before the peer is asked to leave.
    """

    what: str
    greets: bool = False
    readies: bool = True
    sends: bytes = b""
    typed: str = ""
    unread: bool = False
    ends: bool = False


_LONG = "send {id} " + "\N{GRINNING FACE}" * 4_000  # four bytes each, as many as fit
_WIDE = ("\N{GRINNING FACE}" + "\x01" * 12_000 + "\n").encode()  # sixteen times that when shown
ATTACKS = (
    Attack("says nothing"),
    Attack("empty lines", sends=b"\n" * _BLOCK),
    Attack("empty lines, output never read", sends=b"\n" * _BLOCK, unread=True),
    Attack("a line without end", sends=b"x" * 16_000),
    Attack("long lines, output never read", sends=b"\0" * 16_000 + b"\n", unread=True),
    Attack("long lines of wide text", sends=_WIDE),
    Attack("a greeting never finished", greets=True, readies=False,
           sends=b"PEERLAB/1 ready\n" * 4_000),
    Attack("pings, answers never read", greets=True, sends=b"ping\n" * 10_000),
    Attack("windows never read", greets=True, typed=_LONG),
    Attack("windows of short texts", greets=True, typed="send {id} x"),
    Attack("windows never read, then reset", greets=True, typed=_LONG, ends=True),
    Attack("windows never read, then reset, output never read", greets=True, typed=_LONG,
           ends=True, unread=True),
    Attack("windows and pings, output never read", greets=True, typed=_LONG,
           sends=b"ping\n" * 10_000, unread=True),
)  # fmt: skip


@dataclass(slots=True)
class Cost:
    """What an attack cost the peer.

    Attributes:
        peak: its largest resident memory, in MB.
        answer: the longest wait for a reply at its console, in seconds; None if nothing is read.
        leave: how long it took to leave once it was told to, in seconds.
        status: its exit status.
    """

    what: str
    peak: float = 0.0
    answer: float | None = None
    leave: float = 0.0
    status: int = 0

    @property
    def bounded(self) -> bool:
        """Whether it is what PROTOCOL.md promises."""
        answered = self.answer is None or self.answer < WANTED_ANSWER
        return self.peak < WANTED_MB and answered and self.leave < WANTED_EXIT and not self.status


def peak_memory(pid: int) -> float:
    """Return the largest resident memory of a process so far, in MB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1000 if found else 0.0


class Victim:
    """A peer's process, and its console while `reading` is set."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peer", "0", "--bind", "127.0.0.1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT,
        )  # fmt: skip
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - both are pipes
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self.port = int(self._stdout.readline().partition(b":")[2].split()[0])
        self._replies = threading.Semaphore(0)
        self._last, self._connections = b"", 0
        self.reading = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.reading.wait()
        for line in self._stdout:
            self._connections += line.startswith(b"* connected ")
            if line.startswith((b"ok: ", b"error: ")):
                self._last = line
                self._replies.release()
            self.reading.wait()

    def await_connections(self, count: int) -> None:
        """Wait until so many have been shown."""
        until = time.monotonic() + _PATIENCE
        while self._connections < count and time.monotonic() < until:
            time.sleep(_BETWEEN)

    def ask(self, line: str, times: int = 1) -> bool:
        """Type a line, several times at once; return whether the last one was carried out."""
        self._stdin.write(f"{line}\n".encode() * times)
        self._stdin.flush()
        for _ in range(times):
            if not self._replies.acquire(timeout=_PATIENCE):
                raise TimeoutError(f"no answer to {line[:20]!r}")
        return self._last.startswith(b"ok: ")

    @property
    def peak(self) -> float:
        """The largest resident memory so far, in MB."""
        return peak_memory(self._process.pid)

    @property
    def is_waiting(self) -> bool:
        """Whether each of its threads waits: for input, for room to write, or for another one."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(one.read_text().rpartition(")")[2].split()[0] == "S" for one in threads)

    def leave(self) -> tuple[float, int]:
        """Ask it to leave; return how many seconds it took, and its exit status."""
        began = time.perf_counter()
        self._process.terminate()
        status = self._process.wait(_PATIENCE)
        return time.perf_counter() - began, status

    def close(self) -> None:
        """Kill it if it is still there."""
        self._process.kill()
        self._process.wait()
        self.reading.set()
        self._reader.join()
        self._stdin.close()
        self._stdout.close()


def cost(attack: Attack, seconds: float, connections: int = _CONNECTIONS) -> Cost:
    """Start a peer, attack it for so many seconds, and return what that cost."""
    found = Cost(attack.what)
    with contextlib.closing(Victim()) as victim, contextlib.ExitStack() as stack:
        victim.reading.set()
        socks = [stack.enter_context(connect(victim.port, attack, n)) for n in range(connections)]
        with Sender(socks, attack):
            if attack.typed:
                _fill_windows(victim, attack, connections)
            if attack.unread:
                victim.reading.clear()
            if not attack.ends:
                _look_on(victim, attack, found, seconds)
        if attack.ends:
            for sock in socks:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
            _look_on(victim, attack, found, seconds)
        found.peak = victim.peak
        found.leave, found.status = victim.leave()
    return found


def connect(port: int, attack: Attack, number: int) -> socket.socket:
    """Return a connection to a peer that has greeted as the attack does."""
    sock = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    if attack.greets:
        me = f"{number + 1} {number:016x} {number:016x} hostile"
        sock.sendall(f"PEERLAB/1 hello {me}\n".encode())
        if attack.readies:
            with sock.makefile("rb") as lines:
                nonce = lines.readline().split()[4]
            sock.sendall(b"PEERLAB/1 ready " + nonce + b"\n")
    sock.setblocking(False)
    return sock


def _fill_windows(victim: Victim, attack: Attack, connections: int) -> None:
    victim.await_connections(connections)
    for number in range(1, connections + 1):
        while victim.ask(attack.typed.format(id=number), _AT_ONCE):
            if victim.peak > _ENOUGH:
                return


def _look_on(victim: Victim, attack: Attack, found: Cost, seconds: float) -> None:
    """Ask the peer something again and again for so many seconds, if its output is read."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and victim.peak < _ENOUGH:
        if not attack.unread:
            began = time.perf_counter()
            victim.ask("myport")
            found.answer = max(found.answer or 0.0, time.perf_counter() - began)
        time.sleep(_BETWEEN)


class Sender:
    """A thread that sends on every connection whatever it takes, again and again.

    Attributes:
        sent: how many bytes.
    """

    def __init__(self, socks: list[socket.socket], attack: Attack) -> None:
        self.sent = 0
        self._socks, self._over = socks, threading.Event()
        self._data = attack.sends or (b"pong\n" if attack.greets and attack.readies else b"")
        self._pause = 0.0 if attack.sends else 1.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in self._socks:
                selector.register(sock, selectors.EVENT_WRITE)
            while self._data and selector.get_map() and not self._over.wait(self._pause):
                for key, _ in selector.select(_BETWEEN):
                    try:
                        self.sent += os.write(key.fd, self._data)
                    except BlockingIOError:
                        continue
                    except OSError:
                        selector.unregister(key.fileobj)  # the peer has ended it


def table(costs: list[Cost]) -> Table:
    """Return the costs as a table."""
    shown = Table(title="256 hostile connections", title_justify="left")
    peak, answer = f"peak (< {WANTED_MB} MB)", f"answer (< {WANTED_ANSWER:g} s)"
    for column in ("what they do", peak, answer, f"end (< {WANTED_EXIT:g} s)", "bounded"):
        shown.add_column(column)
    for one in costs:
        wait = "-" if one.answer is None else f"{one.answer:.3f} s"
        yes = "yes" if one.bounded else "NO"
        shown.add_row(one.what, f"{one.peak:.0f} MB", wait, f"{one.leave:.2f} s", yes)
    return shown


def main() -> int:
    """Try every attack, or those that the arguments name; print a table.

    Returns 0 if the peer stayed within its bounds, 1 if not.
    """
    chosen = [attack for attack in ATTACKS if attack.what in sys.argv[1:] or not sys.argv[1:]]
    costs = [cost(attack, _SECONDS) for attack in chosen]
    Console(highlight=False, width=120).print(table(costs))
    return 0 if all(one.bounded for one in costs) else 1


if __name__ == "__main__":
    sys.exit(main())

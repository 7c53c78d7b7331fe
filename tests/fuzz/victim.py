"""A real peer whose output is read, looked at and thrown away."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time

import pexpect

from bench.attacks import peak_memory
from tests.fuzz.shown import Shown
from tests.peer.support import ROOT

START = ["-m", "peer"]  # arguments to Python
PATIENCE = 60.0  # seconds until what was typed is carried out
_AGAIN = 1.0  # seconds until the question is typed again: a Ctrl-C before it may have dropped it
_CLEAR = b"\x05\x15\x05\x15"  # empties the line on a terminal
_CHUNK = 65_536  # bytes


class Victim:
    """A peer on a terminal or on pipes, on a port of its own.

    Args:
        port: the port, on 127.0.0.1.
        terminal: whether it has a terminal.

    Attributes:
        shown: what it shows.
    """

    def __init__(self, port: int, *, terminal: bool) -> None:
        self.shown = Shown(terminal=terminal)
        self._terminal = terminal
        words = [*START, str(port), "--bind", "127.0.0.1", "--name", "victim"]
        if terminal:
            self._child: pexpect.spawn[bytes] = pexpect.spawn(
                sys.executable, words, cwd=str(ROOT), dimensions=(24, 80),
                env={**os.environ, "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"},
            )  # fmt: skip
            self._in = self._out = self._child.child_fd
            self.pid: int = self._child.pid or 0
        else:
            self._process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert self._process.stdin
            assert self._process.stdout
            self.pid = self._process.pid
            self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._questions = 0
        self._reply, self._answered, self._over = b"", threading.Event(), threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # its end of a terminal was closed
            while True:
                select.select([self._out], [], [])
                if not (chunk := os.read(self._out, _CHUNK)):
                    break
                shown = self.shown.add(chunk)
                if self._reply and self._reply in shown:
                    self._answered.set()
        self._over.set()
        self._answered.set()

    def type(self, data: bytes) -> None:
        """Type, as fast as the peer reads.

        Raises:
            EOFError: the peer has ended.
            TimeoutError: it reads nothing.
        """
        deadline = time.monotonic() + PATIENCE
        while data:
            if self._over.is_set():
                raise EOFError
            if time.monotonic() > deadline:
                raise TimeoutError("it reads nothing that is typed")
            if select.select([], [self._in], [], 0.1)[1]:
                with contextlib.suppress(BlockingIOError):
                    try:
                        data = data[os.write(self._in, data[:512]) :]
                    except OSError:
                        raise EOFError from None

    def ask(self, patience: float = PATIENCE) -> float:
        """Type a question; return the seconds until its answer is shown.

        Raises:
            EOFError: the peer has ended.
            TimeoutError: it does not answer.
        """
        self._questions += 1
        question = b"are-you-there-%d" % self._questions
        self._answered.clear()
        self._reply = b"unknown command '%s'" % question
        began = time.monotonic()
        self.type(_CLEAR + question + b"\r" if self._terminal else question + b"\n")
        answered = self._answered.wait(patience)
        if self._over.is_set():
            raise EOFError
        if not answered:
            raise TimeoutError("it does not answer")
        return time.monotonic() - began

    def settle(self) -> None:
        """Wait until everything that was typed has been carried out.

        Raises:
            EOFError: the peer has ended.
            TimeoutError: it does not answer.
        """
        deadline = time.monotonic() + PATIENCE
        if not self._terminal:
            self.type(b"\n")  # what was typed last may have been half a line
        while True:
            with contextlib.suppress(TimeoutError):
                self.ask(_AGAIN if self._terminal else PATIENCE)
                return
            if time.monotonic() > deadline:
                raise TimeoutError("it does not answer")

    @property
    def peak(self) -> float:
        """The largest resident memory so far, in MB; 0 if it has ended."""
        with contextlib.suppress(OSError):
            return peak_memory(self.pid)
        return 0.0

    def ending(self) -> str:
        """Wait for its end; return what was wrong with it, empty if it was told to leave."""
        self._reader.join(PATIENCE)
        if self._terminal:
            self._child.wait()
            signal, status = self._child.signalstatus, self._child.exitstatus
        else:
            code = self._process.wait(PATIENCE)
            signal, status = (-code, None) if code < 0 else (None, code)
        if signal:
            return f"ended by signal {signal}"
        told = status == 0 and b"ok: bye" in self.shown.tail
        return "" if told else f"ended with status {status} after {self.shown.tail[-200:]!r}"

    def close(self) -> None:
        """End it."""
        if self._terminal:
            self._child.close(force=True)
        else:
            self._process.kill()
            self._process.communicate()
        self._reader.join(PATIENCE)

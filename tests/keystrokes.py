"""`python -m tests.keystrokes`: random keystrokes at a real peer's console.

A peer on a terminal, connected to another that sends it messages, is typed at: text, control keys,
escape sequences and commands. Every few hundred keystrokes it must still answer a command. A peer
that was told to leave (`exit`, or Ctrl-D twice) is started again; one that ends in any other way,
or does not answer, is a failure. Exit status 0 only if there was none. The seed that is printed
repeats a run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import select
import sys
import time
from collections.abc import Iterator

import pexpect

from tests.peer.support import ROOT, LabNode, address

START = ["-m", "peer"]  # arguments to Python
PATIENCE = 20.0  # seconds for an answer
_CLEAR = b"\x05\x15\x05\x15"  # what the lab types in front of a command
_AGAIN = 0.5  # seconds until the question is typed again: a Ctrl-C before it may have dropped it
_BATCH = 300  # keystrokes between two questions
_KEPT = 4_000  # bytes of output that are looked at
_CSI_ENDS = b"ABCDEFGHMPQRSZ~u"
_WORDS = (
    b"help", b"myip", b"myport", b"list", b"list\r", b"send 1 ", b"terminate 7\r",
    b"connect 127.0.0.1 1\r", b"connect ", b"exit",
    "é".encode(), "你好".encode(), "👨‍👩‍👧".encode(),
    "שלום".encode(), b"e\xcc\x81", b"\xff\xfe",
)  # fmt: skip


class PeerDiedError(Exception):
    """A peer ended without having been told to, or answers no more; the text says how."""


def keystroke(chance: random.Random) -> bytes:
    """Return the bytes of one random key, or of a word."""
    kind = chance.random()
    if kind < 0.30:
        return bytes([chance.randrange(0x20, 0x7F)])
    if kind < 0.60:
        return bytes([chance.choice((*range(0x20), 0x7F))])
    if kind < 0.70:
        return b"\x1b" + bytes([chance.randrange(0x80)])
    if kind < 0.78:
        parameters = ";".join(str(chance.randrange(300)) for _ in range(chance.randrange(3)))
        return b"\x1b[" + parameters.encode() + bytes([chance.choice(_CSI_ENDS)])
    if kind < 0.82:
        return b"\x1bO" + bytes([chance.randrange(0x40, 0x7F)])
    if kind < 0.88:
        return b"\x18" + bytes([chance.randrange(0x80)])
    if kind < 0.92:
        return bytes([chance.randrange(0x80, 0x100)])
    return chance.choice(_WORDS)


class TypedPeer:
    """A real peer on a terminal, connected to `friend`, and what is typed at it.

    Args:
        friend: sends it a message now and then.
        chance: decides what is typed.

    Attributes:
        starts: how often it was started.
    """

    def __init__(self, friend: LabNode, chance: random.Random) -> None:
        self.starts = 0
        self._friend, self._chance = friend, chance
        self._questions = 0
        self._start()

    def _start(self) -> None:
        self.starts += 1
        self._shown = b""
        self._child = pexpect.spawn(
            sys.executable, [*START, "0", "--bind", address(), "--name", "typed"],
            env={**os.environ, "LANG": "C.UTF-8", "TERM": "xterm"}, cwd=str(ROOT),
            dimensions=(24, 80),
        )  # fmt: skip
        os.set_blocking(self._child.child_fd, False)
        self.answers()
        self._type(f"connect {self._friend.bind} {self._friend.port}\r".encode())
        self.answers()

    def press(self, count: int) -> None:
        """Press so many random keys, and see that the peer answers then.

        Raises:
            PeerDiedError: it does not.
        """
        keys = b"".join(keystroke(self._chance) for _ in range(count))
        for row in self._friend.node.rows():
            with contextlib.suppress(Exception):  # the connection may have ended
                self._friend.node.send(row.id, "meanwhile")
        try:
            self._type(keys)
            self.answers()
        except EOFError:
            if not self._was_told_to_leave():
                raise PeerDiedError(f"{self._ending()} after {keys!r}") from None
            self._start()
        except TimeoutError:
            raise PeerDiedError(f"no answer after {keys!r}; {self._shown[-300:]!r}") from None

    def answers(self) -> None:
        """See that a question is answered.

        Raises:
            EOFError: the peer has ended.
            TimeoutError: it does not answer.
        """
        deadline, asked_at, questions = time.monotonic() + PATIENCE, 0.0, list[bytes]()
        while not any(b"unknown command '%s'" % one in self._shown for one in questions):
            if time.monotonic() > asked_at + _AGAIN:
                asked_at = time.monotonic()
                self._questions += 1
                questions.append(b"are-you-there-%d" % self._questions)
                self._type(_CLEAR + questions[-1] + b"\r")
            self._read(deadline)

    def _type(self, keys: bytes) -> None:
        deadline = time.monotonic() + PATIENCE
        while keys:
            terminal = self._child.child_fd
            if select.select([], [terminal], [], 0)[1]:
                with contextlib.suppress(BlockingIOError):
                    try:
                        keys = keys[os.write(terminal, keys[:512]) :]
                    except OSError:
                        raise EOFError from None
            else:
                self._read(deadline)

    def _read(self, deadline: float) -> None:
        terminal = self._child.child_fd
        if time.monotonic() > deadline:
            raise TimeoutError
        readable, *_ = select.select([terminal], [terminal], [], 0.05)
        if not readable:
            readable, *_ = select.select([terminal], [], [], 0.05)
        if readable:
            try:
                self._shown = (self._shown + os.read(terminal, 65_536))[-_KEPT:]
            except OSError:  # its end of the terminal was closed
                raise EOFError from None

    def _was_told_to_leave(self) -> bool:
        self._child.wait()
        return self._child.exitstatus == 0 and b" bye\r\n" in self._shown

    def _ending(self) -> str:
        signal, status = self._child.signalstatus, self._child.exitstatus
        return f"ended by signal {signal}" if signal else f"ended with status {status}"

    def close(self) -> None:
        """End the peer."""
        self._child.close(force=True)


@contextlib.contextmanager
def _typed_peer(chance: random.Random) -> Iterator[TypedPeer]:
    """Yield a peer to type at, with a friend that sends it messages."""
    friend = LabNode(name="friend", notify=lambda _lines: None)
    try:
        with contextlib.closing(TypedPeer(friend, chance)) as peer:
            yield peer
    finally:
        friend.close()


def soak(keystrokes: int, seed: int) -> int:
    """Press so many keys at a peer; return how often it was started, as it was told to leave.

    Raises:
        PeerDiedError: a peer ended, or does not answer.
    """
    with _typed_peer(random.Random(seed)) as peer:
        for _ in range(0, keystrokes, _BATCH):
            peer.press(_BATCH)
        return peer.starts


def main() -> int:
    """Type; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.keystrokes")
    parser.add_argument("--keystrokes", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    sys.stdout.flush()
    begun = time.monotonic()
    try:
        starts = soak(given.keystrokes, given.seed)
    except PeerDiedError as error:
        sys.stdout.write(f"✗ {error}\n")
        return 1
    seconds = time.monotonic() - begun
    sys.stdout.write(f"✓ {given.keystrokes:,} keystrokes in {seconds:.0f} s, {starts} starts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Strangers who dial a peer, or are dialled by it, and mean no good, in a process of their own."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event

from bench.attacks import ATTACKS, Sender, connect
from peer.wire import Hello, Identity, Ready, Welcome, encode
from tests.fuzz.mutation import mutated, text

_WORKERS = 8
_PATIENCE = 2.0  # seconds
_SHORT = 0.2  # seconds, for what may never come
_HELD = 8  # connections of one stranger that are left open
_INSTANCES = 40  # so few that some come twice
_FLOODS = tuple(attack for attack in ATTACKS if attack.sends)
_FLOOD_SIZES = (30, 100, 256, 300)  # connections; a peer takes 256
_FLOOD_LASTS = 2.0  # seconds
_BETWEEN_FLOODS = 10.0  # seconds, at the most
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Stranger:
    """One stranger's choices, and what it did.

    Attributes:
        port: the peer's, on 127.0.0.1.
        chance: decides.
        done: how often it did what.
        held: connections that it leaves open, oldest first.
    """

    port: int
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    held: deque[socket.socket] = field(default_factory=deque)

    @contextlib.contextmanager
    def dial(self) -> Iterator[socket.socket]:
        """Yield a connection; it is ended in any way."""
        with socket.create_connection(("127.0.0.1", self.port), _PATIENCE) as sock:
            sock.settimeout(_PATIENCE)
            yield sock
            self.leave(sock)

    def leave(self, sock: socket.socket) -> None:
        """Close a connection, reset it, half-close it, or leave it open for a while."""
        match self.chance.randrange(4):
            case 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            case 1:
                sock.shutdown(socket.SHUT_WR)
                self.hold(sock)
            case 2:
                self.hold(sock)

    def hold(self, sock: socket.socket) -> None:
        """Leave a connection open until there are too many."""
        self.held.append(sock.dup())
        if len(self.held) > _HELD:
            self.held.popleft().close()

    def send(self, sock: socket.socket, data: bytes) -> None:
        """Send, in segments cut anywhere."""
        while data:
            end = self.chance.choice((1, 7, len(data), len(data)))
            sock.sendall(data[:end])
            self.done["bytes"] += len(data[:end])
            data = data[end:]

    def identity(self) -> Identity:
        """Return who it says it is: one of a few."""
        who = self.chance.randrange(_INSTANCES)
        return Identity(f"{who:016x}", who + 1, f"stranger-{who}")

    def nonce(self) -> str:
        """Return 16 hexadecimal digits."""
        return f"{self.chance.getrandbits(64):016x}"

    def greet(self, sock: socket.socket) -> None:
        """Greet as a peer does."""
        self.send(sock, encode(Hello(self.identity(), self.nonce())))
        nonce = first_word(sock, 4)
        self.send(sock, encode(Ready(nonce)))

    def frames(self, sock: socket.socket, *, valid: bool) -> None:
        """Send frames, all valid or most of them mutated."""
        for number in range(1, self.chance.randint(2, 40)):
            frame = self.chance.choice((
                b"msg %d %s" % (number, text(self.chance)), b"msg %d hi" % number, b"ping", b"pong",
                b"got %d" % self.chance.randrange(4),
            ))  # fmt: skip
            if not valid and self.chance.random() < 0.3:
                frame = mutated(self.chance, frame)
            self.done["frames"] += 1
            self.send(sock, frame + b"\n")
        if self.chance.random() < 0.3:
            self.send(sock, b"bye exit\n")


def first_word(sock: socket.socket, number: int) -> str:
    """Return a word of the first line that comes, without reading further."""
    line = b""
    while not line.endswith(b"\n"):
        line += sock.recv(1) or b"\n"
    words = line.decode("ascii", "replace").split()
    if len(words) <= number:
        raise ConnectionError("refused")
    return words[number]


def noise(one: Stranger) -> None:
    """Send bytes of any kind."""
    with one.dial() as sock:
        for _ in range(one.chance.randint(1, 20)):
            one.send(sock, one.chance.randbytes(one.chance.randrange(2_000)))


def cut_greeting(one: Stranger) -> None:
    """Send a greeting up to anywhere."""
    with one.dial() as sock:
        hello = encode(Hello(one.identity(), one.nonce()))
        one.send(sock, hello[: one.chance.randint(0, len(hello))])


def mutated_greeting(one: Stranger) -> None:
    """Send a greeting with something changed in it."""
    with one.dial() as sock:
        one.send(sock, mutated(one.chance, encode(Hello(one.identity(), one.nonce()))))
        if one.chance.random() < 0.5:
            sock.settimeout(_SHORT)
            one.send(sock, mutated(one.chance, encode(Ready(first_word(sock, 4)))))


def valid_session(one: Stranger) -> None:
    """Send valid frames."""
    with one.dial() as sock:
        one.greet(sock)
        one.frames(sock, valid=True)


def mutated_session(one: Stranger) -> None:
    """Send frames, some of them mutated."""
    with one.dial() as sock:
        one.greet(sock)
        one.frames(sock, valid=False)


def half_open(one: Stranger) -> None:
    """Say nothing, or only what a peer says first, and stay."""
    with one.dial() as sock:
        if one.chance.random() < 0.5:
            one.greet(sock)
        one.hold(sock)


def reset(one: Stranger) -> None:
    """Reset the connection at once."""
    with one.dial() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def slow_reader(one: Stranger) -> None:
    """Ask for answers and read them byte by byte, or not at all."""
    with one.dial() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        one.greet(sock)
        one.send(sock, b"ping\n" * one.chance.randrange(5_000))
        one.hold(sock)
        sock.settimeout(_SHORT)
        for _ in range(one.chance.randrange(50)):
            sock.recv(1)


KINDS: dict[str, Callable[[Stranger], None]] = {
    "random bytes": noise,
    "greetings cut anywhere": cut_greeting,
    "mutated greetings": mutated_greeting,
    "valid sessions": valid_session,
    "mutated sessions": mutated_session,
    "half-open": half_open,
    "resets": reset,
    "slow readers": slow_reader,
}


def answer(one: Stranger, sock: socket.socket) -> None:
    """Answer a peer that dialled, in any way."""
    welcome = encode(Welcome(one.identity(), one.nonce(), first_word(sock, 4)))
    match one.chance.randrange(5):
        case 0:
            one.send(sock, welcome)
            one.frames(sock, valid=one.chance.random() < 0.5)
        case 1:
            one.send(sock, mutated(one.chance, welcome))
        case 2:
            one.send(sock, welcome[: one.chance.randint(0, len(welcome))])
        case 3:
            one.send(sock, one.chance.randbytes(300))
    one.leave(sock)


def _dial(one: Stranger, over: Event) -> None:
    kinds = list(KINDS)
    while not over.is_set():
        kind = one.chance.choice(kinds)
        one.done[kind] += 1
        one.done["connections"] += 1
        try:
            KINDS[kind](one)
        except OSError:  # the peer ended it, is full, or is being started again
            over.wait(0.01)


def _listen(one: Stranger, listener: socket.socket, over: Event) -> None:
    listener.settimeout(0.2)
    while not over.is_set():
        with contextlib.suppress(OSError):
            sock, _ = listener.accept()
            with sock:
                one.done["dials answered"] += 1
                sock.settimeout(_PATIENCE)
                answer(one, sock)


def _flood(one: Stranger, over: Event) -> None:
    while not over.wait(one.chance.uniform(0, _BETWEEN_FLOODS)):
        attack, size = one.chance.choice(_FLOODS), one.chance.choice(_FLOOD_SIZES)
        with contextlib.ExitStack() as stack:
            socks = list[socket.socket]()
            for number in range(size):
                if over.is_set():
                    return
                with contextlib.suppress(OSError, IndexError):  # it is full, or away
                    socks.append(stack.enter_context(connect(one.port, attack, number)))
            one.done["floods"] += 1
            one.done["connections"] += size
            with Sender(socks, attack) as sender:
                over.wait(_FLOOD_LASTS)
            one.done["bytes"] += sender.sent


def haunt(
    port: int, listener: socket.socket, seed: str, over: Event, told: SimpleQueue[Counter[str]]
) -> None:
    """Be many strangers until it is over.

    Args:
        port: the peer's, on 127.0.0.1.
        listener: where the peer may dial.
        seed: repeats their choices.
        over: set when they are to stop.
        told: gets what they did.
    """
    strangers = [
        Stranger(port, random.Random(f"{seed} {number}")) for number in range(_WORKERS + 2)
    ]
    first, second, *others = strangers
    threads = [
        threading.Thread(target=_flood, args=(first, over)),
        threading.Thread(target=_listen, args=(second, listener, over)),
        *(threading.Thread(target=_dial, args=(one, over)) for one in others),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sock in (sock for one in strangers for sock in one.held):
        sock.close()
    told.put(sum((one.done for one in strangers), Counter()))

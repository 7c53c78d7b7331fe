"""A key-value store on several computers, with a console at each: `python3 store.py --help`.

`gossip.py` and `raft.py` decide everything. This file is what they know nothing of: the disk, the
network, the terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from gossip import Address, Message
from raft import Member

ANSWER = 2.0  # seconds that a user waits at most
SIZES = range(3, 6)  # of a cluster
RESOLUTION = 0.02  # seconds from one look at the clock to the next

COMMANDS = {
    "join": ("<host> <port>", "meet the member that listens there, and all it knows"),
    "members": ("", "show who is alive"),
    "leader": ("", "show who leads, and in which term"),
    "put": ("<key> <value>", "store a value"),
    "get": ("<key>", "show the value of a key"),
    "cas": ("<key> <old> <new>", "store a value if the present one is <old>"),
    "add": ("<element>", "add an element to the set"),
    "elements": ("", "show the set"),
    "new-id": ("", "make an id that no one else gets"),
    "help": ("", "show this"),
    "exit": ("", "leave"),
}


class Journal:
    """What must survive a kill, a line of JSON for each record."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._old = path.read_bytes() if path.exists() else b""
        self._file = path.open("ab")
        if self._old and not self._old.endswith(b"\n"):
            self._file.write(b"\n")  # a kill cut the last line short; no one relies on it

    def records(self) -> Iterator[Message]:
        """Yield what was written before, oldest first."""
        for line in self._old.splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def write(self, record: Message) -> None:
        """Write a record; it is on the disk when this returns."""
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


class Screen:
    """The terminal: each text goes out whole, by one write, whichever thread shows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prompts = False
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]

    def reply(self, text: str) -> None:
        """Show a reply and the prompt behind it."""
        with self._lock:
            self._prompts = True
            self._write(f"{text}\n> ")

    def notice(self, text: str) -> None:
        """Show something unasked, with the prompt again if there was one."""
        with self._lock:
            self._write(f"{text}\n> " if self._prompts else f"{text}\n")

    def lines(self) -> Iterator[str]:
        """Yield what the user types, line by line."""
        for line in sys.stdin:
            with self._lock:
                self._prompts = False
            yield line

    @staticmethod
    def _write(text: str) -> None:
        os.write(sys.stdout.fileno(), text.encode())


class Store:
    """A member with a disk, a socket and a console, each command with a deadline."""

    def __init__(self, kind: type[Member], name: str, cluster: list[str], port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("", port))
        self._socket.settimeout(RESOLUTION)
        self._screen = Screen()
        journal = Journal(Path("data") / f"{name}.jsonl")
        self._member = kind(name, cluster, journal.write, self._send, self._screen.notice)
        for record in journal.records():
            self._member.recall(record)
        self._changed = threading.Condition()  # also the lock of the member
        self._epoch = time.time() - time.monotonic()

    def run(self) -> None:
        """Serve the other members in a thread of its own, and the user in this one."""
        port = self._socket.getsockname()[1]
        self._screen.reply(f"listening on {port}")
        threading.Thread(target=self._serve, daemon=True).start()
        for line in self._screen.lines():
            words = line.split()
            if words == ["exit"]:
                break
            self._screen.reply(self._answer(words) if words else "")

    def _serve(self) -> None:
        while True:
            message, address = self._receive()
            now = self._epoch + time.monotonic()
            with self._changed:
                if message:
                    self._member.receive(now, message, address)
                self._member.tick(now)
                self._changed.notify_all()

    def _receive(self) -> tuple[Message | None, Address]:
        """Return the next message, or nothing if none comes soon or it is none."""
        with contextlib.suppress(OSError, ValueError):
            data, address = self._socket.recvfrom(65535)
            message = json.loads(data)
            return message if isinstance(message, dict) else None, address
        return None, ("", 0)

    def _send(self, address: Address, message: Message) -> None:
        # Any message may be lost; one that cannot be sent is lost as well.
        with contextlib.suppress(OSError):
            self._socket.sendto(json.dumps(message, ensure_ascii=False).encode(), address)

    def _answer(self, words: list[str]) -> str:
        """Return the reply to a command."""
        if not "".join(words).isprintable():
            return "error: there are control characters in this line"
        usage, _ = COMMANDS.get(words[0], (None, ""))
        if usage is None:
            return f"error: no command '{words[0]}'; try help"
        if len(words) - 1 != len(usage.split()):
            return f"error: usage: {words[0]} {usage}"
        match words:
            case ["help"]:
                return "\n".join(
                    f"{f'{word} {of}':<24}{does}" for word, (of, does) in COMMANDS.items()
                )
            case ["join", host, port]:
                return self._join(host, port)
            case ["members"]:
                with self._changed:
                    alive = self._member.alive()
                return "\n".join([*(f"- {name}" for name in alive), f"{len(alive)} members"])
            case ["leader"]:
                with self._changed:
                    leader, term = self._member.leader, self._member.shown_term()
                return f"leader {leader} term {term}" if leader else "no leader"
        return self._ask(words)

    def _ask(self, words: list[str]) -> str:
        """Pass a command on, and return the answer."""
        ticket, answers = uuid.uuid4().hex, self._member.answers
        with self._changed:
            if not self._member.request(ticket, words):
                return "unavailable: there is no leader"
            if self._changed.wait_for(lambda: ticket in answers, ANSWER):
                return answers[ticket]
        return f"timeout: no answer within {ANSWER:g} s; it may be done or not"

    def _join(self, host: str, port: str) -> str:
        """Greet another member until it answers."""
        try:
            address = (socket.gethostbyname(host), int(port))
            self._socket.sendto(b"", address)  # no message, but an error if it cannot be sent there
        except (OSError, ValueError, OverflowError) as error:
            return f"error: {host} {port}: {error}"
        deadline = time.monotonic() + ANSWER
        with self._changed:
            while time.monotonic() < deadline:
                self._member.greet(address)
                if name := self._changed.wait_for(lambda: self._met(address), RESOLUTION):
                    return f"joined {name}"
        return f"unavailable: no member of this cluster answers at {host} {port}"

    def _met(self, address: Address) -> str:
        """Return the member at an address that is alive; empty if there is none."""
        contacts, alive = self._member.contacts, self._member.alive()
        return next(
            (name for name in alive if name in contacts and contacts[name].address == address), ""
        )


def main(kind: type[Member] = Member) -> None:
    """Run a member until its user leaves."""
    parser = argparse.ArgumentParser(description="A key-value store on several computers.")
    parser.add_argument("port", type=int, help="the UDP port to listen on")
    parser.add_argument("--name", required=True, help="this member's name")
    parser.add_argument("--cluster", required=True, help="the names of all members: a,b,c")
    options = parser.parse_args()
    cluster = sorted({*options.cluster.split(",")})
    if options.name not in cluster or len(cluster) not in SIZES:
        parser.error("--cluster needs three to five different names, and this one's among them")
    try:
        store = Store(kind, options.name, cluster, options.port)
    except (OSError, OverflowError) as error:
        parser.error(f"port {options.port} cannot be used: {error}")
    with contextlib.suppress(KeyboardInterrupt):
        store.run()


if __name__ == "__main__":
    main()

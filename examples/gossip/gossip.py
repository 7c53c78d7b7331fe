"""Membership: each member keeps sending what it knows of the others to a random one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

BEAT = 0.1  # seconds from one gossip to the next
DEAD = 2.0  # seconds without a sign of life until a member is removed

Address = tuple[str, int]
Message = dict[str, Any]


@dataclass
class Contact:
    """Another member: its address, its latest sign of life, and when that came here."""

    address: Address
    beat: int
    at: float


class Gossiper:
    """Messages and the time go in; messages, notices and records come out.

    Args:
        name: its own name.
        cluster: the names of all members.
        write: keeps a record, which is on disk when this returns.
        send: sends a message to an address; it may be lost.
        notify: shows the user a notice.
    """

    KINDS = {"gossip"}  # of messages; each has a method

    def __init__(
        self,
        name: str,
        cluster: Iterable[str],
        write: Callable[[Message], None],
        send: Callable[[Address, Message], None],
        notify: Callable[[str], None],
    ) -> None:
        self.name, self.cluster = name, sorted(cluster)
        self.write, self.send_to, self.notify = write, send, notify
        self.now = self.next_gossip = 0.0
        self.contacts: dict[str, Contact] = {}

    def recall(self, record: Message) -> None:
        """Take back a record that was written before this member was killed."""
        match record:
            case {"contact": name, "address": [host, port]}:
                self.contacts[name] = Contact((host, port), beat=0, at=-DEAD)

    def alive(self) -> list[str]:
        """Return the names of the members that show signs of life, in order."""
        fresh = [name for name, of in self.contacts.items() if self.now - of.at < DEAD]
        return sorted([self.name, *fresh])

    def pass_time(self, now: float) -> None:
        """Set the time, in seconds since 1970."""
        self.now = now

    def tick(self, now: float) -> None:
        """Do what is due at this time."""
        self.pass_time(now)
        if self.contacts and now >= self.next_gossip:
            self.next_gossip = now + BEAT
            self.send_to(random.choice([*self.contacts.values()]).address, self._rumours())

    def receive(self, now: float, message: Message, address: Address) -> None:
        """Take a message, unless it is from no member of this cluster."""
        self.pass_time(now)
        sender = message.get("from")
        if message.get("cluster") != self.cluster or sender not in self.cluster:
            return
        if sender != self.name:
            self._meet(sender, address, message.get("beat", 0))
        if message.get("kind") in self.KINDS:
            self.take(message)

    def take(self, message: Message) -> None:
        """Do what a message asks for, by the method for its kind."""
        getattr(self, f"on_{message['kind']}")(message)

    def send(self, to: str, kind: str, **fields: Any) -> None:
        """Send a message to a member, which may be this one."""
        message = {"kind": kind, "from": self.name, "cluster": self.cluster, **fields}
        if to == self.name:
            self.receive(self.now, message, ("", 0))
        elif to in self.contacts:
            self.send_to(self.contacts[to].address, message)

    def greet(self, address: Address) -> None:
        """Introduce this member to the one at an address, which will do the same."""
        self.send_to(address, {**self._rumours(), "greets": True})

    def on_gossip(self, message: Message) -> None:
        """Learn what another member has heard."""
        for name, (host, port, beat) in message["known"].items():
            if name != self.name and name in self.cluster:
                self._meet(name, (host, port), beat)
        if message.get("greets") and message["from"] != self.name:
            self.send_to(self.contacts[message["from"]].address, self._rumours())

    def _rumours(self) -> Message:
        """Return everyone's latest sign of life; a member's own is the time at its end."""
        known = {name: [*of.address, of.beat] for name, of in self.contacts.items()}
        head = {"kind": "gossip", "from": self.name, "cluster": self.cluster}
        return {**head, "beat": int(self.now * 1000), "known": known}

    def _meet(self, name: str, address: Address, beat: int) -> None:
        """Note a member's sign of life, unless a later one is known."""
        known = self.contacts.get(name)
        if known and beat <= known.beat:
            return
        if not known or known.address != address:
            self.write({"contact": name, "address": address})
        self.contacts[name] = Contact(address, beat, self.now)

"""A cluster of the example store without network, disk and clock, driven by dice.

Messages are late, lost, doubled and overtake each other; members are cut off, paused, and killed
and started again with what they have written. Meanwhile a user at each gives commands. All of a
run follows from its seed.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from contents import Contents
from gossip import Address, Message
from raft import Member, Role

STEP = 0.01  # seconds between two looks of a member at the clock
ANSWER = 2.0  # seconds that a user waits at most
COMMANDS = ["put x {n}", "put y {n}", "get x", "get y", "cas x {old} {n}", "add {n}", "new-id"]


@dataclass
class Command:
    """A command, when it was given, and when and how it was answered."""

    words: list[str]
    asked: float
    answered: float = float("inf")
    text: str = ""


class Simulation:
    """A cluster whose members are of some kind."""

    def __init__(self, kind: type[Member], size: int, seed: int) -> None:
        random.seed(seed)
        self.kind, self.names = kind, [f"m{number}" for number in range(size)]
        self.now = 0.0
        self.disks: dict[str, list[str]] = {name: [] for name in self.names}
        self.members = {name: self._started(name) for name in self.names}
        self.mail: list[tuple[float, int, str, str, str]] = []
        self.count = itertools.count(1)
        self.cut: set[str] = set()
        self.paused: dict[str, float] = {}
        self.asking: dict[str, str] = {}
        self.commands: dict[str, Command] = {}
        self.leaders: dict[int, set[str]] = {}
        for name in self.names[1:]:
            self.members[name].greet(self._address(self.names[0]))

    def _started(self, name: str) -> Member:
        def write(record: Message) -> None:
            self.disks[name].append(json.dumps(record))

        def send(address: Address, message: Message) -> None:
            self._post(name, self.names[address[1]], json.dumps(message))

        member = self.kind(name, self.names, write, send, lambda _: None)
        for line in self.disks[name]:
            member.recall(json.loads(line))
        return member

    def _address(self, name: str) -> Address:
        return "host", self.names.index(name)

    def _post(self, sender: str, to: str, text: str) -> None:
        if (sender in self.cut) != (to in self.cut) or random.random() < 0.02:
            return
        for _ in range(1 if random.random() > 0.02 else 2):
            at = self.now + random.expovariate(1 / 0.01)
            heapq.heappush(self.mail, (at, next(self.count), sender, to, text))

    def run(self, seconds: float, *, trouble: float, asks: float = 0.1) -> None:
        """Let time pass; per second there are so many faults, and at each look so many commands."""
        end = self.now + seconds
        while self.now < end:
            self.now += STEP
            if random.random() < trouble * STEP:
                self._break()
            self._deliver()
            for name in self.names:
                if name not in self.paused:
                    self.members[name].tick(self.now)
                    self._use(name, asks)
                if self.members[name].role is Role.LEADER:
                    self.leaders.setdefault(self.members[name].shown_term(), set()).add(name)

    def _break(self) -> None:
        fault, name = (
            random.choice(["cut", "mend", "pause", "kill", "kill all"]),
            random.choice(self.names),
        )
        if fault == "cut":
            self.cut = {*random.sample(self.names, random.randint(1, len(self.names) // 2))}
        elif fault == "mend":
            self.cut = set()
        elif fault == "pause":
            self.paused[name] = self.now + random.uniform(0.1, 4)
        else:
            for victim in self.names if fault == "kill all" else [name]:
                self.kill(victim)

    def kill(self, name: str) -> None:
        """Kill a member, and start it again."""
        self.members[name] = self._started(name)
        self.asking.pop(name, None)
        self.paused.pop(name, None)

    def mend(self) -> None:
        """End all faults."""
        self.cut, self.paused = set(), {}

    def _deliver(self) -> None:
        self.paused = {name: end for name, end in self.paused.items() if end > self.now}
        kept = []
        while self.mail and self.mail[0][0] <= self.now:
            letter = heapq.heappop(self.mail)
            _, _, sender, to, text = letter
            if to in self.paused:
                kept.append(letter)
            else:
                self.members[to].receive(self.now, json.loads(text), self._address(sender))
        for letter in kept:
            heapq.heappush(self.mail, letter)

    def _use(self, name: str, asks: float) -> None:
        """Take an answer that has come, or give a command."""
        member, ticket = self.members[name], self.asking.get(name, "")
        if ticket in member.answers:
            command = self.commands[self.asking.pop(name)]
            command.answered, command.text = self.now, member.answers[ticket]
        elif ticket and self.now > self.commands[ticket].asked + ANSWER:
            del self.asking[name]
        elif not ticket and random.random() < asks:
            self._ask(name)

    def _ask(self, name: str) -> None:
        number = next(self.count)
        words = random.choice(COMMANDS).format(n=number, old=self._some_value()).split()
        ticket = f"t{number}"
        self.commands[ticket] = Command(words, self.now)
        if self.members[name].request(ticket, words):
            self.asking[name] = ticket
        else:
            self.commands[ticket].text = "unavailable"

    def _some_value(self) -> str:
        return random.choice(
            [member.contents.values.get("x", "0") for member in self.members.values()]
        )

    def answered(self, since: float = 0) -> int:
        """Return how many commands that were given since then have got an answer."""
        told = [command for command in self.commands.values() if command.answered <= self.now]
        return sum(command.asked >= since for command in told)

    def wrongs(self) -> Iterator[str]:
        """Yield what is wrong, once all has become quiet."""
        logs = [member.log[: member.committed] for member in self.members.values()]
        longest = max(logs, key=len)
        if any(log != longest[: len(log)] for log in logs):
            yield "the logs differ"
        for term, names in self.leaders.items():
            if len(names) > 1:
                yield f"term {term} has two leaders: {names}"
        yield from self._wrong_answers([entry.ticket for entry in longest if entry.ticket])

    def _wrong_answers(self, log: list[str]) -> Iterator[str]:
        contents, done, latest = Contents(), set[str](), 0.0
        for ticket in log:
            command = self.commands[ticket]
            if ticket in done:
                continue
            done.add(ticket)
            text = contents.apply(command.words)
            if command.text not in ("", text):
                yield f"{ticket} {command}, but the log says {text!r}"
            if command.answered < latest:
                yield f"{ticket} {command} was answered before an earlier one was asked"
            latest = max(latest, command.asked)
        for ticket, command in self.commands.items():
            if ticket not in done and command.text and not command.text.startswith("unavailable"):
                yield f"{ticket} {command} is lost"


def simulated(kind: type[Member], size: int, seed: int, seconds: float = 10) -> Simulation:
    """Run a cluster through trouble, and then until all is quiet."""
    simulation = Simulation(kind, size, seed)
    simulation.run(2, trouble=0)
    simulation.run(seconds, trouble=1)
    simulation.mend()
    simulation.run(5, trouble=0, asks=0.02)
    return simulation

"""How the members agree: on a leader, and by it on one log of commands.

This is Raft (Ongaro and Ousterhout, 2014) with everything left out that can be. A command is done
once a majority of the members has it on disk. Reads are commands too, so that no answer is ever
out of date. Nothing here waits, and no promise rests on time: there is no socket, file, thread or
clock in this file.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple

from contents import Contents
from gossip import Gossiper, Message

HEARTBEAT = 0.1  # seconds from one message of a leader to the next
PATIENCE = 0.5, 1.0  # seconds without a leader until a member stands for election
LONELY = 1.0  # seconds without a majority until a leader gives up
BATCH = 5  # entries in a message: it must fit in a datagram, and a line has 4 KB at most


class Entry(NamedTuple):
    """A command in the log, with the term in which it came there and the ticket of its user."""

    term: int
    ticket: str
    words: list[str]


class Role(Enum):
    """What a member is in its term."""

    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Member(Gossiper):
    """One member of the store."""

    KINDS = {"gossip", "ask", "vote", "append", "appended", "request", "answer"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.others = [name for name in self.cluster if name != self.name]
        self.role, self.leader = Role.FOLLOWER, ""
        self.term, self.vote = 0, ""
        self.log: list[Entry] = []
        self.committed = self.applied = 0  # how many entries of the log
        self.contents, self.done = Contents(), set[str]()
        self.answers: dict[str, str] = {}  # by ticket
        self.deadline = self.next_heartbeat = 0.0
        self.votes: set[str] = set()
        # As leader: how far each follower is, at most and for certain; when it was last heard;
        # and which member waits for which command.
        self.next: dict[str, int] = {}
        self.has: dict[str, int] = {}
        self.heard: dict[str, float] = {}
        self.waiting: dict[str, str] = {}

    def recall(self, record: Message) -> None:
        """Take back a record that was written before this member was killed."""
        super().recall(record)
        match record:
            case {"term": term, "vote": vote}:
                self.term, self.vote = term, vote
            case {"index": index, "entry": entry}:
                self.log[index:] = [Entry(*entry)]

    def keep_vote(self, term: int, vote: str) -> None:
        """Enter a term, with a vote or as yet without one. It must not be forgotten."""
        self.write({"term": term, "vote": vote})
        self.term, self.vote = term, vote

    def keep_entry(self, index: int, entry: Entry) -> None:
        """Put an entry into the log, in place of what follows. It must not be forgotten."""
        self.write({"index": index, "entry": entry})
        self.log[index:] = [entry]

    def pass_time(self, now: float) -> None:
        """Set the time. After a pause of this member, its leader may be heard first."""
        was_paused = now - self.now > PATIENCE[0]
        super().pass_time(now)
        if was_paused:
            self._be_patient()

    def tick(self, now: float) -> None:
        """Do what is due at this time."""
        super().tick(now)
        if self.role is not Role.LEADER:
            if now >= self.deadline:
                self._stand()
        elif not self._is_majority(now - at < LONELY for at in self.heard.values()):
            self._follow("")
        elif now >= self.next_heartbeat:
            self._replicate()

    def take(self, message: Message) -> None:
        """Do what a message asks for, in its term if that is a later one."""
        if message.get("term", 0) > self.term:
            self.keep_vote(message["term"], "")
            self._follow("")
        super().take(message)

    def _is_majority(self, others: Iterable[bool]) -> bool:
        return 1 + sum(others) > len(self.cluster) / 2

    # Elections: there is at most one leader a term, for each member votes once a term.

    def _stand(self) -> None:
        """Ask for votes in a new term, if there are enough members to win."""
        self._follow("")
        if not self._is_majority(name in self.alive() for name in self.others):
            return
        self.role, self.votes = Role.CANDIDATE, {self.name}
        self.keep_vote(self.term + 1, self.name)
        for name in self.others:
            self.send(name, "ask", term=self.term, last=self._last())

    def _last(self) -> list[int]:
        """Return how much this member knows: of two logs, the greater has all that is done."""
        return [self.log[-1].term if self.log else 0, len(self.log)]

    def on_ask(self, message: Message) -> None:
        """Vote, once a term, for a candidate that knows all that this member knows."""
        sender, is_free = message["from"], self.vote in ("", message["from"])
        if message["term"] == self.term and is_free and message["last"] >= self._last():
            self.keep_vote(self.term, sender)
            self._be_patient()
            self.send(sender, "vote", term=self.term)

    def on_vote(self, message: Message) -> None:
        """Count a vote; lead with a majority of them."""
        if self.role is Role.CANDIDATE and message["term"] == self.term:
            self.votes.add(message["from"])
            if self._is_majority(name in self.votes for name in self.others):
                self._lead()

    def _lead(self) -> None:
        self._follow(self.name)
        self.role = Role.LEADER
        self.next = dict.fromkeys(self.others, len(self.log))
        self.has = dict.fromkeys(self.others, 0)
        self.heard = dict.fromkeys(self.others, self.now)
        # What earlier leaders left is done once an entry of this term is: section 5.4.2.
        self.keep_entry(len(self.log), Entry(self.term, "", []))
        self._replicate()

    def _follow(self, leader: str) -> None:
        """Follow a leader, or as yet none."""
        self.role = Role.FOLLOWER
        self.waiting.clear()  # their commands may be done yet, or not: no one can answer
        self._be_patient()
        if leader and leader != self.leader:
            self.notify(f"* leader {leader} term {self.shown_term()}")
        self.leader = leader

    def shown_term(self) -> int:
        """Return the number of this term as users see it, by which they tell leaders apart."""
        return self.term

    def _be_patient(self) -> None:
        self.deadline = self.now + random.uniform(*PATIENCE)

    # Commands: they go to the leader, and into its log; what a majority has is done.

    def request(self, ticket: str, words: list[str]) -> bool:
        """Pass a command to the leader; return whether there is one.

        The reply will be in `answers`. If none comes, the command may be done, now or later.
        """
        self.answers.clear()
        if self.leader:
            self.send(self.leader, "request", ticket=ticket, words=words)
        return bool(self.leader)

    def on_request(self, message: Message) -> None:
        """Put a command into the log, as leader."""
        name, ticket = message["from"], message["ticket"]
        if self.role is Role.LEADER:
            self.waiting[ticket] = name
            self.keep_entry(len(self.log), Entry(self.term, ticket, message["words"]))
            self._replicate()
        else:
            self.send(name, "answer", ticket=ticket, text=f"unavailable: {self.name} does not lead")

    def on_answer(self, message: Message) -> None:
        """Keep the answer for the user who waits for it."""
        self.answers[message["ticket"]] = message["text"]

    def _replicate(self) -> None:
        self.next_heartbeat = self.now + HEARTBEAT
        for name in self.others:
            self._replicate_to(name)

    def _replicate_to(self, name: str) -> None:
        start = self.next[name]
        self.send(
            name,
            "append",
            term=self.term,
            committed=self.committed,
            start=start,
            before=self.log[start - 1].term if start else 0,
            entries=self.log[start : start + BATCH],
        )

    def on_append(self, message: Message) -> None:
        """Follow the leader: take its entries, if the one before them is the same here."""
        sender, start = message["from"], message["start"]
        reply = {"to": sender, "kind": "appended", "term": self.term}
        if message["term"] < self.term:
            return self.send(**reply, fits=False, has=0)  # it leads no more
        self._follow(sender)
        if start and [entry.term for entry in self.log[start - 1 : start]] != [message["before"]]:
            return self.send(**reply, fits=False, has=min(start - 1, len(self.log)))
        for index, entry in enumerate(message["entries"], start):
            if index >= len(self.log) or self.log[index].term != entry[0]:
                self.keep_entry(index, Entry(*entry))
        has = start + len(message["entries"])
        self._commit(min(message["committed"], has))
        return self.send(**reply, fits=True, has=has)

    def on_appended(self, message: Message) -> None:
        """Learn how far a follower is, as leader, and send it what it lacks."""
        name = message["from"]
        if self.role is not Role.LEADER or message["term"] != self.term:
            return
        self.heard[name] = self.now
        self.next[name] = message["has"]
        if message["fits"]:
            self.next[name] = self.has[name] = max(self.has[name], message["has"])
            self._commit_what_a_majority_has()
        if self.next[name] < len(self.log):
            self._replicate_to(name)

    def _commit_what_a_majority_has(self) -> None:
        counts = sorted([len(self.log), *self.has.values()])
        enough = counts[(len(counts) - 1) // 2]  # a majority has so many, or more
        if enough and self.log[enough - 1].term == self.term:
            self._commit(enough)

    def _commit(self, count: int) -> None:
        """Carry out what is in the log up to this count, each command once, and answer."""
        self.committed = max(self.committed, count)
        for entry in self.log[self.applied : self.committed]:
            self.applied += 1
            if entry.ticket not in self.done:
                self.done.add(entry.ticket)
                text = self.contents.apply(entry.words)
                if entry.ticket in self.waiting:
                    self.send(
                        self.waiting.pop(entry.ticket), "answer", ticket=entry.ticket, text=text
                    )

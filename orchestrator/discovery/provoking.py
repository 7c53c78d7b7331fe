"""Provoking everything that a program may say, right and wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import string
from collections.abc import Iterator

from orchestrator.discovery import wording
from orchestrator.discovery.evidence import Exchange
from orchestrator.discovery.finding import Finder
from orchestrator.discovery.lists import Lists
from orchestrator.discovery.talking import Talker
from orchestrator.discovery.trio import NotStartedError
from orchestrator.engines.base import Say

_A, _B, _C = "alice", "bob", "carol"
_UNKNOWN_ID = 97
_NOBODY = 1  # a port at which nobody listens


class Provoker:
    """Does to three of a program what people do.

    Args:
        talker: types.
        finder: knows, and finds, the words.
        say: told what is done.

    Attributes:
        lists: reads them.
        first: verbs that work behind another one alone.
        notes: what went wrong on the way.
    """

    def __init__(self, talker: Talker, finder: Finder, say: Say) -> None:
        self._talker, self._finder, self._say = talker, finder, say
        self._trio = talker.trio
        self.lists = Lists(talker, finder)
        self.first: dict[str, str] = {}
        self.notes: list[str] = []
        self._texts = _texts()

    def all(self) -> None:
        """Do everything, as far as it goes."""
        self._finder.look(_A)
        self._finder.find_style(_A)
        if not any(each.lines for each in self._talker.exchanges):
            return
        self._words()
        if not self._connected():
            self.notes.append("no way to connect was found: nothing could be learnt of the rest")
            self._leave()
            return
        try:
            self._messages()
            self._ends()
            self._leave()
            self._killed()
            self._unlisted()
            self._wrong()
        except NotStartedError as error:
            last = (error.said or ("it said nothing",))[-1]
            self.notes.append(f"it could not be started again: {last}")

    def _words(self) -> None:
        finder = self._finder
        for verb in ("help", "myip", "myport"):
            if verb not in finder.wordings:
                finder.find(verb, _A, finder.answered)
        if found := finder.find("list", _A, lambda one: not finder.is_unknown(one)):
            self.lists.empty = found.lines

    def _target(self, name: str) -> dict[str, object]:
        peer = self._trio.peer(name)
        return {"address": peer.address, "port": peer.port}

    # Right

    def _connected(self) -> bool:
        """Connect alice and carol to bob, and alice to carol; return whether it can be done."""

        def worked(found: Exchange) -> bool:
            if any(shown.lines for shown in found.others.values()) or self.lists.rows(_A):
                return True
            return not self.lists.is_known and self._finder.answered(found)

        self._say("alice connects to bob")
        found = self._finder.find("connect", _A, worked, self._target(_B), _B)
        if not found:
            return False
        self._saw(self._marked_right(found))
        self._connect(_C, _B)
        self._connect(_A, _C)
        return True

    def _marked_right(self, found: Exchange, *, ended: bool = False) -> Exchange:
        made = dataclasses.replace(found, right=True, ended=found.ended or ended)
        self._talker.exchanges[self._talker.exchanges.index(found)] = made
        self._finder.replies[found.verb] = made
        return made

    def _connect(self, at: str, to: str) -> None:
        self._say(f"{at} connects to {to}")
        self._saw(self._finder.ask("connect", at, self._target(to), to=to))

    def _saw(self, found: Exchange) -> None:
        self.lists.link(found.at, found.to)
        self.lists.look(found.at, found.to)
        self._talker.amend(found)

    def _messages(self) -> None:
        """Send messages both ways, with texts that are known again."""

        def worked(found: Exchange) -> bool:
            lines = [line for shown in found.others.values() for line in shown.lines]
            return any(found.facts.text in line for line in lines)

        for first_id in dict.fromkeys((self._id(_A, _B), 1, 0)):
            given = {"id": first_id, "text": next(self._texts)}
            found = self._finder.find("send", _A, worked, given, _B)
            if found:
                self._talker.amend(self._marked_right(found))
                shift = first_id - self._id(_A, _B)
                if shift:
                    self.lists.first_id += shift
                    self.lists.look(_A, _B, _C)
                break
        if "send" in self._finder.wordings:
            for at, to in ((_C, _B), (_B, _A), (_A, _C), (_A, _B)):
                self._send(at, to)

    def _id(self, at: str, to: str) -> int:
        return self._talker.ids.get((at, to), 1)

    def _send(self, at: str, to: str) -> Exchange:
        self._say(f"{at} sends to {to}")
        self.lists.look(at)
        given = {"id": self._id(at, to), "text": next(self._texts)}
        return self._finder.ask("send", at, given, to=to)

    def _ends(self) -> None:
        """End connections from either end."""
        self.lists.look(_A)
        given = {"id": self._id(_A, _C)}
        self._say("alice ends its connection to carol")
        found = self._finder.find("terminate", _A, self._finder.accepted, given, _C)
        if not found:
            return
        self._marked_right(found)
        self.lists.unlink(_A, _C)
        self.lists.look(_A, _C, _B)
        self._say("bob ends its connection with carol")
        self._finder.ask("terminate", _B, {"id": self._id(_B, _C)}, to=_C)
        self.lists.unlink(_B, _C)
        self._connect(_C, _B)

    def _leave(self) -> None:
        """Let carol, who is connected to bob, leave."""
        self._say("carol leaves")
        self._trio.settle()
        found = self._finder.find("exit", _C, self._is_leaving, to=_B)
        if found:
            self._marked_right(found, ended=self._trio.ended(_C))
        self.lists.unlink(_C)
        with contextlib.suppress(NotStartedError):
            self._trio.restart(_C)

    def _is_leaving(self, found: Exchange) -> bool:
        """Tell whether carol has left, or says that she does: some linger."""
        if found.lines and self._finder.is_unknown(found):
            return False
        return self._trio.await_end(_C) or self._finder.answered(found)

    def _killed(self) -> None:
        self._connect(_C, _B)
        self._say("carol is killed")
        self._talker.kill(_C, _B)
        self.lists.unlink(_C)
        self._trio.restart(_C)

    def _unlisted(self) -> None:
        """See whether a fresh peer can send and terminate without listing first."""
        if not {"connect", "list", "send"} <= set(self._finder.wordings):
            return
        known = self._first_ids()
        if known is None:
            return
        self._say("carol, fresh, sends without having listed")
        self._finder.ask("connect", _C, self._target(_B), to=_B, right=None)
        self.lists.link(_C, _B)
        given = {"id": known, "text": next(self._texts)}
        without, _ = self._talker.say("send", self._finder.wordings["send"], _C, given, to=_B,
                                      right=None)  # fmt: skip
        self.lists.look(_C)
        behind, _ = self._talker.say("send", self._finder.wordings["send"], _C, given, to=_B,
                                     right=None)  # fmt: skip
        if not _arrived(without) and _arrived(behind):
            self.first = {"send": "list", "terminate": "list"}

    def _first_ids(self) -> int | None:
        """Return the id that the only connection of a fresh peer has."""
        ids = [each.facts.ids.get(each.at) for each in self._talker.exchanges
               if each.verb == "connect" and each.right and each.at in each.facts.ids]  # fmt: skip
        return ids[0] if ids else None

    # Wrong

    def _wrong(self) -> None:
        """Do what ought to be refused; a program that ends at it is started again."""
        bob, carol = self._target(_B), self._target(_C)
        absent = {"address": bob["address"], "port": _NOBODY}
        cases: list[tuple[str, str, dict[str, object], bool | None]] = [
            ("connect to a port where nobody listens", "connect", absent, False),
            ("connect to no address", "connect", {**bob, "address": "999.1.1.1"}, False),
            ("connect to no port", "connect", {**bob, "port": "vkbj"}, False),
            ("connect to port 70000", "connect", {**bob, "port": 70_000}, False),
            ("connect to itself", "connect", carol, None),
            ("connect twice", "connect", bob, None),
            ("send to nobody", "send", {"id": _UNKNOWN_ID, "text": next(self._texts)}, False),
            ("send to no id", "send", {"id": "vkbj", "text": next(self._texts)}, False),
            ("send nothing", "send", {"id": _UNKNOWN_ID, "text": ""}, None),
            ("terminate nobody", "terminate", {"id": _UNKNOWN_ID}, False),
            ("terminate no id", "terminate", {"id": "vkbj"}, False),
        ]
        for what, verb, given, right in cases:
            if verb in self._finder.wordings:
                self._say(what)
                found = self._finder.ask(verb, _C, given, right=right)
                self._mend(found, what)
        for verb in ("connect", "send", "terminate"):
            how = self._finder.wordings.get(verb)
            if how and any("{" in line for line in how.lines) and not how.after[-1]:
                self._say(f"{verb} alone")
                bare = wording.Wording((how.lines[0].split()[0],))
                self._mend(self._talker.say(verb, bare, _C, right=False)[0], f"{verb} alone")

    def _mend(self, found: Exchange, what: str) -> None:
        if found.ended:
            self.notes.append(f"it ended at: {what}")
            self.lists.unlink(_C)
            self._trio.restart(_C)


def _arrived(found: Exchange) -> bool:
    lines = [line for shown in found.others.values() for line in shown.lines]
    return any(found.facts.text in line for line in lines)


def _texts() -> Iterator[str]:
    """Yield texts that stand nowhere else: two words each, in no fixed length."""
    chosen = random.Random(7)  # noqa: S311 - the same each time
    while True:
        words = ("".join(chosen.choices(string.ascii_lowercase, k=chosen.randint(5, 9)))
                 for _ in range(2))  # fmt: skip
        yield " ".join(words)

"""Experiments on three peers that provoke everything a program may print."""

from __future__ import annotations

import contextlib
import random
import string
from collections.abc import Iterator

from orchestrator.discovery.evidence import Exchange, KnownValues
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.list_patterns import find_rows, id_column, id_of, row_of
from orchestrator.discovery.trio import NAMES, NotStartedError, Typist
from orchestrator.discovery.wording import Wording
from orchestrator.engines.base import Say

_A, _B, _C = NAMES
_UNKNOWN_ID = 97
_CLOSED_PORT = 1  # no peer listens here


class ListTracker:
    """The lists of three peers and the connection ids in them.

    Args:
        typist: knows the peers, and keeps the ids.
        finder: knows how `list` is typed.

    Attributes:
        empty: the output of `list` without connections.
        first_id: the id of the first row, for lists without ids.
        seen: the rows of every list.
    """

    def __init__(self, typist: Typist, finder: WordFinder) -> None:
        self._typist, self._finder = typist, finder
        self.empty: tuple[str, ...] = ()
        self.first_id = 1
        self.seen: list[list[str]] = []
        self._owners: dict[str, dict[str, str]] = {}  # the row of each other peer, by peer
        self._links: list[frozenset[str]] = []

    @property
    def is_known(self) -> bool:
        """Whether a word for `list` was found."""
        return "list" in self._finder.wordings

    def known(self) -> KnownValues:
        """Return the addresses and ports of all peers."""
        peers = [self._typist.trio.peer(name) for name in NAMES]
        return KnownValues(
            frozenset(peer.address for peer in peers), frozenset(peer.port for peer in peers)
        )

    def rows(self, name: str) -> list[str]:
        """Return the rows of a peer's list."""
        if not self.is_known:
            return []
        return find_rows(self._finder.enter("list", name).lines, self.empty, self.known())

    def update(self, *names: str) -> None:
        """Read the lists of peers, and update the ids of their connections."""
        for name in names:
            rows = self.rows(name)
            self.seen += [rows] if rows else []
            self._assign(name, rows)

    def _assign(self, name: str, rows: list[str]) -> None:
        known, ids = self.known(), self._typist.ids
        before = self._owners.get(name, {})
        owners: dict[str, str] = {}
        for other in (peer for peer in NAMES if peer != name):
            if frozenset((name, other)) not in self._links:
                ids.pop((name, other), None)
                continue
            taken = [row for owner, row in (before | owners).items() if owner != other]
            peer = self._typist.trio.peer(other)
            row = row_of(rows, peer.address, peer.port, taken)
            if row:
                owners[other] = row
                found = id_of(row, id_column(self.seen, known), known)
                ids[name, other] = self.first_id + rows.index(row) if found is None else found
        self._owners[name] = owners

    def link(self, one: str, other: str) -> None:
        """Note that two peers are connected."""
        self._links.append(frozenset((one, other)))

    def unlink(self, one: str, other: str = "") -> None:
        """Note that a peer is no longer connected to another one, or to any."""
        self._links = [
            link for link in self._links if not (one in link and (not other or other in link))
        ]
        for pair in list(self._typist.ids):
            if one in pair and (not other or other in pair):
                self._typist.ids.pop(pair)

    def lowest(self) -> int:
        """Return the lowest id in the first lists."""
        known = self.known()
        column = id_column(self.seen, known)
        ids = [id_of(row, column, known) for rows in self.seen[:2] for row in rows]
        return min((it for it in ids if it is not None), default=self.first_id)


class Experiments:
    """Does to three peers what people do, right and wrong.

    Args:
        typist: types at the peers.
        finder: finds words, and knows those that were found.
        say: reports progress.

    Attributes:
        lists: the peers' lists.
        first: verbs that only work after another one.
        notes: what went wrong on the way.
    """

    def __init__(self, typist: Typist, finder: WordFinder, say: Say) -> None:
        self._typist, self._finder, self._say = typist, finder, say
        self._trio = typist.trio
        self.lists = ListTracker(typist, finder)
        self.first: dict[str, str] = {}
        self.notes: list[str] = []
        self._texts = _texts()

    def run(self) -> None:
        """Run all experiments, as far as the program allows."""
        self._finder.probe(_A)
        self._finder.find_style(_A)
        if not any(exchange.lines for exchange in self._typist.exchanges):
            return
        self._find_words()
        if not self._make_connections():
            self.notes.append("no word for connect was found, so nothing else could be tried")
            self._leave()
            return
        try:
            self._send_messages()
            self._terminate()
            self._leave()
            self._kill()
            self._send_without_list()
            self._make_mistakes()
        except NotStartedError as error:
            last = (error.said or ("it printed nothing",))[-1]
            self.notes.append(f"it could not be started again: {last}")

    def _find_words(self) -> None:
        finder = self._finder
        for verb in ("help", "myip", "myport"):
            if verb not in finder.wordings:
                finder.find(verb, _A, finder.is_answer)
        if found := finder.find("list", _A, lambda exchange: not finder.is_unknown(exchange)):
            self.lists.empty = found.lines

    def _target(self, name: str) -> dict[str, object]:
        peer = self._trio.peer(name)
        return {"address": peer.address, "port": peer.port}

    # What should succeed

    def _make_connections(self) -> bool:
        """Connect alice and carol to bob, and alice to carol; return whether that is possible."""

        def worked(exchange: Exchange) -> bool:
            if exchange.other_lines or self.lists.rows(_A):
                return True
            return not self.lists.is_known and self._finder.is_answer(exchange)

        self._say("alice connects to bob")
        found = self._finder.find("connect", _A, worked, self._target(_B), _B)
        if not found:
            return False
        self._note_connection(self._typist.replace(found, right=True))
        self._connect(_C, _B)
        self._connect(_A, _C)
        return True

    def _connect(self, at: str, to: str) -> None:
        self._say(f"{at} connects to {to}")
        self._note_connection(self._finder.enter("connect", at, self._target(to), to=to))

    def _note_connection(self, exchange: Exchange) -> None:
        self.lists.link(exchange.at, exchange.to)
        self.lists.update(exchange.at, exchange.to)
        self._typist.update_ids(exchange)

    def _send_messages(self) -> None:
        """Send messages in both directions, with texts that can be recognised."""
        for first_id in dict.fromkeys((self._id(_A, _B), 1, 0)):
            given = {"id": first_id, "text": next(self._texts)}
            found = self._finder.find("send", _A, _has_arrived, given, _B)
            if found:
                self._typist.update_ids(self._typist.replace(found, right=True))
                shift = first_id - self._id(_A, _B)
                if shift:
                    self.lists.first_id += shift
                    self.lists.update(_A, _B, _C)
                break
        if "send" in self._finder.wordings:
            for at, to in ((_C, _B), (_B, _A), (_A, _C), (_A, _B)):
                self._say(f"{at} sends to {to}")
                self.lists.update(at)
                given = {"id": self._id(at, to), "text": next(self._texts)}
                self._finder.enter("send", at, given, to=to)

    def _id(self, at: str, to: str) -> int:
        return self._typist.ids.get((at, to), 1)

    def _terminate(self) -> None:
        """End connections, from the end that opened one and from the other end."""
        self.lists.update(_A)
        given = {"id": self._id(_A, _C)}
        self._say("alice ends its connection to carol")
        found = self._finder.find("terminate", _A, self._finder.is_accepted, given, _C)
        if not found:
            return
        self._typist.replace(found, right=True)
        self.lists.unlink(_A, _C)
        self.lists.update(_A, _C, _B)
        self._say("bob ends its connection with carol")
        self._finder.enter("terminate", _B, {"id": self._id(_B, _C)}, to=_C)
        self.lists.unlink(_B, _C)
        self._connect(_C, _B)

    def _leave(self) -> None:
        """Have carol exit while it is connected to bob."""
        self._say("carol leaves")
        self._trio.wait_until_quiet()
        found = self._finder.find("exit", _C, self._is_leaving, to=_B)
        if found:
            ended = found.ended or self._trio.ended(_C)
            self._typist.replace(found, right=True, ended=ended)
        self.lists.unlink(_C)
        with contextlib.suppress(NotStartedError):
            self._trio.restart(_C)

    def _is_leaving(self, exchange: Exchange) -> bool:
        """Return whether carol has exited, or says that it will: some programs linger."""
        if exchange.lines and self._finder.is_unknown(exchange):
            return False
        return self._trio.await_end(_C) or self._finder.is_answer(exchange)

    def _kill(self) -> None:
        self._connect(_C, _B)
        self._say("carol is killed")
        self._typist.kill(_C, _B)
        self.lists.unlink(_C)
        self._trio.restart(_C)

    def _send_without_list(self) -> None:
        """See whether a fresh peer can send without listing its connections first."""
        if not {"connect", "list", "send"} <= set(self._finder.wordings):
            return
        first_id = self._first_id()
        if first_id is None:
            return
        self._say("carol, restarted, sends before it lists")
        self._finder.enter("connect", _C, self._target(_B), to=_B, right=None)
        self.lists.link(_C, _B)
        given = {"id": first_id, "text": next(self._texts)}
        before = self._finder.enter("send", _C, given, to=_B, right=None)
        self.lists.update(_C)
        after = self._finder.enter("send", _C, given, to=_B, right=None)
        if not _has_arrived(before) and _has_arrived(after):
            self.first = {"send": "list", "terminate": "list"}

    def _first_id(self) -> int | None:
        """Return the id of a peer's first connection."""
        ids = (exchange.known.ids[exchange.at] for exchange in self._typist.exchanges
               if exchange.verb == "connect" and exchange.right
               and exchange.at in exchange.known.ids)  # fmt: skip
        return next(ids, None)

    # What should fail

    def _make_mistakes(self) -> None:
        """Do what should be refused. A program that exits is started again."""
        bob, carol = self._target(_B), self._target(_C)
        closed = {"address": bob["address"], "port": _CLOSED_PORT}
        mistakes: list[tuple[str, str, dict[str, object], bool | None]] = [
            ("connect to a closed port", "connect", closed, False),
            ("connect to a bad address", "connect", {**bob, "address": "999.1.1.1"}, False),
            ("connect to a bad port", "connect", {**bob, "port": "vkbj"}, False),
            ("connect to port 70000", "connect", {**bob, "port": 70_000}, False),
            ("connect to itself", "connect", carol, None),
            ("connect twice", "connect", bob, None),
            ("send to an unused id", "send", {"id": _UNKNOWN_ID, "text": next(self._texts)}, False),
            ("send to a bad id", "send", {"id": "vkbj", "text": next(self._texts)}, False),
            ("send an empty text", "send", {"id": _UNKNOWN_ID, "text": ""}, None),
            ("terminate an unused id", "terminate", {"id": _UNKNOWN_ID}, False),
            ("terminate a bad id", "terminate", {"id": "vkbj"}, False),
        ]
        for what, verb, given, right in mistakes:
            if verb in self._finder.wordings:
                self._say(what)
                self._restart_if_ended(self._finder.enter(verb, _C, given, right=right), what)
        for verb in ("connect", "send", "terminate"):
            wording = self._finder.wordings.get(verb)
            if wording and any("{" in line for line in wording.lines) and not wording.after[-1]:
                what = f"{verb} without arguments"
                self._say(what)
                bare = Wording((wording.lines[0].split()[0],))
                exchange, _ = self._typist.enter(verb, bare, _C, right=False)
                self._restart_if_ended(exchange, what)

    def _restart_if_ended(self, exchange: Exchange, what: str) -> None:
        if exchange.ended:
            self.notes.append(f"it exited after: {what}")
            self.lists.unlink(_C)
            self._trio.restart(_C)


def _has_arrived(exchange: Exchange) -> bool:
    return any(exchange.known.text in line for line in exchange.other_lines)


def _texts() -> Iterator[str]:
    """Yield unmistakable texts: two random words each, of varying length."""
    chosen = random.Random(7)  # noqa: S311 - the same texts each time
    while True:
        words = ("".join(chosen.choices(string.ascii_lowercase, k=chosen.randint(5, 9)))
                 for _ in range(2))  # fmt: skip
        yield " ".join(words)

"""Experiments on three peers that provoke everything a program may print.

Each is tried by itself: a program that floods its console, stops answering or cannot be started
again costs that one, and what was learned before stays.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Sequence

from orchestrator.discovery.attempts import BAD_WORD, Attempt, after_an_end, attempts, texts
from orchestrator.discovery.evidence import Exchange, KnownValues, has_arrived
from orchestrator.discovery.finder import NO_ITEMS, WordFinder
from orchestrator.discovery.late_texts import note_what_comes, show_what_waits
from orchestrator.discovery.list_tracker import ListTracker
from orchestrator.discovery.own_address import ask_the_others
from orchestrator.discovery.quotes import without_quotes
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.trio import NAMES, NotStartedError
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording
from orchestrator.engines.base import Peer, Say

_A, _B, _C = NAMES


class Experiments:
    """Does to three peers what people do, right and wrong."""

    def __init__(self, typist: Typist, finder: WordFinder, say: Say) -> None:
        self._typist, self._finder, self._say = typist, finder, say
        self._trio = typist.trio
        self.lists = ListTracker(typist, finder)  # the peers' lists
        self.first: dict[str, str] = {}  # verbs that only work after another one
        self.notes: list[str] = []  # what went wrong on the way
        # what each peer printed at its start, once all questions there were answered, and the peer
        self.greetings: dict[str, tuple[str, Peer]] = {}
        self._texts = texts()
        self._fragile: set[str] = set()  # verbs that end the program if given a bad number

    def begin(self) -> None:
        """Find out how a command is typed, by nonsense and by asking for help."""
        self._probe()
        self.greetings = {it: (self._trio.greeting[it], self._trio.peer(it)) for it in NAMES}
        self._finder.find_style(_A)

    def run(self) -> None:
        """Run all further experiments, as far as the program allows."""
        # A program that numbers its commands may ignore words.
        if not (self._typist.has_answered or self._finder.has_menu):
            return
        try:
            self._try("looking for words", self._find_words)
            if not self._typist.has_answered:
                return
            self._try("connecting", self._connect_first)
            if "connect" not in self._finder.wordings:
                self.notes.append("no word for connect was found, so nothing else could be tried")
                self._try("leaving", self._leave)
                return
            self._try("sending messages", self._send_first)
            self._try("connecting three", self._connect_all)
            self._try("sending messages between three", self._send_between_three)
            self._try("ending connections", self._terminate)
            self._try("leaving", self._leave)
            self._try("killing a peer", self._kill)
            self._try("sending without a list", self._send_without_list)
            self._make_mistakes()
        except NotStartedError as error:
            last = (error.said or ("it printed nothing",))[-1]
            self.notes.append(f"it could not be started again: {last}")

    def _probe(self) -> None:
        """Type nonsense; if that makes it print without end, type numbers instead.

        What turns out to be a question at the start, whatever its words, is answered from then on.
        """
        try:
            while (question := self._finder.probe(_A)) and self._trio.add_answer(question):
                self._trio.restart(*NAMES)
        except FloodError as error:
            self._note_flood("typing nonsense", error)
            self._finder.probe(_A, NO_ITEMS)

    def _try(self, what: str, experiment: Callable[[], None]) -> None:
        """Do an experiment; start all peers anew if it makes one print without end.

        Raises:
            NotStartedError: a program could not be started again.
        """
        try:
            experiment()
        except FloodError as error:
            self._note_flood(what, error)

    def _note_flood(self, what: str, error: FloodError) -> None:
        """Note what made a program print without end, and start all peers again."""
        self.notes.append(f"{what} made {error} print without end")
        self._say("starting all three again")
        for name in NAMES:
            self.lists.unlink(name)
        self._trio.restart(*NAMES)

    def evidence(self) -> list[Exchange]:
        """Return all exchanges, with what is known about ids by now."""
        column = self.lists.column
        has_words = column is not None and column.has_words

        def known(exchange: Exchange) -> KnownValues:
            ids = self.lists.ids_in(exchange.rows, column) or exchange.known.ids
            return dataclasses.replace(exchange.known, ids=ids, has_word_ids=has_words)

        return [dataclasses.replace(it, known=known(it)) for it in self._typist.exchanges]

    def _find_words(self) -> None:
        finder = self._finder
        for verb in ("help", "myip", "myport"):
            if verb not in finder.wordings:
                finder.find(verb, _A, finder.is_answer)
        finder.find_by_effect(_A)
        for verb in ("myip", "myport"):
            if verb not in finder.wordings and (typed := finder.find_useless(verb)):
                self.notes.append(f"{typed} never told what it is for, though its help names that")
        self._typist.find_late_prompts()
        if found := finder.find("list", _A, lambda exchange: not finder.is_unknown(exchange)):
            # What shows nothing may have come too late: an empty list is hard to come by later on.
            self.lists.empty = found.lines or finder.enter("list", _A).lines
        self._typist.find_more_prompts()
        ask_the_others(self._typist, finder)

    def _target(self, name: str) -> dict[str, object]:
        peer = self._trio.peer(name)
        return {"address": peer.address, "port": peer.port}

    # What should succeed

    def _connect_first(self) -> None:
        """Find out how alice connects to bob."""

        def worked(exchange: Exchange) -> bool:
            if exchange.fact is not None:
                return exchange.fact
            has_effect = bool(exchange.other_lines or self.lists.rows(_A))
            return has_effect or (not self.lists.is_known and self._finder.is_answer(exchange))

        self._say("alice connects to bob")
        found = self._finder.find("connect", _A, worked, [self._target(_B)], _B)
        if found:
            self.lists.find_word_again(_A)
            self._note_connection(self._typist.replace(found, right=True))

    def _connect_all(self) -> None:
        """Connect each of the three to both others."""
        for at, to in ((_A, _B), (_C, _B), (_A, _C)):
            self._ensure(at, to)

    def _ensure(self, at: str, to: str) -> None:
        """Connect two peers if they are not."""
        if not self.lists.are_linked(at, to):
            self._connect(at, to)

    def _connect(self, at: str, to: str) -> None:
        self._say(f"{at} connects to {to}")
        self._note_connection(self._finder.enter("connect", at, self._target(to), to=to))

    def _note_connection(self, exchange: Exchange) -> None:
        self.lists.link(exchange.at, exchange.to)
        self.lists.update(exchange.at, exchange.to)
        self._typist.update_ids(exchange)

    def _send_first(self) -> None:
        """Find out how alice sends to bob, and bob to alice."""
        column = self.lists.column
        if column is None or column.has_words:  # letters are known as ids once two are seen
            self._ensure(_C, _B)
            self.lists.update(_A)
        found = self._find_send([*self.lists.choices(_A, _B), self._id(_A, _B), "1", "0"], _A)
        if not found:  # a second connection may show what an id looks like
            self._connect_all()
            self.lists.update(_A, _C)
            found = self._find_send(self.lists.choices(_A, _B), _A, short=True)
        if not found:  # some can send only to who dialled them
            found = self._find_send(self.lists.choices(_B, _A), _B)
        if found:
            self.lists.settle(found.at, found.to, found.given["id"])
            self.lists.update(_A, _B)
            self._typist.replace(found, right=True)
            self._send(found.to, found.at)
        elif typed := self._finder.find_claim("send"):
            self.notes.append(f"{typed} was shown nowhere, though it was answered")
            self._try("sending once more", self._send_patiently)

    def _send_patiently(self) -> None:
        """Have alice and bob send to each other, and wait for whatever shows that at any time."""
        show_what_waits(self._typist, NAMES)
        for at, to in ((_A, _B), (_B, _A)):
            note_what_comes(self._typist, self._send_with(at, to, self._id(at, to)))

    def _find_send(self, ids: Sequence[str], at: str, *, short: bool = False) -> Exchange | None:
        given = [{"id": it, "text": next(self._texts)} for it in dict.fromkeys(ids)]
        words = texts(1)  # some programs take no more
        given += [it | {"text": next(words)} for it in given if short]
        to = _B if at == _A else _A
        found = self._finder.find("send", at, has_arrived, given, to, self._reconnect)
        if found and " " not in found.given["text"]:
            self._texts = words
            self.notes.append("it sends no text of several words: it was given single words")
        return without_quotes(found, self._typist, self._finder, self._texts) if found else None

    def _reconnect(self, name: str) -> None:
        """Connect a peer that was started again."""
        self.lists.unlink(name)
        self._connect_all()

    def _send_between_three(self) -> None:
        if "send" in self._finder.wordings:
            for at, to in ((_C, _B), (_B, _A), (_A, _C), (_A, _B)):
                self._send(at, to)

    def _send(self, at: str, to: str) -> None:
        self._say(f"{at} sends to {to}")
        self.lists.update(at)
        exchange = self._send_with(at, to, self._id(at, to))
        for other in self.lists.choices(at, to)[1:]:
            if has_arrived(exchange) or exchange.ended or exchange.stuck:
                break
            again = self._send_with(at, to, other)
            if has_arrived(again):  # then the first was typed with what is no id
                self._typist.forget(exchange)
            exchange = again
        if has_arrived(exchange):
            self.lists.settle(at, to, exchange.given["id"])
        self._restart_if_gone(exchange, f"{at} sends")

    def _send_with(self, at: str, to: str, number: str) -> Exchange:
        return self._finder.enter("send", at, {"id": number, "text": next(self._texts)}, to=to)

    def _id(self, at: str, to: str) -> str:
        return self._typist.ids.get((at, to), "1")

    def _terminate(self) -> None:
        """End connections, from the end that opened one and from the other end."""
        self._connect_all()

        def worked(exchange: Exchange) -> bool:
            if exchange.fact is None:
                return self._finder.is_accepted(exchange)
            return exchange.fact or self._says_ended(exchange)

        self.lists.update(_A)
        self._say("alice ends its connection to carol")
        given = [{"id": it} for it in self.lists.choices(_A, _C) or ("2", "1", "0")]
        found = self._finder.find("terminate", _A, worked, given, _C, self._reconnect)
        if not found:
            if typed := self._finder.find_claim("terminate"):
                self.notes.append(f"{typed} ended no connection, though it was answered")
            return
        self._typist.replace(found, right=True, fact=found.fact or None)
        self.lists.unlink(_A, _C)
        self.lists.update(_A, _C, _B)
        self._say("bob ends its connection with carol")
        ended = self._finder.enter("terminate", _B, {"id": self._id(_B, _C)}, to=_C)
        if self._says_ended(ended):
            self._typist.replace(ended, fact=None)
        self.lists.unlink(_B, _C)

    def _says_ended(self, exchange: Exchange) -> bool:
        """Return whether a program says that it ended a connection and lists it no more.

        In some the connection itself lives on, so the kernel cannot confirm it.
        """
        is_alive = exchange.fact is False and self._finder.is_accepted(exchange)
        return is_alive and self.lists.is_shorter(exchange.at)

    def _leave(self) -> None:
        """Have carol exit while it is connected to bob."""
        if "connect" in self._finder.wordings:
            self._ensure(_C, _B)
        if "send" in self._finder.wordings and self.lists.is_ambiguous:
            self._send(_B, _C)
        self._say("carol leaves")
        self._trio.wait_until_quiet()
        found = self._finder.find("exit", _C, self._finder.is_leaving, to=_B)
        if not found and not self._typist.answers(_C):  # by what came before, not by this
            self.notes.append(f"{_C} had stopped answering before it was to leave")
            self.lists.unlink(_C)
            self._trio.restart(_C)
            found = self._finder.find("exit", _C, self._finder.is_leaving, to=_B)
        if found:
            self._typist.replace(found, right=True, ended=found.ended or self._trio.ended(_C))
        elif typed := self._finder.find_claim("exit"):
            self.notes.append(f"{typed} did not end it, though its help names that")
        self.lists.unlink(_C)
        with contextlib.suppress(NotStartedError):
            self._trio.restart(_C)

    def _kill(self) -> None:
        """Kill carol while it is connected to bob, and do so again if bob has reported no end."""
        for is_again in (False, True):
            if not (is_again and self._typist.has_told_of_an_end):
                self._ensure(_C, _B)
                self._say("carol is killed")
                self._typist.kill(_C, _B)
                self.lists.unlink(_C)
                self._trio.restart(_C)

    def _send_without_list(self) -> None:
        """See whether a fresh peer can send without listing its connections first."""
        if not {"connect", "list", "send"} <= set(self._finder.wordings):
            return
        if (first_id := self._typist.first_id) is None:
            return
        self._say("carol, restarted, sends before it lists")
        dialled = self._finder.enter("connect", _C, self._target(_B), to=_B, right=None)
        self.lists.link(_C, _B)
        given = {"id": first_id, "text": next(self._texts)}
        before = self._finder.enter("send", _C, given, to=_B, right=None)
        self.lists.update(_C, _B)
        after = self._finder.enter("send", _C, given, to=_B, right=None)
        for exchange in (dialled, before):
            self._typist.update_ids(exchange)
        if not has_arrived(before) and has_arrived(after):
            self.first = {"send": "list", "terminate": "list"}

    # What should fail

    def _make_mistakes(self) -> None:
        """Do what should be refused. A program that exits is started again."""
        self._try("using an ended connection", self._use_ended)  # carol has one, to bob
        text = next(self._texts)

        def mistakes() -> list[Attempt]:
            return attempts(self._target(_A), self._target(_B), self._target(_C), text)

        for number in range(len(mistakes())):
            attempt = mistakes()[number]  # a peer that was started again may have another port
            if attempt.verb in self._finder.wordings:
                self._try(attempt.what, functools.partial(self._attempt, attempt))
        for verb in ("connect", "send", "terminate"):
            wording = self._finder.wordings.get(verb)
            if wording and any("{" in line for line in wording.lines) and not wording.after[-1]:
                self._try(f"{verb} without arguments", functools.partial(self._do_bare, verb))

    def _attempt(self, attempt: Attempt) -> None:
        self._say(attempt.what)
        has_word = BAD_WORD in attempt.given.values()
        is_made = attempt.right and self.lists.are_linked(_C, attempt.to)
        if is_made or (has_word and attempt.verb in self._fragile):
            return
        exchange = self._finder.enter(
            attempt.verb, _C, attempt.given, to=attempt.to, right=attempt.right
        )
        if attempt.verb == "connect" and exchange.worked and attempt.to not in ("", _C):
            self._note_connection(exchange)
        if attempt.verb == "terminate":
            self._note_end(exchange)
        self._fragile |= {attempt.verb} if has_word and exchange.ended else set()
        self._restart_if_gone(exchange, attempt.what)

    def _note_end(self, exchange: Exchange) -> None:
        """Note that a connection has ended, if it has or the program says so."""
        if self._says_ended(exchange):
            self._typist.replace(exchange, fact=None)
        elif not exchange.fact:
            return
        self.lists.unlink(exchange.at, exchange.to)

    def _use_ended(self) -> None:
        """Have carol use a connection that it has ended, if none is left."""
        if "terminate" not in self._finder.wordings:
            return
        self._ensure(_C, _B)
        self.lists.update(_C)
        number = self._id(_C, _B)
        self._attempt(Attempt("carol ends its connection to bob", "terminate",
                              {"id": number}, None, to=_B))  # fmt: skip
        if self._trio.links(_C, _B) == 0:
            for attempt in after_an_end(number, next(self._texts)):
                if attempt.verb in self._finder.wordings:
                    self._attempt(attempt)

    def _do_bare(self, verb: str) -> None:
        what = f"{verb} without arguments"
        self._say(what)
        bare = Wording((self._finder.wordings[verb].lines[0].split()[0],))
        exchange, _ = self._typist.enter(verb, bare, _C, right=False)
        self._restart_if_gone(exchange, what)

    def _restart_if_gone(self, exchange: Exchange, what: str) -> None:
        """Start a peer again that exited, or whose console answers no more."""
        if exchange.ended or exchange.stuck:
            did = "exited" if exchange.ended else "stopped answering"
            self.notes.append(f"it {did} after: {what}")
            self.lists.unlink(exchange.at)
            self._trio.restart(exchange.at)

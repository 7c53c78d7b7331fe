"""Asking a program that may say little: `sync` is asked behind a command, to see its end.

A program that reads line by line has done with a command when it answers the next one. That is
sure where waiting for silence is not: a busy machine is silent, too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

from orchestrator.console.asking.base import IN_FLIGHT, Arguments, Asking
from orchestrator.console.reply import Reply

_PATIENCE = 0.3  # seconds until a program that has not answered is asked whether it is done
_SPILL = 0.1  # seconds in which a second answer may come, where a command was answered alike
_GRACE = 1.0  # seconds in which further answers to `sync` come, once one has


class SyncedAsking(Asking):
    """Asks a program without a line editor, or one that is not known to have one."""

    _owed = 0  # answers to `sync` that have not come
    _last = ""  # verb that was asked
    _until = 0.0  # when to wait no longer for those

    def ask(self, verb: str, arguments: Arguments) -> Reply:
        """Type one command, each line when it is asked for, and return the reply."""
        looks, before = self._console.profile.verbs.get(verb), list[str]()
        if looks and looks.first and self._last != looks.first:
            before = self.ask(looks.first, arguments).unread
        with self._console.watched():
            self._prepare()
            self._last = verb
            reply = Reply(verb, unread=before)
            self._type_lines(verb, arguments, reply)
            return self._await_reply(reply)

    def ask_all(
        self, verb: str, many: Sequence[Arguments], on_typing: Callable[[int], None]
    ) -> Iterator[Reply]:
        """Type some ahead, where nothing has to be looked at before each."""
        size = IN_FLIGHT if self._goes_ahead(verb) else 1
        for start in range(0, len(many), size):
            some = many[start : start + size]
            if len(some) == 1:
                on_typing(start)
                yield self.ask(verb, some[0])
                continue
            with self._console.watched():
                self._prepare()
                self._last = verb
                for index, arguments in enumerate(some, start):
                    on_typing(index)
                    self._type_all(verb, arguments)
                replies = self._await_several(verb, len(some))
            yield from replies

    def synchronise(self, timeout: float) -> None:
        """Ask `sync`, or wait for silence."""
        if self._sync:
            self._type_sync()
            self._await_syncs(time.monotonic() + timeout, self._console.keep, self._asked)
            return
        for line in self._console.lines(time.monotonic() + self._silence):
            self._console.keep(line)

    @property
    def _sync(self) -> str:
        return self._console.profile.sync

    @property
    def _silence(self) -> float:
        return self._console.profile.console.quiet

    def _goes_ahead(self, verb: str) -> bool:
        """Tell whether commands of a verb can be typed without a look at what comes."""
        looks = self._console.profile.verbs.get(verb)
        if not looks or not self._sync or looks.first:
            return False
        return all(line.after is None for line in looks.send)

    # Typing

    def _type_lines(self, verb: str, arguments: Arguments, reply: Reply) -> None:
        """Type a command; what comes between its lines is reply."""
        for line in self._lines_of(verb, arguments):
            if line.after is not None and not self._is_asked(line.after, reply):
                return  # it was refused before it was complete
            self._type(line.type)

    def _is_asked(self, question: str, reply: Reply) -> bool:
        """Wait for a question; tell whether it came, and not something that ends the reply."""
        pattern, deadline = re.compile(question), self._deadline
        while not self._console.asks(pattern):
            if time.monotonic() > deadline:
                self._is_behind = True
                raise self._console.no_answer(f"did not ask {question!r}")
            self._console.await_more(deadline - time.monotonic())
            for line in self._console.lines(time.monotonic()):
                if reply.take(self._console.reader, line):
                    return False
        return True

    # Replies

    def _await_reply(self, reply: Reply) -> Reply:
        looks = self._console.profile.verbs[reply.verb]
        command, deadline = self._asked, self._deadline
        tells = looks.ends == "line" and not looks.silent and bool(looks.ok or looks.fail)
        if tells and reply.ok is not None:
            return reply
        alone = not self._sync or reply.verb == self._sync
        if tells and self._is_told(reply, deadline if alone else time.monotonic() + _PATIENCE):
            return reply
        if tells and alone:
            self._is_behind = True
            is_quiet = time.monotonic() - self._console.at > self._silence
            if reply.lines and is_quiet:  # it did answer, in words that no pattern knows
                return reply.concluded(self._console.profile)
            raise self._unanswered(command)
        if alone:
            return self._quiet(reply, deadline)
        self._type_sync()
        self._await_syncs(deadline, lambda line: self._is_read(reply, line), command)
        return self._late(reply)

    def _is_told(self, reply: Reply, until: float) -> bool:
        """Take lines until one ends the reply; tell whether one did."""
        lines = self._console.lines(until)
        return any(reply.take(self._console.reader, line) for line in lines)

    def _is_read(self, reply: Reply, line: str) -> bool:
        """Add a line to a reply; tell whether the profile reads it as anything."""
        before = len(reply.unread)
        reply.take(self._console.reader, line)
        return len(reply.unread) == before

    def _await_several(self, verb: str, count: int) -> list[Reply]:
        """Return the replies to commands that were typed one behind the other."""
        reader, silent = self._console.reader, self._console.profile.verbs[verb].silent
        replies = [Reply(verb)]

        def take(line: str) -> bool:
            told = replies[-1]
            if told.take(reader, line):
                replies.append(Reply(verb))
            return line not in told.unread

        command = self._asked
        self._type_sync()
        self._await_syncs(self._deadline + count * _SPILL, take, command)
        *told, rest = replies
        if len(told) == count:
            told[-1].unread += rest.unread
            return told
        if silent and not told and not rest.lines:
            return [Reply(verb, ok=True, silent=True) for _ in range(count)]
        # Nobody can tell which line is about which command.
        lines = [line for each in replies for line in each.lines]
        answers = [Reply(verb, lines=lines) for _ in range(count)]
        answers[-1].unread = [line for each in replies for line in each.unread]
        return answers

    def _type_sync(self) -> None:
        self._owed += 1
        self._type_all(self._sync, {})

    def _await_syncs(
        self, deadline: float, take: Callable[[str], bool | None], command: str
    ) -> None:
        """Take lines until `sync` was answered as often as it was asked.

        One that was taken for something else is never answered: after an answer it is not
        waited for any longer than a moment.
        """
        self._until, came, last = deadline, False, ""
        for line in self._console.lines(lambda: self._until):
            found = self._console.reader.outcome(self._sync, line)
            if not (found and found[0]):
                last = last if take(line) else line
                continue
            self._owed, came = self._owed - 1, True
            self._until = min(deadline, time.monotonic() + _GRACE)
            if not self._owed:
                break
        if not came:
            self._is_behind = True
            raise self._unanswered(command, unread=last)
        self._owed = 0
        self._console.settle()

    def _late(self, reply: Reply) -> Reply:
        """Wait for what may come behind the answer to `sync`.

        One program answers behind its next prompt; and what was typed may have been answered
        as `sync` is.
        """
        looks = self._console.profile.verbs[reply.verb]
        waits = not reply.lines and not looks.silent and bool(looks.ok or looks.fail)
        if waits or reply.verb == "raw":
            wait = self._silence if waits else _SPILL
            self._is_told(reply, time.monotonic() + wait)
        return reply.concluded(self._console.profile)

    def _quiet(self, reply: Reply, deadline: float) -> Reply:
        """Take lines until there is silence."""
        began = time.monotonic()

        def until() -> float:
            last = max(began, self._console.at)  # also by a notice
            return min(last + self._silence, deadline)

        for line in self._console.lines(until):
            reply.take(self._console.reader, line)
        return reply.concluded(self._console.profile)

"""Asking a program with a line editor: the echo of a command marks where its reply begins."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from orchestrator.console.asking.base import IN_FLIGHT, Arguments, Asking
from orchestrator.console.reply import EchoSearch, Reply


class EchoedAsking(Asking):
    """Asks a line editor, which discards what somebody left half-typed."""

    def ask(self, verb: str, arguments: Arguments) -> Reply:
        """Type one command and return the reply behind its echo."""
        with self._console.watched():
            self._prepare()
            return self._await_reply(verb, self._type_all(verb, arguments), self._within)

    def ask_all(
        self, verb: str, many: Sequence[Arguments], on_typing: Callable[[int], None]
    ) -> Iterator[Reply]:
        """Type some ahead: each is echoed when it is read."""
        self._prepare()
        unanswered: deque[str] = deque()
        for index, arguments in enumerate(many):
            on_typing(index)
            unanswered.append(self._type_all(verb, arguments))
            if len(unanswered) == IN_FLIGHT:
                yield self._await_reply(verb, unanswered.popleft(), self._within)
        while unanswered:
            yield self._await_reply(verb, unanswered.popleft(), self._within)

    def synchronise(self, timeout: float) -> None:
        """Ask `sync`; where there is none, see at least that the program is there."""
        self._console.catch_up()
        if sync := self._console.profile.sync:
            with self._console.watched():
                self._is_behind = False  # what comes late stands before this echo
                self._await_reply(sync, self._type_all(sync, {}), timeout)

    def _await_reply(self, verb: str, command: str, within: float) -> Reply:
        profile, reader = self._console.profile, self._console.reader
        search = EchoSearch(profile, reader, verb, command, time.monotonic() + within)
        for line in self._console.lines(lambda: search.deadline):
            if reply := search.feed(line, self._console.now()):
                return reply
        if search.held:
            return search.held
        self._is_behind = not profile.console.echo
        raise self._unanswered(command, within)

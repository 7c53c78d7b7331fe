"""Asking a program with a line editor: the echo of a command marks where its reply begins."""

from __future__ import annotations

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
            return self._await_reply(verb, self._type_all(verb, arguments))

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
                yield self._await_reply(verb, unanswered.popleft())
        while unanswered:
            yield self._await_reply(verb, unanswered.popleft())

    def synchronise(self, timeout: float) -> None:
        """Ask `sync`."""
        if sync := self._console.profile.sync:
            self.ask(sync, {})

    def _await_reply(self, verb: str, command: str) -> Reply:
        profile, reader = self._console.profile, self._console.reader
        search = EchoSearch(profile, reader, verb, command, self._deadline)
        for line in self._console.lines(lambda: search.deadline):
            if reply := search.feed(line, self._console.now()):
                return reply
        if search.held:
            return search.held
        self._is_behind = not profile.console.echo
        raise self._unanswered(command)

"""Type commands and find the reply to each, at consoles with a line editor and without one.

A line editor echoes a command when it reads it, so the echo marks where the reply begins. Any
other program may say little or nothing. There, `sync`, a command that is sure to be answered, is
typed after a command: a program that reads line by line has finished a command when it answers
the next one. Waiting for silence proves less, since a busy machine is silent too.
"""

from __future__ import annotations

import functools
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.console.base import Arguments, Dialogue
from orchestrator.console.lines import ProgramConsole
from orchestrator.console.reply import EchoSearch, Reply
from orchestrator.errors import NoAnswerError
from orchestrator.patterns import LinePattern, compiled, search_line

_IN_FLIGHT = 32  # commands typed ahead of their replies
_PATIENCE = 0.3  # seconds until a program that has not answered gets `sync`
_SPILL = 0.1  # seconds for a second answer, if the command's answer looks like that to `sync`
_GRACE = 1.0  # seconds for further answers to `sync`, once one has come
_LONGEST = 500  # characters of a reply that the answer to `sync` runs into
_WORD = re.compile(r"[^\W\d]{2}")


def dialogue_at(console: ProgramConsole) -> Dialogue:
    """Return the dialogue for a console, which depends on its line editor."""
    return EchoedDialogue(console) if console.edits else SyncedDialogue(console)


class EchoedDialogue(Dialogue):
    """Talks to a line editor: finds each reply after the echo of its command."""

    def ask(self, verb: str, arguments: Arguments) -> Reply:
        """Type one command and return the reply after its echo."""
        with self._console.terminal:
            self._prepare()
            return self._await_reply(verb, self._type(verb, arguments), self._within)

    def ask_all(
        self, verb: str, many: Sequence[Arguments], on_typing: Callable[[int], None]
    ) -> Iterator[Reply]:
        """Type up to 32 commands ahead: each is echoed when it is read."""
        self._prepare()
        unanswered: deque[str] = deque()
        for index, arguments in enumerate(many):
            on_typing(index)
            unanswered.append(self._type(verb, arguments))
            if len(unanswered) == _IN_FLIGHT:
                yield self._await_reply(verb, unanswered.popleft(), self._within)
        while unanswered:
            yield self._await_reply(verb, unanswered.popleft(), self._within)

    def synchronise(self, timeout: float) -> None:
        """Ask `sync`; without one, only check that the program is there."""
        self._console.catch_up()
        if sync := self._console.profile.sync:
            with self._console.terminal:
                self._is_behind = False  # what comes late comes before this echo
                self._await_reply(sync, self._type(sync, {}), timeout)

    def _await_reply(self, verb: str, command: str, within: float) -> Reply:
        profile, reader = self._console.profile, self._console.reader
        search = EchoSearch(profile, reader, verb, command, time.monotonic() + within)
        with self._console.awaited.reply(verb):
            for line in self._console.lines(lambda: search.deadline):
                if reply := search.feed(line, time.monotonic()):
                    return reply
        if search.held:
            return search.held
        self._is_behind = not profile.console.echo
        raise self._unanswered(command, within)


class SyncedDialogue(Dialogue):
    """Talks to a program without a line editor, or one that is not known to have one."""

    def __init__(self, console: ProgramConsole) -> None:
        super().__init__(console)
        self._owed = 0  # answers to `sync` that have not come
        self._last_verb = ""
        self._until = 0.0  # how long to wait for those answers

    def ask(self, verb: str, arguments: Arguments) -> Reply:
        """Type one command, each line when the program asks for it, and return the reply."""
        command, before = self._console.profile.operations.get(verb), list[str]()
        if command and command.first and self._last_verb != command.first:
            before = self.ask(command.first, arguments).unread
        with self._console.terminal:
            self._prepare()
            self._last_verb = verb
            reply = Reply(verb, unread=before)

            def claims(line: str) -> Mapping[str, str] | None:
                return reply.awaited(self._console.reader, line, arguments)

            with self._console.awaited.reply(verb, self._sync, claims=claims):
                self._type_when_asked(verb, arguments, reply)
                reply = self._await_reply(reply)
                # What it did not take of a wrong command it may read as the next one, and answer.
                self._is_behind = self._is_behind or (reply.ok is False and bool(self._sync))
                return reply

    def ask_all(
        self, verb: str, many: Sequence[Arguments], on_typing: Callable[[int], None]
    ) -> Iterator[Reply]:
        """Type up to 32 commands ahead, if none has to wait for a question or another command."""
        size = _IN_FLIGHT if self._can_type_ahead(verb) else 1
        for start in range(0, len(many), size):
            batch = many[start : start + size]
            if len(batch) == 1:
                on_typing(start)
                yield self.ask(verb, batch[0])
                continue
            with self._console.terminal:
                self._prepare()
                self._last_verb = verb
                with self._console.awaited.reply(verb, self._sync):
                    for index, arguments in enumerate(batch, start):
                        on_typing(index)
                        self._type(verb, arguments)
                    replies = self._await_replies(verb, len(batch))
            yield from replies

    def synchronise(self, timeout: float) -> None:
        """Ask `sync`, or wait for silence."""
        if self._sync:
            with self._console.awaited.reply(self._last_verb, self._sync):
                self._type_sync()
                self._await_syncs(time.monotonic() + timeout, self._keep_unless_late, self._typed)
            return
        for line in self._console.lines(time.monotonic() + self._silence):
            self._console.keep(line)

    def _keep_unless_late(self, line: str) -> None:
        """Keep a line, unless it belongs to the answer to the last command or to `sync`."""
        if self._is_of_sync(line, self._last_verb):
            return
        if not (self._last_verb and self._console.reader.outcome(self._last_verb, line)):
            self._console.keep(line)

    @property
    def _sync(self) -> str:
        return self._console.profile.sync

    @property
    def _silence(self) -> float:
        return self._console.patience(self._console.profile.console.quiet)

    def _can_type_ahead(self, verb: str) -> bool:
        command = self._console.profile.operations.get(verb)
        if not command or not self._sync or command.first:
            return False
        return all(line.after is None for line in command.send)

    # Typing

    def _type_when_asked(self, verb: str, arguments: Arguments, reply: Reply) -> None:
        """Type a command; lines that come meanwhile belong to the reply."""
        for line in self._lines_of(verb, arguments):
            if line.after is not None and not self._is_asked(line.after, reply):
                return  # the program refused before it had everything
            self._typed = line.type
            self._console.type(line.type, self._within)

    def _is_asked(self, question: str, reply: Reply) -> bool:
        """Wait for a question; return False if the reply ends instead.

        Success may be reported before a last question, such as the one that leaves a help text.
        """
        pattern, deadline = compiled(question), self._deadline
        while not self._console.asks(pattern):
            if reply.ok and time.monotonic() > self._console.at + _PATIENCE:
                return False
            if time.monotonic() > deadline:
                self._is_behind = True
                raise self._console.no_answer(f"did not ask {question!r}")
            self._console.await_more(deadline - time.monotonic())
            self._take_until_outcome(reply, time.monotonic())
            if reply.ok is False:
                return False
        return True

    # Replies

    def _await_reply(self, reply: Reply) -> Reply:
        profile = self._console.profile
        verb = profile.operations[reply.verb]
        command, deadline = self._typed, self._deadline
        can_sync = bool(self._sync) and reply.verb != self._sync
        ends_by_line = verb.ends == "line" and not verb.silent and bool(verb.ok or verb.fail)
        if ends_by_line:
            until = time.monotonic() + self._console.patience(_PATIENCE) if can_sync else deadline
            if reply.ok is not None or self._take_until_outcome(reply, until):
                return reply
        if can_sync:
            return self._await_synced(reply, command, deadline)
        if not ends_by_line:
            return self._take_until_quiet(reply, deadline)
        self._is_behind = True
        if reply.lines and time.monotonic() - self._console.at > self._silence:
            return reply.concluded(profile)  # it did answer, in words that no pattern knows
        raise self._unanswered(command)

    def _await_synced(self, reply: Reply, command: str, deadline: float) -> Reply:
        """Ask `sync`, and take what comes before its answer."""
        is_late = not reply.lines
        self._type_sync()
        try:
            self._await_syncs(deadline, lambda line: self._is_read(reply, line), command)
        except NoAnswerError as error:
            error.is_silent = not reply.lines
            if reply.ok is None or not is_late:
                raise
            reply.took_more = True
            return reply
        return self._take_late(reply)

    def _take_until_outcome(self, reply: Reply, until: float) -> bool:
        """Take lines until one says yes or no; return whether one did."""
        lines = self._console.lines(until)
        return any(reply.take(self._console.reader, line) for line in lines)

    def _is_read(self, reply: Reply, line: str) -> bool:
        """Add a line to a reply; return whether the profile can read it.

        A line that only `sync` prints is not part of it: the answer ends where the lab asks.
        """
        if self._is_of_sync(line, reply.verb):
            return True
        before = len(reply.unread)
        reply.take(self._console.reader, line)
        return len(reply.unread) == before

    def _is_of_sync(self, line: str, verb: str) -> bool:
        """Return whether a line is part of the answer to `sync`, and of no answer to a verb."""
        reader = self._console.reader
        others = (reader.row(verb, line), reader.outcome(verb, line))
        is_other = any(it is not None for it in others) or reader.is_label(verb, line)
        is_sync = reader.row(self._sync, line) is not None or reader.is_label(self._sync, line)
        return is_sync and not is_other

    def _await_replies(self, verb: str, count: int) -> list[Reply]:
        """Return the replies to commands that were typed one after the other."""
        reader, silent = self._console.reader, self._console.profile.operations[verb].silent
        replies = [Reply(verb)]

        def take(line: str) -> bool:
            current = replies[-1]
            if self._is_of_sync(line, verb):
                return True
            if current.take(reader, line):
                replies.append(Reply(verb))
            return line not in current.unread

        command = self._typed
        self._type_sync()
        self._await_syncs(self._deadline + count * _SPILL, take, command)
        *complete, rest = replies
        if len(complete) == count:
            complete[-1].unread += rest.unread
            return complete
        if silent and not complete and rest.lines == rest.labels:
            return [Reply(verb, ok=True, silent=True) for _ in range(count)]
        # Which line answers which command is unknown: all lines stand for each.
        lines = [line for reply in replies for line in reply.lines]
        answers = [Reply(verb, lines=lines) for _ in range(count)]
        answers[-1].unread = [line for reply in replies for line in reply.unread]
        return answers

    def _type_sync(self) -> None:
        self._owed += 1
        self._type(self._sync, {})

    def _await_syncs(
        self, deadline: float, take: Callable[[str], bool | None], command: str
    ) -> None:
        """Take lines until `sync` was answered as often as it was typed.

        The program may have taken one for something else, such as an argument. That one is
        never answered, so after the first answer the others get only a moment.
        """
        self._until, came, last = deadline, False, ""
        for line in self._console.lines(lambda: self._until):
            said = self._before_sync(line)
            if said is None or said.strip():
                last = last if take(line if said is None else said) else line
            if said is None:
                continue
            self._owed, came = self._owed - 1, True
            self._until = min(deadline, time.monotonic() + self._console.patience(_GRACE))
            if not self._owed:
                break
        if not came:
            self._is_behind = True
            raise self._unanswered(command, unread=last)
        self._owed = 0
        self._take_below_sync(take)
        self._console.forget_typed()

    def _before_sync(self, line: str) -> str | None:
        """Return what stands in front of the answer to `sync`; None if a line does not end in one.

        Some programs print no line break behind some replies, so that whatever comes next runs
        into them. An answer without a word is none there: a number may end any line.
        """
        if self._is_answer(line):
            return ""
        reader, verb = self._console.reader, self._last_verb
        whole = reader.outcome(verb, line) if verb else (True, {})
        if (whole and whole[0]) or reader.is_label(verb, line):
            return None
        ends = (search_line(pattern, line) for pattern in self._sync_ends)
        at = min((found.start() for found in ends if found), default=0)
        if not (0 < at < _LONGEST and _WORD.search(line, at) and self._is_answer(line[at:])):
            return None
        front = self._console.before_prompt(line[:at])
        return front if not whole or reader.outcome(verb, front) else None

    @functools.cached_property
    def _sync_ends(self) -> Sequence[LinePattern]:
        """Patterns of answers to `sync` that may have something in front of them."""
        patterns = self._console.profile.operations[self._sync].ok
        return [compiled(pattern.removeprefix("^")) for pattern in patterns]

    def _is_answer(self, line: str) -> bool:
        """Return whether a line answers `sync`."""
        found = self._console.reader.outcome(self._sync, line)
        return bool(found and found[0])

    def _take_below_sync(self, take: Callable[[str], bool | None]) -> None:
        """Take the lines below the one that answers `sync`, so that no later reply has them."""
        profile, reader = self._console.profile, self._console.reader
        if profile.operations[self._sync].ends == "line":
            return
        until = time.monotonic() + self._console.patience(_SPILL)
        prompts = profile.console.prompt or profile.console.prompt_pattern
        while prompts and not self._console.shows_prompt() and time.monotonic() < until:
            self._console.await_more(until - time.monotonic())
        for line in self._console.lines(time.monotonic()):
            if not reader.is_label(self._sync, line):
                take(line)

    def _take_late(self, reply: Reply) -> Reply:
        """Take what may come after the answer to `sync`.

        Some programs answer only after their next prompt, and the answer to `sync` may have
        been one to the command itself.
        """
        verb = self._console.profile.operations[reply.verb]
        waits = not reply.lines and not verb.silent and bool(verb.ok or verb.fail)
        if waits or reply.verb == "raw":
            wait = self._silence if waits else _SPILL
            self._take_until_outcome(reply, time.monotonic() + wait)
        return reply.concluded(self._console.profile)

    def _take_until_quiet(self, reply: Reply, deadline: float) -> Reply:
        """Take lines until none, not even a notice, has come for a while."""
        began = time.monotonic()

        def until() -> float:
            return min(max(began, self._console.at) + self._silence, deadline)

        for line in self._console.lines(until):
            reply.take(self._console.reader, line)
        return reply.concluded(self._console.profile)

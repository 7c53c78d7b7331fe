"""Find the reply to one command among the lines of a console. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator import text
from orchestrator.console.echo import prompt_pattern
from orchestrator.profile import Profile, Reader

_REPEATED = ("id", "port")  # arguments that no program shows in another form
_DIGIT = re.compile(r"\d")
_UNANCHORED_PATIENCE = 0.5  # seconds in which the echo of a command may still come


@dataclass(slots=True)
class Reply:
    """A program's answer to one command.

    Attributes:
        verb: the command's.
        ok: whether the answer is yes or no; None if the profile cannot read it.
        fields: the named parts of the line with that answer.
        rows: the named parts of each line of data.
        lines: all lines, without echo, prompts and notices.
        unread: those that the profile cannot read, and such lines from before them.
        labels: those that say neither yes nor no, such as a rule.
        silent: whether the answer was silence, which the profile allows. That proves nothing.
        took_more: whether it came only once the program had taken what the lab typed next for the
            rest of the command.
        is_nil: whether the answer is that there is nothing.
        is_indefinite: whether the answer is that it may have happened or not; `ok` is False then.
        doubt: why the profile may misread answers to this command; nothing is read of it then.
    """

    verb: str
    ok: bool | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    rows: list[Mapping[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    silent: bool = False
    took_more: bool = False
    is_nil: bool = False
    is_indefinite: bool = False
    doubt: str = ""

    def take(self, reader: Reader, line: str) -> bool:
        """Add a line; return whether it says yes or no. The first no counts, else the first yes."""
        self.lines.append(line)
        found = reader.outcome(self.verb, line)
        if found and (self.ok is None or (self.ok and not found[0])):
            self.ok, self.fields = found
            self.is_nil = found[0] and reader.is_nil(self.verb, line)
            self.is_indefinite = not found[0] and reader.is_indefinite(self.verb, line)
        rows, left = reader.rows(self.verb, line)
        for row in rows:
            self._add_row(row)
        if rows and _DIGIT.search(left):  # it may have a row that the pattern does not read
            self.unread.append(left.strip())
        elif not (rows or found):
            is_label = reader.is_label(self.verb, line)
            (self.labels if is_label else self.unread).append(line)
        return found is not None

    def _add_row(self, row: Mapping[str, str]) -> None:
        """Add the parts of a line. Those that the last row has none of belong to that one."""
        told = {name: part for name, part in row.items() if part}
        last = self.rows[-1] if self.rows else {}
        if told and last and not any(map(last.get, told)):
            self.rows[-1] = {**last, **told}
        else:
            self.rows.append(row)

    def awaited(
        self, reader: Reader, line: str, arguments: Mapping[str, object]
    ) -> Mapping[str, str] | None:
        """Return the arguments that a line repeats if it is the answer that is awaited, else None.

        Some programs answer in the words that they have for a notice: what was asked for is a
        reply.
        """
        found = reader.outcome(self.verb, line) if self.ok is None else None
        if not found or not found[0]:
            return None
        repeated = {
            name: value
            for name, value in found[1].items()
            if name in _REPEATED and name in arguments and value
        }
        is_right = all(str(arguments[name]) == value for name, value in repeated.items())
        return repeated if is_right else None

    def concluded(self, profile: Profile) -> Reply:
        """Return the reply once no more of it can come: rows, or allowed silence, mean yes.

        Silence is allowed to have labels: some programs draw a rule below everything.
        """
        if self.ok is None and self.rows:
            self.ok = True
        says_nothing = self.lines == self.labels
        if self.ok is None and says_nothing and profile.operations[self.verb].silent:
            self.ok = self.silent = True
        return self

    def as_far_as_sure(self, profile: Profile) -> Reply:
        """Return the whole reply, with nothing read of it if the profile may misread it."""
        doubt = profile.operations[self.verb].doubt
        if not doubt:
            return self
        before = [line for line in self.unread if line not in self.lines]
        unread = [*before, *self.lines]
        return Reply(
            self.verb, lines=self.lines, unread=unread, took_more=self.took_more, doubt=doubt
        )


class EchoSearch:
    """Finds the reply that follows the echo of a command, at a line editor.

    If no echo can be recognised, the first line that says yes or no must do. It is held back for
    a moment, since it may answer what a person had typed.

    Args:
        profile: how the console behaves.
        reader: reads its lines.
        verb: the command's.
        command: the line that was typed.
        deadline: when to give up, in `time.monotonic` seconds.
    """

    def __init__(
        self, profile: Profile, reader: Reader, verb: str, command: str, deadline: float
    ) -> None:
        self.deadline = deadline  # when to stop feeding lines; earlier once a reply is held back
        self.held: Reply | None = None  # the reply to use if the echo has not come by then
        self._prompts = [prompt for prompt in profile.console.prompt if prompt.strip()]
        self._prompt = prompt_pattern(profile)
        self._echo = text.squeeze(text.caret(command)) if profile.console.echo else ""
        self._reader = reader
        self._anchored = not self._echo
        self._reply = Reply(verb)

    def feed(self, line: str, now: float) -> Reply | None:
        """Take a line as it came; return the reply once it is complete."""
        if self._echo and self._is_echo(line):
            self._anchored, self.held = True, None
            self._restart()
            return None
        if self._is_typed(line):
            return None
        if not self._reply.take(self._reader, text.shown(line)):
            return None
        if self._anchored:
            return self._reply
        if self.held is None:
            self.deadline = min(self.deadline, now + _UNANCHORED_PATIENCE)
            self.held = self._reply
        self._restart()
        return None

    def _restart(self) -> None:
        self._reply = Reply(self._reply.verb, unread=[*self._reply.unread])

    def _is_echo(self, line: str) -> bool:
        """Return whether a line ends with the command, with only a prompt in front.

        A move of the cursor follows what the editor discarded in front of the command. If the
        line was wrapped, there are moves within the command too.
        """
        marked = text.moves(line)
        if not text.squeeze(marked).endswith(self._echo):
            return False
        start, left = len(marked), len(self._echo)
        while left:
            start -= 1
            left -= not text.is_blank(marked[start])
        before = marked[:start].rpartition(text.MOVE)[2]
        if before.strip() in ("", *(prompt.strip() for prompt in self._prompts)):
            return True
        return any(map(self._prompt.fullmatch, (before, before.strip(), f"{before.strip()} ")))

    def _is_typed(self, line: str) -> bool:
        """Return whether a line begins with a prompt, so that someone typed it."""
        flat = text.flat(line).lstrip("\r")
        known = any(flat.startswith(prompt) for prompt in self._prompts)
        return known or bool(self._prompt.match(flat))

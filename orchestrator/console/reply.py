"""Finding the reply to one command among the lines of a console. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator import text
from orchestrator.console.echo import prompt_pattern
from orchestrator.profile import Profile, Reader

_UNANCHORED_PATIENCE = 0.5  # seconds in which the echo of a command may still turn up


@dataclass(slots=True)
class Reply:
    """What a program answered to one command.

    Attributes:
        verb: what was asked.
        ok: whether it says yes; None where nobody can read what it says.
        fields: the named parts of the line that says so.
        rows: the named parts of the lines that carry data.
        lines: all of its lines, without echo, prompts and notices.
        unread: those that the profile reads as nothing, and such ones before them.
        silent: whether it is no more than silence, which the profile allows: no evidence.
    """

    verb: str
    ok: bool | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    rows: list[Mapping[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    silent: bool = False

    def take(self, reader: Reader, line: str) -> bool:
        """Add a line; return whether it says yes or no. The first no counts, else the first yes."""
        self.lines.append(line)
        found = reader.outcome(self.verb, line)
        if found and (self.ok is None or (self.ok and not found[0])):
            self.ok, self.fields = found
        if (row := reader.row(self.verb, line)) is not None:
            self.rows.append(row)
        elif not found:
            self.unread.append(line)
        return found is not None

    def concluded(self, profile: Profile) -> Reply:
        """Return the reply, once nothing more is to come of it."""
        if self.ok is None and self.rows:
            self.ok = True
        if self.ok is None and not self.lines and profile.verbs[self.verb].silent:
            self.ok = self.silent = True
        return self


class EchoSearch:
    """Takes lines that are no notices until one ends the reply behind the command's echo.

    For line editors, which echo a command when they read it. Where no echo can be made out, the
    first line that ends a reply must do; it is held back for a moment, in case it was the
    answer to what a person had typed.

    Args:
        profile: how the console behaves.
        reader: reads its lines.
        verb: what was asked.
        command: the line that was typed.
        deadline: when to give up, on `time.monotonic`.
    """

    def __init__(
        self, profile: Profile, reader: Reader, verb: str, command: str, deadline: float
    ) -> None:
        self._prompts = [prompt for prompt in profile.console.prompt if prompt.strip()]
        self._prompt = prompt_pattern(profile)
        self._echo = text.squeeze(text.caret(command)) if profile.console.echo else ""
        self._reader = reader
        self._anchored = not self._echo
        self._reply = Reply(verb)
        self._held: Reply | None = None
        self._deadline = deadline

    @property
    def deadline(self) -> float:
        """When to stop feeding lines."""
        return self._deadline

    @property
    def held(self) -> Reply | None:
        """The reply to fall back on after the deadline: one without the command's echo."""
        return self._held

    def feed(self, line: str, now: float) -> Reply | None:
        """Take a line as it came; return the reply once it is whole."""
        if self._echo and self._is_echo(line):
            self._anchored, self._held = True, None
            self._begin_anew()
            return None
        if self._is_typed(line):
            return None
        if not self._reply.take(self._reader, text.shown(line)):
            return None
        if self._anchored:
            return self._reply
        if self._held is None:
            self._deadline = min(self._deadline, now + _UNANCHORED_PATIENCE)
            self._held = self._reply
        self._begin_anew()
        return None

    def _begin_anew(self) -> None:
        self._reply = Reply(self._reply.verb, unread=[*self._reply.unread])

    def _is_echo(self, line: str) -> bool:
        """Tell whether a line ends with the command, and with nothing typed before it.

        Whatever was discarded before it is followed by a move of the cursor; where the
        line was wrapped, there are moves within the command, too.
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
        """Tell whether a line is the echo of something that somebody typed."""
        flat = text.flat(line).lstrip("\r")
        known = any(flat.startswith(prompt) for prompt in self._prompts)
        return known or bool(self._prompt.match(flat))

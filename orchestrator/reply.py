"""Finding the reply to one command among the lines of a console. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator import text
from orchestrator.profile import Patterns, Profile

_UNANCHORED_PATIENCE = 0.5  # seconds in which the echo of a command may still turn up


@dataclass(slots=True)
class Reply:
    """What a program answered to one command.

    Attributes:
        verb: what was asked.
        ok: whether it says yes.
        fields: the named parts of its last line.
        rows: the named parts of the lines before.
        lines: all of its lines.
    """

    verb: str
    ok: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    rows: list[Mapping[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class ReplySearch:
    """Takes lines that are no notices until one ends the reply behind the command's echo.

    Where no echo can be made out, the first line that ends a reply must do; it is held
    back for a moment, in case it was the answer to what a person had typed.

    Args:
        profile: how the console behaves.
        patterns: the profile's patterns.
        verb: what was asked.
        command: the line that was typed.
        deadline: when to give up, on `time.monotonic`.
    """

    def __init__(
        self, profile: Profile, patterns: Patterns, verb: str, command: str, deadline: float
    ) -> None:
        self._prompt = profile.console.prompt
        self._echo = text.squeeze(text.caret(command)) if profile.console.echo else ""
        self._patterns = patterns
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
            self._reply = Reply(self._reply.verb)
            return None
        if self._is_typed(line):
            return None
        if not self._ends(self._reply, text.shown(line)):
            return None
        if self._anchored:
            return self._reply
        if self._held is None:
            self._deadline = min(self._deadline, now + _UNANCHORED_PATIENCE)
            self._held = self._reply
        self._reply = Reply(self._reply.verb)
        return None

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
        return before.strip() in ("", self._prompt.strip())

    def _is_typed(self, line: str) -> bool:
        """Tell whether a line is the echo of something that somebody typed."""
        return bool(self._prompt) and text.flat(line).lstrip("\r").startswith(self._prompt)

    def _ends(self, reply: Reply, line: str) -> bool:
        """Add a line to a reply; return whether it was its last."""
        reply.lines.append(line)
        for ok, patterns in ((True, self._patterns.ok), (False, self._patterns.fail)):
            for pattern in patterns[reply.verb]:
                if match := pattern.search(line):
                    reply.ok, reply.fields = ok, match.groupdict(default="")
                    return True
        row = self._patterns.rows.get(reply.verb)
        if row and (match := row.search(line)):
            reply.rows.append(match.groupdict(default=""))
        return False

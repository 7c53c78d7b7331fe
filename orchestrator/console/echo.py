"""Separate what a program says from the echo of what was typed, prompts and questions. Pure.

This is for programs whose echo does not mark the beginning of a reply, so that it is only
dropped. The terminal's own echo, which comes at any time and runs into the program's output, is
turned off by the engines if possible.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from orchestrator import text
from orchestrator.patterns import LinePattern, any_of, compiled
from orchestrator.profile import Profile

_END = re.compile(r"(?<!\\)\$$")
_REMEMBERED = 64  # typed lines; there are never more in flight


class Echoes:
    """Removes echoes, prompts and questions from the lines of a console."""

    def __init__(self, profile: Profile) -> None:
        self._is_echoed = profile.console.echo
        self._prompts = sorted(filter(str.strip, profile.console.prompt), key=len, reverse=True)
        self._prompt = prompt_pattern(profile)
        questions = {line.after for _, line in profile.lines() if line.after}
        # Without an echo, the program's answer follows a question on the same line.
        self._questions = [compiled(_END.sub("", question)) for question in sorted(questions)]
        self._pending: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)  # as typed, squeezed
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)

    def typed(self, line: str) -> None:
        """Expect the echo of a line."""
        if self._is_echoed and (squeezed := text.squeeze(text.caret(line))):
            self._pending.append((line.rstrip(), squeezed))

    def forget_typed(self) -> None:
        """Expect no echo any more: everything typed was answered."""
        self._pending.clear()

    def said(self, line: str) -> str | None:
        """Return what the program says in a line as it is shown, or None for nothing."""
        if self._is_answered_question(line):
            return None
        plain = self.without_prompts(line)
        if not plain.strip() or self._is_echo(plain, had_prompt=plain != line):
            return None
        return plain

    def _is_answered_question(self, line: str) -> bool:
        """Return whether a line is a question followed by the echo of what was typed."""
        shown = line.rstrip()
        for pending in self._pending:
            typed, squeezed = pending
            before = shown.removesuffix(typed)
            if before != shown and self._ends_with_question(before.rstrip()):
                self._pending.remove(pending)
                self._recent.append(squeezed)
                return True
        return False

    def _ends_with_question(self, line: str) -> bool:
        matches = (question.search(line) for question in self._questions)
        return any(match and not line[match.end() :].strip() for match in matches)

    def without_prompts(self, line: str) -> str:
        """Return a line without the prompts and questions in front."""
        *_, last = self.suffixes(line)
        return last

    def before_prompt(self, line: str) -> str:
        """Return what stands in front of the prompts and questions that end a line."""
        ends = (at for at in range(len(line)) if not self.without_prompts(line[at:]).strip())
        return line[: next(ends, len(line))]

    def suffixes(self, line: str) -> Iterator[str]:
        """Yield a line, then the line without its first prompt or question, and so on."""
        yield line
        while (shorter := self._without_prompt(line)) is not None:
            line = shorter
            yield line

    def _without_prompt(self, line: str) -> str | None:
        """Return a line without the prompt or question in front, or None if there is none."""
        for prompt in self._prompts:
            if line.startswith(prompt) and not prompt.isalnum():  # a word also begins other lines
                return line[len(prompt) :]
            if line.strip() == prompt.strip():
                return ""
        if (match := self._prompt.match(line)) and match.end():
            return line[match.end() :]
        if line.strip() and self._prompt.fullmatch(f"{line.strip()} "):
            return ""
        bare = line.lstrip()  # blanks around a question mean nothing
        ends = (match.end() for q in self._questions if (match := q.match(bare)))
        end = max(ends, default=0)  # one may begin with another
        return bare[end:].removeprefix(" ") if end else None

    def _is_echo(self, line: str, *, had_prompt: bool) -> bool:
        squeezed = text.squeeze(line)
        for pending in self._pending:
            if squeezed == pending[1]:
                self._pending.remove(pending)
                self._recent.append(squeezed)
                return True
        # A line editor shows what was typed ahead a second time, when it reads it.
        return had_prompt and squeezed in self._recent


def prompt_pattern(profile: Profile) -> LinePattern:
    """Return a pattern for any of a profile's variable prompts at the start of a line."""
    return any_of(_END.sub("", pattern) for pattern in profile.console.prompt_pattern)

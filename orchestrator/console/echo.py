"""Telling what was typed, prompts and questions from what a program says. Pure.

For programs whose echo marks no reply's beginning: it is only dropped. The terminal's own echo,
which comes whatever the program is doing and runs into what it prints, engines turn off where
they can.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from orchestrator import text
from orchestrator.profile import Profile

_NEVER = re.compile(r"(?!)")
_END = re.compile(r"(?<!\\)\$$")
_REMEMBERED = 64  # lines that were typed; more are never under way


class Echoes:
    """What was typed and has not come back yet; what stands in front of what is typed.

    Args:
        profile: has the prompts and the questions.
    """

    def __init__(self, profile: Profile) -> None:
        self._is_echoed = profile.console.echo
        self._prompts = sorted(filter(str.strip, profile.console.prompt), key=len, reverse=True)
        self._prompt = prompt_pattern(profile)
        asked = {line.after for _, line in profile.lines() if line.after}
        # Where nothing is echoed, more stands behind a question on its line.
        self._fronts = [re.compile(_END.sub("", each)) for each in sorted(asked)]
        self._owed: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)  # as typed, and squeezed
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)

    def typed(self, line: str) -> None:
        """Take note of what is typed."""
        if self._is_echoed and (seen := text.squeeze(text.caret(line))):
            self._owed.append((line.rstrip(), seen))

    def settle(self) -> None:
        """Take note that all that was typed was answered: what did not come back never will."""
        self._owed.clear()

    def said(self, line: str) -> str | None:
        """Return what a program says in a line as it is shown; None where that is nothing."""
        if self._is_answer(line):
            return None
        plain = self.without_prompts(line)
        if not plain.strip() or self._is_echo(plain, had_prompt=plain != line):
            return None
        return plain

    def _is_answer(self, line: str) -> bool:
        """Tell whether a line is a question with what was typed behind it."""
        for owed in self._owed:
            typed, seen = owed
            before = line.rstrip().removesuffix(typed)
            if before != line.rstrip() and self._is_question(before.rstrip()):
                self._owed.remove(owed)
                self._recent.append(seen)
                return True
        return False

    def _is_question(self, front: str) -> bool:
        """Tell whether a question is the last that stands there."""
        found = (each.search(front) for each in self._fronts)
        return any(match and not front[match.end() :].strip() for match in found)

    def without_prompts(self, line: str) -> str:
        """Return a line without the prompts and questions that stand in front."""
        *_, last = self.stages(line)
        return last

    def stages(self, line: str) -> Iterator[str]:
        """Yield a line, then without the first prompt or question in front, and so on."""
        yield line
        while (shorter := self._shortened(line)) is not None:
            line = shorter
            yield line

    def _shortened(self, line: str) -> str | None:
        """Return a line without the prompt or question in front; None where there is none."""
        for prompt in self._prompts:
            if line.startswith(prompt):
                return line[len(prompt) :]
            if line.strip() == prompt.strip():
                return ""
        if (found := self._prompt.match(line)) and found.end():
            return line[found.end() :]
        if line.strip() and self._prompt.fullmatch(f"{line.strip()} "):
            return ""
        ends = (found.end() for each in self._fronts if (found := each.match(line)))
        end = next((end for end in ends if end), 0)
        return line[end:].removeprefix(" ") if end else None

    def _is_echo(self, line: str, *, had_prompt: bool) -> bool:
        seen = text.squeeze(line)
        for owed in self._owed:
            if seen == owed[1]:
                self._owed.remove(owed)
                self._recent.append(seen)
                return True
        # A line editor shows once more what was typed while nobody read it.
        return had_prompt and seen in self._recent


def prompt_pattern(profile: Profile) -> re.Pattern[str]:
    """Return what matches any prompt of a profile that changes, at the start of a line."""
    several = [f"(?:{_END.sub('', each)})" for each in profile.console.prompt_pattern]
    return re.compile("|".join(several)) if several else _NEVER

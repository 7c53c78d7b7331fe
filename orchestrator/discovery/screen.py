"""What a console showed after a line was typed, before anything is known of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator import text

_LINE_EDITOR = ("\x1b[?2004h", "\x1b[K", "\x1b[6n")
"""What readline and its like print to draw a line."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came after a line was typed, or while another console was typed at.

    Attributes:
        lines: whole lines, as they stand on the screen, without the echo and what is blank.
        rest: what stands behind the last line break: a prompt, or a question.
        echoed: whether what was typed came back.
    """

    lines: tuple[str, ...] = ()
    rest: str = ""
    echoed: bool = False

    @property
    def anything(self) -> bool:
        """Whether there is any line."""
        return bool(self.lines)


def read(raw: str, typed: str = "", prompts: Iterable[str] = ()) -> Shown:
    """Return what a console showed.

    Args:
        raw: all that came, as it came.
        typed: the line that was typed before.
        prompts: what is printed when a line is awaited.
    """
    *whole, rest = raw.split("\n")
    known = sorted((each for each in prompts if each.strip()), key=len, reverse=True)
    lines, echoed = [], False
    for number, line in enumerate(map(text.shown, whole)):
        if not echoed and typed and _is_echo(line, typed, known, is_first=not number):
            echoed = True
            continue
        bare = without(line, known)
        if bare.strip():
            lines.append(text.printable(bare.replace("\t", "    ")).rstrip())
    return Shown(tuple(lines), text.shown(rest), echoed)


def without(line: str, prompts: Sequence[str]) -> str:
    """Return a line without the prompts that stand in front."""
    before = None
    while line != before:
        before = line
        for prompt in prompts:
            if line.startswith(prompt):
                line = line[len(prompt) :]
            elif line.strip() == prompt.strip():
                return ""
    return line


def _is_echo(line: str, typed: str, prompts: Sequence[str], *, is_first: bool) -> bool:
    """Tell whether a line is what was typed, behind a prompt perhaps that is not known yet."""
    wanted = text.squeeze(text.caret(typed))
    seen = text.squeeze(without(line, prompts))
    if seen == wanted:
        return True
    front = seen.removesuffix(wanted)
    return is_first and not prompts and front != seen and not re.search(r"\w", front)


def edits(raw: str) -> bool:
    """Tell whether a console is drawn by a line editor, such as readline."""
    return any(each in raw for each in _LINE_EDITOR)


def prompts_in(rests: Sequence[str], replies: Sequence[Sequence[str]]) -> list[str]:
    """Return what a program prints when it awaits a line.

    Args:
        rests: what stood behind the last line break, after each of several commands.
        replies: the lines that came in reply to each: those that end all of them, such as a
            menu, belong to the prompt as well.
    """
    common = _common_end(replies) if len(replies) > 1 else []
    shown = sorted({rest for rest in rests if rest.strip()}, key=rests.index)
    often = [rest for rest in shown if rests.count(rest) * 2 >= len(rests)]
    return often + [line for line in dict.fromkeys(common) if line.strip()]


def _common_end(replies: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines with which all of these end, where there is more before in some."""
    count, least = 0, min(map(len, replies))
    while count < least and len({reply[-1 - count] for reply in replies}) == 1:
        count += 1
    return list(replies[0][len(replies[0]) - count :]) if count else []

"""What was typed at an unknown program, and what it printed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator import text

_LINE_EDITOR = ("\x1b[?2004h", "\x1b[K", "\x1b[6n")
"""What readline and similar editors print to draw a line."""

_TRACE = re.compile(r"^Traceback \(most recent call last\)|^Exception in thread |^\s+at .*\(.*\)$")
_TRACE_END = re.compile(r"^[\w.]*([Ee]rror|Exception|Interrupt|Exit)\b")


@dataclass(frozen=True, slots=True)
class ConsoleOutput:
    """What a console printed after an input, or while another console got one.

    Attributes:
        lines: whole lines as they appear on the screen, without echo, prompts and blank lines.
        rest: the text after the last line break: a prompt or a question.
        echoed: whether the input was echoed.
    """

    lines: tuple[str, ...] = ()
    rest: str = ""
    echoed: bool = False


@dataclass(frozen=True, slots=True)
class KnownValues:
    """Values that the lab knows and can recognise in the output.

    Attributes:
        addresses: addresses of the peers involved.
        ports: the ports on which they listen.
        text: the text of the message; empty if none was sent.
        ids: the id of the connection, by peer.
        words: other words that were typed.
    """

    addresses: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    text: str = ""
    ids: Mapping[str, int] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One action on one peer, and what all peers printed.

    Attributes:
        verb: the lab's name for the action; `kill` for a killed peer, `unknown` for nonsense.
        right: whether it should succeed; None if that is not known.
        at: the peer.
        to: the other peer; empty if there is none.
        typed: the lines that were typed.
        steps: the peer's output after each line.
        others: the other peers' output.
        known: values to recognise in the output.
        ended: whether the program had exited afterwards.
    """

    verb: str
    right: bool | None
    at: str
    to: str
    typed: tuple[str, ...]
    steps: tuple[ConsoleOutput, ...]
    others: Mapping[str, ConsoleOutput]
    known: KnownValues
    ended: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines of the reply."""
        return tuple(line for step in self.steps for line in step.lines)

    @property
    def other_lines(self) -> tuple[str, ...]:
        """All lines that the other peers printed."""
        return tuple(line for output in self.others.values() for line in output.lines)


@dataclass(frozen=True, slots=True)
class Sample:
    """Lines that were printed together.

    Attributes:
        lines: the lines.
        known: values to recognise in them.
        at: the peer that printed them.
    """

    lines: tuple[str, ...]
    known: KnownValues
    at: str


def read_output(raw: str, typed: str = "", prompts: Iterable[str] = ()) -> ConsoleOutput:
    """Read what a console printed.

    Args:
        raw: the output with its escape sequences.
        typed: the line that was typed before it.
        prompts: the known prompts.
    """
    *whole, rest = raw.split("\n")
    known = sorted((prompt for prompt in prompts if prompt.strip()), key=len, reverse=True)
    lines, echoed = [], False
    for number, line in enumerate(map(text.shown, whole)):
        if not echoed and typed and _is_echo(line, typed, known, is_first=not number):
            echoed = True
            continue
        bare = _strip_prompts(line, known)
        if bare.strip():
            lines.append(text.printable(bare.replace("\t", "    ")).rstrip())
    return ConsoleOutput(tuple(lines), text.shown(rest), echoed)


def _strip_prompts(line: str, prompts: Sequence[str]) -> str:
    """Return a line without the prompts in front of it."""
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
    """Return whether a line echoes the input, perhaps after a prompt that is not known yet."""
    wanted = text.squeeze(text.caret(typed))
    seen = text.squeeze(_strip_prompts(line, prompts))
    if seen == wanted:
        return True
    front = seen.removesuffix(wanted)
    return is_first and not prompts and front != seen and not re.search(r"\w", front)


def uses_line_editor(raw: str) -> bool:
    """Return whether a line editor such as readline draws the console."""
    return any(sequence in raw for sequence in _LINE_EDITOR)


def find_prompts(rests: Sequence[str], replies: Sequence[Sequence[str]]) -> list[str]:
    """Return what a program prints when it waits for input.

    Args:
        rests: the text after the last line break, after each of several inputs.
        replies: the lines printed after each. Lines that end all of them, such as a menu, count
            as part of the prompt.
    """
    common = _common_end(replies) if len(replies) > 1 else []
    distinct = dict.fromkeys(rest for rest in rests if rest.strip())
    frequent = [rest for rest in distinct if rests.count(rest) * 2 >= len(rests)]
    return frequent + [line for line in dict.fromkeys(common) if line.strip()]


def _common_end(replies: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines that end all replies."""
    count, least = 0, min(map(len, replies))
    while count < least and len({reply[-1 - count] for reply in replies}) == 1:
        count += 1
    return list(replies[0][len(replies[0]) - count :]) if count else []


def reply_sample(exchange: Exchange, prompts: Sequence[str]) -> Sample:
    """Return the reply, without prompts, questions, tracebacks and blank lines."""
    lines = [line for line in exchange.lines if line not in prompts]
    questions = {step.rest.strip() for step in exchange.steps} - {""}
    bare = [_without_question(line, questions) for line in _without_tracebacks(lines)]
    kept = tuple(line for line in bare if line.strip())
    return Sample(kept, exchange.known, exchange.at)


def notice_sample(exchange: Exchange, prompts: Sequence[str]) -> Sample:
    """Return what the other peer printed, without prompts and tracebacks."""
    output = exchange.others.get(exchange.to)
    lines = [line for line in output.lines if line not in prompts] if output else []
    return Sample(_without_tracebacks(lines), exchange.known, exchange.to)


def has_traceback(exchange: Exchange) -> bool:
    """Return whether a program printed a traceback and survived."""
    return not exchange.ended and any(_TRACE.match(line) for line in exchange.lines)


def _without_tracebacks(lines: Iterable[str]) -> tuple[str, ...]:
    kept, inside = [], False
    for line in lines:
        if _TRACE.match(line):
            inside = True
        elif inside:
            inside = not (_TRACE_END.match(line) or not line.startswith((" ", "\t")))
        else:
            kept.append(line)
    return tuple(kept)


def _without_question(line: str, questions: Iterable[str]) -> str:
    for question in questions:
        if line.startswith(question):
            return line[len(question) :].lstrip()
    return line

"""What was typed at an unknown program, and what it printed. Pure."""

from __future__ import annotations

import dataclasses
import functools
import re
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator import text
from orchestrator.discovery.traces import shows_trace, without_exceptions, without_traces
from orchestrator.patterns import escape

TAB = "    "
"""Stands for a tab in what a console printed."""

_MOST_TIMES = 6  # a line that comes more often is part of a flood
_MOST_LINES = 10  # of a reply to what began a flood; the others are part of it
_SEVERAL = 3  # commands; only a prompt is the same after that many different ones
_LONGEST_PROMPT = 3  # lines, of a prompt that is not the last that a greeting has

_LINE_EDITOR = ("\x1b[?2004h", "\x1b[K", "\x1b[6n")
"""What readline and similar editors print to draw a line."""


@dataclass(frozen=True, slots=True)
class ConsoleOutput:
    """What a console printed after an input, or while another console got one."""

    # whole lines as they appear on the screen, without echo, prompts and blank lines
    lines: tuple[str, ...] = ()
    rest: str = ""  # the text after the last line break: a prompt or a question
    echoed: bool = False  # whether the input was echoed

    def without_flood(self) -> ConsoleOutput:
        """Return the first lines, without those that came again and again."""
        return dataclasses.replace(self, lines=without_flood(self.lines)[:_MOST_LINES])


def without_flood(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what was printed without the lines that came again and again, as if without end."""
    times = Counter(lines)
    return tuple(line for line in lines if times[line] <= _MOST_TIMES)


@functools.cache
def host_names() -> tuple[str, ...]:
    """Return this machine's name, if it is no word that a program may have for something else."""
    name = socket.gethostname()
    return () if name.isalpha() else (name,)


@dataclass(frozen=True, slots=True)
class KnownValues:
    """Values that the lab knows and can recognise in the output."""

    addresses: frozenset[str] = frozenset()  # addresses of the peers involved
    ports: frozenset[int] = frozenset()  # the ports on which they listen
    # those of connections, as the kernel has shown them in lists; empty if it shows none
    links: frozenset[int] = field(default=frozenset(), kw_only=True)
    text: str = ""  # the text of the message; empty if none was sent
    ids: Mapping[str, str] = field(default_factory=dict)  # the id of the connection, by peer
    words: tuple[str, ...] = ()  # other words that were typed
    # what other values are called: a pattern has a group for each
    named: Mapping[str, str] = field(default_factory=dict)
    has_word_ids: bool = False  # whether ids are letters, hexadecimal or the like
    # how lines begin that have a number next which says what they mean, with that number
    codes: frozenset[str] = field(default=frozenset(), kw_only=True)
    # names of the machine, which programs show that run on it without a container
    hosts: tuple[str, ...] = field(default_factory=host_names)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One action on one peer, and what all peers printed."""

    verb: str  # the lab's name for the action; `kill` for a killed peer, `unknown` for nonsense
    right: bool | None  # whether it should succeed; None if that is not known
    at: str  # the peer
    to: str  # the other peer; empty if there is none
    typed: tuple[str, ...]  # the lines that were typed
    steps: tuple[ConsoleOutput, ...]  # the peer's output after each line
    others: Mapping[str, ConsoleOutput]  # the other peers' output
    known: KnownValues  # values to recognise in the output
    ended: bool = False  # whether the program had exited afterwards
    # whether it worked, by the kernel's sockets and the other console; None if they cannot tell
    fact: bool | None = None
    stuck: bool = False  # whether the program lived on without answering its console
    given: Mapping[str, str] = field(default_factory=dict)  # the arguments, by name
    # the row of the connection in a list and its place there, by peer
    rows: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def worked(self) -> bool | None:
        """Whether it worked: as it was observed, else as it was to be expected."""
        return self.right if self.fact is None else self.fact

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
    """Lines that were printed together."""

    lines: tuple[str, ...]
    known: KnownValues  # values to recognise in them
    at: str  # the peer that printed them
    rest: str = ""  # what stood behind them without a line break


def read_output(
    raw: str, typed: str = "", prompts: Iterable[str] = (), message: str = ""
) -> ConsoleOutput:
    """Read what a console printed.

    Blanks at the end of a line mean nothing, except behind the text of a `message`, which may end
    in blanks of its own.
    """
    *whole, rest = raw.split("\n")
    known = _longest_first(prompts)
    lines, echoed = [], False
    for number, line in enumerate(map(text.shown, whole)):
        if not echoed and typed and _is_echo(line, typed, known, is_first=not number):
            echoed = True
            continue
        bare = _strip_prompts(line, known)
        if bare.strip():
            said = text.printable(bare.replace("\t", TAB))
            lines.append(said if message and message in said else said.rstrip())
    return ConsoleOutput(tuple(lines), text.shown(rest), echoed)


def without_prompts(output: ConsoleOutput, prompts: Iterable[str]) -> ConsoleOutput:
    """Return an output that was read before the prompts were known."""
    known = sorted(prompts, key=len, reverse=True)
    lines = [_strip_prompts(line, known) for line in output.lines]
    return dataclasses.replace(output, lines=tuple(line for line in lines if line.strip()))


def without_echo(output: ConsoleOutput, typed: str) -> ConsoleOutput:
    """Return an output that was read before the prompt in front of the echo was known."""
    if not output.lines or text.squeeze(output.lines[0]) != text.squeeze(typed):
        return output
    return dataclasses.replace(output, lines=output.lines[1:], echoed=True)


def read_screen(raw: str, prompts: Iterable[str] = (), message: str = "") -> ConsoleOutput:
    """Read what a console printed unasked.

    What stands there without a line break was shown as well, unless it is a prompt.
    """
    known = list(prompts)
    rest = read_output(raw, "", known).rest
    output = read_output(f"{raw}\n" if raw else raw, "", known, message)
    return ConsoleOutput(output.lines, rest, output.echoed)


def _strip_prompts(line: str, prompts: Sequence[str]) -> str:
    before = None
    while line != before:
        before = line
        for prompt in map(_varying, prompts):
            if (found := prompt.match(line)) and found.end():
                line = line[found.end() :]
            elif prompt.fullmatch(f"{line.strip()} ") or prompt.fullmatch(line.strip()):
                return ""
    return line


PEER_NAMES = ("alice", "bob", "carol")

A_NAME = rf"\b(?:{'|'.join(PEER_NAMES)})\b"
"""A pattern for the name of a peer, which a program may have been told."""

_NOTHING = r"\b(?:no|zero)(?= [^\W\d])"  # in front of what there is none of
_COUNTED = r"(?:(?<=\d )|(?<=\bno )|(?<=\bzero ))[^\W\d]\w*"  # such as `peers`, which may be one
_USER_OR_HOST = r"[\w.-]+(?=@)|(?<=@)[\w.-]+"  # as shells show them: `ada@lab-17:~/chat$ `
_FOLDER = r"(?<=:)[~/][\w./~-]*"
# what a shell shows, a count and what it counts, an address, the peer's own name
_VARIES = re.compile(rf"{_USER_OR_HOST}|{_FOLDER}|\d+|{_NOTHING}|{_COUNTED}|{A_NAME}")


@functools.cache
def _varying(prompt: str) -> re.Pattern[str]:
    whole = r"\s*$" if prompt.isalnum() else ""  # a word, as in a menu, also begins other lines
    return re.compile(prompt_pattern(prompt) + whole)


def prompt_pattern(prompt: str) -> str:
    """Return a pattern for a prompt, in which counts, names and folders may change."""
    word = r"[\w.-]+" if "@" in prompt else r"\w+"

    def changing(part: str) -> str:
        return r"\d+" if part.isdigit() else r"[\w./~-]+" if part[0] in "~/" else word

    return "".join(
        changing(part) if varies else escape(part) for part, varies in prompt_parts(prompt)
    )


def prompt_parts(prompt: str) -> list[tuple[str, bool]]:
    """Return the parts of a prompt, and whether each may change."""
    parts = re.split(rf"({_VARIES.pattern})", prompt)
    return [(part, number % 2 == 1) for number, part in enumerate(parts)]


def is_prompt(line: str, prompts: Iterable[str]) -> bool:
    """Return whether a line is a prompt, with any number or name where a known one has one."""
    return any(_varying(prompt).fullmatch(line) for prompt in prompts)


def ends_in_prompt(raw: str, prompts: Iterable[str]) -> bool:
    """Return whether the last line of what a console printed is a prompt with a line break."""
    lines = [line for line in map(text.shown, raw.split("\n")) if line.strip()]
    return bool(lines) and is_prompt(lines[-1].rstrip(), prompts)


def is_printed_over(raw: str, typed: str, prompts: Iterable[str]) -> bool:
    """Return whether a prompt stands in front of what another thread has printed behind it."""
    known = _longest_first(prompts)
    return any(
        _strip_prompts(line, known) != line and not _is_echo(line, typed, known, is_first=False)
        for line in map(text.shown, raw.split("\n")[:-1])
    )


def _longest_first(prompts: Iterable[str]) -> list[str]:
    return sorted((prompt for prompt in prompts if prompt.strip()), key=len, reverse=True)


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


def prompts_behind_messages(exchanges: Iterable[Exchange], prompts: Sequence[str]) -> list[str]:
    """Return what a program prints behind the messages it shows, without a line break.

    That is a prompt for the person who was typing, if it is the same whatever the text.
    """
    texts = dict[str, set[str]]()  # the messages in front of each, by its pattern
    first = dict[str, str]()
    for exchange in exchanges:
        for output in exchange.others.values():
            rest, sent = output.rest, exchange.known.text
            is_behind = sent and any(sent in line for line in output.lines) and sent not in rest
            if rest.strip() and is_behind and not is_prompt(rest, prompts):
                pattern = prompt_pattern(rest)
                texts.setdefault(pattern, set()).add(sent)
                first.setdefault(pattern, rest)
    return [first[pattern] for pattern, sent in texts.items() if len(sent) > 1]


def recurring_prompts(exchanges: Iterable[Exchange], prompts: Sequence[str]) -> list[str]:
    """Return what else a program prints when it waits for input: the same after several commands.

    A prompt may say how the last one went: `(ok) >`. What stands in front of a known one, or of
    none where a program has none, is a refusal without a line break.
    """
    known = tuple(prompt for prompt in prompts if prompt.strip())
    verbs = dict[str, set[str]]()  # after which each was printed, by its pattern
    first = dict[str, str]()
    for exchange in exchanges:
        of_end = "terminate" if exchange.verb in ("exit", "kill") else exchange.verb
        rests = [(step.rest, exchange.verb) for step in exchange.steps]
        rests += [(it.rest, of_end) for it in exchange.others.values() if it.lines]
        for rest, verb in rests:
            if rest.strip() and known and not (rest.endswith(known) or is_prompt(rest, known)):
                verbs.setdefault(prompt_pattern(rest), set()).add(verb)
                first.setdefault(prompt_pattern(rest), rest)
    return [first[it] for it, after in verbs.items() if len(after - {"unknown"}) >= _SEVERAL]


def last_lines(replies: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines that end the greeting and every reply, if none of these is all of it.

    That may be a prompt with a line break: `Enter a command:`. In a greeting, another thread may
    have printed something behind it.
    """
    greeting, *others = replies
    common = _common_end(replies) or _prompt_within(greeting, others)
    return common if all(len(reply) > len(common) for reply in replies) else []


def _prompt_within(greeting: Sequence[str], replies: Sequence[Sequence[str]]) -> list[str]:
    """Return the few lines that end every reply and stand together somewhere in the greeting."""
    end = _common_end(replies)[-_LONGEST_PROMPT:] if replies else []
    within = [[*greeting[at : at + len(end)]] for at in range(len(greeting))]
    while end and end not in [lines[: len(end)] for lines in within]:
        end = end[1:]
    return end


def _common_end(replies: Sequence[Sequence[str]]) -> list[str]:
    count, least = 0, min(map(len, replies))
    while count < least and len({reply[-1 - count] for reply in replies}) == 1:
        count += 1
    return list(replies[0][len(replies[0]) - count :]) if count else []


def reply_sample(exchange: Exchange, prompts: Sequence[str]) -> Sample:
    """Return the reply, without prompts, questions, tracebacks and blank lines.

    The exception above a traceback may say why something failed, but never that it worked.
    """
    lines = [line for line in exchange.lines if not is_prompt(line, prompts)]
    has_worked = exchange.fact or (exchange.verb == "exit" and exchange.ended)
    said = without_exceptions(lines) if has_worked else without_traces(lines)
    questions = {step.rest.strip() for step in exchange.steps} - {""}
    bare = [_without_question(line, questions) for line in said]
    kept = tuple(line for line in bare if line.strip())
    return Sample(kept, exchange.known, exchange.at)


def notice_sample(exchange: Exchange, prompts: Sequence[str]) -> Sample:
    """Return what the other peer printed, without prompts and tracebacks."""
    output = exchange.others.get(exchange.to)
    lines = [line for line in output.lines if not is_prompt(line, prompts)] if output else []
    said = without_exceptions(lines) or without_traces(lines)
    return Sample(said, exchange.known, exchange.to)


def last_words(sample: Sample) -> Sequence[str]:
    """Return the last line that says something, which a rule below it does not; none if empty."""
    return [line for line in sample.lines if re.search(r"\w", line)][-1:] or sample.lines[-1:]


def has_arrived(exchange: Exchange) -> bool:
    """Return whether a text was shown at the other end, or the kernel showed what was done."""
    return bool(exchange.fact)


def has_traceback(exchange: Exchange) -> bool:
    """Return whether a program printed a traceback and survived."""
    return not (exchange.ended or exchange.stuck) and shows_trace(exchange.lines)


def _without_question(line: str, questions: Iterable[str]) -> str:
    for question in questions:
        if line.startswith(question):
            return line[len(question) :].lstrip()
    return line

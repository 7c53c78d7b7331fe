"""Read what commands a program has, and what they take, from its help or from errors. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.discovery import wording
from orchestrator.profile.operation import LAB_STEPS, RAW, STEP_KEYS

_WORD = r"[/:!.\\]?[A-Za-z][\w-]*"
_MARKED = r"<[^<>]+>|\[[^\[\]]+\]|\{[^{}]+\}|\([^()]+\)|\$\w+"  # an argument: <key>, [ttl], $key
_CAPITALS = r"[A-Z][A-Z0-9_]*"  # KEY
_PLAIN = r"[a-z][\w.]*"
_BEHIND = re.compile(
    "\\s{2,}|\\t|\\s+(?:--?|\u2013|\u2014|#|=>?|->)\\s+|:\\s+"
)  # in front of a description
_OR = re.compile(r",\s*(?:or\s+)?|\s+or\s+|\s*;\s*|\s+\|\s+")  # between two commands
_LABEL = re.compile(r"^\W*[\w ]*\b(?:usage|commands?|try|available|valid)\b[\w ]*:\s*", re.I)
_ERROR = re.compile(r"^\W*[\w ]*\b(?:error|err|invalid|unknown|bad)\b[\w' ]*[:,]\s*", re.I)
_BORDERS = " \t|¦│┃║*•-"
_MOST_PLAIN = 4  # words without a mark that are arguments; more are prose


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument that a usage names."""

    name: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """A command as the program names it, and what it takes."""

    word: str
    takes: tuple[Parameter, ...] = ()

    @property
    def name(self) -> str:
        """What the operation is called in a profile."""
        name = re.sub(r"\W+", "_", wording.unmarked(self.word).lower()).strip("_")
        return f"{name}_" if name in (*LAB_STEPS, RAW) else name

    @property
    def send(self) -> str:
        """The line to type, with `{argument}` for each argument."""
        return " ".join([self.word, *(f"{{{it.name}}}" for it in self.takes)])


def read_usages(lines: Iterable[str]) -> list[Usage]:
    """Return the commands that these lines name, each once, in their order."""
    found: dict[str, Usage] = {}
    for line in lines:
        for usage in _of_line(line):
            known = found.get(usage.word)
            if known is None or len(known.takes) < len(usage.takes):
                found[usage.word] = usage
    return [usage for usage in found.values() if usage.name]


def is_chat(usages: Sequence[Usage]) -> bool:
    """Return whether commands are those of a chat: one connects, another one sends."""
    words = [wording.unmarked(usage.word).lower() for usage in usages]
    if {"connect", "send", "terminate", "myip", "myport"} & {*words}:
        return True
    return all(any(wording.means(verb, it) for it in words) for verb in ("connect", "send"))


def _of_line(line: str) -> Iterator[Usage]:
    """Yield the commands of a line: one with a description behind it, or several in a row."""
    bare = line.strip(_BORDERS)
    text = _LABEL.sub("", _ERROR.sub("", bare))
    has_label = text != bare
    if not text or text.endswith(":"):
        return
    head, *behind = _BEHIND.split(text, maxsplit=1)
    if f"{head}: " in text:  # a colon may stand behind anything: `Not possible: choose from …`
        behind = []
    parts = [it.strip(" .'\"`") for it in _OR.split(_closed(text if has_label else head))]
    if has_label and len(parts) == 1 and re.fullmatch(rf"{_WORD}(?:\s+{_WORD})+", parts[0]):
        words = parts[0].split()
        if len(words) > 2 and not any(it.isupper() for it in words):  # noqa: PLR2004
            parts = words  # `commands: put get del`
    made = [_usage(part, is_sure=bool(behind) or has_label) for part in parts if part]
    if len(made) > 1 and not all(made):
        made = made[:1]  # `get KEY, or a range of them`: the rest is prose
    yield from filter(None, made)


def _closed(text: str) -> str:
    """Return a text without the separators inside brackets: `[EX|PX]`."""
    return re.sub(_MARKED, lambda found: re.sub(r"\s*[|,;]\s*", "/", found[0]), text)


def _usage(text: str, *, is_sure: bool) -> Usage | None:
    """Return a command with its arguments; None if the text is something else.

    Args:
        text: such as `put <key> <value>`.
        is_sure: whether it stands where commands do, so that arguments may be plain words.
    """
    found = re.fullmatch(rf"({_WORD})((?:\s+(?:{_MARKED}|\S+))*)", text)
    if not found:
        return None
    rest = re.findall(rf"{_MARKED}|\S+", found[2])
    marked = [bool(re.fullmatch(rf"\"?(?:{_MARKED})\"?(?:\.\.\.)?|{_CAPITALS}", it)) for it in rest]
    plain = all(re.fullmatch(_PLAIN, it) for it in rest) and len(rest) <= _MOST_PLAIN
    if rest and not all(marked) and not (plain and is_sure):
        return None
    begins_sentence = found[1][0].isupper() and not found[1].isupper()
    if begins_sentence and not (rest and all(marked)):
        return None  # or a heading
    if not rest and not is_sure and found[1].isupper():
        return None
    names: list[str] = []
    takes = []
    for part in rest:
        takes.append(Parameter(_argument(part, names), part.startswith("[")))
        names.append(takes[-1].name)
    return Usage(found[1], tuple(takes))


def _argument(part: str, known: Sequence[str]) -> str:
    """Return the name of an argument in a profile: letters, digits and _, each name once."""
    name = re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_")
    name = name if name[:1].isalpha() else f"a{name}"
    name = f"{name}_" if name in STEP_KEYS else name
    while name in known:
        name += "2"
    return name

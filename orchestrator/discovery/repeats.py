"""What a reply may repeat of what was typed, and what another console shows of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.discovery.evidence import ConsoleOutput, KnownValues
from orchestrator.discovery.templates import make_template, shape
from orchestrator.discovery.wording import unmarked


def line_shape(line: str, typed: Iterable[str]) -> tuple[str, ...]:
    """Return the shape of a line, whatever input it repeats, with the mark of a command or not.

    A number that was all of the input is repeated as any word is; in other input it may be an id.
    """
    entries = list(typed)
    words = tuple(word for entry in entries for word in (entry, *entry.split(), unmarked(entry)))
    numbers = {entry: "typed" for entry in entries if entry.isdigit()}
    return shape(make_template(line, KnownValues(words=words, named=numbers)))


def shown_part(text: str, others: Mapping[str, ConsoleOutput], to: str) -> str:
    """Return what was shown of a text: all of it, or a word if no more was; empty if nothing.

    Without a peer that it is for, any may show it.
    """
    lines = [line for name, output in others.items() if to in (name, "") for line in output.lines]
    return next((part for part in (text, *text.split()) if any(part in it for it in lines)), "")


def repeatable(verb: str, typed: Sequence[str], arguments: Mapping[str, str]) -> list[str]:
    """Return the typed words that a reply may repeat and that have no group of their own.

    The first one is the program's word for the verb, unless it is nonsense.
    """
    words = [word for line in typed for word in line.split()][verb != "unknown" :]
    text = arguments.get("text", "").split()
    return [
        word
        for word in dict.fromkeys(words)
        if word.strip('"') not in text and not re.fullmatch(r"#?[\d.:]+", word)
    ]

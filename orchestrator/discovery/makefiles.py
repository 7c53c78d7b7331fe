"""What a Makefile builds, read from its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NO_PROGRAM = re.compile(r"^\.|\.(o|a|so|class|d)$|^(all|clean|run|test|install|build)$|%")
_COMPILES = re.compile(
    r"\b(gcc|g\+\+|cc|clang|c\+\+|go build|rustc)\b|\$[({](CC|CXX|LINK)|\.(o|c|cc|cpp)\b"
)
_TOOL = re.compile(r"^(?:\t[@-]*|\w+\s*[:?]?=\s*)(?:[\w./-]+/)?([\w+-]+)", re.MULTILINE)


def program_of(makefile: str) -> str:
    """Return the program that a Makefile builds; empty if there is none.

    Targets that build nothing, such as `run`, do not count.
    """
    text = _expanded(makefile)
    named = re.findall(r"\s-o\s*([\w./-]+)(?![\w./$({%-])", text)
    rules = re.findall(r"^([\w./-]+)[ \t]*:(?!=)(.*(?:\n\t.*)*)", text, re.MULTILINE)
    built = [target for target, recipe in rules if _COMPILES.search(recipe)]
    programs = (name for name in [*named, *built] if not _NO_PROGRAM.search(name))
    return next(programs, "").removeprefix("./")


def tools_of(makefile: str) -> Iterator[str]:
    """Yield the first words of recipes and of simple variables: `gcc` in `CC = gcc`."""
    for found in _TOOL.finditer(_expanded(makefile)):
        yield found[1]


def _expanded(makefile: str) -> str:
    """Return a Makefile with its simple variables and `$@` expanded."""
    text = re.sub(r"\\\n\s*", " ", makefile)
    given = dict(re.findall(r"^(\w+)[ \t]*[:?]?=[ \t]*([\w./+${}()-]+)[ \t]*$", text, re.MULTILINE))
    for _ in range(3):  # a variable may name another
        given = {name: _filled(value, given) for name, value in given.items()}
    text = _filled(text, given)
    rules = re.compile(r"^([\w./-]+)[ \t]*:(?!=).*(?:\n\t.*)*", re.MULTILINE)
    return rules.sub(lambda rule: rule[0].replace("$@", rule[1]), text)


def _filled(text: str, given: dict[str, str]) -> str:
    return re.sub(r"\$[({](\w+)[)}]", lambda found: given.get(found[1], found[0]), text)

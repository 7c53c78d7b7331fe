"""What a Makefile builds, read from its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_NO_PROGRAM = re.compile(
    r"^\.|\.(o|a|so|class|d)$|^(all|clean|run|install|build)$|%"
    r"|(^|[/_-])tests?(er)?([/_-]|$)"
)
_COMPILES = re.compile(
    r"\b(gcc|g\+\+|cc|clang|c\+\+|go build|rustc)\b|\$[({](CC|CXX|LINK)|\.(o|c|cc|cpp)\b"
)
_TOOL = re.compile(r"^(?:\t[@-]*|\w+\s*[:?]?=\s*)(?:[\w./-]+/)?([\w+-]+)", re.MULTILINE)
_OUTPUT = re.compile(r"\s-o\s*([\w./-]+)(?![\w./$({%-])")
_RULE = re.compile(r"^([\w./-]+)[ \t]*:(?!=)(.*(?:\n\t.*)*)", re.MULTILINE)
_HERE = re.compile(r"(?<![\w./)}])\./(?=\w)")
_MAKES_FOLDERS = re.compile(r"\bmkdir\b|\binstall\s+-d\b")


@dataclass(frozen=True, slots=True)
class Product:
    """A program that a Makefile builds."""

    path: str  # as seen from the Makefile's folder
    target: str = ""  # what to make for it; empty if `make` alone does
    folders: tuple[str, ...] = ()  # those that its recipes write to and never make


def product_of(makefile: str) -> Product | None:
    """Return the program that a Makefile builds; None if there is none.

    Targets that build nothing, such as `run`, do not count. A program that `make` alone builds
    comes before others.
    """
    text = _HERE.sub("", _expanded(makefile))
    rules = dict(_RULE.findall(text))
    built = [
        target
        for target, recipe in rules.items()
        if _COMPILES.search(recipe) and not {*_OUTPUT.findall(recipe)} - {target}
    ]
    named = dict.fromkeys([*_OUTPUT.findall(text), *built])
    programs = [it for it in named if not _NO_PROGRAM.search(it)]
    targets = {it: _target_of(it, rules) for it in programs}
    if not targets:
        return None
    path = next((it for it, target in targets.items() if not target), programs[0])
    return Product(path, targets[path], _folders_of(text))


def _target_of(program: str, rules: Mapping[str, str]) -> str:
    """Return what to make for a program; empty if it is what `make` alone makes."""
    makers = [it for it, recipe in rules.items() if program in (it, *_OUTPUT.findall(recipe))]
    default = next((target for target in rules if not target.startswith(".")), "")
    is_default = not makers or not _needed(default, rules).isdisjoint(makers)
    return "" if is_default else makers[0]


def _needed(target: str, rules: Mapping[str, str]) -> set[str]:
    """Return a target and all that is made on the way to it."""
    found, waiting = set[str](), [target]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += rules.get(one, "").partition("\n")[0].partition(";")[0].split()
    return found


def _folders_of(text: str) -> tuple[str, ...]:
    """Return the folders that recipes write to, unless a recipe makes folders itself.

    They are often empty, and an empty folder gets lost: no version control keeps one.
    """
    if _MAKES_FOLDERS.search(text):
        return ()
    written = [
        *_OUTPUT.findall(text),
        *re.findall(r"^([\w./-]+/[\w.-]*%[\w.-]*)[ \t]*:", text, re.M),
    ]
    parents = (PurePosixPath(path).parent for path in written)
    inner = (it for it in parents if it.parts and it.parts[0] not in ("..", "/"))
    return tuple(dict.fromkeys(map(str, inner)))


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

"""How a program may be given its port: as an argument, or behind a flag. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Arguments = tuple[str, ...]
"""Arguments of a command, with `{port}` for the port."""

_USUAL = ("--port", "-p", "-port")  # flags that a port may follow
_TAKES = re.compile(  # not what every `main` has: `char *argv[]`, `String[] args`
    r"argv\s*\[\s*\w|(?:sys|process)\.argv|ARGV|\bargs\s*[.\[]|os\.Args|add_argument|env::args"
    r"|\$\{?1\b|getopt|flag\.(?:Arg|Int|String|Parse)|\bshift\b"
)
_FLAG = r"""["']{0}["']"""
_GO_FLAG = r"""\bflag\.\w+\([^)]*?"{0}\""""
_GETOPT = r"""getopt\w*\s*\([^;]*?"[^"]*{0}:"""
_ONE_OPTION = re.compile(  # the only option with a value: `getopt(argc, argv, "vl:")`
    r"""getopt\w*\s*\(?[^;\n]*?["']:?(?:[a-z](?!:))*([a-z]):(?:[a-z](?!:))*["']""", re.IGNORECASE
)
_USAGE = re.compile(  # `chat -l PORT`, `--listen=<port>`, `[-p port]`
    r"""(?<![\w-])(-{1,2}[a-z][\w-]*)(\s+|=)[<\[{(]?(?:\w+[-_])?port\b""", re.IGNORECASE
)
_FLAG_WITH_VALUE = re.compile(  # in any language: `--puerto PUERTO`, `-l <Anschluss>`, `-e=5000`
    r"""(?<![\w-])(-{1,2}(?i:[a-z])[\w-]*)(\s+|=)(?:<|[\[{(]\w|[^\W\d_a-z][^\W\da-z]+\b|\d{4,5}\b)"""
)
_MOST_FLAGS = 3  # that are tried although nothing says that they are about a port


def arguments_for(text: str = "") -> list[tuple[Arguments, str]]:
    """Return the ways to pass the port, with a reason; those that a source mentions first."""
    named = {flag: f"the port after {flag[0]}" for flag in _named(text)}
    usual: dict[Arguments, str] = {(flag, "{port}"): f"the port after {flag}" for flag in _USUAL}
    mentioned = {it: why for it, why in usual.items() if _mentions(text, it[0])}
    plain: dict[Arguments, str] = {("{port}",): "the port as its argument"}
    none: dict[Arguments, str] = {(): "without arguments"}
    flags: dict[Arguments, str] = {**mentioned, **named}
    if flags or not text:
        found = {**flags, **plain, **none, **usual}
    else:
        found = plain | usual | none if _TAKES.search(text) else none | plain | usual
    return list(found.items())


def arguments_said(lines: Iterable[str]) -> list[Arguments]:
    """Return the ways to pass the port that a program's own usage names.

    If it has no word for a port that is known here, a few flags that take a value: those that
    begin like it, as in many languages, come first.
    """
    said = "\n".join(lines)
    known = list(_in_usage(said))
    flags = sorted(_FLAG_WITH_VALUE.finditer(said), key=lambda it: it[1].lstrip("-")[:1] != "p")
    return known or list(dict.fromkeys(map(_as_found, flags)))[:_MOST_FLAGS]


def _named(text: str) -> Iterator[Arguments]:
    yield from _in_usage("\n".join(line for line in text.splitlines() if "usage" in line.lower()))
    if found := _ONE_OPTION.search(text):
        yield (f"-{found[1]}", "{port}")


def _in_usage(text: str) -> Iterator[Arguments]:
    yield from map(_as_found, _USAGE.finditer(text))


def _as_found(found: re.Match[str]) -> Arguments:
    return (f"{found[1]}={{port}}",) if found[2] == "=" else (found[1], "{port}")


def _mentions(text: str, flag: str) -> bool:
    """Return whether a program reads a flag, in the way of one language or another."""
    if re.search(_FLAG.format(flag), text):
        return True
    if flag.startswith("--"):
        return False
    name = flag.removeprefix("-")
    forms = [_GO_FLAG, _GETOPT] if len(name) == 1 else [_GO_FLAG]
    return any(re.search(form.format(name), text, re.DOTALL) for form in forms)

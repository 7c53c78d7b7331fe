"""Which scenarios `run` runs: by an expression on their names, or those that failed last time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.checks import Judgement
from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.report.printing import named

_TOKEN = re.compile(r"\s*(?:(?P<sign>[()])|(?P<word>[^\s()]+))")
_MOST_NAMES = 8
_OPERATORS = ("and", "or", "not")

Matches = Callable[[str], bool]  # whether a name is meant


def expression(text: str) -> Matches:
    """Return what an expression means: parts of names, with `and`, `or`, `not` and parentheses.

    Capital and small letters are the same.

    Raises:
        DocumentError: it is none.
    """
    return _Parser(text).whole()


class _Parser:
    """Reads an expression, from the loosest operator to the tightest."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [found["sign"] or found["word"] for found in _TOKEN.finditer(text)]

    def whole(self) -> Matches:
        found = self._any_of()
        if self._tokens:
            raise self._wrong(f"{self._tokens[0]!r} is not expected here")
        return found

    def _any_of(self) -> Matches:
        parts = [self._all_of()]
        while self._took("or"):
            parts.append(self._all_of())
        return lambda name: any(part(name) for part in parts)

    def _all_of(self) -> Matches:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return lambda name: all(part(name) for part in parts)

    def _one(self) -> Matches:
        if self._took("not"):
            inner = self._one()
            return lambda name: not inner(name)
        if self._took("("):
            inner = self._any_of()
            if not self._took(")"):
                raise self._wrong("a parenthesis is not closed")
            return inner
        if not self._tokens or self._tokens[0] in (*_OPERATORS, ")"):
            at = f"before {self._tokens[0]!r}" if self._tokens else "at the end"
            raise self._wrong(f"a part of a name is missing {at}")
        part = self._tokens.pop(0).casefold()
        return lambda name: part in name.casefold()

    def _took(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        del self._tokens[0]
        return True

    def _wrong(self, what: str) -> DocumentError:
        return DocumentError(
            f"-k {self._text!r}: {what}",
            hint="write parts of names, with and, or, not and parentheses: 'burst and not slow'",
        )


def matching(names: Mapping[Path, str], text: str) -> set[Path]:
    """Return the files of the scenarios whose names an expression matches.

    Raises:
        DocumentError: there is none, or it is no expression.
    """
    is_meant = expression(text)
    found = {path for path, name in names.items() if is_meant(name)}
    if not found:
        known = named([*names.values()], _MOST_NAMES)
        raise DocumentError(f"-k {text!r} selects none of these scenarios: {known}")
    return found


def failed(names: Mapping[Path, str], folder: Path) -> set[Path]:
    """Return the files of the scenarios whose latest run was not valid.

    Args:
        names: the scenarios'.
        folder: where runs are kept.

    Raises:
        DocumentError: no run of any of them is kept, or a record cannot be read.
    """
    last = {path: _last_verdict(folder / name) for path, name in names.items()}
    if not any(last.values()):
        raise DocumentError(
            f"--failed: no run of these scenarios is kept in {folder}",
            hint="run them without it first, or name the folder with --output",
        )
    return {path for path, verdict in last.items() if verdict not in ("", Judgement.VALID.word)}


def _last_verdict(folder: Path) -> str:
    """Return the verdict of the latest run in a folder; empty if there is none."""
    try:
        latest = runs.find(folder)
    except DocumentError:
        return ""
    record = runs.read(latest)
    return record.verdict if record else Judgement.UNKNOWN.word  # its lab was killed

"""A YAML file as it was read: plain values, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from orchestrator.document.mistakes import Problem
from orchestrator.errors import DocumentError

_QUOTES = "text that contains it needs quotes"
_MEANINGS = (  # what is wrong with YAML in ruamel's words, and in ours
    (r"found character '\\t' that cannot start any token", "a tab: YAML is indented with blanks"),
    (r"found character '(.)' that cannot start any token",
     "text that begins with {0} needs quotes"),
    (r"but found another document", "a second document begins here: a file holds one"),
    (r"expected ',' or '\}', but got ':'", f"a second colon: {_QUOTES}"),
    (r"mapping values are not allowed here",
     f"a colon where none can be: the indentation is wrong, or {_QUOTES}"),
    (r"found undefined alias '(.*)'",
     "nothing has the anchor {0!r}: text that begins with * needs quotes"),
    (r"found unknown escape character '(.*)'",
     "no such escape: \\{0}; in double quotes a backslash is written \\\\"),
)  # fmt: skip
_OPEN = re.compile(r"unexpected end of stream|found '<stream end>'|but got '<stream end>'")

_MOST_VALUES = 100_000
"""In one file, counted as often as aliases repeat them; a few lines can mean billions."""

Position = tuple[int, int]
"""Line and column, counted from 1."""


class _Constructor(RoundTripConstructor):
    """Takes note of keys that are given twice instead of stopping at the first one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.repeated: list[tuple[Position, str]] = []

    def check_mapping_key(
        self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any
    ) -> bool:
        """Tell whether a key is the first of its name."""
        if key in mapping:
            mark = key_node.start_mark
            self.repeated.append(((mark.line + 1, mark.column + 1), f"key {key!r} stands twice"))
            return False
        return True


class Source:
    """A document.

    Args:
        path: its file.
        document: what ruamel made of it, with positions attached.
        repeated: keys that are given twice, each with its position.
    """

    def __init__(
        self, path: Path, document: Any, repeated: Sequence[tuple[Position, str]] = ()
    ) -> None:
        self.path, self.repeated = path, repeated
        self.plain = _Plain(path).of(document)
        self._document = document

    def placed(self, problems: Iterable[Problem]) -> list[str]:
        """Return a line for each problem, in the order of the file, and for repeated keys."""
        found = {(self._position(each.place), each.what) for each in problems}
        return [
            f"{self.path}:{line}:{column}: {what}"
            for (line, column), what in sorted({*found, *self.repeated})
        ]

    def _position(self, place: Sequence[int | str]) -> Position:
        """Return line and column, counted from 1, of the deepest part of `place` that exists.

        A step that leads nowhere is passed over: pydantic also names the branch of a union
        there, or an item of what stands alone in the file.
        """
        line = column = 0
        node = self._document
        for step in place:
            try:
                marks: Any = node
                is_map = isinstance(node, dict)
                line, column = marks.lc.key(step) if is_map else marks.lc.item(step)
                node = node[step]
            except (KeyError, IndexError, TypeError, AttributeError):
                continue
        return line + 1, column + 1


def load(path: Path) -> Source:
    """Return the document in the file `path`.

    Raises:
        DocumentError: no such file, not YAML, or more values than any file needs.
    """
    text = _text(path)
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        document = yaml.load(text)
        return Source(path, document, yaml.constructor.repeated)
    except MarkedYAMLError as error:
        raise DocumentError(f"{path}:{_syntax(error)}") from error
    except ReaderError as error:
        line, column = _line_and_column(text[: text.find(chr(error.character))])
        what = f"U+{error.character:04X} cannot stand in YAML: write it as an escape, in quotes"
        raise DocumentError(f"{path}:{line}:{column}: not YAML: {what}") from error
    except YAMLError as error:
        raise DocumentError(f"{path}:1:1: not YAML: {error}") from error
    except RecursionError as error:
        raise DocumentError(f"{path}:1:1: nested too deep, or in itself") from error


def _text(path: Path) -> str:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            what = "no regular file: save it as one, for it is read more than once"
            raise DocumentError(f"{path}: {what}")
        raw = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(raw[: error.start].decode("utf-8"))
        what = f"not UTF-8: byte 0x{raw[error.start]:02x}"
        raise DocumentError(f"{path}:{line}:{column}: {what}") from error


def _line_and_column(before: str) -> Position:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _syntax(error: MarkedYAMLError) -> str:
    """Return where YAML is not YAML, and why."""
    problem, mark = error.problem or "", error.problem_mark or error.context_mark
    if _OPEN.search(problem) and error.context_mark:  # the end is far from what began it
        mark, problem = error.context_mark, "what begins here is never closed"
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, problem):
            problem = meaning.format(*found.groups())
            break
    where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    return f"{where}: not YAML: {problem}"


class _Plain:
    """Copies nodes without ruamel's own types; what is repeated by aliases is copied each time.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def of(self, node: Any) -> Any:
        """Return a copy of a node.

        Raises:
            DocumentError: there are too many.
        """
        if isinstance(node, dict):
            self._take_note(len(node), node)
            return {str(key): self.of(value) for key, value in node.items()}
        if isinstance(node, list):
            self._take_note(len(node), node)
            return [self.of(value) for value in node]
        for kind in (bool, int, float, str):
            if isinstance(node, kind):
                return kind(node)
        return node

    def _take_note(self, count: int, node: Any) -> None:
        self._count += count
        if self._count > _MOST_VALUES:
            marks = getattr(node, "lc", None)
            where = f"{(marks.line or 0) + 1}:{(marks.col or 0) + 1}" if marks else "1:1"
            what = f"more than {_MOST_VALUES:,} values up to here, with what aliases (*) repeat"
            raise DocumentError(f"{self._path}:{where}: {what}")

"""Parse YAML into plain values with their positions, and write it."""

from __future__ import annotations

import io
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
_MEANINGS = (  # syntax errors in ruamel's words, and in ours
    (r"found character '\\t' that cannot start any token", "a tab: indent YAML with spaces"),
    (r"found character '(.)' that cannot start any token",
     "text that begins with {0} needs quotes"),
    (r"but found another document", "a second document begins here: a file holds one"),
    (r"expected ',' or '\}', but got ':'", f"a second colon: {_QUOTES}"),
    (r"mapping values are not allowed here",
     f"a colon is not allowed here: the indentation is wrong, or {_QUOTES}"),
    (r"found undefined alias '(.*)'",
     "no anchor {0!r}: text that begins with * needs quotes"),
    (r"found unknown escape character '(.*)'",
     "no such escape: \\{0}; in double quotes, write a backslash as \\\\"),
)  # fmt: skip
_OPEN = re.compile(r"unexpected end of stream|found '<stream end>'|but got '<stream end>'")

_MOST_VALUES = 100_000
"""In one file, counting each repetition by an alias: a few lines can expand to billions."""

Position = tuple[int, int]
"""Line and column, counted from 1."""


class _Constructor(RoundTripConstructor):
    """Collects duplicate keys instead of stopping at the first one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.repeated: list[tuple[Position, str]] = []

    def check_mapping_key(
        self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any
    ) -> bool:
        """Return whether a key is new in its mapping; note it otherwise."""
        if key in mapping:
            mark = key_node.start_mark
            self.repeated.append(((mark.line + 1, mark.column + 1), f"duplicate key {key!r}"))
            return False
        return True


class Source:
    """A parsed YAML file.

    Args:
        path: the file.
        document: its content as ruamel returns it, with positions.
        repeated: messages about duplicate keys, with their positions.

    Attributes:
        plain: the content as plain Python values.
    """

    def __init__(
        self, path: Path, document: Any, repeated: Sequence[tuple[Position, str]] = ()
    ) -> None:
        self.path, self.repeated = path, repeated
        self.plain = _Copier(path).copy(document)
        self._document = document

    def placed(self, problems: Iterable[Problem]) -> list[str]:
        """Format problems and duplicate keys as `path:line:column: what`, in file order."""
        placed = {(self.position(problem.place), problem.what) for problem in problems}
        return [
            f"{self.path}:{line}:{column}: {what}"
            for (line, column), what in sorted({*placed, *self.repeated})
        ]

    def position(self, place: Sequence[int | str]) -> Position:
        """Return the position of the deepest part of `place` that exists.

        Steps that lead nowhere are skipped: pydantic also names branches of unions, and an
        index where the file has a single item without its list.
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
    """Parse the YAML file at `path`.

    Raises:
        DocumentError: there is no such file, it is not YAML, or it has too many values.
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
        what = f"U+{error.character:04X} is not allowed: write it as an escape, in quotes"
        raise DocumentError(f"{path}:{line}:{column}: not YAML: {what}") from error
    except YAMLError as error:
        raise DocumentError(f"{path}:1:1: not YAML: {error}") from error
    except RecursionError as error:
        raise DocumentError(f"{path}:1:1: nested too deeply, or inside itself") from error


def _text(path: Path) -> str:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            what = "not a regular file: save it as one, because it is read more than once"
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
    """Return the position of a syntax error, and what is wrong."""
    problem, mark = error.problem or "", error.problem_mark or error.context_mark
    if _OPEN.search(problem) and error.context_mark:  # the end of the file, far from the cause
        mark, problem = error.context_mark, "what begins here is never closed"
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, problem):
            problem = meaning.format(*found.groups())
            break
    where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    return f"{where}: not YAML: {problem}"


class _Copier:
    """Copies nodes to plain Python values, every alias as a copy of its own."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def copy(self, node: Any) -> Any:
        """Return a plain copy of a node.

        Raises:
            DocumentError: there are too many values.
        """
        if isinstance(node, dict):
            self._count_values(node)
            return {str(key): self.copy(value) for key, value in node.items()}
        if isinstance(node, list):
            self._count_values(node)
            return [self.copy(value) for value in node]
        for kind in (bool, int, float, str):
            if isinstance(node, kind):
                return kind(node)
        return node

    def _count_values(self, node: Any) -> None:
        self._count += len(node)
        if self._count > _MOST_VALUES:
            marks = getattr(node, "lc", None)
            where = f"{(marks.line or 0) + 1}:{(marks.col or 0) + 1}" if marks else "1:1"
            what = f"more than {_MOST_VALUES:,} values up to here, counting what aliases (*) repeat"
            raise DocumentError(f"{self._path}:{where}: {what}")


def to_yaml(data: object) -> str:
    """Return data as YAML, with lists and mappings of scalars on one line each."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 10_000
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()

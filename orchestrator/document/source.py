"""Parse YAML into plain values with their positions, and write it."""

from __future__ import annotations

import copy
import functools
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner

from orchestrator.document.mistakes import ANY, LONGEST, Problem, no_such
from orchestrator.errors import DocumentError
from orchestrator.reading import line_and_column, read_text
from orchestrator.text import cut

_QUOTES = "text that contains it needs quotes"
_MEANINGS = (  # syntax errors in ruamel's words, and in ours
    (r"found character '\\t' that cannot start any token", "a tab: indent YAML with spaces"),
    (r"found character '(.)' that cannot start any token",
     "text that begins with {0} needs quotes"),
    (r"but found another document", "a second document begins here: a file holds one"),
    (r"expected ',' or '\}', but got ':'", f"a second colon: {_QUOTES}"),
    (r"mapping values are not allowed here",
     f"a colon is not allowed here: wrong indentation, a key that lacks its colon, or {_QUOTES}"),
    (r"could not find expected ':'", "a key above lacks its colon"),
    (r"found undefined alias '(.*)'",
     "no anchor {0!r}: text that begins with * needs quotes"),
    (r"found unknown escape character '(.*)'",
     "no such escape: \\{0}; in double quotes, write a backslash as \\\\"),
)  # fmt: skip
_OPEN = re.compile(r"unexpected end of stream|found '<stream end>'|but got '<stream end>'")

MOST_MEGABYTES = 1
_DEEPEST = 100  # levels of lists and mappings
_LARGEST = 10**18  # of whole numbers; no quantity here comes near it
_MOST_PROBLEMS = 100  # that are listed
_LONGEST_LINE = 1_000  # characters of a message
_MOST_VALUES = 30_000  # in one file, keys included. Parsing takes 50 to 100 microseconds for each.

_MOST_EXPANDED = 100_000
"""Values, counting each repetition by an alias: a few lines can expand to billions."""

Position = tuple[int, int]  # line and column, counted from 1


class _RefusedError(MarkedYAMLError):
    """This is YAML, and yet no value that a file may have."""

    def __init__(self, what: str, mark: Any) -> None:
        super().__init__(problem=what, problem_mark=mark)


class _Composer(Composer):
    """Stops at a number of values, before the rest of the file is parsed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.warn_double_anchors = False  # the last one counts, as YAML has it
        self._count = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:
            what = f"more than {_MOST_VALUES:,} values up to here"
            raise _RefusedError(what, self.parser.peek_event().start_mark)
        return super().compose_node(parent, index)


class _Constructor(RoundTripConstructor):
    """Collects duplicate keys instead of stopping at the first one; places every error."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.repeated: list[tuple[Position, str]] = []

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - as in ruamel
        """Return the value of a node."""
        try:
            value = super().construct_object(node, deep)
        except (YAMLError, RecursionError):
            raise
        except Exception as error:  # what looks like a date or a number may be none
            raise _RefusedError(no_such(str(node.tag), node.value), node.start_mark) from error
        if isinstance(value, int) and abs(value) >= _LARGEST:
            what = "a number with more than 18 digits: put text in quotes"
            raise _RefusedError(what, node.start_mark)
        return value

    def check_mapping_key(
        self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any
    ) -> bool:
        """Return whether a key is new in its mapping; note it otherwise."""
        if key in mapping:
            mark = key_node.start_mark
            what = f"duplicate key {cut(repr(key), LONGEST)}"
            self.repeated.append(((mark.line + 1, mark.column + 1), what))
            return False
        return True


FORMER = {"operations": "verbs"}
"""Spellings that files may still have, by the key as it is written today."""


class Source:
    """A parsed YAML file.

    Args:
        path: the file.
        document: its content as ruamel returns it, with positions.
        repeated: messages about duplicate keys, with their positions.
    """

    def __init__(
        self, path: Path, document: Any, repeated: Sequence[tuple[Position, str]] = ()
    ) -> None:
        self.path, self.repeated = path, repeated
        self.plain = _Copier(path).copy(document)  # the content as plain Python values
        self._document = document

    def with_plain(self, plain: Any) -> Source:
        """Return the same file with another content, whose mistakes have their places in it."""
        changed = copy.copy(self)
        changed.plain = plain
        return changed

    def placed(self, problems: Iterable[Problem]) -> list[str]:
        """Format problems and duplicate keys as `path:line:column: what`, in file order."""
        placed = {(self.position(problem.place), problem.what) for problem in problems}
        found = sorted({*placed, *self.repeated})
        if more := found[_MOST_PROBLEMS:]:
            found[_MOST_PROBLEMS:] = [(more[0][0], f"{len(more):,} more mistakes from here on")]
        return [
            f"{self.path}:{line}:{column}: {cut(what, _LONGEST_LINE)}"
            for (line, column), what in found
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
                if is_map and step not in node:
                    step = _as_spelt(step, node)  # noqa: PLW2901
                line, column = marks.lc.key(step) if is_map else marks.lc.item(step)
                node = node[step]
            except (KeyError, IndexError, TypeError, AttributeError):
                continue
        return line + 1, column + 1


def _as_spelt(step: int | str, node: dict[Any, Any]) -> int | str:
    """Return the key of a mapping that a model calls `step`; that itself if there is none."""
    if step == ANY and len(node) == 1:
        return str(next(iter(node)))
    return FORMER.get(str(step), step)


def load(path: Path) -> Source:
    """Parse the YAML file at `path`.

    Raises:
        DocumentError: there is no such file, it is not YAML, or it has too many values.
    """
    try:
        text = read_text(path, MOST_MEGABYTES)
    except FileNotFoundError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return Source(path, *_parsed(text))
    except DocumentError:
        raise
    except MarkedYAMLError as error:
        raise DocumentError(f"{path}:{_syntax(error)}") from error
    except ReaderError as error:
        line, column = line_and_column(text[: text.find(chr(error.character))])
        what = f"U+{error.character:04X} is not allowed: write it as an escape, in quotes"
        raise DocumentError(f"{path}:{line}:{column}: not YAML: {what}") from error
    except Exception as error:  # ruamel has none of its own for some mistakes
        what = f"cannot be read as YAML: {cut(str(error), 10 * LONGEST)}"
        raise DocumentError(f"{path}:1:1: {what}") from error


@functools.lru_cache(maxsize=8)  # a profile is loaded for each of a hundred runs: 20 ms each time
def _parsed(text: str) -> tuple[Any, Sequence[tuple[Position, str]]]:
    """Return a document, which is never written to, and its duplicate keys."""
    yaml = YAML(typ="rt")
    yaml.Composer, yaml.Constructor, yaml.max_depth = _Composer, _Constructor, _DEEPEST
    yaml.Scanner, yaml.Parser = Scanner, Parser  # comments, which it would keep, are not needed
    document = yaml.load(text)
    return document, yaml.constructor.repeated


def _syntax(error: MarkedYAMLError) -> str:
    """Return the position of a syntax error, and what is wrong."""
    problem, mark = error.problem or "", error.problem_mark or error.context_mark
    if _OPEN.search(problem) and error.context_mark:  # the end of the file, far from the cause
        mark, problem = error.context_mark, "what begins here is never closed"
    problem = cut(problem, _LONGEST_LINE)
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, problem):
            problem = meaning.format(*found.groups())
            break
    where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    if isinstance(error, MaxDepthExceededError):
        return f"{where}: nested too deeply: {_DEEPEST} levels at most"
    return f"{where}: {'' if isinstance(error, _RefusedError) else 'not YAML: '}{problem}"


class _Copier:
    """Copies nodes to plain Python values, every alias as a copy of its own."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def copy(self, node: Any, depth: int = 0) -> Any:
        """Return a plain copy of a node that has `depth` others around it."""
        if isinstance(node, dict | list):
            self._count_values(node, depth)
        if isinstance(node, dict):
            return {str(key): self.copy(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [self.copy(value, depth + 1) for value in node]
        for kind in (bool, int, float, str):
            if isinstance(node, kind):
                return kind(node)
        return node

    def _count_values(self, node: Any, depth: int) -> None:
        self._count += len(node)
        marks = getattr(node, "lc", None)
        where = f"{(marks.line or 0) + 1}:{(marks.col or 0) + 1}" if marks else "1:1"
        if self._count > _MOST_EXPANDED:
            what = f"more than {_MOST_EXPANDED:,} values up to here, with what aliases (*) repeat"
            raise DocumentError(f"{self._path}:{where}: {what}")
        if depth > _DEEPEST:  # the file itself is not as deep
            what = "nested too deeply by an alias (*), or inside itself"
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

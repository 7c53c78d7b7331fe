"""A program's source files: which there are, what they use, and which of them is the chat."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

_LARGEST = 400_000  # bytes of a source file to read
_MOST_FILES = 5_000  # more belong to no program that a person wrote
_DEEPEST = 6  # folders below the program's
_NOT_OURS = re.compile(
    r"^[._]|^(node_modules|vendor|venv|env|target|build|dist|classes|tests?|__pycache__)$"
)
_IS_TEST = re.compile(r"^test_|_test$|^Test[A-Z]|Tests?$")
_USUAL_NAMES = ("chat", "main", "peer", "app", "server", "program", "index")
_NO_NAMES = ("main", "__main__", "index")
_LISTENS = re.compile(
    r"\blisten|Listen\b|Listener\b|ServerSocket|TCPServer|(create|start)_?server|\b(nc|ncat|socat)\b",
    re.IGNORECASE,
)
_IMPORT = re.compile(
    r"""^\s*(?:(?:import|from|use|require|source|mod|pub\s+mod)\b|\#\s*include\s*").*
        |\b(?:require\w*|import)\s*\(?.*""",
    re.MULTILINE | re.VERBOSE,
)
_ALL_SEE_ALL = (".java", ".go")  # files of a folder use each other without an import


def read(file: Path) -> str:
    """Return the text of a source file, or as much of it as matters; empty if it is not there."""
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST).decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return ""


class SourceFile:
    """A source file.

    Args:
        folder: the program's folder.
        path: the file, relative to it.
    """

    def __init__(self, folder: Path, path: PurePosixPath) -> None:
        self.folder, self.path = folder, path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def stem(self) -> str:
        """Its name without the suffix."""
        return self.path.stem

    @property
    def called(self) -> str:
        """What a person would call the program: a `main` in a folder has the folder's name."""
        folder = self.path.parent.name
        return folder if self.stem in _NO_NAMES and folder not in ("", "src") else self.stem

    @cached_property
    def text(self) -> str:
        """Its text."""
        return read(self.folder / self.path)

    @cached_property
    def interpreter(self) -> str:
        """The program that its first line names to run it: `python3`; empty if it names none."""
        words = self.text.partition("\n")[0].removeprefix("#!").split()
        if not words or not self.text.startswith("#!"):
            return ""
        names = [PurePosixPath(word).name for word in words]
        return next((n for n in names if n != "env" and not n.startswith("-")), "")

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its imports: among them are the names of the files that it uses."""
        lines = [found[0] for found in _IMPORT.finditer(self.text)]
        text = self.text if self.path.suffix == ".java" else "\n".join(lines)
        return frozenset(re.findall(r"\w+", text))

    def uses(self, other: SourceFile) -> bool:
        """Return whether it names another file among its imports."""
        if self.path.suffix == other.path.suffix == ".go":
            return self.path.parent == other.path.parent
        return other is not self and other.stem in self.words


def find(folder: Path) -> list[SourceFile]:
    """Return all files of a program, without those that were installed, built or test it."""
    return [SourceFile(folder, path) for path in _walk(folder)]


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    count = 0
    for at, folders, names in os.walk(folder):
        here = PurePosixPath(Path(at).relative_to(folder).as_posix())
        too_deep = len(here.parts) >= _DEEPEST
        folders[:] = [] if too_deep else sorted(n for n in folders if not _NOT_OURS.search(n))
        for name in sorted(names):
            if name.startswith(".") or _IS_TEST.search(PurePosixPath(name).stem):
                continue
            yield here / name
            count += 1
            if count >= _MOST_FILES:
                return


def not_used(mains: Sequence[SourceFile], files: Iterable[SourceFile]) -> list[SourceFile]:
    """Return the files that no other one imports; all if each is imported."""
    of_all = list(files)
    seen = {
        one
        for one in mains
        if one.path.suffix not in _ALL_SEE_ALL and any(other.uses(one) for other in of_all)
    }
    return [one for one in mains if one not in seen] or list(mains)


def likely_mains(mains: Sequence[SourceFile], files: Sequence[SourceFile]) -> list[SourceFile]:
    """Return which of several programs may be the chat: one, if there is a reason to choose it.

    A chat listens. Of those that do, one in an outer folder comes before one further in, and one
    with a usual name before others.
    """

    def narrowed(
        found: Sequence[SourceFile], fits: Callable[[SourceFile], bool]
    ) -> list[SourceFile]:
        return [one for one in found if fits(one)] or list(found)

    left = narrowed(mains, lambda one: bool(_LISTENS.search(text_of(one, files))))
    least = min((len(one.path.parts) for one in left), default=0)
    outer = [one for one in left if len(one.path.parts) == least]
    left = outer if len(outer) == 1 else left
    named = [one for one in left if one.stem.lower() in _USUAL_NAMES]
    return named or left


def text_of(main: SourceFile, files: Sequence[SourceFile]) -> str:
    """Return the text of a file and of the files that it uses."""
    seen, waiting = {main}, [main]
    while waiting:
        one = waiting.pop()
        more = [other for other in files if other not in seen and one.uses(other)]
        seen.update(more)
        waiting += more
    return "\n".join(one.text for one in files if one in seen)

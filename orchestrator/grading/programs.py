"""Which programs are graded: profiles, folders with one, folders of such folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from orchestrator import document, profile
from orchestrator.errors import DocumentError, first_line
from orchestrator.grades.store import write_whole
from orchestrator.profile import FILE, Profile
from orchestrator.profile.loading import path_of

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_HINT = f"name a profile, a folder with a {FILE}, or a folder of such folders"


@dataclass(frozen=True)
class Program:
    """A program to grade.

    Attributes:
        name: what people call it, and its folder in the output.
        file: its profile.
        look: what stands there; None where that is wrong.
        trouble: what is wrong with the profile; else empty.
    """

    name: str
    file: Path
    look: Profile | None = None
    trouble: str = ""


def find(paths: Sequence[Path], common: Path | None, output: Path) -> list[Program]:
    """Return the programs meant by these paths, in their order, each with a name of its own.

    Args:
        paths: profiles, by name or file, and folders.
        common: the profile of all of them, which are folders then, or folders of these.
        output: where each has a folder; a profile made from the common one is kept there.

    Raises:
        DocumentError: there is none of that kind.
    """
    if common:
        return _all_alike(paths, common, output)
    found = [_read(file) for path in paths for file in _profiles(path)]
    files = {program.file.resolve(): program for program in found}
    return list(_named(files.values()))


def _profiles(path: Path) -> Iterator[Path]:
    """Yield the files of the profiles that a path means."""
    if not path.is_dir():
        file = path_of(str(path))
        if not file.is_file():
            raise DocumentError(f"{path}: there is no such profile", hint=_HINT)
        yield file
    elif (path / FILE).is_file():
        yield path / FILE
    else:
        files = sorted(path.glob(f"*/{FILE}"))
        if not files:
            raise DocumentError(f"{path}: there is no {FILE} in it", hint=_HINT)
        yield from files


def _read(file: Path) -> Program:
    """Return the program of a profile; one that is wrong is some program's all the same."""
    try:
        look = profile.load(str(file))
    except DocumentError as error:
        return Program(_fallback(file), file, trouble=error.what)
    return Program(_fit(look.name), file, look)


def _fallback(file: Path) -> str:
    return _fit(file.resolve().parent.name if file.name == FILE else file.stem)


def _fit(name: str) -> str:
    """Return a name as a folder can have it; without a dot, it is none of the files beside it."""
    return _UNFIT.sub("-", name).strip("-") or "program"


def _named(found: Iterable[Program]) -> Iterator[Program]:
    """Yield programs, those with the same name called as their folders, or with a number."""
    several = list(found)
    names = Counter(program.name for program in several)
    taken: set[str] = set()
    for program in several:
        name = _fallback(program.file) if names[program.name] > 1 else program.name
        numbered = (f"{name}-{number}" for number in count(2))
        free = next(each for each in chain([name], numbered) if each not in taken)
        taken.add(free)
        yield replace(program, name=free)


def _all_alike(paths: Sequence[Path], common: Path, output: Path) -> list[Program]:
    """Return the programs in some folders, all with one profile but for its folder."""
    source = document.load(path_of(str(common)))
    profile.load(str(common))
    folders = {folder.resolve(): folder for path in paths for folder in _folders(path)}
    found = []
    for folder, shown in folders.items():
        name = _fit(shown.resolve().name)
        file = output / name / FILE
        write_whole(file, document.written(_moved(source.plain, folder, source.path.parent)))
        found.append(replace(_read(file), name=name))
    if clash := [name for name, times in Counter(p.name for p in found).items() if times > 1]:
        raise DocumentError(
            f"two of these folders are called {clash[0]!r}",
            hint="grade them one after the other, each with its own --output",
        )
    return found


def _folders(path: Path) -> Iterator[Path]:
    """Yield the folders of programs that a path means: itself, or those in it."""
    if not path.is_dir():
        raise DocumentError(f"{path}: no folder", hint="--profile takes folders of programs")
    inner = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "_")))
    holds_files = any(p.is_file() and not p.name.startswith(".") for p in path.iterdir())
    yield from inner if inner and not holds_files else [path]


def _moved(raw: dict[str, Any], folder: Path, home: Path) -> dict[str, Any]:
    """Return a profile with a folder of its own; its reader stays where it is."""
    moved = {**raw, "start": {**raw["start"], "folder": str(folder)}}
    if raw.get("reader"):
        moved["reader"] = str((home / raw["reader"]).resolve())
    return moved


def trouble_line(program: Program) -> str:
    """Return what is wrong with a program's profile, in one line."""
    return first_line(DocumentError(program.trouble))

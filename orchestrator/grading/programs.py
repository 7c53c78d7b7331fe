"""Which programs are graded: profiles, folders with one, folders of such folders."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from orchestrator import document, promises
from orchestrator.errors import DocumentError, first_line
from orchestrator.folder import holds_source, is_output
from orchestrator.grading.output import write_output
from orchestrator.profile import FILE, Profile, Room, Start, path_of
from orchestrator.profile import load as load_profile

_HINT = (
    f"name a profile, a folder with a {FILE}, or a folder of such folders;"
    " `peerlab profile new FOLDER` writes one"
)
_LONGEST_NAME = 60  # characters; at four bytes each, still a valid file name
_KEPT_IN_NAMES = "LMN"  # Unicode's letters, marks on them, and numbers, of all scripts

HoldsProgram = Callable[[Path], bool]
"""Whether a folder holds the files that a profile starts or builds."""


@dataclass(frozen=True)
class Program:
    """A program to grade."""

    name: str  # of the program, and of its folder in the output
    file: Path  # its profile
    profile: Profile | None = None  # what the file says; None if it cannot be used
    flaw: str = ""  # why it cannot be used: "is wrong", "is missing"; else empty
    trouble: str = ""  # the details, one line per mistake; else empty
    # where the program is: the folder its profile names, or that of the profile
    folder: Path = Path()

    @property
    def trouble_line(self) -> str:
        """Why its profile cannot be used, in one line."""
        return f"{self.flaw}: {first_line(DocumentError(self.trouble))}"


def find(
    paths: Sequence[Path], common: Path | None, output: Path, *, trust: bool = False
) -> list[Program]:
    """Return the programs at these paths, in order, with distinct names.

    Args:
        paths: profiles, by name or file, and folders.
        common: one profile for all; the paths are then programs' folders, or folders of those.
        output: the folder of results; profiles made from the common one are kept there.
        trust: whether profiles found in folders may name a reader, and any folder.

    Raises:
        DocumentError: there is no program.
    """
    if common:
        return _with_common_profile(paths, common, output)
    found = [program for path in paths for program in _programs(path, output, trust=trust)]
    unique = list({program.file.resolve(): program for program in found}.values())
    names = distinct([(program.name, _fallback_name(program.file)) for program in unique])
    return [replace(program, name=name) for program, name in zip(unique, names, strict=True)]


def _programs(path: Path, output: Path, *, trust: bool) -> Iterator[Program]:
    """Yield the programs that a path stands for: a folder's, or else a profile's."""
    folders = _with_profiles(path, output) if path.is_dir() else []
    for folder in folders:
        yield _read(folder / FILE, trust=trust)
    if folders:
        return
    file = path_of(str(path))  # there may be a folder by the name of a profile: `peerlab` is one
    if not file.is_file():
        what = f"there is no {FILE} in it" if path.is_dir() else "there is no such profile"
        raise DocumentError(f"{path}: {what}", hint=_HINT)
    yield _read(file, trust=True)


def _with_profiles(path: Path, output: Path) -> list[Path]:
    """Return a folder if it has a profile, or else those in it if any of them has one."""
    if (path / FILE).is_file():
        return [path]
    folders = _inner(path, output)
    return folders if any((folder / FILE).is_file() for folder in folders) else []


def _read(file: Path, *, trust: bool) -> Program:
    """Return the program of a profile, even if the profile cannot be used."""
    home = file.parent.resolve()
    program = Program(_fallback_name(file), file, folder=home)
    if not file.is_file():
        says = f"there is no {FILE} in it; `peerlab profile new {file.parent}` writes one"
        return replace(program, flaw="is missing", trouble=says)
    try:
        profile = load_profile(str(file))
    except DocumentError as error:
        return replace(program, flaw="is wrong", trouble=error.what)
    if not trust and (why := _reaches_outside(profile, home)):
        says = f"{why}; read it, then name {file} itself, or give --trust"
        return replace(program, flaw="is not trusted", trouble=says)
    folder = Path(profile.start.folder) if profile.start.folder else home
    return Program(fit(profile.name), file, profile, folder=folder)


def _reaches_outside(profile: Profile, home: Path) -> str:
    """Return how a profile reaches outside the folder it came in; empty if it does not.

    It may have come with a submission that no one has read.
    """
    if profile.reader is not None:
        return "it names a reader, which is code that runs as you"
    if any(map(promises.is_in_file, profile.promises or ())):
        return "it promises what a file of its own judges, which is code that runs as you"
    if profile.start.folder and not Path(profile.start.folder).is_relative_to(home):
        return f"it names a folder outside its own, {profile.start.folder}"
    if profile.start.room != Room():
        return "it asks for more room than other programs get"
    return ""


def folders_of(path: Path, output: Path) -> list[Path]:
    """Return the programs' folders that a path stands for, with or without profiles.

    Itself if a program is in it, else those in it; none of them with results of the lab.

    Raises:
        DocumentError: it is no folder.
    """
    return _meant(path, output, lambda folder: (folder / FILE).is_file())


# One profile for all


def _with_common_profile(paths: Sequence[Path], common: Path, output: Path) -> list[Program]:
    source = document.load(path_of(str(common)))
    holds = _holding(load_profile(str(common)).start)
    folders = list({f.resolve(): None for path in paths for f in _meant(path, output, holds)})
    names = distinct([(fit(folder.name),) * 2 for folder in folders])
    return [
        _moved(source, folder, output / name / FILE, name)
        for folder, name in zip(folders, names, strict=True)
    ]


def _moved(source: document.Source, folder: Path, file: Path, name: str) -> Program:
    """Write a copy of the common profile for a folder; return the program with it."""
    raw = source.plain
    moved = {**raw, "start": {**raw["start"], "folder": str(folder)}}
    if raw.get("reader"):
        moved["reader"] = str((source.path.parent / raw["reader"]).resolve())
    write_output(file, document.to_yaml(moved))
    return replace(_read(file, trust=True), name=name, folder=folder)


def _holding(start: Start) -> HoldsProgram:
    commands = [start.words("process") or (), start.words("container") or (), *start.build]
    words = {word.removeprefix("{folder}/") for command in commands for word in command}
    names = {word for word in words if "{" not in word and not word.startswith(("/", "-"))}
    return lambda folder: any((folder / name).is_file() for name in names)


def _meant(path: Path, output: Path, holds: HoldsProgram) -> list[Path]:
    """Return the programs' folders that a path stands for: itself, or those in it.

    Loose files beside the programs' folders, such as a list of names, are no program.
    """
    if not path.is_dir():
        raise DocumentError(f"{path} is not a folder", hint="give a folder that holds programs")
    folders = _inner(path, output)
    is_one = holds(path) or (holds_source(path) and not any(map(holds, folders)))
    return [path] if is_one or not folders else folders


def _inner(path: Path, output: Path) -> list[Path]:
    """Return the folders in a folder that may be programs, sorted by name.

    Hidden and empty ones, those that begin with `_` and those with results are left out.
    """
    return sorted(
        folder
        for folder in path.iterdir()
        if folder.is_dir()
        and not folder.name.startswith((".", "_"))
        and folder.resolve() != output.resolve()
        and not is_output(folder)
        and any(folder.iterdir())
    )


# Names


def _fallback_name(file: Path) -> str:
    return fit(file.resolve().parent.name if file.name == FILE else file.stem)


def fit(name: str) -> str:
    """Return a name as a folder can have it; it has no dot, unlike the files of the output."""
    whole = unicodedata.normalize("NFC", name)
    kept = "".join(
        c if c in "-_" or unicodedata.category(c)[0] in _KEPT_IN_NAMES else " " for c in whole
    )
    return re.sub(r" +", "-", kept).strip("-")[:_LONGEST_NAME] or "program"


def distinct(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Return a distinct name for each program.

    Args:
        wanted: pairs of a name and another to use if two have the first; failing that, a number
            is added.
    """
    times = Counter(first for first, _ in wanted)
    taken: dict[str, None] = {}
    for first, second in wanted:
        name = second if times[first] > 1 else first
        numbered = (f"{name}-{number}" for number in count(2))
        taken[next(free for free in chain([name], numbered) if free not in taken)] = None
    return list(taken)

"""Which programs are graded: profiles, folders with one, folders of such folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator import document, profile
from orchestrator.errors import DocumentError, first_line
from orchestrator.grades.store import write_whole
from orchestrator.grading.folders import holding, inner, meant
from orchestrator.grading.naming import fit, named
from orchestrator.profile import FILE, Profile, path_of

_HINT = (
    f"name a profile, a folder with a {FILE}, or a folder of such folders;"
    " `peerlab profile new FOLDER` writes one"
)


@dataclass(frozen=True)
class Program:
    """A program to grade.

    Attributes:
        name: what people call it, and its folder in the output.
        file: its profile.
        look: what stands in the profile; None where that is of no use.
        flaw: in which way it is of no use: "is wrong", "is missing"; else empty.
        trouble: why, a line for each mistake; else empty.
        folder: where it is: what its profile names, or where that stands.
    """

    name: str
    file: Path
    look: Profile | None = None
    flaw: str = ""
    trouble: str = ""
    folder: Path = Path()

    @property
    def trouble_line(self) -> str:
        """In which way its profile is of no use, and why, in one line."""
        return f"{self.flaw}: {first_line(DocumentError(self.trouble))}"


def find(
    paths: Sequence[Path], common: Path | None, output: Path, *, trust: bool = False
) -> list[Program]:
    """Return the programs meant by these paths, in their order, each with a name of its own.

    Args:
        paths: profiles, by name or file, and folders.
        common: the profile of all of them, which are folders then, or folders of these.
        output: where each has a folder; a profile made from the common one is kept there.
        trust: whether profiles that lie in these folders may have a reader, and any folder.

    Raises:
        DocumentError: there is none of that kind.
    """
    if common:
        return _all_alike(paths, common, output)
    found = [program for path in paths for program in _programs(path, output, trust=trust)]
    alone = list({program.file.resolve(): program for program in found}.values())
    names = named([(program.name, _fallback(program.file)) for program in alone])
    return [replace(each, name=name) for each, name in zip(alone, names, strict=True)]


def _programs(path: Path, output: Path, *, trust: bool) -> Iterator[Program]:
    """Yield the programs that a path means."""
    if not path.is_dir():
        file = path_of(str(path))
        if not file.is_file():
            raise DocumentError(f"{path}: there is no such profile", hint=_HINT)
        yield _read(file, trust=True)
    elif (path / FILE).is_file():
        yield _read(path / FILE, trust=trust)
    else:
        folders = inner(path, output)
        if not any((folder / FILE).is_file() for folder in folders):
            raise DocumentError(f"{path}: there is no {FILE} in it", hint=_HINT)
        for folder in folders:
            yield _read(folder / FILE, trust=trust)


def _read(file: Path, *, trust: bool) -> Program:
    """Return the program of a profile; one that is of no use is some program's all the same."""
    home = file.parent.resolve()
    program = Program(_fallback(file), file, folder=home)
    if not file.is_file():
        says = f"there is no {FILE} in it; `peerlab profile new {file.parent}` writes one"
        return replace(program, flaw="is missing", trouble=says)
    try:
        look = profile.load(str(file))
    except DocumentError as error:
        return replace(program, flaw="is wrong", trouble=error.what)
    if not trust and (why := _beyond(look, home)):
        says = f"{why}; read it, then name {file} itself, or give --trust"
        return replace(program, flaw="is not trusted", trouble=says)
    where = Path(look.start.folder) if look.start.folder else home
    return Program(fit(look.name), file, look, folder=where)


def _beyond(look: Profile, home: Path) -> str:
    """Return what of a profile reaches beyond the folder that it came with; empty for nothing.

    It may have come with a submission, and nobody may have read it.
    """
    if look.reader is not None:
        return "it names a reader, which is code that runs as you"
    if look.start.folder and not Path(look.start.folder).is_relative_to(home):
        return f"it names a folder outside its own, {look.start.folder}"
    return ""


def _fallback(file: Path) -> str:
    return fit(file.resolve().parent.name if file.name == FILE else file.stem)


def _all_alike(paths: Sequence[Path], common: Path, output: Path) -> list[Program]:
    """Return the programs in some folders, all with one profile but for its folder."""
    source = document.load(path_of(str(common)))
    holds = holding(profile.load(str(common)).start)
    folders = list({f.resolve(): None for path in paths for f in meant(path, output, holds)})
    names = named([(fit(folder.name),) * 2 for folder in folders])
    return [
        _alike(source, folder, output / name / FILE, name)
        for folder, name in zip(folders, names, strict=True)
    ]


def _alike(source: document.Source, folder: Path, file: Path, name: str) -> Program:
    """Return a program with a common profile, which is written for it; its reader stays."""
    raw = source.plain
    moved = {**raw, "start": {**raw["start"], "folder": str(folder)}}
    if raw.get("reader"):
        moved["reader"] = str((source.path.parent / raw["reader"]).resolve())
    write_whole(file, document.to_yaml(moved))
    return replace(_read(file, trust=True), name=name, folder=folder)

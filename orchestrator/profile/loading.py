"""Profiles, read from their files."""

from __future__ import annotations

import importlib.util
import inspect
import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator import document, files
from orchestrator.document import Problem
from orchestrator.errors import DocumentError
from orchestrator.paths import ROOT
from orchestrator.profile.guarded import GuardedReader
from orchestrator.profile.model import ANSWERS, NOTICES, VERBS, Profile, Start
from orchestrator.profile.reader import Reader

FILE = "profile.yaml"
"""What a program's profile is called in its folder."""

FOLDER = ROOT / "profiles"
"""Where the profiles that come with the lab are."""

_START_WORDS = (*ANSWERS, "python", "folder")  # the last one with a folder
_VERB_WORDS = (
    "address",
    "port",
    "id",
    "text",
    "line",
)  # what the lab has for any verb


def located(name: str, *homes: Path) -> str:
    """Return a profile's name; that of a file with its path, as seen from one of `homes`.

    The first one counts where there is such a file; else it is seen from the working folder.
    """
    if not name.endswith(files.YAML):
        return name
    found = (home / name for home in homes if (home / name).is_file())
    return str(next(found, name))


def path_of(name: str) -> Path:
    """Return the file of the profile called `name`, or that of this path."""
    return Path(name) if name.endswith(files.YAML) else FOLDER / f"{name}.yaml"


def load(name: str) -> Profile:
    """Return the profile called `name`, or the one in the file of that path.

    Raises:
        DocumentError: there is none, or it is wrong.
    """
    path = path_of(name)
    try:
        found = document.read(path, Profile, closer=lambda one: _problems(one, path.parent))
    except DocumentError as error:
        if not path.exists():
            known = [each.stem for each in path.parent.glob("*.yaml")]
            near = document.nearest(path.stem, known).removeprefix("; ")
            error.hint = near or "`peerlab profile new DIR` writes one for the program in DIR"
        raise
    home, changes = path.parent.resolve(), dict[str, object]()
    if found.start.folder is not None:
        folder = str((home / found.start.folder).resolve())
        changes["start"] = found.start.model_copy(update={"folder": folder})
    if found.reader is not None:
        changes["reader"] = str(home / found.reader)
    return found.model_copy(update=changes)


def reader(profile: Profile) -> Reader:
    """Return what reads the console of a profile's program.

    Raises:
        DocumentError: its class cannot be loaded, or is none.
    """
    if profile.reader is None:
        return Reader(profile)
    path, _, name = profile.reader.rpartition(":")
    try:
        made = _imported(Path(path), name)
        return GuardedReader(made(profile))
    except (Exception, SystemExit) as error:  # code of somebody's own
        raise DocumentError(
            f"{path}: no reader {name!r} there that works: {type(error).__name__}: {error}",
            hint="`reader: file.py:Class` names a subclass of orchestrator.profile.Reader",
        ) from error


def _imported(path: Path, name: str) -> type[Reader]:
    spec = importlib.util.spec_from_file_location(f"peerlab_reader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = getattr(module, name)
    if not (inspect.isclass(made) and issubclass(made, Reader)):
        raise TypeError("not a subclass of Reader")
    return made


def _problems(profile: Profile, home: Path) -> Iterator[Problem]:
    yield from _start_problems(profile.start, home)
    yield from _verb_problems(profile)
    for place, pattern in profile.patterns():
        try:
            re.compile(pattern)
        except re.error as error:
            yield Problem(place, f"not a pattern: {error}")
    for place, template, known in _templates(profile):
        try:
            parts = [*string.Formatter().parse(template)]
        except ValueError as error:
            yield Problem(place, f"not a template: {error}")
            continue
        for _, field, form, conversion in parts:
            if field is not None and field not in known:
                hint = document.nearest(field, known)
                yield Problem(place, f"nothing to put for {{{field}}}{hint}")
            elif form or conversion:
                yield Problem(place, f"{{{field}}} stands alone: no format of its own")


def _start_problems(start: Start, home: Path) -> Iterator[Problem]:
    if start.folder is None:
        return
    if not (home / start.folder).is_dir():
        yield Problem(("start", "folder"), f"no such folder: {start.folder}")
    if not start.words("container"):
        yield Problem(("start", "container"), "with a folder, the whole command stands here")


def _verb_problems(profile: Profile) -> Iterator[Problem]:
    if profile.sync and profile.sync not in profile.verbs:
        hint = document.nearest(profile.sync, profile.verbs)
        yield Problem(("sync",), f"no verb {profile.sync!r} here{hint}")
    if not profile.sync and not profile.ready:
        yield Problem(("ready",), "nothing says that it is ready: give a pattern, or `sync`")
    also = {profile.sync, *(verb.first for verb in profile.verbs.values())}
    for name, verb in profile.verbs.items():
        hint = document.nearest(name, VERBS)
        if hint and name not in (*VERBS, *also):
            yield Problem(("verbs", name), f"the lab asks for no {name!r}{hint}")
        first = profile.verbs.get(verb.first) if verb.first else None
        if verb.first and not first:
            hint = document.nearest(verb.first, profile.verbs)
            yield Problem(("verbs", name, "first"), f"no verb {verb.first!r} here{hint}")
        elif first and first.first:
            yield Problem(("verbs", name, "first"), f"{verb.first!r} needs another one first")
    for name in profile.lacks:
        if name not in (*VERBS, *NOTICES):
            hint = document.nearest(name, (*VERBS, *NOTICES))
            yield Problem(("lacks", name), f"the lab knows no {name!r}{hint}")
        elif name in profile.verbs or name in profile.notices:
            yield Problem(("lacks", name), f"the profile says how {name!r} looks: which is it?")


def _templates(profile: Profile) -> Iterator[tuple[tuple[int | str, ...], str, Sequence[str]]]:
    words = _START_WORDS if profile.start.folder else _START_WORDS[:-1]
    for key in ("command", "process", "container"):
        for index, part in enumerate(getattr(profile.start, key) or ()):
            yield ("start", key, index), part, words
    for number, command in enumerate(profile.start.build):
        for index, part in enumerate(command):
            yield ("start", "build", number, index), part, ("python", "folder")
    for place, line in profile.lines():
        known = ANSWERS if place[0] == "start" else _VERB_WORDS
        yield (*place, "type"), line.type, known

"""Load profiles from their files, and the readers that they name."""

from __future__ import annotations

import importlib.util
import inspect
import re
import string
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from orchestrator import document, files, patterns, promises
from orchestrator.document import Problem
from orchestrator.errors import DocumentError
from orchestrator.paths import ROOT
from orchestrator.profile import keep
from orchestrator.profile.model import ANSWERS, OF_PEER, Place, Profile
from orchestrator.profile.operation import (
    LAB_STEPS,
    MEANINGS,
    NOTICES,
    RAW,
    STEP_KEYS,
    VERBS,
    ConsoleOperation,
    groups,
)
from orchestrator.profile.reader import GuardedReader, Reader

FILE = "profile.yaml"  # the name of a program's profile in its folder
FOLDER = ROOT / "profiles"  # the profiles that come with the lab

_OF_SCENARIOS = {"why", "steps"}  # keys that no profile has, and every scenario must have

_OF_PROFILES = {"name", "summary", "console"}  # every profile must have these

_START_FIELDS = (*ANSWERS, "bind", "python", "peers", "index")
_BUILD_FIELDS = ("python", "folder")
_CHAT_NOTICE_FIELDS = ("id", "address", "port", "name", "text", "number", "last")
_CHAT_FIELDS = ("address", "port", "name", "id", "text", "line")  # the lab has these in a chat


_LINE_BREAK = re.compile(r"[\n\r]")
_ARGUMENT = re.compile(r"[a-z][a-z0-9_]*")


def located(name: str, *homes: Path) -> str:
    """Return a profile's name; if it is a file, its path in the first of `homes` that has it.

    A file that none of them has is left relative to the working directory.
    """
    if not name.endswith(files.YAML):
        return name
    candidates = (home / name for home in homes if (home / name).is_file())
    return str(next(candidates, name))


def path_of(name: str) -> Path:
    """Return the path of a profile given as a name or a path."""
    return Path(name) if name.endswith(files.YAML) else FOLDER / f"{name}.yaml"


def own_profile(folder: Path) -> str:
    """Return the name of the profile that lies in a program's folder; empty if there is none.

    A file of that name may be the program's own, for something else.
    """
    try:
        data = document.load(folder / FILE).plain
    except (DocumentError, OSError):
        return ""
    return FILE if isinstance(data, dict) and data.keys() >= _OF_PROFILES else ""


def load(name: str) -> Profile:
    """Load the profile given as a name or a path.

    Raises:
        DocumentError: there is no such profile, or it is wrong.
    """
    path = path_of(name)
    try:
        source = document.load(path)
        if isinstance(source.plain, dict) and source.plain.keys() >= _OF_SCENARIOS:
            raise DocumentError(
                f"{path}:1:1: a scenario, not a profile: name the file that is its `profile`"
            )
        profile = document.read(source, Profile, check=lambda it: _problems(it, path.parent))
    except DocumentError as error:
        if not path.exists():
            is_file = name.endswith(files.YAML)
            known = [str(it) if is_file else it.stem for it in path.parent.glob("*.yaml")]
            near = document.nearest(name, known).removeprefix("; ")
            error.hint = near or "`peerlab profile new DIR` writes one for the program in DIR"
        raise
    home, changes = path.parent.resolve(), dict[str, object]()
    if profile.start.folder is not None:
        folder = str((home / profile.start.folder).resolve())
        changes["start"] = profile.start.model_copy(update={"folder": folder})
    if profile.reader is not None:
        changes["reader"] = str(home / profile.reader)
    if profile.promises is not None:
        changes["promises"] = placed_promises(profile.promises, home)
    return profile.model_copy(update=changes)


def placed_promises(named: Sequence[str], home: Path) -> list[str]:
    """Return promises with the path of each that is a function in a file made absolute."""
    return [str(home.resolve() / it) if promises.is_in_file(it) else it for it in named]


def reader(profile: Profile) -> Reader:
    """Return the reader of a profile: the class it names, or one that uses its patterns.

    Raises:
        DocumentError: the class cannot be loaded, or is not a reader.
    """
    if profile.reader is None:
        return Reader(profile)
    path, _, name = profile.reader.rpartition(":")
    try:
        return GuardedReader(_import_reader(Path(path), name)(profile))
    except (Exception, SystemExit) as error:  # it is the user's code
        raise DocumentError(
            f"{path}: cannot load the reader {name!r}: {type(error).__name__}: {error}",
            hint="`reader: file.py:Class` names a subclass of orchestrator.profile.Reader",
        ) from error


def _import_reader(path: Path, name: str) -> type[Reader]:
    spec = importlib.util.spec_from_file_location(f"peerlab_reader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, name)
    if not (inspect.isclass(found) and issubclass(found, Reader)):
        raise TypeError("not a subclass of Reader")
    return found


def _problems(profile: Profile, home: Path) -> Iterator[Problem]:
    yield from _start_problems(profile, home)
    yield from _operation_problems(profile)
    yield from _promise_problems(profile, home)
    yield from _notice_problems(profile)
    yield from _console_problems(profile)
    yield from _lacks_problems(profile)
    for place, pattern in profile.patterns():
        try:
            patterns.compiled(pattern)
        except patterns.PatternError as error:
            yield Problem(place, str(error))
    for place, line in profile.lines():
        if found := _LINE_BREAK.search(line.type):
            what = f"{found.group()!r} ends a line: write several lines as a list"
            yield Problem((*place, "type"), what)
    for place, template, known in _templates(profile):
        yield from _template_problems(place, template, known, profile.announced)


def _start_problems(profile: Profile, home: Path) -> Iterator[Problem]:
    start = profile.start
    if not (profile.port or start.is_missing):
        yield Problem((), "key 'port' is missing")
    yield from keep.problems(start.keep, home / start.folder if start.folder else None)
    if start.folder is None:
        return
    if not (home / start.folder).is_dir():
        yield Problem(("start", "folder"), f"no such folder: {start.folder}")
    if not start.words("container"):
        yield Problem(("start", "container"), "with a folder, this must be the whole command")


def _operation_problems(profile: Profile) -> Iterator[Problem]:
    operations = profile.operations
    if profile.sync and profile.sync not in operations:
        hint = document.nearest(profile.sync, operations)
        yield Problem(("sync",), f"no operation {profile.sync!r} here{hint}")
    if not profile.sync and not profile.ready and profile.console.is_own:
        yield Problem(("ready",), "no sign of readiness: give a pattern here, or set `sync`")
    helpers = {profile.sync, *(operation.first for operation in operations.values())}
    for name, operation in operations.items():
        place = ("operations", name)
        hint = document.nearest(name, VERBS)
        if name in LAB_STEPS:
            what = f"{name!r} is a step of the lab: give the operation another name"
            yield Problem(place, f"{what}; `send` says what is typed")
        is_unheard = profile.vocabulary == "chat" and not operation.takes
        if is_unheard and hint and name not in (*VERBS, *helpers):
            yield Problem(place, f"unknown operation {name!r}{hint}")
        first = operations.get(operation.first) if operation.first else None
        if operation.first and not first:
            hint = document.nearest(operation.first, operations)
            yield Problem((*place, "first"), f"no operation {operation.first!r} here{hint}")
        elif first and first.first:
            yield Problem((*place, "first"), f"{operation.first!r} itself needs another first")
        yield from _value_problems(place, operation)


def _value_problems(place: Place, operation: ConsoleOperation) -> Iterator[Problem]:
    """Yield arguments that steps could not give, and results that no pattern has."""
    for name in operation.takes:
        if name in STEP_KEYS:
            what = f"{name!r} is a key of every step: give the argument another name"
            yield Problem((*place, "takes", name), what)
        elif not _ARGUMENT.fullmatch(name):
            what = f"{name!r} is not a name: use small letters, digits and _, a letter first"
            yield Problem((*place, "takes", name), what)
    has = groups(pattern for _, pattern in operation.patterns())
    for name in operation.results:
        if name not in has:
            hint = document.nearest(name, has) or ": a result is a named group of a pattern"
            yield Problem((*place, "results", name), f"no pattern has a group {name!r}{hint}")


def promise_problems(named: object, home: Path) -> Iterator[Problem]:
    """Yield the promises that no check can judge.

    Args:
        named: what the key `promises` of a profile or a scenario has.
        home: the folder of that file.
    """
    for number, promise in enumerate(named if isinstance(named, list) else ()):
        if isinstance(promise, str) and (why := promises.missing(promise, home)):
            hint = document.nearest(promise, [*promises.NAMES, *promises.installed()])
            yield Problem(("promises", number), f"{why}{hint}")


def _promise_problems(profile: Profile, home: Path) -> Iterator[Problem]:
    yield from promise_problems(profile.promises, home)
    for name, operation in profile.operations.items():
        if operation.means and operation.means not in MEANINGS:
            hint = document.nearest(operation.means, MEANINGS) or f": one of {', '.join(MEANINGS)}"
            place = ("operations", name, "means")
            yield Problem(place, f"no promise is about {operation.means!r}{hint}")
        elif needs := promises.MEANINGS.get(operation.means):
            for argument in sorted({*needs.takes} - operation.takes.keys()):
                hint = document.nearest(argument, operation.takes) or ": call one of its own so"
                what = f"{operation.means} needs an argument {argument!r}{hint}"
                yield Problem(("operations", name, "means"), what)


def _notice_problems(profile: Profile) -> Iterator[Problem]:
    """Yield notices whose meaning no one knows, and fields that they or their meaning have not."""
    known = {name: (*it.gives, *it.may_give) for name, it in promises.MEANINGS.items()
             if it.may_be_notice}  # fmt: skip
    if profile.vocabulary == "chat":
        known |= dict.fromkeys(NOTICES, _CHAT_NOTICE_FIELDS)
    for kind, blocks in profile.notices.items():
        for number, block in enumerate(blocks):
            place = ("notices", kind, number)
            means = block.means or kind
            if block.means and block.means not in known:
                hint = document.nearest(block.means, known) or f": one of {', '.join(known)}"
                yield Problem((*place, "means"), f"no notice means {block.means!r}{hint}")
                continue
            for name, group in block.fields.items():
                here = (*place, "fields", name)
                has = groups(block.block)
                if means in known and name not in known[means]:
                    hint = document.nearest(name, known[means]) or f": {', '.join(known[means])}"
                    yield Problem(here, f"{means} has no field {name!r}{hint}")
                elif group not in has:
                    hint = document.nearest(group, has) or f": it has {', '.join(sorted(has))}"
                    yield Problem(here, f"the pattern has no group {group!r}{hint}")


def _console_problems(profile: Profile) -> Iterator[Problem]:
    for name in profile.operations if profile.console.absent else ():
        what = f"there is no console at which {name!r} could be typed: name a client, as in"
        yield Problem(
            ("operations", name), f"{what} `console: {{exec: [client]}}`, or leave it out"
        )


def _lacks_problems(profile: Profile) -> Iterator[Problem]:
    known = (*VERBS, *NOTICES) if profile.vocabulary == "chat" else ()
    for name in profile.lacks:
        if name in profile.operations or name in profile.shown:
            yield Problem(("lacks", name), f"{name!r} is lacking here and described elsewhere")
        elif name not in known:
            hint = document.nearest(name, known)
            yield Problem(("lacks", name), f"unknown operation or notice {name!r}{hint}")


def _template_problems(
    place: Place, template: str, known: Sequence[str], announced: Collection[str]
) -> Iterator[Problem]:
    try:
        parts = [*string.Formatter().parse(template)]
    except ValueError as error:
        yield Problem(place, f"not a template: {error}")
        return
    for _, field, form, conversion in parts:
        if field is not None and field not in known and not _is_of_peer(field, known, announced):
            available = f"; available here: {', '.join(f'{{{name}}}' for name in known)}"
            hint = document.nearest(field, known) or available
            yield Problem(place, f"unknown placeholder {{{field}}}{hint}")
        elif form or conversion:
            yield Problem(place, f"{{{field}}} takes no format and no conversion")


def _is_of_peer(field: str, known: Sequence[str], announced: Collection[str]) -> bool:
    """Return whether a placeholder stands for something of a peer, where that can be known.

    What another program prints when it is ready is not known here: only a misspelt `address` is.
    """
    of_peer = OF_PEER.fullmatch(field)
    if not of_peer or "peers" not in known:
        return False
    part = of_peer[2]
    return part in (*ANSWERS, *announced) or not document.nearest(part, ANSWERS)


def _templates(profile: Profile) -> Iterator[tuple[Place, str, Sequence[str]]]:
    """Yield the place and text of each template, with the fields that it may use."""
    start = profile.start
    has_folder = start.folder or start.files
    start_fields = (*_START_FIELDS, "folder") if has_folder else _START_FIELDS
    for key in ("command", "process", "container"):
        for index, word in enumerate(getattr(start, key) or ()):
            yield ("start", key, index), word, start_fields
    for name, text in start.files.items():
        yield ("start", "files", name), text, start_fields
    for index, word in enumerate(profile.console.exec or ()):
        yield ("console", "exec", index), word, start_fields
    for number, command in enumerate(start.build):
        for index, word in enumerate(command):
            yield ("start", "build", number, index), word, _BUILD_FIELDS
    for place, line in profile.lines():
        is_answer = place[0] == "start"
        fields = ANSWERS if is_answer else _fields_of(profile, str(place[1]))
        yield (*place, "type"), line.type, fields


def _fields_of(profile: Profile, name: str) -> Sequence[str]:
    """Return what the lines of an operation may name: its arguments; a chat's are known."""
    takes = profile.operations[name].takes
    if profile.vocabulary == "chat" and not takes:
        return _CHAT_FIELDS
    return ("line",) if name == RAW and not takes else tuple(takes)

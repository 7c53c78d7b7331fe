"""Propose commands that build and start the program in a folder, the most likely first."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

from orchestrator.discovery import makefiles, sources
from orchestrator.discovery.languages import LANGUAGES, SHELL, Language, Made, Parts, Words
from orchestrator.discovery.port_arguments import arguments_for, arguments_said
from orchestrator.discovery.sources import SourceFile
from orchestrator.errors import LabError
from orchestrator.folder import MAKEFILES


@dataclass(frozen=True, slots=True)
class StartCommand:
    """A command that may start a program."""

    words: Words  # the command, with the placeholders of `start.command`
    why: str  # the reason to try it, in a few words
    build: tuple[Words, ...] = ()  # commands that build the program first
    packages: Words = ()  # Debian packages that it needs in a container


def start_commands(folder: Path, command: str = "") -> list[StartCommand]:
    """Return the commands to try for the program in `folder`, the most likely first.

    Args:
        folder: the program's folder.
        command: the command from the user, in shell syntax; empty to find one.

    Raises:
        LabError: there is no program, or more than one, or the command cannot be parsed.
    """
    files = sources.find(folder)
    if command:
        return list(_from_user(folder, files, command))
    found = [*_from_makefile(folder, files)]
    with contextlib.suppress(LabError) if found else contextlib.nullcontext():
        found += _from_sources(folder, files)  # if its Makefile does not build it
    found = found or [*_from_executables(folder, files)]
    if not found:
        raise LabError(
            f"{folder}: no program found there{_present(files)}", hint=hint_for("./chat")
        )
    return found


def command_of(folder: Path, name: str) -> str:
    """Return the command, as a person types it, that starts one of the programs in a folder.

    Args:
        folder: the program's folder.
        name: the file to start, or the one that has its `main`.
    """
    files = sources.find(folder)
    main = next((one for one in files if str(one) == name), None)
    language = next((it for it in LANGUAGES if main and it.holds(main)), None)
    return _as_built(main, files, language) if main and language else f"./{name}"


def hint_for(program: str) -> str:
    """Return the hint for a program that did not start: how to give its command."""
    return f'give the command that starts it, as you would type it: --command "{program} {{port}}"'


def as_typed(command: StartCommand) -> str:
    """Return how a person would type a command, without what stands for the port."""
    words = ["python3" if word == "{python}" else word for word in _without_port(command.words)]
    return " ".join(words)


def _without_port(words: Words) -> Words:
    """Return a command without the port and its flag, which come last."""
    at = next((number for number, word in enumerate(words) if "{port}" in word), len(words))
    return words[: at - 1] if at < len(words) and words[at - 1].startswith("-") else words[:at]


def by_usage(
    command: StartCommand, said: Sequence[str], but: Sequence[StartCommand] = ()
) -> list[StartCommand]:
    """Return the commands that a program's own usage asks for, which it printed as it exited.

    Those in `but` are left out.
    """
    bare, known = _without_port(command.words), [it.words for it in but]
    found = [(*bare, *arguments) for arguments in arguments_said(said)]
    return [replace(command, words=it, why="by its usage") for it in found if it not in known]


def _present(files: Sequence[SourceFile]) -> str:
    names = [str(one) for one in files[:4]]
    return f", only {', '.join(names)}{' …' if len(files) > len(names) else ''}" if names else ""


# The user's own command


def _from_user(folder: Path, files: Sequence[SourceFile], command: str) -> Iterator[StartCommand]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise LabError(f"cannot parse --command: {error}", hint="check its quotes") from error
    if not words:
        raise LabError("--command is empty")
    made = _made_for(folder, files, words)
    if words[0] in ("python", "python3"):
        words = ("{python}", *words[1:])
    if any("{port}" in word for word in words):
        yield StartCommand(words, "as given", made.build, made.packages)
        return
    for arguments, why in arguments_for():
        yield StartCommand((*words, *arguments), f"as given, {why}", made.build, made.packages)


def _made_for(folder: Path, files: Sequence[SourceFile], words: Words) -> Made:
    """Return how what a command starts is built, and the packages that it needs."""
    for language in LANGUAGES:
        if words[0] in language.tools:
            mains = _mains(files, language)
            named = [one for one in mains if one.stem in " ".join(words)] or mains
            made = language.make(_parts(named[0], files, language, mains)) if named else Made(words)
            return Made(words, made.build, (*language.packages, *made.packages))
    if (folder / words[0]).is_file() or "/" not in words[0]:
        return Made(words, (), _interpreter_packages(files, words[0]))
    found = [*_from_makefile(folder, files), *_from_stem(files, Path(words[0]).stem)]
    return Made(words, found[0].build, found[0].packages) if found else Made(words)


def _interpreter_packages(files: Sequence[SourceFile], name: str) -> Words:
    source = next((one for one in files if str(one) == name.removeprefix("./")), None)
    language = next((it for it in LANGUAGES if source and it.holds(source)), None)
    return language.packages if language else ()


def _from_stem(files: Sequence[SourceFile], stem: str) -> Iterator[StartCommand]:
    """Yield what builds the program of which the user gave the name: `probe` from probe.cpp."""
    mains = [(language, one) for language in LANGUAGES for one in _mains(files, language)]
    chosen = [pair for pair in mains if stem in (pair[1].stem, pair[1].called)] or mains
    for language, main in chosen[:1]:
        parts = _parts(main, files, language, [one for it, one in mains if it is language], stem)
        made = language.make(parts)
        yield StartCommand(made.command, "", made.build, (*language.packages, *made.packages))


# Makefiles


def _from_makefile(folder: Path, files: Sequence[SourceFile]) -> Iterator[StartCommand]:
    products = {
        one: product
        for one in files
        if one.path.name in MAKEFILES and (product := makefiles.product_of(one.text))
    }
    if not products:
        return
    makefile = min(products, key=lambda one: len(one.path.parts))
    product, at = products[makefile], makefile.path.parent
    program = at / product.path
    text = "\n".join(one.text for one in files if any(it.holds(one) for it in LANGUAGES))
    packages, build = _make_packages(files, makefile), tuple(_make(folder, at, product))
    for arguments, why in arguments_for(text):
        yield StartCommand((f"./{program}", *arguments), f"{makefile} builds {program}; {why}",
                           build, packages)  # fmt: skip


def _make(folder: Path, at: PurePosixPath, product: makefiles.Product) -> Iterator[Words]:
    """Yield the commands that make a product, from the program's folder."""
    missing = [str(at / it) for it in product.folders if not (folder / at / it).is_dir()]
    if missing:
        yield ("mkdir", "-p", *missing)
    where = () if str(at) == "." else ("-C", str(at))
    yield ("make", *where, *([product.target] if product.target else []))


def _make_packages(files: Sequence[SourceFile], makefile: SourceFile) -> Words:
    """Return the packages that a Makefile needs: its tools, and the compilers of the sources."""
    tools = {*makefiles.tools_of(makefile.text)}
    compiled = [language for language in LANGUAGES if not language.interpreters.search("python3")]
    used = [
        language
        for language in compiled
        if tools & {*language.tools} or any(language.holds(one) for one in files)
    ]
    more = [made.packages for language in used for made in _made(files, language)]
    needed = [language.packages for language in used]
    return tuple(dict.fromkeys(["make", "gcc", "libc6-dev", *chain(*needed, *more)]))


def _made(files: Sequence[SourceFile], language: Language) -> Iterator[Made]:
    for main in _mains(files, language)[:1]:
        yield language.make(_parts(main, files, language, [main]))


# Sources


def _from_sources(folder: Path, files: Sequence[SourceFile]) -> Iterator[StartCommand]:
    mains = {language: _mains(files, language) for language in LANGUAGES}
    if any(found for language, found in mains.items() if language is not SHELL):
        mains[SHELL] = []  # scripts that build or start the program
    every = [one for found in mains.values() for one in found]
    if not every:
        return
    main = _choose(folder, every, files)
    language = next(language for language, found in mains.items() if main in found)
    parts = _parts(main, files, language, mains[language])
    made = language.make(parts)
    packages = (*language.packages, *made.packages)
    for arguments, why in arguments_for(sources.text_of(main, parts.own)):
        words = (*made.command, *arguments)
        yield StartCommand(words, f"{main}, {why}", made.build, packages)


def _mains(files: Sequence[SourceFile], language: Language) -> list[SourceFile]:
    """Return the files in a language that can be started and that no other one imports."""
    own = [one for one in files if language.holds(one)]
    starts = [one for one in own if language.is_main.search(f"{one.path.name}\n{one.text}")]
    mains = starts or own[:1]
    return sources.not_used(mains, own)


def _parts(
    main: SourceFile,
    files: Sequence[SourceFile],
    language: Language,
    mains: Sequence[SourceFile],
    name: str = "",
) -> Parts:
    """Return the files of one program; `name` is what the user calls what is built."""
    own = [one for one in files if language.holds(one) and (one is main or one not in mains)]
    return Parts(main, sorted(own, key=lambda one: one is not main), files, name)


def _choose(folder: Path, mains: Sequence[SourceFile], files: Sequence[SourceFile]) -> SourceFile:
    """Return the only program, or the one that can be the chat.

    Raises:
        LabError: several may be.
    """
    named = _named_in_package(folder)
    likely = [one for one in mains if str(one) == named] or sources.likely_mains(mains, files)
    if len(likely) == 1:
        return likely[0]
    language = next(it for it in LANGUAGES if it.holds(likely[0]))
    raise LabError(
        f"{folder}: there are several programs: {', '.join(sorted(map(str, likely)))}",
        hint=f'choose one: --command "{_as_built(likely[0], files, language)} {{port}}"',
    )


def _as_built(main: SourceFile, files: Sequence[SourceFile], language: Language) -> str:
    """Return how a person would start the program of a main file, once it is built."""
    parts = _parts(main, files, language, _mains(files, language), main.called)
    return as_typed(StartCommand(language.make(parts).command, ""))


def _named_in_package(folder: Path) -> str:
    """Return the file that package.json says is the program; empty if it says nothing."""
    try:
        package = json.loads(sources.read(folder / "package.json"))
        start = str((package.get("scripts") or {}).get("start", ""))
        main = str(package.get("main", ""))
    except (ValueError, AttributeError):
        return ""
    found = re.match(r"node\s+(\S+)", start)
    return (found[1] if found else main).removeprefix("./")


def _from_executables(folder: Path, files: Sequence[SourceFile]) -> Iterator[StartCommand]:
    """Yield what starts the programs that come without a source."""
    for one in files:
        path = folder / one.path
        known = any(language.holds(one) for language in LANGUAGES)
        if path.is_file() and path.stat().st_mode & 0o111 and not known:
            for arguments, why in arguments_for(""):
                words = (f"./{one}", *arguments)
                yield StartCommand(words, f"{one} is executable; {why}")

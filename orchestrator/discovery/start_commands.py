"""Propose commands that start the program in a folder, the most likely first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import LabError

_LARGEST = 400_000  # bytes of a source file to read
_NAMES = ("chat", "main", "peer", "app", "server", "program")  # the most likely first
_PYTHONS = ("python", "python3")


_NO_PROGRAM = re.compile(r"^\.|\.(o|a|so|class)$|^(all|clean|run|test|install)$")
_COMPILES = re.compile(
    r"\b(gcc|g\+\+|cc|clang|c\+\+|go build)|\$[({](CC|CXX|LINK)|\.(o|c|cc|cpp)\b"
)
_ARGUMENTS = (
    (("{port}",), "the port as its argument"),
    ((), "without arguments"),
    (("--port", "{port}"), "the port after --port"),
    (("-p", "{port}"), "the port after -p"),
)
_HINT = 'give the command that starts it: --command "python3 chat.py {port}"'


@dataclass(frozen=True, slots=True)
class StartCommand:
    """A command that may start a program.

    Attributes:
        words: the command, with the placeholders of `start.command`.
        why: the reason to try it, in a few words.
        build: commands that build the program first.
        packages: Debian packages that it needs in a container.
    """

    words: tuple[str, ...]
    why: str
    build: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Language:
    """How to build and start programs in one language."""

    suffix: str
    packages: tuple[str, ...]
    command: Callable[[Path], tuple[str, ...]]
    is_main: re.Pattern[str]
    build: Callable[[Sequence[Path]], tuple[tuple[str, ...], ...]] = field(default=lambda _: ())


def _built(*words: str) -> Callable[[Sequence[Path]], tuple[tuple[str, ...], ...]]:
    return lambda files: ((*words, *(file.name for file in files)),)


_LANGUAGES = (
    _Language(".py", (), lambda file: ("{python}", file.name),
              re.compile(r"__main__|argv|add_argument|\binput\(|stdin")),
    _Language(".c", ("gcc", "libc6-dev"), lambda _: ("./chat",), re.compile(r"\bmain\s*\("),
              _built("gcc", "-O1", "-pthread", "-o", "chat")),
    *(_Language(suffix, ("g++",), lambda _: ("./chat",), re.compile(r"\bmain\s*\("),
                _built("g++", "-O1", "-pthread", "-o", "chat"))
      for suffix in (".cpp", ".cc", ".cxx")),
    _Language(".pl", ("perl",), lambda file: ("perl", file.name), re.compile("")),
    *(_Language(suffix, ("nodejs",), lambda file: ("node", file.name),
                re.compile(r"process\.|require|import "))
      for suffix in (".js", ".mjs")),
    _Language(".java", ("default-jdk-headless",), lambda file: ("java", "-cp", ".", file.stem),
              re.compile(r"static\s+void\s+main\s*\("), _built("javac")),
    _Language(".go", ("golang-go",), lambda _: ("./chat",), re.compile(r"func\s+main\s*\("),
              _built("go", "build", "-o", "chat")),
    _Language(".rb", ("ruby",), lambda file: ("ruby", file.name), re.compile("")),
)  # fmt: skip


def start_commands(folder: Path, command: str = "") -> list[StartCommand]:
    """Return the commands to try for the program in `folder`, the most likely first.

    Args:
        folder: the program's folder.
        command: the command from the user, in shell syntax; empty to find one.

    Raises:
        LabError: there is no program, or more than one, or the command cannot be parsed.
    """
    if command:
        return list(_from_user(folder, command))
    found = list(_from_makefile(folder)) or [*_from_sources(folder), *_from_executables(folder)]
    if not found:
        raise LabError(f"{folder}: no program found there", hint=_HINT)
    return found


def _from_user(folder: Path, command: str) -> Iterator[StartCommand]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise LabError(f"cannot parse --command: {error}", hint="check its quotes") from error
    if not words:
        raise LabError("--command is empty")
    build: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] = ()
    for language in _LANGUAGES:
        first = language.command(folder / "x")[0]
        files = sorted(folder.glob(f"*{language.suffix}"))
        if files and (words[0] == first or (first == "{python}" and words[0] in _PYTHONS)):
            build, packages = language.build(files), language.packages
            break
    if words[0] in _PYTHONS:
        words = ("{python}", *words[1:])
    if any("{port}" in word for word in words):
        yield StartCommand(words, "as given", build, packages)
        return
    for arguments, why in _ARGUMENTS:
        yield StartCommand((*words, *arguments), f"as given, {why}", build, packages)


def _from_makefile(folder: Path) -> Iterator[StartCommand]:
    for name in ("Makefile", "makefile", "GNUmakefile"):
        text = _text(folder / name)
        if program := _makefile_program(text):
            packages = ("make", "gcc", "libc6-dev")
            for arguments, why in _ARGUMENTS:
                yield StartCommand((f"./{program}", *arguments), f"{name} builds {program}; {why}",
                                   (("make",),), packages)  # fmt: skip
            return


def _makefile_program(makefile: str) -> str:
    """Return the program that a Makefile builds; empty if there is none.

    Targets that build nothing, such as `run`, do not count.
    """
    text = _expanded(makefile)
    named = re.findall(r"\s-o\s*([\w./-]+)(?![\w./$({-])", text)
    rules = re.findall(r"^([\w./-]+)[ \t]*:(?!=)(.*(?:\n\t.*)*)", text, re.MULTILINE)
    built = [target for target, recipe in rules if _COMPILES.search(recipe)]
    programs = (name for name in [*named, *built] if not _NO_PROGRAM.search(name))
    return next(programs, "")


def _expanded(makefile: str) -> str:
    """Return a Makefile with its simple variables and `$@` expanded."""
    given = dict(re.findall(r"^(\w+)[ \t]*[:?]?=[ \t]*([\w./-]+)[ \t]*$", makefile, re.MULTILINE))
    text = re.sub(r"\$[({](\w+)[)}]", lambda found: given.get(found[1], found[0]), makefile)
    rules = re.compile(r"^([\w./-]+)[ \t]*:(?!=).*(?:\n\t.*)*", re.MULTILINE)
    return rules.sub(lambda rule: rule[0].replace("$@", rule[1]), text)


def _from_sources(folder: Path) -> Iterator[StartCommand]:
    every = [(language, main) for language in _LANGUAGES for main in _mains(folder, language)]
    if not every:
        return
    main = _choose(folder, [file for _, file in every])
    language = next(language for language, file in every if file == main)
    found = (path for path in folder.glob(f"*{language.suffix}") if path.is_file())
    files = sorted(found, key=_rank)
    for arguments, why in _arguments(_text(main)):
        yield StartCommand((*language.command(main), *arguments), f"{main.name}, {why}",
                           language.build(files), language.packages)  # fmt: skip


def _mains(folder: Path, language: _Language) -> list[Path]:
    """Return the source files in a language that can be started and that no other one imports."""
    files = sorted(folder.glob(f"*{language.suffix}"), key=_rank)
    mains = [file for file in files if language.is_main.search(_text(file))] or files[:1]
    imports = {file: _imports(_text(file)) for file in files}
    used = {
        file
        for file in mains
        if any(file.stem in imports[other] for other in files if other != file)
    }
    return [file for file in mains if file not in used] or mains[:1]


def _imports(text: str) -> set[str]:
    """Return all words in the import lines of a source file."""
    lines = re.findall(
        r"^\s*(?:import|from|use|require)\b.*|\brequire\w*\s*\(?.*", text, re.MULTILINE
    )
    return {word for line in lines for word in re.findall(r"\w+", line)}


def _choose(folder: Path, files: Sequence[Path]) -> Path:
    """Return the only file, or the only one with a usual name.

    Raises:
        LabError: there are several.
    """
    named = [file for file in files if file.stem.lower() in _NAMES]
    likely = files if len(files) == 1 else named
    if len(likely) == 1:
        return likely[0]
    names = ", ".join(sorted(file.name for file in named or files))
    example = "python3 " if files[0].suffix == ".py" else "./"
    raise LabError(
        f"{folder}: there are several programs: {names}",
        hint=f'choose one: --command "{example}{files[0].name} {{port}}"',
    )


def _rank(file: Path) -> tuple[int, str]:
    stem = file.stem.lower()
    return (_NAMES.index(stem) if stem in _NAMES else len(_NAMES), stem)


def _arguments(text: str) -> Sequence[tuple[tuple[str, ...], str]]:
    """Return the ways to pass the port, first those that the source mentions."""
    flags = [flag for flag in ("--port", "-p") if re.search(rf"""["']{flag}["']""", text)]
    takes = re.search(r"argv|ARGV|\bargs\b|os\.Args|add_argument", text)

    def likely(arguments: tuple[tuple[str, ...], str]) -> int:
        words = arguments[0]
        if flags:
            return 0 if words[:1] == (flags[0],) else 1
        return 0 if bool(takes) == bool(words) else 1

    return sorted(_ARGUMENTS, key=likely)


def _from_executables(folder: Path) -> Iterator[StartCommand]:
    sources = {language.suffix for language in _LANGUAGES}
    for file in sorted(folder.iterdir(), key=_rank):
        is_hidden = file.name.startswith(".") or file.suffix in sources
        if file.is_file() and file.stat().st_mode & 0o111 and not is_hidden:
            for arguments, why in _ARGUMENTS:
                yield StartCommand(
                    (f"./{file.name}", *arguments), f"{file.name} is executable; {why}"
                )


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""

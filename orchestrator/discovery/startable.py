"""What there is to start in a program's folder, the likeliest way first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import LabError

_LARGEST = 400_000  # bytes of a source that are looked at
_NAMES = ("chat", "main", "peer", "app", "server", "program")  # the likeliest first
_PYTHONS = ("python", "python3")


@dataclass(frozen=True, slots=True)
class Startable:
    """One way to start a program.

    Attributes:
        command: the words, as `start.command` has them.
        why: what speaks for it, in a few words.
        build: commands that build it before.
        packages: Debian packages that it needs in a container.
    """

    command: tuple[str, ...]
    why: str
    build: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Language:
    """How programs in one language are built and started."""

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


def ways(folder: Path, command: str = "") -> list[Startable]:
    """Return the ways to start what is in `folder`, the likeliest first.

    Args:
        folder: the program's.
        command: what starts it, as a shell would read it; empty to look for it.

    Raises:
        LabError: nothing there looks like a program, or several things do, or the command cannot
            be read.
    """
    if command:
        return list(_given(folder, command))
    found = list(_made(folder)) or [*_sources(folder), *_executables(folder)]
    if not found:
        raise LabError(
            f"{folder}: nothing there looks like a program",
            hint='say how it is started: --command "python3 chat.py {port}"',
        )
    return found


def _given(folder: Path, command: str) -> Iterator[Startable]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise LabError(f"--command cannot be read: {error}", hint="see its quotes") from error
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
        yield Startable(words, "as it was given", build, packages)
        return
    for arguments, why in _ARGUMENTS:
        yield Startable((*words, *arguments), f"as it was given, {why}", build, packages)


_ARGUMENTS = (
    (("{port}",), "the port as its argument"),
    ((), "without arguments"),
    (("--port", "{port}"), "the port behind --port"),
    (("-p", "{port}"), "the port behind -p"),
)


def _made(folder: Path) -> Iterator[Startable]:
    """Yield what a Makefile makes."""
    for name in ("Makefile", "makefile", "GNUmakefile"):
        text = _text(folder / name)
        if made := _what_is_made(text):
            packages = ("make", "gcc", "libc6-dev")
            for arguments, why in _ARGUMENTS:
                yield Startable((f"./{made}", *arguments), f"{name} makes {made}; {why}",
                                (("make",),), packages)  # fmt: skip
            return


def _what_is_made(makefile: str) -> str:
    """Return the program that a Makefile makes; empty where nobody can say.

    Targets that only do something, such as `run`, are none: nothing is built for them.
    """
    text = _filled_in(makefile)
    named = re.findall(r"\s-o\s*([\w./-]+)(?![\w./$({-])", text)
    rules = re.findall(r"^([\w./-]+)[ \t]*:(?!=)(.*(?:\n\t.*)*)", text, re.MULTILINE)
    built = [target for target, how in rules if _COMPILES.search(how)]
    likely = (each for each in [*named, *built] if not _NOT_MADE.search(each))
    return next(likely, "")


_NOT_MADE = re.compile(r"^\.|\.(o|a|so|class)$|^(all|clean|run|test|install)$")
_COMPILES = re.compile(
    r"\b(gcc|g\+\+|cc|clang|c\+\+|go build)|\$[({](CC|CXX|LINK)|\.(o|c|cc|cpp)\b"
)


def _filled_in(makefile: str) -> str:
    """Return a Makefile with its plain variables, such as the name of what it makes, filled in."""
    given = dict(re.findall(r"^(\w+)[ \t]*[:?]?=[ \t]*([\w./-]+)[ \t]*$", makefile, re.MULTILINE))
    text = re.sub(r"\$[({](\w+)[)}]", lambda found: given.get(found[1], found[0]), makefile)
    rules = re.compile(r"^([\w./-]+)[ \t]*:(?!=).*(?:\n\t.*)*", re.MULTILINE)
    return rules.sub(lambda rule: rule[0].replace("$@", rule[1]), text)


def _sources(folder: Path) -> Iterator[Startable]:
    every = [(language, main) for language in _LANGUAGES for main in _mains(folder, language)]
    if not every:
        return
    main = _the_one(folder, [file for _, file in every])
    language = next(each for each, file in every if file == main)
    found = (path for path in folder.glob(f"*{language.suffix}") if path.is_file())
    files = sorted(found, key=_rank)
    for arguments, why in _arguments(_text(main)):
        yield Startable((*language.command(main), *arguments), f"{main.name}, {why}",
                        language.build(files), language.packages)  # fmt: skip


def _mains(folder: Path, language: _Language) -> list[Path]:
    """Return the sources in a language that can be started: no other one takes them in."""
    files = sorted(folder.glob(f"*{language.suffix}"), key=_rank)
    mains = [file for file in files if language.is_main.search(_text(file))] or files[:1]
    words = {file: _taken_in(_text(file)) for file in files}
    used = {file for file in mains if any(file.stem in words[one] for one in files if one != file)}
    return [file for file in mains if file not in used] or mains[:1]


def _taken_in(text: str) -> set[str]:
    """Return the modules that a source speaks of where it takes others in."""
    lines = re.findall(
        r"^\s*(?:import|from|use|require)\b.*|\brequire\w*\s*\(?.*", text, re.MULTILINE
    )
    return {word for line in lines for word in re.findall(r"\w+", line)}


def _the_one(folder: Path, files: Sequence[Path]) -> Path:
    """Return the one that is meant, the only one or the only one with a program's name.

    Raises:
        LabError: nobody can say which is meant.
    """
    named = [file for file in files if file.stem.lower() in _NAMES]
    likely = files if len(files) == 1 else named
    if len(likely) == 1:
        return likely[0]
    names = ", ".join(sorted(file.name for file in named or files))
    example = "python3 " if files[0].suffix == ".py" else "./"
    raise LabError(
        f"{folder}: several programs could be meant: {names}",
        hint=f'say which: --command "{example}{files[0].name} {{port}}"',
    )


def _rank(file: Path) -> tuple[int, str]:
    stem = file.stem.lower()
    return (_NAMES.index(stem) if stem in _NAMES else len(_NAMES), stem)


def _arguments(text: str) -> Sequence[tuple[tuple[str, ...], str]]:
    """Return the ways to give the port, those first that the source speaks of."""
    flags = [flag for flag in ("--port", "-p") if re.search(rf"""["']{flag}["']""", text)]
    takes = re.search(r"argv|ARGV|\bargs\b|os\.Args|add_argument", text)

    def likely(each: tuple[tuple[str, ...], str]) -> int:
        words = each[0]
        if flags:
            return 0 if words[:1] == (flags[0],) else 1
        return 0 if bool(takes) == bool(words) else 1

    return sorted(_ARGUMENTS, key=likely)


def _executables(folder: Path) -> Iterator[Startable]:
    sources = {each.suffix for each in _LANGUAGES}
    for file in sorted(folder.iterdir(), key=_rank):
        is_hidden = file.name.startswith(".") or file.suffix in sources
        if file.is_file() and file.stat().st_mode & 0o111 and not is_hidden:
            for arguments, why in _ARGUMENTS:
                yield Startable((f"./{file.name}", *arguments), f"{file.name} can be run; {why}")


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""

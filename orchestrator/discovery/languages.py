"""How programs in each language are built and started, as a person would type it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestrator.discovery.sources import SourceFile

Words = tuple[str, ...]

_BUILT = ("chat", "chat-program", "the-chat")  # names for what is built
_HEADERS = (".h", ".hh", ".hpp", ".hxx")
_C, _CPP = (".c",), (".cpp", ".cc", ".cxx", ".C")


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of one program."""

    main: SourceFile
    own: Sequence[SourceFile]  # those of its language, the main one first, without other mains
    all: Sequence[SourceFile]  # whatever lies in the folder
    wanted: str = ""  # the name for what is built; empty for any

    @property
    def name(self) -> str:
        """A name for what is built, which no file or folder has."""
        if self.wanted:
            return self.wanted
        taken = {one.path.parts[0] for one in self.all}
        return next((name for name in _BUILT if name not in taken), "built-chat")

    def has(self, pattern: str) -> bool:
        """Return whether a line of its sources matches a pattern."""
        return any(re.search(pattern, one.text, re.MULTILINE) for one in self.own)

    def header_folders(self) -> list[str]:
        """Return the folders of headers; the program's own if they are included like a system's."""
        headers = [one.path for one in self.all if one.path.suffix in _HEADERS]

        def is_needed(header: PurePosixPath) -> bool:
            named = rf"^\s*#\s*include\s*<{re.escape(header.name)}>"
            return len(header.parts) > 1 or self.has(named)

        return list(dict.fromkeys(str(header.parent) for header in filter(is_needed, headers)))


@dataclass(frozen=True, slots=True)
class Made:
    """How one program is built and started."""

    command: Words
    build: tuple[Words, ...] = ()
    packages: Words = ()  # further Debian packages


@dataclass(frozen=True, slots=True)
class Language:
    """A language in which programs are written."""

    name: str
    suffixes: Words
    packages: Words  # Debian packages with its compiler or interpreter
    is_main: re.Pattern[str]  # in a file that can be started
    make: Callable[[Parts], Made]
    interpreters: re.Pattern[str] = re.compile(r"^\b$")  # those that a first line may name
    tools: Words = ()  # programs by which a command or a Makefile is known to need the packages

    def holds(self, source: SourceFile) -> bool:
        """Return whether a file is written in it."""
        if source.path.suffix:
            return source.path.suffix in self.suffixes
        return bool(source.interpreter and self.interpreters.search(source.interpreter))


# Header, library, Debian package
_LIBRARIES = (
    (r"math\.h", "-lm", ""),
    (r"cmath", "-lm", ""),
    (r"readline/", "-lreadline", "libreadline-dev"),
    (r"n?curses\.h", "-lncurses", "libncurses-dev"),
    (r"openssl/", "-lssl -lcrypto", "libssl-dev"),
    (r"uuid/", "-luuid", "uuid-dev"),
    (r"boost/", "", "libboost-dev"),
)


def _compiled(compiler: str) -> Callable[[Parts], Made]:
    def make(parts: Parts) -> Made:
        given = [f"-I{folder}" for folder in parts.header_folders()]
        linked: list[str] = []
        packages: list[str] = []
        for header, libraries, package in _LIBRARIES:
            if parts.has(rf"^\s*#\s*include\s*<{header}"):
                linked += [word for word in libraries.split() if word not in linked]
                packages += [package] if package else []
        files = [str(one) for one in parts.own]
        words = (compiler, "-pthread", *given, "-o", parts.name, *files, *linked)
        return Made((f"./{parts.name}",), (words,), tuple(packages))

    return make


def _interpreted(*words: str) -> Callable[[Parts], Made]:
    return lambda parts: Made((*words, str(parts.main)))


def _typescript(parts: Parts) -> Made:
    manifests = [one.text for one in parts.all if one.path.name == "package.json"]
    is_module = any(re.search(r'"type"\s*:\s*"module"', text) for text in manifests)
    made = f"{parts.name}/{parts.main.path.with_suffix('.js')}"
    options = f"--rootDir . --outDir {parts.name} --target es2020 --moduleResolution node"
    form = "es2020" if is_module else "commonjs"
    compiled = f"tsc {options} --module {form} --esModuleInterop {shlex.quote(str(parts.main))}"
    # it misses the types of Node's own modules, and writes the program all the same
    build = ("sh", "-c", f"{compiled} || test -f {shlex.quote(made)}")
    return Made(("node", made), (build,))


def _python(parts: Parts) -> Made:
    path = parts.main.path
    is_module = path.name == "__main__.py" or re.search(r"^\s*from \.", parts.main.text, re.M)
    if is_module and len(path.parts) > 1:
        dotted = ".".join(path.with_suffix("").parts).removesuffix(".__main__")
        return Made(("{python}", "-m", dotted))
    return Made(("{python}", str(path)))


def _perl(parts: Parts) -> Made:
    modules = [one for one in parts.all if one.path.suffix == ".pm"]
    roots = dict.fromkeys(str(_root(one.path, _declared(one, "::"))) for one in modules)
    return Made(("perl", *(f"-I{root}" for root in roots), str(parts.main)))


def _java(parts: Parts) -> Made:
    files = [str(one) for one in parts.own]
    jars = [str(one) for one in parts.all if one.path.suffix == ".jar"]
    package = _declared(parts.main, ".")
    name = f"{package}.{parts.main.stem}" if package else parts.main.stem
    if not package and not jars and all(len(one.path.parts) == 1 for one in parts.own):
        return Made(("java", "-cp", ".", name), (("javac", *files),))
    given = ("-cp", ":".join(jars)) if jars else ()
    command = ("java", "-cp", ":".join(["classes", *jars]), name)
    return Made(command, (("javac", "-d", "classes", *given, *files),))


def _declared(source: SourceFile, separator: str) -> str:
    """Return the package that a file declares itself part of; for Perl, its whole name."""
    found = re.search(rf"^\s*package\s+(\w+(?:{re.escape(separator)}\w+)*)\s*;", source.text, re.M)
    return found[1] if found else ""


def _root(path: PurePosixPath, package: str) -> PurePosixPath:
    """Return the folder in which a module of this name is looked for."""
    return path.parents[max(0, min(package.count("::"), len(path.parents) - 1))]


def _go(parts: Parts) -> Made:
    module = _nearest(parts, "go.mod")
    at = parts.main.path.parent
    if module is None:
        files = [str(one) for one in parts.own if one.path.parent == at]
        return Made((f"./{parts.name}",), (("go", "build", "-o", parts.name, *files),))
    inner = at.relative_to(module)
    package = "." if str(inner) == "." else f"./{inner}"
    build: Words = ("go", "build", "-o", parts.name, package)
    if str(module) != ".":  # Go looks for the module in the folder that it is started in
        up = "../" * len(module.parts)
        build = ("sh", "-c", f"cd {module} && go build -o {up}{parts.name} {package}")
    return Made((f"./{parts.name}",), (build,))


def _rust(parts: Parts) -> Made:
    crate = _nearest(parts, "Cargo.toml")
    if crate is None:
        build = ("rustc", "--edition", "2021", "-o", parts.name, str(parts.main))
        return Made((f"./{parts.name}",), (build,))
    manifest = next(one for one in parts.all if one.path == crate / "Cargo.toml")
    path, stem = parts.main.path, parts.main.stem
    binary = re.search(r'^\[\[bin\]\][^\[]*?^name\s*=\s*"([^"]+)"', manifest.text, re.M | re.S)
    package = re.search(r'^\[package\][^\[]*?^name\s*=\s*"([^"]+)"', manifest.text, re.M | re.S)
    name = binary[1] if binary else package[1] if package else "chat"
    name = stem if path.parent.name == "bin" else name
    where = () if str(crate) == "." else ("--manifest-path", str(crate / "Cargo.toml"))
    built = str(crate / "target/debug" / name)
    return Made((f"./{built}",), (("cargo", "build", "--offline", *where),), ("cargo",))


def _nearest(parts: Parts, name: str) -> PurePosixPath | None:
    """Return the innermost folder around the main file that has a file of this name."""
    homes = {one.path.parent for one in parts.all if one.path.name == name}
    return next((folder for folder in parts.main.path.parents if folder in homes), None)


_SHELL_TOOLS = {"nc": "netcat-openbsd", "ncat": "ncat", "socat": "socat", "telnet": "telnet"}


def _shell(parts: Parts) -> Made:
    shell = parts.main.interpreter or "bash"
    packages = [package for tool, package in _SHELL_TOOLS.items() if parts.has(rf"\b{tool}\b")]
    return Made((shell, str(parts.main)), (), tuple(packages))


_C_MAIN = re.compile(r"^[^/*\n]*\bmain\s*\(", re.MULTILINE)
_ANY = re.compile("")

SHELL = Language("shell", (".sh", ".bash"), (), _ANY, _shell, re.compile(r"^(ba|da|k|z)?sh$"))

LANGUAGES = (
    Language("Python", (".py",), (), re.compile(r"__main__|argv|add_argument|\binput\(|stdin"),
             _python, re.compile(r"^python"), ("python", "python3")),
    Language("C", _C, ("gcc", "libc6-dev"), _C_MAIN, _compiled("gcc"), tools=("gcc", "cc")),
    Language("C++", _CPP, ("g++",), _C_MAIN, _compiled("g++"), tools=("g++", "c++")),
    Language("Perl", (".pl",), ("perl",), _ANY, _perl, re.compile("^perl"), ("perl",)),
    Language("JavaScript", (".js", ".mjs", ".cjs"), ("nodejs",),
             re.compile(r"process\.|require|import "), _interpreted("node"),
             re.compile("^node"), ("node", "nodejs")),
    Language("TypeScript", (".ts",), ("nodejs", "node-typescript"),
             re.compile(r"process\.|require|import "), _typescript, tools=("tsc",)),
    Language("Java", (".java",), ("default-jdk-headless",),
             re.compile(r"static\s+(?:final\s+)?void\s+main\s*\("), _java,
             tools=("java", "javac")),
    Language("Go", (".go",), ("golang-go",), re.compile(r"^func\s+main\s*\(", re.MULTILINE), _go,
             tools=("go",)),
    Language("Ruby", (".rb",), ("ruby",), _ANY, _interpreted("ruby"), re.compile("^ruby"),
             ("ruby",)),
    Language("Rust", (".rs",), ("rustc",), re.compile(r"\bfn\s+main\s*\("), _rust,
             tools=("rustc", "cargo")),
    SHELL,
)  # fmt: skip

"""The model of a profile. Pure data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from orchestrator.document import Strict

VERBS = ("help", "myip", "myport", "connect", "list", "terminate", "send", "exit", "raw")
"""What the lab asks of programs; `raw` is any line that somebody types."""

NOTICES = ("connected", "message", "delivered", "undelivered", "closed")
"""What the lab knows of lines that nobody asked for; any other kind is only told apart."""

ANSWERS = ("port", "address", "name")
"""The words that stand for what a program may ask for once it is started."""

Place = tuple[int | str, ...]
"""Where something stands in a file: keys and indices from the top."""

Seconds = Annotated[float, Field(gt=0, le=3600, strict=False)]


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _lines(value: Any) -> Any:
    several = value if isinstance(value, list) else [value]
    return [{"type": each} if isinstance(each, str) else each for each in several]


def _blocks(value: Any) -> Any:
    several = value if isinstance(value, list) else [value]
    return [{"block": [each]} if isinstance(each, str) else each for each in several]


_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Several = Annotated[list[str], BeforeValidator(_several), WithJsonSchema(_ONE_OR_MORE)]
"""One text or several."""


class Line(Strict):
    """One line that is typed.

    Attributes:
        type: the line, with `{argument}` where an argument goes.
        after: pattern of what the program shows before it is typed, its question, which need not
            end with a line break; None for at once.
    """

    type: str
    after: str | None = None


class Block(Strict):
    """What is told in several lines.

    Attributes:
        block: a pattern for each line, in their order; blank lines between them do not count.
    """

    block: Annotated[list[str], Field(min_length=1)]


Lines = Annotated[
    list[Line],
    BeforeValidator(_lines, json_schema_input_type=str | Line | list[str | Line]),
    Field(min_length=1),
]
"""What is typed, line by line."""

Blocks = Annotated[
    list[Block],
    BeforeValidator(_blocks, json_schema_input_type=str | Block | list[str | Block]),
]
"""Patterns of which any will do, each of one line or of several."""


class Start(Strict):
    """How to build and start the program.

    `{port}`, `{address}`, `{name}`, `{folder}` and `{python}` are filled in.

    Attributes:
        command: what starts it, on both engines; the next two where they differ.
        process: what starts it on the process engine.
        container: what the image's own command is given; with a folder, the whole command.
        environment: variables to set.
        folder: the program, copied to where peers run, and their working directory there. In a
            file it is seen from that file, here absolute.
        image: an image that has the program, where it brings no folder; the peers' else.
        packages: Debian packages that it needs beside Python, in a container.
        build: commands that build it in its folder, one after the other, with no network.
        answers: what it asks for once it is started.
    """

    command: Annotated[list[str], Field(min_length=1)] | None = None
    process: Annotated[list[str], Field(min_length=1)] | None = None
    container: list[str] | None = None
    environment: dict[str, str] = {}
    folder: str | None = None
    image: str | None = None
    packages: list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]] = []
    build: list[Annotated[list[str], Field(min_length=1)]] = []
    answers: Annotated[
        list[Line],
        BeforeValidator(_lines, json_schema_input_type=str | Line | list[str | Line]),
    ] = []

    @model_validator(mode="after")
    def _one_way(self) -> Start:
        if self.command and (self.process or self.container is not None):
            raise ValueError("either `command`, or `process` and `container`")
        if not self.command and self.container is None:
            raise ValueError("how is it started? Key `command` is missing")
        if self.image and self.folder:
            raise ValueError("the program is in a `folder` or in an `image`, not in both")
        if self.image and (self.build or self.packages):
            raise ValueError("an `image` has what it needs: no `build` and no `packages` with it")
        return self

    def words(self, engine: Literal["process", "container"]) -> list[str] | None:
        """Return the command on an engine; None where it cannot be started there."""
        return self.command or (self.process if engine == "process" else self.container)


class Verb(Strict):
    """One thing that a person can ask of the program.

    Attributes:
        send: what to type, line by line, with `{argument}` where an argument goes.
        first: a verb that must be asked before each time, such as `list` before `terminate`.
        ok: patterns of a line that says yes.
        fail: patterns of a line that says no; those of `errors` as well.
        row: pattern of a line that carries data.
        silent: whether it may say nothing where it worked.
        ends: what ends a reply: the `line` that says yes or no, or that the program is `quiet`.
    """

    send: Lines
    first: str | None = None
    ok: Several = []
    fail: Several = []
    row: str | None = None
    silent: bool = False
    ends: Literal["line", "quiet"] = "line"


class Console(Strict):
    """How the console behaves, whatever is asked.

    Attributes:
        echo: whether the program shows what is typed, as a line editor does. What the terminal
            itself shows the lab turns off, but for programs in an `image`.
        prompt: what is printed when a line is awaited, each as it is shown; none for no prompt.
        prompt_pattern: patterns of prompts that change, with the blank behind them.
        quiet: seconds of silence after which nothing more is to come, where `sync` cannot tell.
        clear_line: keys that discard what somebody left half-typed.
        literal_key: typed before a control character, so that it is taken as text.
        text: how message texts are shown: as they are, or with backslash escapes.
    """

    echo: bool
    prompt: Several = []
    prompt_pattern: Several = []
    quiet: Seconds = 0.3
    clear_line: str = ""
    literal_key: str = ""
    text: Literal["plain", "backslash"] = "plain"


CRASHES = [
    r"^(?:\w{0,12}[>$%#?] ?)?Traceback \(most recent call last\)",  # a prompt may be in front
    r"^Exception in thread ",  # Python and Java
    r"^Fatal Python error",
    r"^fatal error: (?:all goroutines|concurrent map|stack overflow|unexpected signal)",
    r"^panic: ",
    r"^goroutine \d+ \[[\w ,]+\]:$",
    r"^thread '[^']*'(?: \(\d+\))? panicked at ",
    r"^terminate called (?:after throwing|without an active|recursively)",
    r"^(?:Uncaught )?(?:Type|Reference|Range)Error: ",  # of node; refusals are an `Error`
    r"^Node\.js v\d+\.\d+\.\d+$",
    r"^java\.lang\.(?:NullPointerException|StackOverflowError|OutOfMemoryError)\b",
    r"^=+\d+=+ ?ERROR: \w+Sanitizer: ",
    r"^(?:\S+: (?:line \d+: +)?)?(?:\d+ +)?Segmentation fault",
    r"^(?:free|malloc|realloc)\(\): |^double free or corruption",
    r"^\*\*\* .* \*\*\*: terminated",
]
"""Lines that only a crash shows, in the languages that programs come in.

Each is found at the start of a line alone: further on, somebody may quote it.
"""


class Profile(Strict):
    """One program.

    Attributes:
        port: the port that each peer listens on; on processes another one where the command
            does not say at which address to listen.
        ready: pattern of the line that says the program is ready; empty where none does.
        ready_within: longest wait for that, in seconds.
        answer_within: longest wait for a reply, in seconds.
        sync: the verb that is asked to see that the program listens, and that it is done with
            what it was asked before; empty where no verb is sure to be answered.
        console: how the console behaves.
        verbs: what can be asked, by the lab's names for it.
        notices: patterns of lines that nobody asked for, by the lab's names.
        first_id: the id of the first row of a list that shows no ids.
        lacks: verbs and notices that the program does not have, each with a few words.
        errors: patterns of lines that complain, whatever was typed.
        crash: patterns of lines that only a crash shows.
        reader: a Python class that reads what no pattern can, as `file.py:Class`; a subclass
            of `orchestrator.profile.Reader`. In a file it is seen from that file.
    """

    name: str
    summary: str
    port: Annotated[int, Field(ge=1, le=65_535)]
    start: Start
    ready: str
    ready_within: Seconds = 20.0
    answer_within: Seconds = 10.0
    sync: str = ""
    console: Console
    verbs: dict[str, Verb]
    notices: dict[str, Blocks] = {}
    first_id: int = 1
    lacks: dict[str, str] = {}
    errors: Several = []
    crash: list[str] = CRASHES
    reader: str | None = None

    def patterns(self) -> Iterator[tuple[Place, str]]:
        """Yield every pattern with its place."""
        yield ("ready",), self.ready
        yield from _numbered(("console", "prompt_pattern"), self.console.prompt_pattern)
        yield from _numbered(("errors",), self.errors)
        yield from _numbered(("crash",), self.crash)
        for kind, blocks in self.notices.items():
            for number, one in enumerate(blocks):
                yield from _numbered(("notices", kind, number, "block"), one.block)
        for name, verb in self.verbs.items():
            yield from _numbered(("verbs", name, "ok"), verb.ok)
            yield from _numbered(("verbs", name, "fail"), verb.fail)
            if verb.row:
                yield ("verbs", name, "row"), verb.row
        for place, line in self.lines():
            if line.after is not None:
                yield (*place, "after"), line.after

    def lines(self) -> Iterator[tuple[Place, Line]]:
        """Yield every line that is typed with its place."""
        for index, line in enumerate(self.start.answers):
            yield ("start", "answers", index), line
        for name, verb in self.verbs.items():
            for index, line in enumerate(verb.send):
                yield ("verbs", name, "send", index), line


def _numbered(place: Place, patterns: list[str]) -> Iterator[tuple[Place, str]]:
    for index, pattern in enumerate(patterns):
        yield (*place, index), pattern

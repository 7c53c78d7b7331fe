"""The model of a profile. Pure data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator import chat
from orchestrator.document import FORMER, Strict
from orchestrator.document.schema import described
from orchestrator.profile.keep import Folder
from orchestrator.profile.notices import Blocks
from orchestrator.profile.operation import LINES, ConsoleOperation, InputLine, Texts, groups

ANSWERS = ("port", "address", "name")
"""The placeholders for what a program may ask for at its start."""

_FORMERLY = FORMER["operations"]

Place = tuple[int | str, ...]  # a place in a file: keys and indices from the top

MOST_WRITTEN, MOST_TEXT = 32, 60_000  # files of a profile, and characters in all of them
MOST_KEPT = 4  # folders that one program may keep: each has a limit of its own in a container

Seconds = Annotated[float, Field(gt=0, le=3600, strict=False)]


def _reason(value: Any) -> Any:
    return {"reason": value} if isinstance(value, str) else value


def _console(value: Any) -> Any:
    return {"absent": True} if value == "none" else value


_FILE_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)


def _file_name(text: str) -> str:
    if not _FILE_NAME.fullmatch(text):
        raise ValueError(
            "a file lies below the program's folder: its path has letters, digits, `_`, `.`, `-`"
            " and `/`, and no part begins with a dot"
        )
    return text


FileName = Annotated[str, AfterValidator(_file_name)]
"""The path of a file below a program's folder."""


OF_PEER = re.compile(r"([a-z][a-z0-9-]{0,30})\.([A-Za-z_]\w*)")
"""What a placeholder in braces looks like that stands for something of a peer.

Besides `ANSWERS`, that is a named part of the line with which it says that it is ready.
"""

_OF_PEER = re.compile(rf"\{{{OF_PEER.pattern}\}}")

_OTHERS = re.compile(rf"\{{(peers|index|{OF_PEER.pattern})\}}")


class Room(Strict):
    """What a program may use of a machine, on Docker, if it needs more than others get.

    Attributes:
        memory: megabytes, with those of files in memory.
        folders: megabytes in each folder that it may write to, its own and those it keeps.
    """

    memory: Annotated[int, Field(ge=16, le=2_048)] | None = None
    folders: Annotated[int, Field(ge=1, le=1_024)] | None = None


class Start(Strict):
    """How to build and start the program.

    `{port}`, `{address}`, the peer's own that others dial, `{bind}`, the one to listen on,
    `{name}`, `{folder}` and `{python}` are filled in, and of all peers of the run `{peers}`, their
    addresses with ports, `{index}`, the peer's own place among them from 0 on, and `{bob.address}`,
    `{bob.port}` and `{bob.name}`.

    Attributes:
        command: the command on both engines; use the next two if they differ.
        process: the command on the process engine.
        container: arguments for the image's own command; with a folder, the whole command.
        environment: environment variables.
        folder: the program's folder, relative to the profile's file and absolute once loaded.
            Each peer runs in a copy of it.
        image: an image with the program, if there is no folder; the peers' image by default.
        packages: Debian packages that the program needs in a container, besides Python.
        build: commands that build the program in its folder, in order and without a network.
        answers: answers to the questions that the program asks at its start.
        files: texts of files that the program finds in its folder, by their paths there. The same
            is filled in; a brace that is meant is written twice.
        room: what it may use on Docker, if it needs more than others get.
        keep: folders that keep their files when the program ends and is started again, relative to
            the program's folder or, in a container, absolute.
    """

    command: Annotated[list[str], Field(min_length=1)] | None = None
    process: Annotated[list[str], Field(min_length=1)] | None = None
    container: list[str] | None = None
    environment: dict[str, str] = {}
    folder: str | None = None
    image: str | None = None
    packages: list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]] = []
    build: list[Annotated[list[str], Field(min_length=1)]] = []
    answers: Annotated[list[InputLine], LINES] = []
    files: Annotated[dict[FileName, str], Field(max_length=MOST_WRITTEN)] = {}
    room: Room = Room()
    keep: Annotated[list[Folder], Field(max_length=MOST_KEPT)] = []

    @model_validator(mode="after")
    def _check_combination(self) -> Start:
        if self.command and (self.process or self.container is not None):
            raise ValueError("either `command`, or `process` and `container`")
        if not self.command and self.container is None:
            raise ValueError("key `command` is missing: how is the program started?")
        if self.image and self.folder:
            raise ValueError("the program is in a `folder` or in an `image`, not in both")
        if self.image and (self.build or self.packages):
            raise ValueError("an `image` is ready to run: leave out `build` and `packages`")
        if self.image and self.files:
            raise ValueError("an `image` brings its files along: leave out `files`")
        if sum(map(len, self.files.values())) > MOST_TEXT:
            raise ValueError(f"`files` have at most {MOST_TEXT:,} characters in all")
        return self

    @property
    def is_missing(self) -> bool:
        """Whether nothing is said of how the program is started, as for a service of Compose."""
        return not (self.command or self.process or self.container or self.image or self.folder)

    @property
    def is_about_others(self) -> bool:
        """Whether something in it stands for other peers of a run."""
        return any(_OTHERS.search(text) for text in self.all_templates)

    @property
    def peers_named(self) -> set[str]:
        """The peers of which something is filled in by name."""
        found = (_OTHERS.finditer(text) for text in self.all_templates)
        return {match[2] for matches in found for match in matches if match[2]}

    @property
    def all_templates(self) -> list[str]:
        """The texts in which any engine fills in placeholders when it starts the program."""
        return [*(self.words("process") or ()), *self.templates("container")]

    def templates(self, engine: Literal["process", "container"]) -> list[str]:
        """Return the texts in which an engine fills in placeholders when it starts the program."""
        answers = [line.type for line in self.answers]
        return [*(self.words(engine) or ()), *self.files.values(), *answers]

    def words(self, engine: Literal["process", "container"]) -> list[str] | None:
        """Return the command for an engine; None if the program cannot be started there."""
        return self.command or (self.process if engine == "process" else self.container)


class ConsoleSettings(Strict):
    """What the console is, and how it behaves, whatever the verb.

    It is the program's own terminal unless one of the first two says otherwise.

    Attributes:
        exec: the command of a client that runs beside the program, on a terminal of its own, which
            is the console then. The same is filled in as in `start`.
        absent: whether there is no console, only the program's log: what `console: none` says.
        echo: whether the program echoes input, as a line editor does. The lab turns off the
            terminal's own echo, except for programs in an `image`.
        prompt: the prompts, exactly as printed; none if there is no prompt.
        prompt_pattern: patterns of prompts that change, including the trailing space.
        quiet: seconds of silence after which a reply is complete if there is no `sync`.
        clear_line: keys that discard a half-typed line.
        literal_key: key that makes the next control character literal.
        text: how message texts are shown: `plain`, or with `backslash` escapes.
    """

    exec: Annotated[list[str], Field(min_length=1)] | None = None
    absent: bool = False
    echo: bool = False
    prompt: Texts = []
    prompt_pattern: Texts = []
    quiet: Seconds = 0.3
    clear_line: str = ""
    literal_key: str = ""
    text: Literal["plain", "backslash"] = "plain"

    @model_validator(mode="after")
    def _check_absence(self) -> ConsoleSettings:
        if self.absent and self.model_fields_set != {"absent"}:
            raise ValueError("without a console there is nothing to describe: `console: none`")
        return self

    @property
    def is_own(self) -> bool:
        """Whether the console is the program's own terminal."""
        return not self.absent and self.exec is None


Console = Annotated[
    ConsoleSettings,
    BeforeValidator(_console, json_schema_input_type=Literal["none"] | ConsoleSettings),
]
"""The settings of a console, or `none`."""


class Lack(Strict):
    """An operation or notice that the program does not have.

    Attributes:
        reason: how that is known, or why it is so.
        doubt: whether that is a guess: what depends on it is unknown then. `peerlab profile new`
            writes it, because not to have found something proves little.
    """

    reason: str
    doubt: bool = False


Lacks = dict[str, Annotated[Lack, BeforeValidator(_reason, json_schema_input_type=str | Lack)]]
"""What a program lacks, by the lab's names; a text alone is the reason."""

CRASHES = [
    r"^(?:\w{0,12}[>$%#?] ?)?Traceback \(most recent call last\)",  # perhaps after a prompt
    r"^Exception in thread ",  # Python and Java
    r"^Fatal Python error",
    r"^fatal error: (?:all goroutines|concurrent map|stack overflow|unexpected signal)",
    r"^panic: ",
    r"^goroutine \d+ \[[\w ,]+\]:$",
    r"^thread '[^']*'(?: \(\d+\))? panicked at ",
    r"^terminate called (?:after throwing|without an active|recursively)",
    r"^(?:Uncaught )?(?:Type|Reference|Range)Error: ",  # Node; a refusal is a plain `Error`
    r"^Node\.js v\d+\.\d+\.\d+$",
    r"^java\.lang\.(?:NullPointerException|StackOverflowError|OutOfMemoryError)\b",
    r"^=+\d+=+ ?ERROR: \w+Sanitizer: ",
    r"^(?:\S+: (?:line \d+: +)?)?(?:\d+ +)?Segmentation fault",
    r"^(?:free|malloc|realloc)\(\): |^double free or corruption",
    r"^\*\*\* .* \*\*\*: terminated",
]
"""Lines that only a crash prints, for common languages.

They match at the start of a line only: further on, a message may be quoting one.
"""


class Profile(Strict):
    """A program: how to start it and how to read its console.

    Attributes:
        name: the program's name.
        summary: the program in a few words.
        port: the port that each peer listens on. On the process engine it is another one if the
            command uses neither `{address}` nor `{bind}`. A service of a Compose file needs none.
        own_ports: whether each peer listens on a port of its own, from `port` on, for a program
            that takes a peer on the same port for itself.
        start: how to build and start the program; of a service, its Compose file says that.
        ready: pattern of the line that says the program is ready; empty if there is none.
        ready_within: longest time to wait for it, in seconds.
        answer_within: longest time to wait for a reply, in seconds.
        sync: a verb that always gets an answer. The lab sends it to see that the program is
            ready, and done with the command before. Empty if there is none.
        console: what the console is and how it behaves; `none` if there is none.
        vocabulary: `chat` if operations and notices of a chat have their usual names, so that the
            lab knows what they mean; files that say `verbs` have it.
        operations: the commands that the program understands, by the names that steps use.
        notices: patterns of unsolicited lines, by the lab's names for them.
        first_id: the id of the first row, for lists that show no ids.
        promises: the checks that judge the program, if not those of its vocabulary.
        lacks: operations and notices that the program does not have, and why.
        errors: patterns of error messages, whatever the verb.
        crash: patterns of lines that only a crash prints.
        reader: a Python class for what patterns cannot read, as `file.py:Class`; a subclass of
            `orchestrator.profile.Reader`. The path is relative to the profile's file.
    """

    name: str
    summary: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 0
    own_ports: bool = False
    start: Start = Start.model_construct(container=[])
    ready: str = ""
    ready_within: Seconds = 20.0
    answer_within: Seconds = 10.0
    sync: str = ""
    console: Console
    vocabulary: Literal["chat"] | None = None
    operations: dict[str, ConsoleOperation] = {}
    notices: dict[str, Blocks] = {}
    first_id: int = 1
    promises: list[str] | None = None
    lacks: Lacks = {}
    errors: Texts = []
    crash: list[str] = CRASHES
    reader: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _respell(cls, data: Any) -> Any:
        """Return the keys of a file as they are spelt today; only chats had the old spelling."""
        if not isinstance(data, dict) or _FORMERLY not in data:
            return data
        if "operations" in data:
            raise ValueError(f"`{_FORMERLY}` is the old spelling of `operations`: leave one out")
        rest = {key: value for key, value in data.items() if key != _FORMERLY}
        return {"vocabulary": "chat", **rest, "operations": data[_FORMERLY]}

    @property
    def awaited(self) -> dict[str, set[str]]:
        """What other peers must have printed when they became ready before it can be started.

        By peer, the named parts of that line.
        """
        texts = [*self.start.all_templates, *(self.console.exec or ())]
        found = [match for text in texts for match in _OF_PEER.finditer(text)]
        awaited: dict[str, set[str]] = {}
        for peer, part in (match.groups() for match in found):
            if part not in ANSWERS:
                awaited.setdefault(peer, set()).add(part)
        return awaited

    @property
    def peers_named(self) -> set[str]:
        """The peers of which something is filled in by name, for the program or its client."""
        client = (_OF_PEER.finditer(word) for word in self.console.exec or ())
        return self.start.peers_named | {match[1] for found in client for match in found}

    def means(self, kind: str) -> str:
        """Return what a notice means: what its description says, or else its own name."""
        return next((block.means for block in self.notices.get(kind, ()) if block.means), kind)

    @property
    def shown(self) -> dict[str, list[str]]:
        """The notices that can be read, by what they mean, each with its names."""
        shown: dict[str, list[str]] = {}
        for kind in self.notices:
            shown.setdefault(self.means(kind), []).append(kind)
        return shown

    @property
    def recorded(self) -> list[str]:
        """The notices that can be read, as the history calls them: those of a chat by meaning."""
        return [*(self.shown if self.vocabulary == "chat" else self.notices)]

    @property
    def is_dialled(self) -> bool:
        """Whether its peers listen for others, as far as the vocabulary says."""
        return self.vocabulary != "chat" or chat.CONNECT in self.operations

    @property
    def announced(self) -> set[str]:
        """The named parts of the line with which the program says that it is ready."""
        return groups([self.ready])

    def patterns(self) -> Iterator[tuple[Place, str]]:
        """Yield every pattern with its place."""
        yield ("ready",), self.ready
        yield from _numbered(("console", "prompt_pattern"), self.console.prompt_pattern)
        yield from _numbered(("errors",), self.errors)
        yield from _numbered(("crash",), self.crash)
        for kind, blocks in self.notices.items():
            for number, block in enumerate(blocks):
                yield from _numbered(("notices", kind, number, "block"), block.block)
                yield from _numbered(("notices", kind, number, "also"), block.also)
        for name, operation in self.operations.items():
            for place, pattern in operation.patterns():
                yield ("operations", name, *place), pattern
        for place, line in self.lines():
            if line.after is not None:
                yield (*place, "after"), line.after

    def lines(self) -> Iterator[tuple[Place, InputLine]]:
        """Yield every line to type with its place."""
        for index, line in enumerate(self.start.answers):
            yield ("start", "answers", index), line
        for name, operation in self.operations.items():
            for index, line in enumerate(operation.send):
                yield ("operations", name, "send", index), line


def schema() -> dict[str, Any]:
    """Return the JSON Schema of profiles: see docs/profile.schema.json."""
    made = described(Profile, "A profile of Peerlab")
    keys = made["properties"]
    old = {"description": "the old spelling of `operations`, of a chat", "deprecated": True}
    keys[_FORMERLY] = {**keys["operations"], **old}
    return made


def _numbered(place: Place, patterns: list[str]) -> Iterator[tuple[Place, str]]:
    for index, pattern in enumerate(patterns):
        yield (*place, index), pattern

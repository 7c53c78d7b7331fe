"""What a program looks like, as data: how to start it and how to read its console.

No pattern of any program stands in the orchestrator's code: it all comes from a file
in `profiles/`, read into the model here.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from orchestrator import document
from orchestrator.document import Problem, Strict

FOLDER = Path(__file__).resolve().parent.parent / "profiles"
"""Where the profiles that come with the lab are."""

_START_WORDS = ("port", "address", "name")
_VERB_WORDS = ("address", "port", "id", "text", "line")  # what the lab has for any verb
Seconds = Annotated[float, Field(gt=0, le=3600, strict=False)]


class Start(Strict):
    """How to start the program; `{port}`, `{address}`, `{name}` and `{python}` are filled in."""

    process: Annotated[list[str], Field(min_length=1)]
    container: list[str]
    environment: dict[str, str] = {}


class Verb(Strict):
    """One thing that a person can ask of the program.

    Attributes:
        send: the line to type, with `{argument}` where an argument goes.
        ok: patterns of the last line of a reply that says yes.
        fail: patterns of the last line of a reply that says no.
        row: pattern of a line before the last one that carries data.
    """

    send: str
    ok: list[str] = []
    fail: list[str] = []
    row: str | None = None

    @field_validator("ok", "fail", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class Console(Strict):
    """How the console behaves, whatever is asked.

    Attributes:
        echo: whether what is typed comes back.
        prompt: what is printed when a line is awaited; empty for none.
        clear_line: keys that discard what somebody left half-typed.
        literal_key: typed before a control character, so that it is taken as text.
        text: how message texts are shown: as they are, or with backslash escapes.
    """

    echo: bool
    prompt: str = ""
    clear_line: str = ""
    literal_key: str = ""
    text: Literal["plain", "backslash"] = "plain"


class Profile(Strict):
    """One program.

    Attributes:
        port: the port that each peer listens on.
        ready: pattern of the line that says the program is ready.
        ready_within: longest wait for that line, in seconds.
        answer_within: longest wait for a reply, in seconds.
        sync: the verb that is asked when a running program is attached to.
        verbs: what can be asked, by the lab's own names for it.
        notices: patterns of lines that nobody asked for, by the lab's names.
    """

    name: str
    summary: str
    port: Annotated[int, Field(ge=1, le=65_535)]
    start: Start
    ready: str
    ready_within: Seconds = 20.0
    answer_within: Seconds = 10.0
    sync: str
    console: Console
    verbs: dict[str, Verb]
    notices: dict[str, str]


class Patterns:
    """A profile's patterns, compiled."""

    def __init__(self, profile: Profile) -> None:
        self.ready = re.compile(profile.ready)
        self.notices = {kind: re.compile(text) for kind, text in profile.notices.items()}
        self.ok = {name: [re.compile(p) for p in verb.ok] for name, verb in profile.verbs.items()}
        self.fail = {
            name: [re.compile(p) for p in verb.fail] for name, verb in profile.verbs.items()
        }
        self.rows = {name: re.compile(verb.row) for name, verb in profile.verbs.items() if verb.row}

    def notice(self, line: str) -> tuple[str, Mapping[str, str]] | None:
        """Return the kind and the named groups of the notice that `line` is, or None."""
        for kind, pattern in self.notices.items():
            if match := pattern.search(line):
                return kind, match.groupdict(default="")
        return None


def load(name: str) -> Profile:
    """Return the profile called `name`, or the one in the file of that path.

    Raises:
        DocumentError: there is none, or it is wrong.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    return document.read(path, Profile, _problems)


def _problems(profile: Profile) -> Iterator[Problem]:
    if profile.sync not in profile.verbs:
        hint = document.nearest(profile.sync, profile.verbs)
        yield Problem(("sync",), f"no verb {profile.sync!r} here{hint}")
    for place, pattern in _patterns_with_places(profile):
        try:
            re.compile(pattern)
        except re.error as error:
            yield Problem(place, f"not a pattern: {error}")
    for place, template, known in _templates_with_places(profile):
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(template)]
        except ValueError as error:
            yield Problem(place, f"not a template: {error}")
            continue
        for field in fields:
            if field is not None and field not in known:
                yield Problem(place, f"nothing to put for {{{field}}}"
                              + document.nearest(field, known))  # fmt: skip


def _templates_with_places(
    profile: Profile,
) -> Iterator[tuple[tuple[int | str, ...], str, Sequence[str]]]:
    for index, part in enumerate(profile.start.process):
        yield ("start", "process", index), part, ("python", *_START_WORDS)
    for index, part in enumerate(profile.start.container):
        yield ("start", "container", index), part, _START_WORDS
    for name, verb in profile.verbs.items():
        yield ("verbs", name, "send"), verb.send, _VERB_WORDS


def _patterns_with_places(profile: Profile) -> Iterator[tuple[tuple[int | str, ...], str]]:
    yield ("ready",), profile.ready
    for kind, pattern in profile.notices.items():
        yield ("notices", kind), pattern
    for name, verb in profile.verbs.items():
        for index, pattern in enumerate(verb.ok):
            yield ("verbs", name, "ok", index), pattern
        for index, pattern in enumerate(verb.fail):
            yield ("verbs", name, "fail", index), pattern
        if verb.row:
            yield ("verbs", name, "row"), verb.row

"""Whether each pattern of a profile matched what a program showed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.profile import Profile, Reader
from orchestrator.text import cut

_QUOTED = 6  # lines of what came that are quoted
_LONGEST = 160  # characters of a line that is quoted

Place = tuple[int | str, ...]


class State(StrEnum):
    """What is known of a pattern."""

    MATCHED = "matched"
    UNMATCHED = "not matched"
    NO_OCCASION = "no occasion"


@dataclass(frozen=True, slots=True)
class Asked:
    """A verb that was asked.

    Attributes:
        verb: by the lab's names.
        right: whether it ought to succeed; None where nobody can say.
        ok: whether the reply says so; None where it could not be read.
        lines: of the reply.
        occasion: what was done, in a few words.
        rows: whether somebody ought to be listed.
    """

    verb: str
    right: bool | None
    ok: bool | None
    lines: tuple[str, ...]
    occasion: str
    rows: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What came at the other end.

    Attributes:
        kind: the notice that is due.
        read: whether it was read as one.
        lines: all that came.
        occasion: what was done.
    """

    kind: str
    read: bool
    lines: tuple[str, ...]
    occasion: str


@dataclass(slots=True)
class Heard:
    """All that came while a program was driven.

    Attributes:
        greeting: at the start, until it was ready.
        asked: replies.
        told: notices that were due.
        stray: lines that are neither reply nor notice.
        screens: all that was shown.
        problems: what could not be done, in a sentence each.
    """

    greeting: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    screens: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of one pattern.

    Attributes:
        place: in the profile.
        pattern: itself.
        state: whether it matched.
        says: what it caught, or the text that it should have matched.
    """

    place: Place
    pattern: str
    state: State
    says: str

    @property
    def name(self) -> str:
        """The place as a person reads it: `verbs.connect.ok`, `notices.message block 2`."""
        *front, last = self.place
        if "block" in front:
            name = ".".join(str(each) for each in front if each not in ("block", 0))
            return name if last == 0 else f"{name} block {int(last) + 1}"
        shown = [*front, *([last] if last != 0 else [])]
        return ".".join(str(each) for each in shown)


def check(profile: Profile, heard: Heard) -> list[Checked]:
    """Return what is known of each pattern of a profile, in its order."""
    standard = set(Profile.model_fields["crash"].get_default())
    return [
        _one(place, pattern, heard)
        for place, pattern in profile.patterns()
        if pattern and not (place[0] == "crash" and pattern in standard)
    ]


def _one(place: Place, pattern: str, heard: Heard) -> Checked:
    lines, missed = _occasions(place, heard)
    compiled = re.compile(pattern)
    for line in lines:
        if found := compiled.search(line):
            return Checked(place, pattern, State.MATCHED, _caught(line, found))
    if missed:
        return Checked(place, pattern, State.UNMATCHED, _came(missed))
    return Checked(place, pattern, State.NO_OCCASION, "never had an occasion")


def _occasions(place: Place, heard: Heard) -> tuple[list[str], list[str]]:
    """Return the lines that a pattern may match, and what it should have matched."""
    match place:
        case ("ready",):
            return heard.greeting, heard.greeting or ["(nothing)"]
        case ("notices", str(kind), *_):
            return _of_notice(heard, kind)
        case ("verbs", "raw", *_):
            return _lines(heard.asked), []
        case ("verbs", str(verb), "ok", *_):
            those = [each for each in heard.asked if each.verb == verb]
            right = [each for each in those if each.right]
            return _lines(those), _unread(right) if all(each.ok is None for each in right) else []
        case ("verbs", str(verb), "fail", *_):
            those = [each for each in heard.asked if each.verb == verb]
            return _lines(those), _unread(each for each in those if each.right is False)
        case ("verbs", str(verb), "row"):
            those = [each for each in heard.asked if each.verb == verb]
            return _lines(those), _raw_lines(each for each in those if each.rows)
        case ("errors", *_):
            wrong = [each for each in heard.asked if not each.right]
            return _lines(wrong), _unread(each for each in wrong if each.right is False)
        case ("verbs" | "start", *_, "after"):
            return heard.screens, []
    return heard.screens, []


def _of_notice(heard: Heard, kind: str) -> tuple[list[str], list[str]]:
    those = [each for each in heard.told if each.kind == kind]
    every = [line for each in heard.told for line in each.lines]
    lines = [line for each in those for line in each.lines] if those else every
    missed = [_or_nothing(each.occasion, each.lines) for each in those if not each.read]
    return lines, [line for each in missed for line in each]


def _or_nothing(occasion: str, lines: Sequence[str]) -> list[str]:
    return [*lines] or [f"(nothing when {occasion})"]


def _lines(those: Iterable[Asked]) -> list[str]:
    return [line for each in those for line in each.lines]


def _raw_lines(those: Iterable[Asked]) -> list[str]:
    return [line for each in those for line in _or_nothing(each.occasion, each.lines)]


def _unread(those: Iterable[Asked]) -> list[str]:
    """Return what came where no pattern could read the reply."""
    return _raw_lines(each for each in those if each.ok is None)


def _caught(line: str, found: re.Match[str]) -> str:
    named = {name: text for name, text in found.groupdict().items() if text is not None}
    if not named:
        return cut(line, _LONGEST)
    return ", ".join(f"{name}: {cut(text, _LONGEST)!r}" for name, text in named.items())


def _came(lines: Sequence[str]) -> str:
    shown = [cut(line, _LONGEST) for line in dict.fromkeys(lines)]
    more = f"\n… and {len(shown) - _QUOTED} more lines" if len(shown) > _QUOTED else ""
    return "no line matched; what came was:\n" + "\n".join(shown[:_QUOTED]) + more


def unread(profile: Profile, heard: Heard) -> list[str]:
    """Return the lines that no pattern of a profile matches, and no reply has read."""
    reader = Reader(profile)
    lines = list(heard.stray)
    lines += [line for each in heard.asked if each.ok is None for line in each.lines]
    known = [re.compile(pattern) for _, pattern in profile.patterns() if pattern]
    return list(dict.fromkeys(
        line for line in lines
        if line.strip() and not any(each.search(line) for each in known)
        and not reader.is_crash(line)
    ))  # fmt: skip


def mismatches(checked: Iterable[Checked]) -> Iterator[Checked]:
    """Yield the patterns that did not match what they should have."""
    return (each for each in checked if each.state is State.UNMATCHED)

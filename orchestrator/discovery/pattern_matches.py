"""Decide which patterns of a profile matched what its program printed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.patterns import Match, compiled, search_line
from orchestrator.profile import Place, Profile, Reader
from orchestrator.text import cut

_QUOTED = 6  # lines of output that are quoted
_LONGEST = 160  # characters of a quoted line


class MatchState(StrEnum):
    """Whether a pattern matched."""

    MATCHED = "matched"
    UNMATCHED = "not matched"
    NO_OCCASION = "no occasion"


@dataclass(frozen=True, slots=True)
class ReplySeen:
    """The reply to a verb."""

    verb: str
    right: bool | None  # whether it should succeed; None if that is not known
    ok: bool | None  # whether it succeeded; None if the reply could not be read
    lines: tuple[str, ...]  # the lines of the reply
    occasion: str  # what was done, in a few words
    rows: bool = False  # whether it should contain rows


@dataclass(frozen=True, slots=True)
class NoticeSeen:
    """What the other peer printed when a notice was due."""

    kind: str  # the notice's kind
    read: bool  # whether a pattern read it
    lines: tuple[str, ...]  # everything that was printed
    occasion: str  # what was done, in a few words


@dataclass(slots=True)
class Observations:
    """Everything that a program printed while its profile was checked."""

    greeting: list[str] = field(default_factory=list)  # lines until it was ready
    replies: list[ReplySeen] = field(default_factory=list)  # replies to verbs
    notices: list[NoticeSeen] = field(default_factory=list)  # notices that were due
    stray: list[str] = field(default_factory=list)  # lines that belong to no reply and no notice
    screens: list[str] = field(default_factory=list)  # all lines of all consoles
    problems: list[str] = field(default_factory=list)  # what could not be done, in a sentence each


@dataclass(frozen=True, slots=True)
class PatternCheck:
    """The result for one pattern."""

    place: Place  # its place in the profile
    pattern: str
    state: MatchState  # whether it matched
    says: str  # what its groups captured, or the lines that it should have matched

    @property
    def name(self) -> str:
        """Its place for people: `operations.connect.ok`, `notices.message block 2`."""
        *front, last = self.place
        if "block" in front:
            name = ".".join(str(key) for key in front if key not in ("block", 0))
            return name if last == 0 else f"{name} block {int(last) + 1}"
        return ".".join(str(key) for key in (*front, *([last] if last != 0 else [])))


@dataclass(frozen=True, slots=True)
class ProfileCheck:
    """The result for a profile."""

    file: str  # the profile's file
    patterns: Sequence[PatternCheck]  # the results for its patterns
    positions: Sequence[str]  # line and column of each pattern, as `line:column`
    observations: Observations  # everything that was printed
    unread: Sequence[str]  # lines that no pattern matched

    @property
    def is_wrong(self) -> bool:
        """Whether a pattern did not match, or the program was never ready."""
        return self.broke or any(mismatches(self.patterns))

    @property
    def broke(self) -> bool:
        """Whether nothing could be checked."""
        return not self.observations.replies and not any(mismatches(self.patterns))

    def located(self) -> Iterator[tuple[PatternCheck, str]]:
        """Yield each pattern's result with `file:line`."""
        for pattern, position in zip(self.patterns, self.positions, strict=True):
            yield pattern, f"{Path(self.file).name}:{position.partition(':')[0]}"

    def complaints(self) -> list[str]:
        """Return a line for each mismatch, in a format that editors understand."""
        return [
            f"{self.file}:{position}: {pattern.name}: {_on_one_line(pattern.says)}"
            for pattern, position in zip(self.patterns, self.positions, strict=True)
            if pattern.state is MatchState.UNMATCHED
        ]

    @property
    def tally(self) -> str:
        """How many patterns matched, in a few words."""
        states = [pattern.state for pattern in self.patterns]
        parts = [f"{states.count(MatchState.MATCHED)} of {len(states)} patterns matched"]
        if wrong := states.count(MatchState.UNMATCHED):
            parts.append(f"{wrong} did not match the output")
        if unused := states.count(MatchState.NO_OCCASION):
            parts.append(f"{unused} had no occasion to")
        return ", ".join(parts)

    @property
    def summary(self) -> str:
        """How many patterns matched, in a sentence."""
        return f"{self.file}: {self.tally}"

    def as_data(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "profile": self.file,
            "patterns": [
                {"place": pattern.name, "at": position, "pattern": pattern.pattern,
                 "state": pattern.state.value, "says": pattern.says}
                for pattern, position in zip(self.patterns, self.positions, strict=True)
            ],
            "unread": list(self.unread),
            "problems": self.observations.problems,
        }  # fmt: skip


def check_patterns(profile: Profile, seen: Observations) -> list[PatternCheck]:
    """Return the result for each pattern of a profile, in the order of the file."""
    standard = set(Profile.model_fields["crash"].get_default())
    return [
        _check_pattern(place, pattern, seen)
        for place, pattern in profile.patterns()
        if pattern and not (place[0] == "crash" and pattern in standard)
    ]


def _check_pattern(place: Place, pattern: str, seen: Observations) -> PatternCheck:
    lines, missed = _occasions(place, seen)
    wanted = compiled(pattern)
    for line in lines:
        if found := search_line(wanted, line):
            return PatternCheck(place, pattern, MatchState.MATCHED, _captured(line, found))
    if missed:
        return PatternCheck(place, pattern, MatchState.UNMATCHED, _quote(missed))
    return PatternCheck(place, pattern, MatchState.NO_OCCASION, "never had an occasion")


def _occasions(place: Place, seen: Observations) -> tuple[list[str], list[str]]:
    """Return the lines that a pattern may match, and those that it should have matched."""
    match place:
        case ("ready",):
            return seen.greeting, seen.greeting or ["(nothing)"]
        case ("notices", str(kind), *_):
            return _of_notice(seen, kind)
        case ("operations", "raw", *_):
            return _lines(seen.replies), []
        case ("operations", str(verb), str(key), *_) if key in ("ok", "fail", "row"):
            replies = [reply for reply in seen.replies if reply.verb == verb]
            return _lines(replies), _missed(key, replies)
        case ("errors", *_):
            wrong = [reply for reply in seen.replies if not reply.right]
            return _lines(wrong), _missed("fail", wrong)
    return seen.screens, []


def _missed(key: str, replies: Sequence[ReplySeen]) -> list[str]:
    """Return the lines of replies that a verb's `ok`, `fail` or `row` should have matched."""
    if key == "row":
        return _quotable(reply for reply in replies if reply.rows)
    expected = [reply for reply in replies if reply.right is (key == "ok")]
    unread = [reply for reply in expected if reply.ok is None]
    if key == "ok" and len(unread) < len(expected):  # one of several patterns is enough
        return []
    return _quotable(unread)


def _of_notice(seen: Observations, kind: str) -> tuple[list[str], list[str]]:
    due = [notice for notice in seen.notices if notice.kind == kind]
    lines = [line for notice in due or seen.notices for line in notice.lines]
    return lines, _quotable(notice for notice in due if not notice.read)


def _lines(replies: Iterable[ReplySeen]) -> list[str]:
    return [line for reply in replies for line in reply.lines]


def _quotable(seen: Iterable[ReplySeen | NoticeSeen]) -> list[str]:
    return [line for it in seen for line in it.lines or (f"(nothing after: {it.occasion})",)]


def _captured(line: str, found: Match) -> str:
    named = {name: text for name, text in found.groupdict().items() if text}
    if not named:
        return cut(line, _LONGEST)
    return ", ".join(f"{name}: {cut(text, _LONGEST)!r}" for name, text in named.items())


def _quote(lines: Sequence[str]) -> str:
    shown = [cut(line, _LONGEST) for line in dict.fromkeys(lines)]
    more = f"\n… and {len(shown) - _QUOTED} more lines" if len(shown) > _QUOTED else ""
    return "no line matched; the output was:\n" + "\n".join(shown[:_QUOTED]) + more


def _on_one_line(says: str) -> str:
    first, _, rest = says.partition("\n")
    return f"{first} {' | '.join(rest.splitlines())}"


def unread_lines(profile: Profile, seen: Observations) -> list[str]:
    """Return the lines that no pattern of a profile matches and that are part of no known reply."""
    reader = Reader(profile)
    lines = list(seen.stray)
    lines += [line for reply in seen.replies if reply.ok is None for line in reply.lines]
    known = [compiled(pattern) for _, pattern in profile.patterns() if pattern]
    return list(dict.fromkeys(
        line for line in lines
        if line.strip() and not any(search_line(pattern, line) for pattern in known)
        and not reader.is_crash(line)
    ))  # fmt: skip


def mismatches(checks: Iterable[PatternCheck]) -> Iterator[PatternCheck]:
    """Yield the patterns that did not match what they should have."""
    return (check for check in checks if check.state is MatchState.UNMATCHED)

"""Reads a program's console by its profile's patterns. Pure.

What no pattern can read is read by a subclass, which a profile names as `reader`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.profile.model import Line, Profile


@dataclass(frozen=True, slots=True)
class Found:
    """A notice, as a console told it.

    Attributes:
        kind: by the lab's names; empty while lines are missing.
        fields: its named parts.
    """

    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Says what to type, and what lines mean; override any of it.

    Lines are given as they stand on the screen: without escape sequences, the prompt and
    the line break.

    Args:
        profile: has the patterns.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._ready = re.compile(profile.ready) if profile.ready else None
        self._crash = _any(profile.crash)
        self._notices = [
            (kind, [re.compile(pattern) for pattern in one.block])
            for kind, blocks in profile.notices.items()
            for one in blocks
        ]
        self._ok = {name: _each(verb.ok) for name, verb in profile.verbs.items()}
        self._fail = {
            name: _each([*verb.fail, *profile.errors]) for name, verb in profile.verbs.items()
        }
        self._rows = {n: re.compile(verb.row) for n, verb in profile.verbs.items() if verb.row}

    def typed(self, verb: str, arguments: Mapping[str, object]) -> list[Line]:
        """Return what to type for a verb, line by line.

        Raises:
            KeyError: there is no such verb, or an argument is missing.
        """
        return [
            line.model_copy(update={"type": line.type.format_map(arguments)})
            for line in self.profile.verbs[verb].send
        ]

    def ready(self, line: str) -> Mapping[str, str] | None:
        """Return what the line that says the program is ready tells; None for another line."""
        return _groups(self._ready.search(line)) if self._ready else None

    def outcome(self, verb: str, line: str) -> tuple[bool, Mapping[str, str]] | None:
        """Return whether a line says yes or no, and its named parts; None for neither."""
        for ok, patterns in ((True, self._ok), (False, self._fail)):
            for pattern in patterns.get(verb, ()):
                if (fields := _groups(pattern.search(line))) is not None:
                    return ok, fields
        return None

    def row(self, verb: str, line: str) -> Mapping[str, str] | None:
        """Return the named parts of a row of a reply; None for a line that is none."""
        pattern = self._rows.get(verb)
        return _groups(pattern.search(line)) if pattern else None

    def notice(self, lines: Sequence[str]) -> Found | None:
        """Return the notice that these lines are, without a kind if they only begin one."""
        begun = None
        for kind, block in self._notices:
            found = _matched(block, lines)
            if found is not None and len(lines) == len(block):
                return Found(kind, found)
            if found is not None:
                begun = Found("", found)
        return begun

    def is_crash(self, line: str) -> bool:
        """Tell whether only a crash shows such a line."""
        return bool(self._crash.search(line))


def _matched(block: Sequence[re.Pattern[str]], lines: Sequence[str]) -> dict[str, str] | None:
    """Return the named parts of lines that a block begins with, or is; None for others."""
    if len(lines) > len(block):
        return None
    fields: dict[str, str] = {}
    for pattern, line in zip(block, lines, strict=False):
        found = _groups(pattern.search(line))
        if found is None:
            return None
        fields |= {name: text for name, text in found.items() if text or name not in fields}
    return fields


def _groups(match: re.Match[str] | None) -> dict[str, str] | None:
    return match.groupdict(default="") if match else None


def _each(patterns: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(pattern) for pattern in patterns]


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns) or r"(?!)")

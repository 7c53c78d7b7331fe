"""Read a program's console by its profile's patterns. Pure.

A profile can name a subclass of `Reader` for what patterns cannot read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.errors import DocumentError
from orchestrator.patterns import LinePattern, Match, any_of, compiled, search_line
from orchestrator.profile.model import Profile
from orchestrator.profile.operation import InputLine


@dataclass(frozen=True, slots=True)
class NoticeMatch:
    """A notice that was read from one or more lines.

    Attributes:
        kind: a key of the profile's `notices`; empty while lines of a block are missing.
        fields: its named groups, also by the names that its meaning has for them.
        further: what lines behind it match that say nothing; None if there are none.
    """

    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)
    further: LinePattern | None = field(default=None, compare=False)


class Reader:
    """Says what to type, and what lines mean. Subclasses may override any method.

    Lines come as they appear on the screen, without escape sequences, prompt and line break.

    Args:
        profile: the patterns.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._peers: frozenset[str] = frozenset()  # of the run; empty if that is unknown
        self._ready = compiled(profile.ready) if profile.ready else None
        self._crash = any_of(profile.crash)
        self._notices = [
            (kind, _compiled(block.block), block.fields, any_of(block.also) if block.also else None)
            for kind, blocks in profile.notices.items()
            for block in blocks
        ]
        self._ok = {name: _compiled(it.ok) for name, it in profile.operations.items()}
        self._nil = {name: any_of(it.nil) for name, it in profile.operations.items() if it.nil}
        self._info = {name: any_of(it.info) for name, it in profile.operations.items() if it.info}
        self._fail = {
            name: _compiled([*verb.fail, *profile.errors])
            for name, verb in profile.operations.items()
        }
        self._also = {name: any_of(verb.also) for name, verb in profile.operations.items()}
        self._rows = {
            name: compiled(verb.row) for name, verb in profile.operations.items() if verb.row
        }

    def meet(self, peers: Iterable[str]) -> None:
        """Learn the names of the peers of a run, by which a notice may be told from another one."""
        self._peers = frozenset(peers)

    def typed(self, verb: str, arguments: Mapping[str, object]) -> list[InputLine]:
        """Return the lines to type for a verb.

        Raises:
            KeyError: there is no such verb, or an argument is missing.
        """
        return [
            line.model_copy(update={"type": line.type.format_map(arguments)})
            for line in self.profile.operations[verb].send
        ]

    def ready(self, line: str) -> Mapping[str, str] | None:
        """Return the named groups of the ready line; None for any other line."""
        return _groups(search_line(self._ready, line)) if self._ready else None

    def outcome(self, verb: str, line: str) -> tuple[bool, Mapping[str, str]] | None:
        """Return whether a line reports success, and its named groups; None if it does neither."""
        if self.is_nil(verb, line):
            return True, {}
        if self.is_indefinite(verb, line):
            return False, {}
        for ok, patterns in ((True, self._ok), (False, self._fail)):
            for pattern in patterns.get(verb, ()):
                if (fields := _groups(search_line(pattern, line))) is not None:
                    return ok, fields
        return None

    def is_nil(self, verb: str, line: str) -> bool:
        """Return whether a line reports success with the answer that there is nothing."""
        return verb in self._nil and search_line(self._nil[verb], line) is not None

    def is_indefinite(self, verb: str, line: str) -> bool:
        """Return whether a line says that the operation may have happened or not."""
        return verb in self._info and search_line(self._info[verb], line) is not None

    def row(self, verb: str, line: str) -> Mapping[str, str] | None:
        """Return the named groups of a row of a reply; None for any other line."""
        pattern = self._rows.get(verb)
        return _groups(search_line(pattern, line)) if pattern else None

    def rows(self, verb: str, line: str) -> tuple[list[Mapping[str, str]], str]:
        """Return the named groups of all rows on a line, and what of it no row covers.

        A pattern that does not begin with `^` may be found several times: `[(1, 'a'), (2, 'b')]`.
        Of a line with one row nothing is left, unless its pattern says where a first row begins.
        """
        pattern = self._rows.get(verb)
        source = (self.profile.operations[verb].row or "") if pattern else ""
        found = pattern.every(line) if pattern and not source.startswith("^") else []
        parts = [line[it.start() : it.end()] for it in found]
        if len(parts) <= 1 and not (parts and source.startswith("(?:^")):
            row = self.row(verb, line)
            return ([] if row is None else [row]), ""
        rows = [row for part in parts if (row := self.row(verb, part)) is not None]
        left = line
        for part in parts:
            left = left.replace(part, "", 1)
        return rows, left

    def is_label(self, verb: str, line: str) -> bool:
        """Return whether a line may be part of a reply and says neither yes nor no."""
        return search_line(self._also[verb], line) is not None if verb in self._also else False

    def notice(self, lines: Sequence[str]) -> NoticeMatch | None:
        """Return the notice in these lines, with an empty kind if they only begin one.

        One whose group `name` has a word that is no peer's is taken for another one in whose text
        that word stands, if there is one.
        """
        begun = of_stranger = None
        for kind, block, renamed, further in self._notices:
            fields = _match_block(block, lines)
            if fields is not None and len(lines) == len(block):
                also = {name: fields[group] for name, group in renamed.items() if group in fields}
                found = NoticeMatch(kind, {**fields, **also}, further)
                if of_stranger is None and self._is_stranger(found.fields.get("name", "")):
                    of_stranger = found
                elif of_stranger is None or _has_as_text(found, of_stranger.fields["name"]):
                    return found
            elif fields is not None:
                begun = NoticeMatch("", fields)
        return of_stranger or begun

    def _is_stranger(self, name: str) -> bool:
        return bool(name and self._peers) and name not in self._peers

    def is_crash(self, line: str) -> bool:
        """Return whether only a crash prints such a line."""
        return bool(self._crash.search(line))


class GuardedReader(Reader):
    """Delegates to a user's reader and reports its exceptions as errors of the profile.

    Args:
        inner: the user's reader.

    Raises:
        DocumentError: by every method, if the inner reader raises anything.
    """

    def __init__(self, inner: Reader) -> None:
        super().__init__(inner.profile)
        self._inner = inner

    def meet(self, peers: Iterable[str]) -> None:
        """Learn the names of the peers of a run."""
        self._inner.meet(peers)

    def typed(self, verb: str, arguments: Mapping[str, object]) -> list[InputLine]:
        """Return the lines to type for a verb."""
        if verb not in self.profile.operations:
            raise KeyError(verb)
        with self._guard("typed"):
            return self._inner.typed(verb, arguments)

    def ready(self, line: str) -> Mapping[str, str] | None:
        """Return the named groups of the ready line; None for any other line."""
        with self._guard("ready"):
            return self._inner.ready(line)

    def outcome(self, verb: str, line: str) -> tuple[bool, Mapping[str, str]] | None:
        """Return whether a line reports success, and its named groups; None if it does neither."""
        with self._guard("outcome"):
            return self._inner.outcome(verb, line)

    def is_nil(self, verb: str, line: str) -> bool:
        """Return whether a line reports success with the answer that there is nothing."""
        with self._guard("is_nil"):
            return self._inner.is_nil(verb, line)

    def is_indefinite(self, verb: str, line: str) -> bool:
        """Return whether a line says that the operation may have happened or not."""
        with self._guard("is_indefinite"):
            return self._inner.is_indefinite(verb, line)

    def row(self, verb: str, line: str) -> Mapping[str, str] | None:
        """Return the named groups of a row of a reply; None for any other line."""
        with self._guard("row"):
            return self._inner.row(verb, line)

    def rows(self, verb: str, line: str) -> tuple[list[Mapping[str, str]], str]:
        """Return the named groups of all rows on a line, and what of it no row covers."""
        with self._guard("rows"):
            return self._inner.rows(verb, line)

    def is_label(self, verb: str, line: str) -> bool:
        """Return whether a line may be part of a reply and says neither yes nor no."""
        with self._guard("is_label"):
            return self._inner.is_label(verb, line)

    def notice(self, lines: Sequence[str]) -> NoticeMatch | None:
        """Return the notice in these lines, with an empty kind if they only begin one."""
        with self._guard("notice"):
            return self._inner.notice(lines)

    def is_crash(self, line: str) -> bool:
        """Return whether only a crash prints such a line."""
        with self._guard("is_crash"):
            return self._inner.is_crash(line)

    @contextlib.contextmanager
    def _guard(self, method: str) -> Iterator[None]:
        try:
            yield
        except (Exception, SystemExit) as error:
            raise DocumentError(
                f"{self.profile.reader}: {method}() failed: {type(error).__name__}: {error}",
                hint="it must accept any line that a console may show",
            ) from error


def _has_as_text(notice: NoticeMatch, word: str) -> bool:
    return word in notice.fields.get("text", "")


def _match_block(block: Sequence[LinePattern], lines: Sequence[str]) -> dict[str, str] | None:
    """Return the named groups if `lines` are a block or its beginning; None otherwise."""
    if len(lines) > len(block):
        return None
    fields: dict[str, str] = {}
    for pattern, line in zip(block, lines, strict=False):
        groups = _groups(search_line(pattern, line))
        if groups is None:
            return None
        fields |= {name: text for name, text in groups.items() if text or name not in fields}
    return fields


def _groups(match: Match | None) -> dict[str, str] | None:
    return match.groupdict() if match else None


def _compiled(patterns: Iterable[str]) -> list[LinePattern]:
    return [compiled(pattern) for pattern in patterns]

"""Read the rows of lists before their pattern is known, and infer it. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.discovery.common_rows import common_row, is_glued, misread, runs_on
from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import Exchange, KnownValues, reply_sample
from orchestrator.discovery.row_blocks import (
    BREAK,
    fewest_lines,
    join_rows,
    lines_of,
    value_patterns,
    with_values,
)
from orchestrator.discovery.row_items import RowForm
from orchestrator.discovery.templates import (
    Template,
    Token,
    make_template,
    merge,
    shape,
    to_pattern,
)
from orchestrator.patterns import matches_any

_MOST_ID = 1000  # larger numbers are not taken for ids if there are smaller ones
_LONGEST_ID = 8  # characters; longer words are not taken for ids, unless all are as long
_JOINING = tuple(":/-+@.")  # stand between the parts of an id
_PART_AND_SIGN = 2  # tokens
_UNIQUE = re.compile(r"[0-9a-f]{8,}(?:-[0-9a-f]{4,})*", re.I)  # such as a UUID


def find_rows(
    lines: Sequence[str], empty: Iterable[str], known: KnownValues, own: str = ""
) -> list[str]:
    """Return the rows of a list, each a line that names a peer, or several lines as one.

    That is by its address or port; if no line has either, by the name that the peer was told, which
    is not the `own` one.
    A line that an empty list has as well, with other numbers, counts something: `port 5000, 0 up`.
    """
    before = {shape(make_template(line, known)) for line in empty}
    new = [line for line in lines if shape(make_template(line, known)) not in before]
    made = {line: make_template(line, known) for line in new}
    located = [line for line in new if {it.kind for it in made[line]} & {"address", "port"}]
    named = [line for line in new if any(it.kind == "name" and it.text != own for it in made[line])]
    return join_rows(new, known) or located or named


@dataclass(frozen=True, slots=True)
class Column:
    """A place in the rows of a list that may hold the id."""

    index: int  # among the numbers of a row, or among its words and numbers
    has_words: bool = False  # whether ids are letters, hexadecimal or the like
    has_parts: bool = False  # whether ids have several parts, such as `3:1`

    def cells(self, template: Template) -> list[int]:
        """Return where in a row's template the values are that it counts."""
        words = ("literal", "name") if self.has_words else ()
        return [at for at, token in enumerate(template) if token.kind == "number"
                or (token.kind in words and token.text.isalnum())
                or (self.has_words and bool(_UNIQUE.fullmatch(token.text)))]  # fmt: skip

    def place(self, template: Template) -> int | None:
        """Return where in a row's template the id is; None if the row is too short."""
        cells = self.cells(template)
        return cells[self.index] if self.index < len(cells) else None

    def span(self, template: Template) -> range:
        """Return where in a row's template the tokens of the id are; none if it is too short."""
        place = self.place(template)
        if place is None:
            return range(0)
        start, stop = place, place + 1
        while self.has_parts and start > 1 and _are_joined(template[start - 2 : start]):
            start -= 2
        while self.has_parts and _are_joined(template[stop : stop + 2][::-1]):
            stop += 2
        return range(start, stop)


def id_columns(lists: Sequence[Sequence[str]], known: KnownValues) -> list[Column]:
    """Return which places of a row may hold the id, the most likely first.

    Values are different in every row of a list; a name may be that of a peer to which there are
    several connections. Numbers are small; words are short, and not the same in all lists. If
    there is no such place, numbers may start again within a list, as in a table for either end.
    """
    found = []
    templates = [[make_template(row, known) for row in rows] for rows in lists if rows]
    every = [template for rows in templates for template in rows]
    for has_words in (False, True):
        fits = _are_codes if has_words else _are_small
        width = min((len(Column(0, has_words).cells(it)) for it in every), default=0)
        for column in (Column(index, has_words) for index in range(width)):
            values = [[_value(it, column) for it in rows] for rows in templates]
            if fits(values) and all(_tell_apart(rows, column) for rows in templates):
                found.append(column)
    plain = found or _counting_columns(templates) or _large_columns(templates, known)
    return [*plain, *_columns_of_parts(templates)]


def _columns_of_parts(lists: Sequence[Sequence[Template]]) -> list[Column]:
    """Return the places of rows that may hold an id of several parts, such as `room/2`."""
    width = min((len(Column(0).cells(row)) for rows in lists for row in rows), default=0)
    found: dict[str, Column] = {}
    for column in (Column(index, has_parts=True) for index in range(width)):
        values = [[_value(it, column) for it in rows] for rows in lists]
        every = [*itertools.chain(*values)]
        is_new = len(set(every)) > 1 and not any(map(str.isalnum, every))
        if is_new and all(len(set(rows)) == len(rows) for rows in values):
            found.setdefault(" ".join(every), column)
    return [*found.values()]


def _are_joined(tokens: Sequence[Token]) -> bool:
    """Return whether a part of an id and a sign between it and another part are these tokens."""
    if len(tokens) != _PART_AND_SIGN or tokens[1].text not in _JOINING:
        return False
    return tokens[0].kind in ("literal", "number", "name") and tokens[0].text.isalnum()


def _counting_columns(lists: Sequence[Sequence[Template]]) -> list[Column]:
    """Return the places of rows whose numbers count up, and may start again within a list."""
    width = min((len(Column(0).cells(row)) for rows in lists for row in rows), default=0)
    found = []
    for column in map(Column, range(width)):
        values = [[int(_value(row, column)) for row in rows] for rows in lists]
        pairs = [pair for numbers in values for pair in itertools.pairwise(numbers)]
        lowest = min(itertools.chain(*values))
        counts = any(after > before for before, after in pairs)
        goes_on = all(after > before or after == lowest for before, after in pairs)
        if counts and goes_on and max(itertools.chain(*values)) < _MOST_ID:
            found.append(column)
    return found


def _large_columns(lists: Sequence[Sequence[Template]], known: KnownValues) -> list[Column]:
    """Return the places of rows with large numbers that differ, if they can be no ports.

    The kernel has shown the ports of connections, or rows have ports beside them.
    """
    rows = [*itertools.chain(*lists)]
    have_ports = all(any(token.kind == "port" for token in row) for row in rows)
    width = min((len(Column(0).cells(row)) for row in rows), default=0)
    columns = map(Column, range(width if known.links or have_ports else 0))
    return [column for column in columns if all(_tell_apart(it, column) for it in lists)]


def _tell_apart(rows: Sequence[Template], column: Column) -> bool:
    """Return whether the values differ in all rows, or are names that each belong to one peer."""
    values = [_value(it, column) for it in rows]
    if not column.has_words or len(set(values)) == len(values):
        return len(set(values)) == len(values)
    ends = [tuple(it.text for it in row if it.kind == "address") for row in rows]
    return all(ends) and len(set(zip(values, ends, strict=True))) == len(set(values))


def _value(template: Template, column: Column) -> str:
    return "".join(template[place].text for place in column.span(template))


def _are_small(values: Iterable[Iterable[str]]) -> bool:
    return all(int(value) < _MOST_ID for column in values for value in column)


def _are_codes(values: Iterable[Iterable[str]]) -> bool:
    every = {value for column in values for value in column}
    are_short = all(len(value) <= _LONGEST_ID for value in every)
    are_alike = len(set(map(len, every))) == 1 and all(map(_UNIQUE.fullmatch, every))
    return (are_short or are_alike) and len(every) > 1 and not all(map(str.isdigit, every))


def id_of(row: str, column: Column | None, known: KnownValues) -> str | None:
    """Return the id in a row; None if rows have no ids."""
    return (_value(make_template(row, known), column) or None) if column else None


def row_of(
    rows: Sequence[str], address: str, ports: Collection[int], taken: Collection[str],
    likely: Collection[str] = (), name: str = "",
) -> str:  # fmt: skip
    """Return the row that most likely shows the peer at an address; empty without rows.

    Args:
        rows: of a list.
        address: the peer's.
        ports: on which it listens, and those of its connection.
        taken: the rows of other peers, which are less likely.
        likely: of rows that show nothing of the peer, the row that it had, or the new ones.
        name: the peer's.
    """
    known = KnownValues(frozenset({address}), frozenset(ports))

    def score(row: str) -> int:
        tokens = make_template(row, known)
        has_address = any(it.kind == "address" and it.text.endswith(address) for it in tokens)
        has_address |= any(it.kind == "name" and it.text == name for it in tokens)
        has_port = any(it.kind == "port" and int(it.text) in ports for it in tokens)
        return 8 * has_address + 6 * has_port + 4 * (row not in taken) + (row in likely)

    return max(((score(row), row) for row in rows), default=(0, ""))[1]


def infer_list(  # noqa: PLR0913 - all that is known of a program's lists
    draft: Draft,
    exchanges: Sequence[Exchange],
    lists: Sequence[Sequence[str]],
    empty: Sequence[str],
    known: KnownValues,
    prompts: Sequence[str],
    column: Column | None,
    *,
    form: RowForm | None = None,
) -> dict[str, Any]:
    """Return what a profile says about the replies to `list`, with ids in a column of its rows.

    If rows stand on one line, `form` says how.
    """
    made: dict[str, Any] = {}
    shown = _without_mistakes([it for rows in lists for it in rows], exchanges, known)
    rows = {it: _row_template(it, column, known) for it in shown}
    found = fewest_lines(merge(rows.values()))
    has_several = len({sum(it.kind == "address" for it in row) for row in found}) > 1
    wrong = {} if has_several else _patterns(rows, found, form, known)
    patterns = [it for it, why in wrong.items() if not why] or [*wrong]
    asked = [exchange for exchange in exchanges if exchange.verb == "list"]
    replies = [reply_sample(exchange, prompts).lines for exchange in asked]
    row_lines = _row_lines(replies if form else lists, patterns, is_part=bool(form))
    elsewhere = _lines_elsewhere(exchanges, row_lines, prompts)
    ok, also, is_last = _other_lines(replies, row_lines, empty, elsewhere)
    said = {"ok": ok, "also": also}
    made |= {key: one_or_all(lines) for key, lines in said.items() if lines}
    if patterns:
        made["row"] = patterns[0]  # a pattern can have each group only once
        made |= {"doubt": why} if (why := wrong[patterns[0]]) else {}
    if not any(matches_any(line, ok) for line in empty):
        made["silent"] = True
    if not is_last:
        made["ends"] = "quiet"
    doubt = _doubt(made, column, has_several=has_several, formats=len(patterns))
    longest = max(replies, key=len) if replies else ()
    typed = asked[0].typed[0] if asked else ""
    draft.note(
        ("operations", "list"), typed, "\n".join(longest), "\n".join([*patterns, *ok]), doubt
    )
    return made


def _without_mistakes(
    rows: Sequence[str], exchanges: Iterable[Exchange], known: KnownValues
) -> list[str]:
    """Return rows without those of addresses that none can have, if a program took one after all.

    They need not look like an address.
    """
    given = {it.given.get("address", "") for it in exchanges
             if it.verb == "connect" and it.right is False} - known.addresses - {""}  # fmt: skip
    wrong = [rf"(?<![\w.]){re.escape(address)}(?![\w.])" for address in given]
    return [row for row in rows if not any(re.search(it, row) for it in wrong)] or [*rows]


def _patterns(
    rows: Mapping[str, Template],
    found: Sequence[Template],
    form: RowForm | None,
    known: KnownValues,
) -> dict[str, str]:
    """Return the patterns of rows, each with what it reads wrongly; empty if nothing."""
    endless = [row for row, it in rows.items() if runs_on(it, known.addresses)]
    glued = endless or [row for row, it in rows.items() if is_glued(it)]
    is_line = not (form or any(token.text == BREAK for row in found for token in row))
    common = common_row([*rows.values()]) if glued else _common_format(found)
    if common and is_line and not endless:
        return {common: _first_misread(common, rows)}
    patterns = [*map(form.pattern if form else _row_pattern, found)]
    if glued:
        return dict.fromkeys(patterns, f"nothing says where the values of {glued[0]!r} end")
    return {it: _first_misread(it, rows) for it in patterns}


def _row_lines(
    lists: Sequence[Sequence[str]], patterns: Sequence[str], *, is_part: bool
) -> set[str]:
    """Return the lines of all rows; if a row is no line, those that a pattern matches."""
    lines = {line.strip() for rows in lists for row in rows for line in lines_of(row)}
    is_spread = is_part or any(BREAK in row for rows in lists for row in rows)
    is_telling = is_spread and patterns
    return {line for line in lines if matches_any(line, patterns)} if is_telling else lines


def _row_template(row: str, column: Column | None, known: KnownValues) -> Template:
    """Return the template of a row, with any amount of space between columns and the id named."""
    template = make_template(row.strip(), known)
    tokens = [*_spaced(template)]
    if column and (span := column.span(template)):
        value = _value(template, column)
        kind = "whole" if not value.isalnum() else "code" if column.has_words else "id"
        tokens[span.start : span.stop] = [Token(kind, value)]
    return with_values(tokens)


def _doubt(
    made: Mapping[str, Any], column: Column | None, *, has_several: bool, formats: int
) -> str:
    """Return what is doubtful about how a list is read; empty if it is sure."""
    if has_several:
        return "not every connection has a line of its own"
    if "row" not in made:
        return "no row was ever seen"
    if "doubt" in made:
        return str(made["doubt"])
    if column is None:
        return "no id was found in the rows, so they count from `first_id`"
    return "rows had different formats" if formats > 1 else ""


def _common_format(found: Sequence[Template]) -> str:
    """Return a pattern for rows of several formats; empty if there is one alone, or no pattern."""
    return common_row(found) if len(found) > 1 else ""


def _first_misread(pattern: str, rows: Mapping[str, Template]) -> str:
    """Return the first mistake that a pattern makes in reading rows; empty if it makes none.

    A row that has a heading with it counts for nothing: see `fewest_lines`.
    """
    plain = fewest_lines([*rows.values()])
    wrong = (misread(pattern, row, it) for row, it in rows.items() if it in plain)
    return next(filter(None, wrong), "")


def _row_pattern(template: Template) -> str:
    """Return a pattern for a row, or for any of the lines with its values."""
    *others, last = [pattern[1:-1] for pattern in value_patterns(template)] or [""]
    return rf"^\s*(?:{'|'.join([*others, last])})$" if others else rf"^\s*{last}$"


def _spaced(template: Template) -> Template:
    """Return a template with any amount of space between words, as in columns."""
    return tuple(Token("blank", it.text) if it.text.isspace() else it for it in template)


def _are_alike(last: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether a line that ends a list is built like another one: a rule, or a free slot."""

    def built(line: str) -> tuple[str, ...]:
        made = make_template(line, KnownValues())
        return tuple("word" if it.text.isalnum() else it.text[:1] for it in made)

    return not {built(line) for line in last}.isdisjoint(map(built, others))


def _lines_elsewhere(
    exchanges: Iterable[Exchange], rows: Collection[str], prompts: Sequence[str]
) -> list[str]:
    """Return the lines of all replies to other commands, without those that repeat the list."""
    others = (it for it in exchanges if it.verb != "list")
    replies = (reply_sample(exchange, prompts).lines for exchange in others)
    return [line for reply in replies
            if not any(it.strip() in rows for it in reply) for line in reply]  # fmt: skip


def _other_lines(
    replies: Sequence[Sequence[str]],
    rows: Collection[str],
    empty: Sequence[str],
    elsewhere: Sequence[str],
) -> tuple[list[str], list[str], bool]:
    """Return patterns of the lines that are not rows, and whether one of them ends each list.

    Those of the first kind say that a list was shown, even if it has no row: they were seen in an
    empty list, and in no reply to another command, such as a rule below each. The others say
    nothing: an empty list that has no other line is a silent one.
    """
    filled = [reply for reply in replies if any(line.strip() in rows for line in reply)]
    last = [it[-1] for it in [*filled, empty] if it and it[-1].strip() not in rows]
    nothing = KnownValues()
    if filled and len(last) == len(filled) + 1:
        found = merge(make_template(line, nothing) for line in last)
        before = [line for reply in [*filled, empty] for line in reply[:-1]]
        ends = [to_pattern(template, ()) for template in found]
        is_own = not any(matches_any(line, ends) for line in elsewhere)
        if len(found) == 1 and is_own and not _are_alike(last, before):
            return ends, [], True
    others = [line for reply in [*filled, empty] for line in reply if line.strip() not in rows]
    found = merge(_spaced(make_template(line, nothing)) for line in dict.fromkeys(others))
    patterns = list(dict.fromkeys(to_pattern(template, ()) for template in found))
    of_empty = [it for it in patterns if any(matches_any(line, [it]) for line in empty)]
    ok = [it for it in of_empty if not any(matches_any(line, [it]) for line in elsewhere)]
    return ok, [it for it in patterns if it not in ok], False

"""Read the rows of lists before their pattern is known, and infer it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import Exchange, KnownValues, reply_sample
from orchestrator.discovery.templates import Template, Token, make_template, merge, to_pattern

_MOST_ID = 1000  # larger numbers are not taken for ids


def find_rows(lines: Sequence[str], empty: Iterable[str], known: KnownValues) -> list[str]:
    """Return the lines of a list that name a peer."""
    before = set(empty)
    return [
        line
        for line in lines
        if line not in before
        and {token.kind for token in make_template(line, known)} & {"address", "port"}
    ]


def id_column(lists: Sequence[Sequence[str]], known: KnownValues) -> int | None:
    """Return which of a row's numbers is the id: small, and different in every row of a list.

    None if no number is.
    """
    numbers = [[_numbers(row, known) for row in rows] for rows in lists if rows]
    width = min((len(row) for rows in numbers for row in rows), default=0)
    for index in range(width):
        columns = [[row[index] for row in rows] for rows in numbers]
        are_small = all(value < _MOST_ID for column in columns for value in column)
        if are_small and all(len(set(column)) == len(column) for column in columns):
            return index
    return None


def id_of(row: str, column: int | None, known: KnownValues) -> int | None:
    """Return the id in a row; None if rows have no ids."""
    found = _numbers(row, known)
    return found[column] if column is not None and column < len(found) else None


def _numbers(row: str, known: KnownValues) -> list[int]:
    return [int(token.text) for token in make_template(row, known) if token.kind == "number"]


def row_of(rows: Sequence[str], address: str, port: int, taken: Iterable[str]) -> str:
    """Return the row that most likely shows the peer at an address; empty without rows.

    The rows in `taken` are of other peers, and less likely.
    """
    others = set(taken)
    known = KnownValues(frozenset({address}), frozenset({port}))

    def score(row: str) -> int:
        tokens = make_template(row, known)
        has_address = any(it.kind == "address" and it.text.endswith(address) for it in tokens)
        has_port = any(it.kind == "port" and it.text == str(port) for it in tokens)
        return 4 * has_address + 3 * has_port + 2 * (row not in others)

    return max(((score(row), row) for row in rows), default=(0, ""))[1]


def infer_list(
    draft: Draft,
    exchanges: Sequence[Exchange],
    lists: Sequence[Sequence[str]],
    empty: Sequence[str],
    known: KnownValues,
    prompts: Sequence[str],
) -> dict[str, Any]:
    """Return what a profile says about the replies to `list`."""
    made: dict[str, Any] = {}
    column = id_column(lists, known)
    found = merge(_row_template(row, column, known) for rows in lists for row in rows)
    patterns = [to_pattern(template).replace("^", r"^\s*", 1) for template in found]
    asked = [exchange for exchange in exchanges if exchange.verb == "list"]
    replies = [reply_sample(exchange, prompts).lines for exchange in asked]
    ok, is_last = _other_lines(replies, lists, empty)
    if ok:
        made["ok"] = one_or_all(ok)
    if patterns:
        made["row"] = patterns[0]  # a pattern can have each group only once
    if not [line for line in empty if line not in prompts]:
        made["silent"] = True
    if not is_last:
        made["ends"] = "quiet"
    doubt = ""
    if not patterns:
        doubt = "no row was ever seen"
    elif column is None:
        doubt = "no id was found in the rows, so they count from `first_id`"
    elif len(patterns) > 1:
        doubt = "rows had different formats"
    longest = max(replies, key=len) if replies else ()
    typed = asked[0].typed[0] if asked else ""
    draft.note(("verbs", "list"), typed, "\n".join(longest), "\n".join([*patterns, *ok]), doubt)
    return made


def _row_template(row: str, column: int | None, known: KnownValues) -> Template:
    """Return the template of a row, with any amount of space between columns and the id named."""
    tokens: list[Token] = []
    count = 0
    for token in make_template(row.strip(), known):
        if token.text.isspace():
            tokens.append(Token("blank", token.text))
        elif token.kind == "number":
            tokens.append(Token("id" if count == column else "number", token.text))
            count += 1
        else:
            tokens.append(token)
    return tuple(tokens)


def _other_lines(
    replies: Sequence[Sequence[str]], lists: Sequence[Sequence[str]], empty: Sequence[str]
) -> tuple[list[str], bool]:
    """Return patterns of the lines that are not rows, and whether one of them ends each list."""
    rows = {row for one in lists for row in one}
    filled = [reply for reply in replies if rows & set(reply)]
    last = [reply[-1] for reply in [*filled, empty] if reply and reply[-1] not in rows]
    nothing = KnownValues()
    if filled and len(last) == len(filled) + 1:
        found = merge(make_template(line, nothing) for line in last)
        if len(found) == 1:
            return [to_pattern(found[0], ())], True
    others = [line for reply in [*filled, empty] for line in reply if line not in rows]
    found = merge(make_template(line, nothing) for line in dict.fromkeys(others))
    return list(dict.fromkeys(to_pattern(template, ()) for template in found)), False

"""Rows of a list that all stand on one line, such as `{1: ('10.0.0.3', 5000), 2: (…)}`. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.templates import Template, Token, inner_pattern, make_template, merge

_NUMBERS = ("number", "id", "port")  # kinds of tokens that are one kind in different rows
_MOST_LEADS = 3  # formats of what stands in front of the first row
_OPEN_ADDRESS = r"(?P<address>(?:::ffff:)?\d+[.:][\w.:-]*)"  # with nothing of the row behind it


@dataclass(frozen=True, slots=True)
class RowForm:
    """How rows stand on one line.

    Attributes:
        front: how many tokens of a row stand in front of its address.
        behind: how many stand behind it.
        lead: a pattern for what stands in front of a row, the first one or another.
    """

    front: int
    behind: int
    lead: str

    def split(self, line: str, known: KnownValues) -> list[str]:
        """Return the rows on a line; of what is one row already, that row."""
        template = make_template(line, known)
        return [
            "".join(it.text for it in template[max(at - self.front, 0) : at + 1 + self.behind])
            for at in _addresses(template)
        ]

    def pattern(self, row: Template) -> str:
        """Return a pattern that is found once for each row of a line."""
        if row[-1].kind == "address":
            return rf"{self.lead}\s*{inner_pattern(row[:-1])}{_OPEN_ADDRESS}"
        return rf"{self.lead}\s*{inner_pattern(row)}"


def find_form(lists: Iterable[Sequence[str]], known: KnownValues) -> RowForm | None:
    """Return how rows stand on one line; None if they do not, or if that was not seen.

    Args:
        lists: the lines of each list that name a peer.
        known: what is known of the peers.
    """
    filled = [rows for rows in lists if rows]
    lines = [make_template(rows[0], known) for rows in filled]
    counts = {len(_addresses(line)) for line in lines}
    if any(len(rows) > 1 for rows in filled) or len(counts) == 1 or min(counts, default=0) != 1:
        return None
    firsts, gaps, lasts = list[Template](), list[Template](), list[Template]()
    for line in lines:
        at = _addresses(line)
        firsts.append(line[: at[0]])
        gaps += [line[one + 1 : other] for one, other in itertools.pairwise(at)]
        lasts.append(line[at[-1] + 1 :])
    front = _common([it[::-1] for it in (*firsts, *gaps)])
    behind = min(_common([*lasts, *gaps]), min(map(len, gaps)) - front)
    heads = [it[: len(it) - front] for it in firsts]
    between = [it[behind : len(it) - front] for it in gaps]
    return RowForm(front, behind, _lead(heads, between))


def _addresses(template: Template) -> list[int]:
    return [at for at, token in enumerate(template) if token.kind == "address"]


def _common(parts: Sequence[Template]) -> int:
    """Return how many tokens these have in common at their beginning."""
    columns = zip(*parts, strict=False)
    return sum(1 for _ in itertools.takewhile(_are_one_kind, columns))


def _are_one_kind(tokens: Sequence[Token]) -> bool:
    return len({_kind(token) for token in tokens}) == 1


def _kind(token: Token) -> str:
    if token.kind in _NUMBERS:
        return "<number>"
    return token.text if token.is_literal else f"<{token.kind}>"


def _lead(heads: Sequence[Template], between: Sequence[Template]) -> str:
    """Return a pattern for what is in front of a row; empty if that is not always alike."""
    first, other = merge(heads), merge(between)
    if len(first) > _MOST_LEADS or len(other) > 1:
        return ""
    begins = [rf"^\s*{inner_pattern(it, ())}" for it in first]
    return f"(?:{'|'.join(dict.fromkeys([*begins, inner_pattern(other[0], ())]))})"

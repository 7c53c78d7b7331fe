"""Patterns of a list, its rows and what stands around them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.discovery import rows
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import Exchange, Facts
from orchestrator.discovery.samples import reply
from orchestrator.discovery.templates import Part, Template, merged, pattern, template


def infer(
    draft: Draft,
    exchanges: Sequence[Exchange],
    seen: Sequence[Sequence[str]],
    empty: Sequence[str],
    facts: Facts,
    prompts: Sequence[str],
) -> dict[str, Any]:
    """Return what the profile says of `list`.

    Args:
        draft: takes note of it.
        exchanges: what was done, and what came.
        seen: the rows of every list.
        empty: what an empty list showed.
        facts: where the peers are.
        prompts: what is printed when a line is awaited.
    """
    made: dict[str, Any] = {}
    column = rows.column(seen, facts)
    found = merged(_row(row, column, facts) for one in seen for row in one)
    patterns = [pattern(each).replace("^", r"^\s*", 1) for each in found]
    replies = [reply(each, prompts).lines for each in exchanges if each.verb == "list"]
    ok, is_last = _around(replies, seen, empty, facts)
    if ok:
        made["ok"] = ok[0] if len(ok) == 1 else ok
    if patterns:
        made["row"] = patterns[0] if len(patterns) == 1 else _either(patterns)
    if not [line for line in empty if line not in prompts]:
        made["silent"] = True
    if not is_last:
        made["ends"] = "quiet"
    doubt = ""
    if not patterns:
        doubt = "no row was ever seen"
    elif column is None:
        doubt = "no id was found in the rows: they are counted from `first_id`"
    elif len(patterns) > 1:
        doubt = "rows looked different each time"
    longest = max(map(len, replies), default=0)
    came = "\n".join(next((each for each in replies if len(each) == longest), ()))
    typed = next((each.typed[0] for each in exchanges if each.verb == "list"), "")
    draft.learn(("verbs", "list"), typed, came, "\n".join([*patterns, *ok]), doubt)
    return made


def _either(patterns: Sequence[str]) -> str:
    """Return one pattern of the first of several: names can stand in one only once."""
    return patterns[0]


def _row(row: str, column: int | None, facts: Facts) -> Template:
    """Return a row in its parts: any blanks between them, and the id named."""
    made: list[Part] = []
    count = 0
    for part in template(row.strip(), facts):
        if part.text.isspace():
            made.append(Part("blank", part.text))
        elif part.kind == "number":
            made.append(Part("id" if count == column else "number", part.text))
            count += 1
        else:
            made.append(part)
    return tuple(made)


def _around(
    replies: Sequence[Sequence[str]],
    seen: Sequence[Sequence[str]],
    empty: Sequence[str],
    facts: Facts,
) -> tuple[list[str], bool]:
    """Return patterns of what stands around rows, and whether they are the last line."""
    known = {row for one in seen for row in one}
    filled = [reply for reply in replies if known & set(reply)]
    last = [reply[-1] for reply in [*filled, empty] if reply and reply[-1] not in known]
    bare = Facts()
    if filled and len(last) == len(filled) + 1:
        found = merged(template(line, bare) for line in last)
        if len(found) == 1:
            return [pattern(found[0], ())], True
    around = [line for reply in [*filled, empty] for line in reply if line not in known]
    found = merged(template(line, bare) for line in dict.fromkeys(around))
    _ = facts
    return list(dict.fromkeys(pattern(each, ()) for each in found)), False

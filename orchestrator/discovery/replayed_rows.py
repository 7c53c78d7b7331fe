"""Read lists once more, by the profile that was learned from them, if a row is no line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.console.reply import Reply
from orchestrator.discovery.evidence import reply_sample
from orchestrator.discovery.list_patterns import find_rows, id_of
from orchestrator.discovery.replies import ProgramEvidence
from orchestrator.discovery.row_blocks import BREAK, lines_of
from orchestrator.discovery.templates import make_template
from orchestrator.patterns import compiled, search_line
from orchestrator.profile import Profile, Reader
from orchestrator.text import count


def misread_rows(profile: Profile, evidence: ProgramEvidence) -> Iterator[str]:
    """Yield what `row` reads wrongly of lists whose rows stand on one line, or on several.

    What else consoles showed has no row.
    """
    is_spread = any(BREAK in row for rows in evidence.lists for row in rows)
    row = profile.operations["list"].row
    if not row or not (evidence.form or is_spread):
        return
    lists = [it for it in evidence.exchanges if it.verb == "list"]
    for exchange in lists:
        lines = reply_sample(exchange, evidence.prompts).lines
        wanted = find_rows(lines, evidence.empty, evidence.known)
        if evidence.form:
            wanted = [it for line in wanted for it in evidence.form.split(line, evidence.known)]
        if wrong := _wrong(_read(profile, lines), wanted, evidence):
            yield f"`row` read {wrong} in {' / '.join(lines)!r}"
    listed = {line for exchange in lists for line in exchange.lines}
    news = (line for it in evidence.exchanges if evidence.form for line in it.other_lines)
    for line in news:
        if line not in listed and search_line(compiled(row), line):
            yield f"`row` matches {line!r}, which is not of a list"


def _read(profile: Profile, lines: Sequence[str]) -> list[Mapping[str, str]]:
    reader, reply = Reader(profile), Reply("list")
    for line in lines:
        reply.take(reader, line)
    return reply.rows


def _wrong(
    rows: Sequence[Mapping[str, str]], wanted: Sequence[str], evidence: ProgramEvidence
) -> str:
    """Return what was read wrongly of a list that has these rows; empty if nothing was."""
    if len(rows) != len(wanted):
        return f"{count(len(rows), 'row')}, not {len(wanted)},"
    least = min(len(lines_of(row)) for rows in evidence.lists for row in rows)
    for read, row in zip(rows, wanted, strict=True):
        right = _values(row, evidence) if len(lines_of(row)) == least else {}  # without a heading
        for name, values in right.items():
            if values and read.get(name, values[0]) not in values:
                return f"{name} {read[name]!r}, not {values[0]!r},"
    return ""


def _values(row: str, evidence: ProgramEvidence) -> dict[str, list[str]]:
    """Return which values a row has, as far as is known."""
    tokens = make_template(row, evidence.known)
    return {
        "address": [it.text for it in tokens if it.kind == "address"],
        "port": [it.text for it in tokens if it.kind in ("port", "number")],
        "id": [id_of(row, evidence.column, evidence.known) or ""],
    }

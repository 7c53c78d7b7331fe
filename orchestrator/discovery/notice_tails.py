"""The list that some programs print behind a notice, as long as it is at that moment. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.discovery.evidence import Exchange, Sample, reply_sample
from orchestrator.discovery.templates import Template, make_template, merge, to_pattern
from orchestrator.patterns import matches_any

_PLACE = {"address", "port"}  # kinds of values, one of which each row has
_FEWEST_ROWS = 2  # that are a list without a heading


@dataclass(frozen=True, slots=True)
class ListLines:
    """The patterns of what a program prints when it is asked for its list.

    Attributes:
        rows: of the lines with a connection.
        headings: of other lines with words.
        rules: of lines without any.
    """

    rows: Sequence[str]
    headings: Sequence[str]
    rules: Sequence[str]

    def split(self, sample: Sample) -> tuple[Sample, Sequence[str]]:
        """Return what a notice says itself, and the lines of a list behind it."""
        start = len(sample.lines)
        while start and matches_any(sample.lines[start - 1], self._every):
            start -= 1
        if not start and len(sample.lines) > 1:  # the heading is all that says what it is about
            start = 1
        tail = sample.lines[start:]
        return (
            (replace(sample, lines=sample.lines[:start]), tail) if self._are(tail) else (sample, ())
        )

    def patterns(self, tails: Iterable[Sequence[str]]) -> list[str]:
        """Return the patterns of the lines that stood behind notices, and of all rows."""
        lines = [line for tail in tails for line in tail]
        others = [
            it
            for it in (*self.headings, *self.rules)
            if any(matches_any(line, [it]) for line in lines)
        ]
        return [*others, *self.rows] if lines else []

    @property
    def _every(self) -> list[str]:
        return [*self.rows, *self.headings, *self.rules]

    def _are(self, lines: Sequence[str]) -> bool:
        """Return whether lines are a list, and not the last line of a notice."""
        rows = [line for line in lines if matches_any(line, self.rows)]
        has_heading = any(matches_any(line, self.headings) for line in lines)
        return has_heading or len(rows) >= _FEWEST_ROWS


def list_lines(exchanges: Iterable[Exchange], prompts: Sequence[str]) -> ListLines:
    """Return what is known of a program's lists from the replies that it gave."""
    replies = [reply_sample(it, prompts) for it in exchanges if it.verb == "list"]
    made = merge(make_template(line, it.known, it.at) for it in replies for line in it.lines)
    rows = [template for template in made if _PLACE & {token.kind for token in template}]
    others = [template for template in made if template not in rows]
    worded = [template for template in others if _has_words(template)]
    rules = [template for template in others if template not in worded]
    return ListLines(*(_patterns(templates) for templates in (rows, worded, rules)))


def _has_words(template: Template) -> bool:
    return any(token.is_literal and re.search(r"[^\W\d_]", token.text) for token in template)


def _patterns(templates: Iterable[Template]) -> list[str]:
    return list(dict.fromkeys(to_pattern(template, ()) for template in templates))

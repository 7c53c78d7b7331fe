"""Judgements as people see them: a mark, a colour and a word."""

from __future__ import annotations

from rich.text import Text

from orchestrator.checks.verdict import Judgement, Verdict
from orchestrator.report.printing import plain

STYLES = {Judgement.VALID: "green", Judgement.INVALID: "bold red", Judgement.UNKNOWN: "yellow"}
_MARKS = {Judgement.VALID: "✓", Judgement.INVALID: "✗", Judgement.UNKNOWN: "?"}


def marked(judgement: Judgement, word: str = "") -> Text:
    """Return a judgement as a mark and a word, by default its own."""
    shown = plain(f"{_MARKS[judgement]} {word or judgement.word}")
    return Text().append(shown.plain, STYLES[judgement])  # later appended text stays unstyled


def marked_check(verdict: Verdict) -> Text:
    """Return a check's name with the mark of its judgement, a dash if it had nothing to judge."""
    if verdict.judged:
        return marked(verdict.judgement, verdict.check)
    return plain(f"\N{EN DASH} {verdict.check}", "dim")

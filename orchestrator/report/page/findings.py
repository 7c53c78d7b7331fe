"""Checks and findings: the worst first, each sentence once, with the operations it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding, Judgement, Verdict
from orchestrator.report.grading.words import promises
from orchestrator.report.page.rows import CheckData, FindingData
from orchestrator.report.page.view import View
from orchestrator.report.page.wording import at_length, moment

MOST_FINDINGS = 1_000  # that a page has; a program that loses everything has one for each message


@dataclass(frozen=True, slots=True)
class NamedFinding:
    """A finding, with the names of the checks that have it."""

    check: str
    word: str  # `invalid` or `unknown`
    finding: Finding


def check_data(run: Run) -> list[CheckData]:
    """Return the verdict of each check."""
    known = promises()
    return [
        {
            "name": verdict.check,
            "word": verdict.word,
            "says": at_length(verdict.says),
            "promise": known.get(verdict.check, ""),
        }
        for verdict in run.verdicts
    ]


def named_findings(run: Run) -> list[NamedFinding]:
    """Return what the checks found, each thing once: what is wrong before what is uncertain."""
    together: dict[tuple[str, Finding], list[str]] = {}
    for check, word, finding in _findings(run.verdicts):
        together.setdefault((word, finding), []).append(check)
    return [NamedFinding(", ".join(names), *key) for key, names in together.items()]


def _findings(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str, Finding]]:
    """Yield each check's findings, with the judgement of each."""
    worst_first = sorted(verdicts, key=lambda verdict: -verdict.judgement.badness)
    for verdict in worst_first:
        for finding in verdict.findings[: _wrong(verdict)]:
            yield verdict.check, Judgement.INVALID.word, finding
    for verdict in worst_first:
        for finding in verdict.findings[_wrong(verdict) :]:
            yield verdict.check, Judgement.UNKNOWN.word, finding


def _wrong(verdict: Verdict) -> int:
    """Return how many findings are wrong; all of them if a check from elsewhere does not say."""
    is_invalid = verdict.judgement is Judgement.INVALID
    return (verdict.wrong or len(verdict.findings)) if is_invalid else 0


def finding_data(view: View, findings: Iterable[NamedFinding]) -> list[FindingData]:
    """Return what the page says of findings."""
    return [
        {
            "check": one.check,
            "word": one.word,
            "says": at_length(one.finding.says),
            "at": moment(one.finding.at),
            "peers": view.peers(one.finding.peers),
            "text": at_length(one.finding.text),
            "operations": view.named(one.finding),
        }
        for one in findings
    ]

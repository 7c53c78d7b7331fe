"""Runs as data, for `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Judgement, worst
from orchestrator.report.faults import faults_as_data


def runs_as_data(done: Sequence[Run], unread: Sequence[str] = ()) -> dict[str, Any]:
    """Return what is known of some runs, and the worst verdict.

    Args:
        done: the runs.
        unread: what is wrong with others, which cannot be read and count as unknown.
    """
    found = [run.judgement for run in done] + [Judgement.UNKNOWN] * len(unread)
    return {
        "verdict": worst(found).word,
        "runs": [_as_data(run) for run in done],
        "unread": list(unread),
    }


def _as_data(run: Run) -> dict[str, Any]:
    return {
        "scenario": run.name,
        "engine": run.engine,
        "verdict": run.judgement.word,
        "checks": [verdict.as_data() for verdict in run.verdicts],
        "faults": faults_as_data(run.index.faults),
        "error": run.broke_off or None,
        "seconds": dict(run.seconds),
        "folder": str(run.folder),
        "without": run.without or None,
    }

"""The `results.json` that Gradescope reads: one file a program.

https://gradescope-autograders.readthedocs.io/en/latest/specs/ has the format. What a test gives
on top has a `max_score` of 0, so that it does not raise what can be reached.
"""

from __future__ import annotations

from typing import Any

from orchestrator.grades import Grade, Outcome, Result
from orchestrator.report.grades.words import MEANINGS, kind, promises, score
from orchestrator.text import printable


def results_json(grade: Grade) -> dict[str, Any]:
    """Return a program's grade as Gradescope takes it."""
    return {
        "output": _told(grade),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(sum(result.seconds for result in grade.results)),
        "tests": [_test(number, each) for number, each in enumerate(grade.results, 1)],
        "extra_data": {"program": grade.program, "findings": grade.findings},
    }


def _told(grade: Grade) -> str:
    lines = [score(grade)]
    if grade.passes is not None:
        lines.append("All required tests passed." if grade.passes else "A required test did not.")
    if not grade.is_certain:
        lines.append("Of some tests nobody knows the outcome yet: see there.")
    return "\n".join(lines)


def _test(number: int, result: Result) -> dict[str, Any]:
    told = f" ({kind(result)})" if kind(result) else ""
    return {
        "score": result.earned,
        "max_score": 0 if result.extra else result.points,
        # Left out, it would be read off the score, and 0 of 0 extra points be a pass.
        "status": "passed" if result.outcome is Outcome.PASSED else "failed",
        "number": str(number),
        "name": f"{result.test}{told}",
        "output": _output(result),
        "tags": [str(result.outcome)],
        "visibility": "visible",
    }


def _output(result: Result) -> str:
    lines = [result.why]
    if result.outcome is not Outcome.PASSED:
        lines += ["", f"{result.outcome}: {MEANINGS[result.outcome]}.", result.reason]
        for finding in result.findings:
            lines += ["", f"{finding.check}: {promises().get(finding.check, '')}"]
            lines += [f"- {found.says}" for found in finding.findings]
    return "\n".join(printable(part) for line in lines for part in line.split("\n"))

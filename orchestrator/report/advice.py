"""What to do about a verdict that is unknown."""

from __future__ import annotations

from orchestrator.checks.index.fault_windows import VERBS
from orchestrator.checks.judged_run import Run
from orchestrator.checks.phrases import COULD_NOT_READ, WITHOUT_FIELD
from orchestrator.checks.verdict import Finding
from orchestrator.history import machine
from orchestrator.report.steps import operation_of


def advice(run: Run, finding: Finding) -> str:
    """Return what may make certain what a finding leaves open, in a clause."""
    if machine.is_named(finding.says):
        return "run it again while the machine has less to do, or with fewer --jobs"
    if COULD_NOT_READ in finding.says:
        return "give the profile a pattern for that line; `peerlab profile test` tries patterns"
    if WITHOUT_FIELD in finding.says:
        return "give the argument or the result that name in the profile (`peerlab docs checks`)"
    operation = operation_of(run.index, finding)
    if operation and operation.verb in VERBS and operation.number == finding.operation:
        return f"see what was measured with `peerlab report {run.folder}`, and run it again"
    if run.broke_off:
        return "remove what ended the run, then run it again"
    if run.index.interruption in finding.says:
        return "run it again: this history is not whole"
    if not finding.peers:  # it is about the profile or the check
        return "see what the check needs with `peerlab docs checks`"
    return "await it with an `expect`, or give it more time: `limits: {settle: …}`"


def advice_if_idle(run: Run) -> str:
    """Return what to do about a run in which no check had anything to judge."""
    if any(one.status == "fail" for one in run.index.steps):
        return "see why the programs refused the first step; `-v` shows what they said"
    return "add steps that say how they must end, such as `expect`"

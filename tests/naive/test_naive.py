"""A peer that takes every `recv` for a message is right only if no stream is shaped."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks import CHAT, Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Progress
from orchestrator.runner.run import Runner, ScenarioSource
from tests.repeats import ON_DOCKER_IF_THOROUGH

pytestmark = pytest.mark.timeout(150)  # on a busy machine

HERE = Path(__file__).parent


def judged(runner: Runner, name: str) -> Run:
    run = runner.run(ScenarioSource.read(HERE / f"{name}.yaml"), Progress(print, lambda _: None))
    assert not run.error, run.error
    return run


@pytest.mark.parametrize("runner", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("straight", set(), ""),
        pytest.param("pieces", {"changes"}, "it was shown in pieces", marks=pytest.mark.thorough),
        ("hold", {"changes"}, "shown as one with the 2 messages behind it"),
    ],
)
def test_the_verdicts(runner: Runner, name: str, wrong: set[str], says: str) -> None:
    run = judged(runner, name)
    found = {v.check: v.judgement for v in run.verdicts}
    wanted = {c: Judgement.INVALID if c in wrong else Judgement.VALID for c in CHAT}
    findings = [finding.says for verdict in run.verdicts for finding in verdict.findings]
    assert found == wanted, "\n".join(findings)
    assert any(says in finding for finding in findings) == bool(wrong)

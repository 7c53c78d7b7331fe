"""Each wrong peer is found, by the check for what is wrong with it, and by no other.

`tests/wrong/` has the wrong peers, the scenario and what each check must say. Here one runs on
processes, and in `make thorough` each, and one on Docker. All of them, twenty times in a row on
both engines:

    python -m tests.wrong --times 20 --engine process --engine docker
"""

from __future__ import annotations

import pytest

from orchestrator.checks import CHAT
from orchestrator.engines.base import Progress
from orchestrator.runner.run import Runner
from tests.wrong.trial import EVERY, WRONG, Variant, found

pytestmark = pytest.mark.timeout(150)  # on a busy machine


def on(engine: str) -> pytest.MarkDecorator:
    """Return a mark that has the fixture `runner` use one engine alone."""
    return pytest.mark.parametrize("runner", [engine], indirect=True)


def judge(runner: Runner, variant: Variant) -> None:
    run = runner.run(variant.source(runner.runs_folder), Progress(print, lambda _: None))
    assert not run.error, run.error
    evidence = [f.says for v in run.verdicts if v.judgement.word != "valid" for f in v.findings]
    assert found(run) == variant.wanted, "\n".join(evidence)


# Each check has tests of its own, and the library of scenarios has the right peer.
_IN_THE_SUITE = {"drops"}


def variants() -> list[object]:
    """Return every variant; few run in the suite."""
    return [
        pytest.param(
            variant,
            marks=[] if variant.name in _IN_THE_SUITE else [pytest.mark.thorough],
            id=variant.name,
        )
        for variant in EVERY
    ]


@on("process")
@pytest.mark.parametrize("variant", variants())
def test_what_each_check_says(runner: Runner, variant: Variant) -> None:
    judge(runner, variant)


@pytest.mark.docker
@pytest.mark.thorough
@on("docker")
@pytest.mark.parametrize("variant", [WRONG[0]], ids=lambda variant: variant.name)
def test_what_each_check_says_on_docker(runner: Runner, variant: Variant) -> None:
    judge(runner, variant)


def test_ten_wrong_peers_and_more() -> None:
    assert len(WRONG) > 10
    for variant in WRONG:
        assert {variant.breaks, *variant.also} <= set(CHAT)

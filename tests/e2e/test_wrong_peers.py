"""It must show: each wrong peer is called so, by the check for what is wrong with it.

`tests/wrong/` holds the wrong peers, the scenario and what each check must say. Here each is
run once; twenty times in a row on both engines:

    python -m tests.wrong --times 20 --engine process --engine docker
"""

from __future__ import annotations

import pytest

from orchestrator.checks import NAMES
from orchestrator.engines.base import Progress
from orchestrator.runner.run import Runner
from tests.wrong.trial import EVERY, WRONG, Variant, found

pytestmark = pytest.mark.timeout(150)  # on a busy machine


@pytest.mark.parametrize("variant", EVERY, ids=lambda variant: variant.name)
def test_what_each_check_says(runner: Runner, variant: Variant) -> None:
    script = variant.script(runner.runs_folder)
    run = runner.run(script, Progress(print, lambda _: None))
    assert not run.error, run.error
    evidence = [w.says for v in run.verdicts if v.judgement.word != "valid" for w in v.findings]
    assert found(run) == variant.wanted, "\n".join(evidence)


def test_ten_wrong_peers_and_more() -> None:
    assert len(WRONG) > 10
    for variant in WRONG:
        assert {variant.breaks, *variant.also} <= set(NAMES)

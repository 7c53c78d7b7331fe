"""The store of `examples/gossip/` keeps its promises, and each broken variant breaks its own.

Ten rounds on both engines, with every scenario:

    python -m tests.gossip --times 10 --engine process --engine docker
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.scenario import EngineName
from tests.gossip.trial import BROKEN, EVERYTHING, HOME, RIGHT, Trial, trials, tried

pytestmark = pytest.mark.timeout(150)  # on a busy machine


def _try(wanted: list[Trial], engine: EngineName, folder: Path) -> None:
    # They wait for elections most of the time, so all of them can do so at once.
    runs = tried(wanted, engine, folder, jobs=len(wanted))
    told = [trial.differences(run) for trial, run in zip(wanted, runs, strict=True)]
    assert [line for lines in told for line in lines] == []


def test_the_store_keeps_all_promises_and_a_broken_one_all_but_one(tmp_path: Path) -> None:
    broken = Trial(BROKEN[0], BROKEN[0].scenario)
    _try([Trial(RIGHT, EVERYTHING), broken], EngineName.PROCESS, tmp_path)


@pytest.mark.thorough  # the test above has the first; each promise has tests of its own
def test_each_variant_keeps_all_promises_but_one(tmp_path: Path) -> None:
    broken = [Trial(store, store.scenario) for store in BROKEN[1:]]
    _try(broken, EngineName.PROCESS, tmp_path)


@pytest.mark.docker
@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_the_same_with_every_scenario_on_docker(tmp_path: Path) -> None:
    for trial in trials(EngineName.DOCKER):
        _try([trial], EngineName.DOCKER, tmp_path)


def test_every_variant_is_tried_and_the_page_says_what_it_breaks() -> None:
    page = (HOME / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.py` \| [^|]+ \| `([\w-]+)` \|$", page, re.MULTILINE)
    assert {*rows} == {(store.name, store.breaks) for store in BROKEN}
    assert {name for name, _ in rows} == {path.stem for path in HOME.glob("broken/*.py")}

"""Faults that cannot be done on the engine that a scenario asks for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import scenario
from orchestrator.runner.jobs import misfit
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import Validator

HEAD = "name: here\nwhy: w\nengine: {engine}\npeers: [alice, bob]\nsteps:\n"
STEPS = """\
  - stream: {between: [alice, bob], pieces: 1}
  - repeat:
      times: 2
      steps:
        - isolate: alice
  - pause:
      at: bob
      during:
        - impair: {from: alice, to: bob, loss: 10%, delay: 0.1}
  - schedule:
      - {when: 0, kill: {at: bob, for: 1}}
      - {when: 2, partition: {groups: [[alice], [bob]], for: 1}}
  - chaos: {seed: 1, for: 10, faults: [kill, partition]}
"""
WHY = "not on the engine process: processes share this machine's network, which the lab never"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "here.yaml"


def test_each_is_named_with_its_place(path: Path) -> None:
    path.write_text(HEAD.format(engine="process") + STEPS)
    validator = Validator()
    validator.check_files([path])
    places = [says.removeprefix(str(path)).partition(": ")[0] for says in validator.mistakes]
    assert places == [":10:11", ":14:11", ":17:19", ":18:5"]
    assert all(f": {WHY} touches" in says for says in validator.mistakes)


def test_what_can_be_done_there_and_elsewhere_is_right(path: Path) -> None:
    validator = Validator()
    for text in (HEAD.format(engine="docker") + STEPS, HEAD.format(engine="process") + STEPS[:47]):
        path.write_text(text)
        validator.check_files([path])
    assert validator.mistakes == []


@pytest.mark.parametrize("engine", [EngineName.AUTO, EngineName.PROCESS])
def test_a_scenario_for_processes_with_such_a_fault_is_not_begun(
    path: Path, engine: EngineName
) -> None:
    path.write_text(HEAD.format(engine="process") + STEPS)
    says = misfit(scenario.load(path), engine)
    assert says.startswith("needs `isolate alice alone`, but processes share")

"""What a profile cannot read is never held against its program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator import profile
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Outcome
from orchestrator.scenario import EngineName
from tests.examples.trial import HOME, graded

_TESTS = ["help", "own-address", "own-port", "dial", "message", "end-at-the-other", "leave",
          "itself", "told-of-a-connection", "told-of-an-end", "three-in-the-list"]  # fmt: skip
"""Tests of the suite for which each pattern is needed by one at least."""

_RIGHT = HOME / "by-the-book"


def _spoilt(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield copies of a flawless program, each with one pattern of its profile spoilt."""
    look = profile.load(str(_RIGHT / "profile.yaml"))
    yaml = YAML(typ="safe")
    for place, pattern in look.patterns():
        if place[0] == "crash":
            continue
        data = yaml.load(_RIGHT / "profile.yaml")
        _spoil(data, place, pattern)
        data |= {"name": "-".join(map(str, place)), "answer_within": 1, "ready_within": 2}
        home = folder / data["name"]
        shutil.copytree(_RIGHT, home)
        with (home / "profile.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(data, file)
        yield home, data["name"]


def _spoil(data: Any, place: tuple[Any, ...], pattern: str) -> None:
    for key in place[:-1]:
        if not isinstance(data[key], dict):
            break
        data = data[key]
    else:
        key = place[-1]
    assert data[key] == pattern
    data[key] = f"SPOILT {pattern}"


@pytest.mark.timeout(300)
def test_no_pattern_that_does_not_fit_costs_a_point_in_silence(tmp_path: Path) -> None:
    homes = dict(_spoilt(tmp_path / "programs"))
    suite = rubrics.load(rubrics.CONFORMANCE).only(_TESTS)
    done = graded([*homes], EngineName.PROCESS, tmp_path / "runs", jobs=4, suite=suite)
    failed = {
        f"{grade.program} {each.test}: {each.reason}"
        for grade in done
        for each in grade.results
        if each.outcome is Outcome.FAILED
    }
    assert not failed
    assert len(done) == len(homes) > 10
    untold = [
        f"{grade.program} {each.test}: {each.reason}"
        for grade in done
        for each in grade.results
        if each.outcome is Outcome.UNKNOWN
        and not each.reason.startswith("not tried")
        and "the lab could not read" not in each.reason
    ]
    assert not untold
    needless = [g.program for g in done if not g.having(Outcome.UNKNOWN)]
    # No test here wants these answers: what was done is seen otherwise.
    assert {*needless} <= {"errors-0", "verbs-exit-ok-0", "verbs-raw-ok-0"}

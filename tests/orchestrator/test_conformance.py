"""The conformance suite: what its files are made of, and that the rubric fits them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from orchestrator import checks, profile, scenario
from orchestrator.scenario import Scenario, validation
from orchestrator.scenario.steps import flatten
from orchestrator.scenario.validation import find
from tests.orchestrator.support import ROOT

HOME = ROOT / "conformance"
FILES = find([HOME])
RUBRIC = YAML(typ="safe").load((HOME / "rubric.yaml").read_text(encoding="utf-8"))
TESTS = RUBRIC["tests"]
_FOREIGN = {"partition", "isolate", "heal", "impair"}  # what processes cannot be done to


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def test(request: pytest.FixtureRequest) -> Scenario:
    """Return one after the other."""
    return scenario.load(request.param)


def test_the_rubric_names_each_scenario_once() -> None:
    assert sorted(each["test"] for each in TESTS) == sorted(path.stem for path in FILES)


def test_the_rubric_names_checks_that_there_are() -> None:
    named = {name for each in TESTS for name in each.get("checks", ())}
    assert named <= {*checks.NAMES}


def test_the_points_are_a_hundred_beside_the_extra_ones() -> None:
    assert sum(each["points"] for each in TESTS if not each.get("extra")) == 100
    assert {each["test"] for each in TESTS if each.get("required")} == {
        "dial", "message", "end", "leave",
    }  # fmt: skip


def test_folders_leave_the_rubric_out(tmp_path: Path) -> None:
    for name in ("rubric.yaml", "one.yaml"):
        (tmp_path / name).touch()
    assert find([tmp_path]) == [tmp_path / "one.yaml"]


def test_it_is_for_any_program(test: Scenario) -> None:
    assert test.profile == "peerlab", "left out: whoever grades puts the program's own in"
    assert test.arguments == []
    assert test.engine == ("docker" if test.name == "both-dial" else None)
    assert not _FOREIGN & {step.verb for step in flatten(test.steps)}


def test_it_never_judges_words(test: Scenario) -> None:
    for step in flatten(test.steps):
        act = step.act
        assert not getattr(act, "says", None)
        assert not getattr(act, "refused", None), "an empty text fits every no"
        assert step.verb == "type" or not getattr(act, "line", "")


def test_it_takes_no_longer_than_it_must(test: Scenario) -> None:
    assert test.limits.total <= 120
    assert test.limits.settle <= 2
    assert test.limits.expect <= 3


def test_our_own_peer_has_all_that_it_takes(test: Scenario) -> None:
    assert validation.missing(test, profile.load("peerlab")) == []

"""The conformance suite: rules that its scenarios and its rubric keep."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from orchestrator import checks, profile, scenario
from orchestrator.history import runs
from orchestrator.scenario import Scenario, validation
from orchestrator.scenario.acts import SendStep
from orchestrator.scenario.folders import find
from orchestrator.scenario.steps import Step, flatten
from tests.orchestrator.support import ROOT

HOME = ROOT / "conformance"
FILES = find([HOME])
RUBRIC = YAML(typ="safe").load((HOME / "rubric.yaml").read_text(encoding="utf-8"))
TESTS = RUBRIC["tests"]
_NOT_FOR_PROCESSES = {"partition", "isolate", "heal", "impair"}


@functools.cache
def scenarios() -> dict[str, Scenario]:
    return {path.stem: scenario.load(path) for path in FILES}


def test_the_rubric_names_each_scenario_once() -> None:
    assert sorted(test["test"] for test in TESTS) == sorted(path.stem for path in FILES)


def test_the_rubric_names_existing_checks() -> None:
    named = {name for test in TESTS for name in test.get("checks", ())}
    assert named <= {*checks.NAMES}


def test_the_points_add_up_to_a_hundred_without_the_extra_ones() -> None:
    assert sum(test["points"] for test in TESTS if not test.get("extra")) == 100
    assert {test["test"] for test in TESTS if test.get("required")} == {
        "dial", "message", "end", "leave",
    }  # fmt: skip


def test_folders_leave_the_rubric_out(tmp_path: Path) -> None:
    for name in ("rubric.yaml", "one.yaml"):
        (tmp_path / name).touch()
    assert find([tmp_path]) == [tmp_path / "one.yaml"]


def test_scenarios_of_kept_runs_are_found_only_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text("name: mine\n")
    run = runs.make(tmp_path / "runs", "mine", "name: mine\n")
    (run / runs.HISTORY).touch()
    assert find([tmp_path]) == [tmp_path / "scenario.yaml"]
    assert find([run / runs.SCENARIO]) == [run / runs.SCENARIO]


def offenders(is_fine: Callable[[Scenario], object]) -> list[str]:
    return [name for name, one in scenarios().items() if not is_fine(one)]


def test_every_scenario_suits_any_program() -> None:
    def suits(one: Scenario) -> bool:
        verbs = {step.verb for step in flatten(one.steps)}
        engine = "docker" if one.name in ("both-dial", "same-port") else None
        is_plain = one.profile == "peerlab" and not one.arguments  # `grade` sets the profile
        return is_plain and one.engine == engine and not _NOT_FOR_PROCESSES & verbs

    assert offenders(suits) == []


def test_no_scenario_judges_words() -> None:
    def is_wordless(step: Step) -> bool:
        act = step.act
        # An empty text would match every refusal.
        says = getattr(act, "says", None) or getattr(act, "refused", None)
        return not says and (step.verb == "type" or not getattr(act, "line", ""))

    assert offenders(lambda one: all(map(is_wordless, flatten(one.steps)))) == []


def test_no_scenario_takes_longer_than_it_must() -> None:
    def is_short(one: Scenario) -> bool:
        return one.limits.total <= 120 and one.limits.settle <= 2 and one.limits.expect <= 3

    assert offenders(is_short) == []


ABOUT_BLANKS = ("blanks-around", "blanks-within")
ABOUT_SIGNS = ("deceptive-texts", "quotes", "scripts")


def test_a_text_tests_one_thing() -> None:
    def whole(act: SendStep) -> str:
        return (act.text * (act.length or 1))[: act.length or len(act.text)]

    def is_plain(one: Scenario) -> bool:
        sent = [step.act for step in flatten(one.steps)]
        texts = [whole(act) for act in sent if isinstance(act, SendStep)]
        blanks = one.name in ABOUT_BLANKS or all(t == " ".join(t.split()) for t in texts)
        signs = one.name in ABOUT_SIGNS or all(
            t.isascii() and not {*t} & {*"'\"\\`"} for t in texts
        )
        return blanks and signs

    assert offenders(is_plain) == []


def test_our_own_peer_has_all_that_the_scenarios_need() -> None:
    peerlab = profile.load("peerlab")
    assert offenders(lambda one: not validation.missing(one, peerlab)) == []


def test_the_first_connection_of_a_process_is_used_at_both_ends() -> None:
    fresh = [one for one in scenarios().values() if one.fresh and len(one.peers) == 2]
    first = {(one.steps[0].verb, one.steps[0].act.at) for one in fresh}
    assert {("send", "alice"), ("send", "bob"), ("terminate", "alice")} <= first

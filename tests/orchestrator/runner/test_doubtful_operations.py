"""Operations that a profile may misread: nothing that depends on them is certain, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from ruamel.yaml import YAML

from orchestrator import profile
from orchestrator.checks.judged_run import Run
from tests.orchestrator.harness import Harness, ended, judged

DoubtfulRun = Callable[..., Run]

WHY = "row read 13 where 3 was right"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Peers that the scenarios here share as far as they can."""
    with Harness("process", tmp_path_factory.mktemp("doubt")) as one:
        yield one


@pytest.fixture
def run_doubtful(harness: Harness) -> DoubtfulRun:
    """Run steps with alice and bob, and a profile that doubts how it reads an operation."""

    def run(operation: str, *steps: str) -> Run:
        yaml = YAML()
        data = yaml.load(profile.path_of("peerlab").read_text())
        data["operations"][operation]["doubt"] = WHY
        path = harness.folder / f"{operation}.yaml"
        yaml.dump(data, path)
        lines = "".join(f"  - {step}\n" for step in steps)
        head = f"profile: {path}\npeers: [alice, bob]\nfresh: true\nlimits: {{settle: 0.1}}\n"
        return harness.run(f"{head}steps:\n{lines}")

    return run


@pytest.mark.parametrize(
    ("operation", "steps", "wanted"),
    [
        ("list", ["list: {at: alice, shows: [bob]}"], ["info"]),
        ("list", ["send: {at: alice, to: bob, text: hi}"], ["info"]),
        ("list", ["send: {at: alice, to: bob, text: hi, times: 2}"], ["info"] * 3),
        ("list", ["send: {at: alice, to: all, text: hi}"], ["info"]),
        ("connect", ["connect: {at: alice, to: bob}"], ["info"]),
        ("connect", ['connect: {at: alice, to: bob, refused: ""}'], ["info"]),
        ("myport", ["myport: alice"], ["info"]),
        ("send", ['send: {at: alice, id: 7, text: hi, refused: ""}'], ["info"]),
    ],
)
def test_nothing_that_a_profile_may_misread_is_certain(
    run_doubtful: DoubtfulRun, operation: str, steps: list[str], wanted: list[str]
) -> None:
    run = run_doubtful(operation, *steps)
    assert ended(run) == wanted
    assert judged(run)["expectations"] == "unknown"
    assert "invalid" not in judged(run).values()
    says = [finding.says for one in run.verdicts for finding in one.findings]
    why = f"`operations.{operation}` in the profile is doubtful ({WHY}); correct it, and take"
    assert any("the lab could not read" in it and why in it for it in says)


def test_what_does_not_depend_on_it_is_judged(run_doubtful: DoubtfulRun) -> None:
    steps = ["connect: {at: alice, to: bob}", "list: {at: bob, shows: [alice], within: 5}"]
    run = run_doubtful("myport", *steps)
    assert ended(run) == ["ok", "ok"]
    assert judged(run)["expectations"] == "valid"
    assert not {"invalid", "unknown"} & {*judged(run).values()}

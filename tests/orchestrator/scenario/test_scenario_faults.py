"""Faults as steps of scenarios: how they are written, what is wrong with them, what they need."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from orchestrator import scenario
from orchestrator.errors import DocumentError
from orchestrator.faults import chaos
from orchestrator.faults.effect import Effect, Fault
from orchestrator.faults.kinds import NEEDS
from orchestrator.runner.jobs import misfit
from orchestrator.scenario import Chaos, EngineName, Scenario, Step, problems, rules
from orchestrator.scenario.rules import walk
from orchestrator.scenario.validation import Validator

HEAD = "name: faults\nwhy: w\npeers: [alice, bob, carol]\nsteps:\n"
BOTH = frozenset({("alice", "bob"), ("bob", "alice")})


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Read a scenario with these steps, each on a line of its own."""

    def one(*steps: str, more: str = "") -> Scenario:
        path = tmp_path / "faults.yaml"
        path.write_text(HEAD + "".join(f"  - {step}\n" for step in steps) + more)
        return scenario.load(path)

    return one


def fault_of(step: Step) -> Fault:
    return scenario.network_fault(step.verb, step.act, "x 1", ["alice", "bob", "carol"])


def test_the_verbs_are_those_of_the_model() -> None:
    assert set(Step.model_fields) == {*rules.STEPS, "call"}
    assert set(scenario.ScheduledFault.model_fields) == {"when", *rules.SINGLE}


def test_short_forms(load: Any) -> None:
    steps = load(
        "kill: alice", "start: alice", "stop: {at: bob, for: 3}", "pause: carol", "resume: carol",
        "isolate: alice", "heal: all", "partition: [[alice], [bob, carol]]", "restore: all",
    ).steps  # fmt: skip
    assert [step.verb for step in steps[:4]] == ["kill", "start", "stop", "pause"]
    assert (steps[0].act.at, steps[0].act.is_lifted) == ("alice", False)
    assert (steps[2].act.lasts, steps[2].act.is_lifted) == (3.0, True)
    assert steps[6].act.fault == "all"
    assert steps[7].act.groups == [["alice"], ["bob", "carol"]]
    phrases = [step.phrase for step in steps]
    assert phrases == [
        "kill alice", "start alice", "stop bob for 3 s", "pause carol", "resume carol",
        "isolate alice alone", "heal all", "partition alice | bob, carol", "restore all",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "links", "effect", "phrase"),
    [
        ("partition: [[alice], [bob, carol]]",
         {("alice", "bob"), ("alice", "carol"), ("bob", "alice"), ("carol", "alice")},
         Effect(cut=True), "alice | bob, carol"),
        ("partition: [[alice, carol], [carol, bob]]", BOTH, Effect(cut=True),
         "alice, carol | carol, bob"),
        ("partition: {groups: [[alice], [bob]], one_way: true}", {("alice", "bob")},
         Effect(cut=True), "nothing from alice to bob"),
        ("isolate: {at: bob, as: lonely}",
         {("alice", "bob"), ("bob", "alice"), ("bob", "carol"), ("carol", "bob")},
         Effect(cut=True), "bob alone"),
        ("impair: {from: alice, to: bob, loss: 20%, for: 5}", {("alice", "bob")},
         Effect(loss=0.2), "alice to bob: loss 20%"),
        ("impair: {between: [alice, bob], bandwidth: 64 kB/s, delay: 0.1, jitter: 0.02}", BOTH,
         Effect(bandwidth=64_000, delay=0.1, jitter=0.02),
         "alice and bob: bandwidth 64 kB/s, delay 0.1 s ± 0.02 s"),
        ("impair: {between: [alice, bob], bandwidth: 1 Mbit/s}", BOTH, Effect(bandwidth=125_000),
         "alice and bob: bandwidth 125 kB/s"),
        ("stream: {between: [bob, alice], pieces: 1}", BOTH, Effect(pieces=1),
         "bob and alice: in pieces of 1 byte"),
        ("impair: {from: alice, to: all, loss: 20%}", {("alice", "bob"), ("alice", "carol")},
         Effect(loss=0.2), "alice to all: loss 20%"),
        ("stream: {from: all, to: bob, pieces: 1}", {("alice", "bob"), ("carol", "bob")},
         Effect(pieces=1), "all to bob: in pieces of 1 byte"),
        ("stream: {from: alice, to: bob, hold: 0.5}", {("alice", "bob")}, Effect(hold=0.5),
         "alice to bob: held back 0.5 s"),
        ("stream: {from: alice, to: bob, delay: 0.1, jitter: 0.1}", {("alice", "bob")},
         Effect(lag=0.1, jitter=0.1), "alice to bob: streams delayed 0.1 s ± 0.1 s"),
        ("stream: {from: alice, to: bob, reset: 500}", {("alice", "bob")}, Effect(reset=500),
         "alice to bob: reset after 500 bytes"),
    ],
)  # fmt: skip
def test_faults_of_the_network(
    load: Any, step: str, links: set[tuple[str, str]], effect: Effect, phrase: str
) -> None:
    fault = fault_of(load(step).steps[0])
    assert (fault.links, fault.effect, fault.phrase) == (frozenset(links), effect, phrase)
    assert fault.name == ("lonely" if "lonely" in step else "x 1")


def test_every_link_of_a_peer_or_of_all(load: Any) -> None:
    steps = load("impair: {at: alice, delay: 0.1}", "impair: {at: all, delay: 0.1}").steps
    assert len(fault_of(steps[0]).links) == 4
    assert len(fault_of(steps[1]).links) == 6
    assert fault_of(steps[1]).phrase == "all links: delay 0.1 s"


WRONG = [
    ("kill: {at: dave}", "no peer 'dave' here: there are alice, bob, carol"),
    ("kill: {at: bob, for: 1, during: [{list: alice}]}", "a fault lasts either `for` some seconds"),
    ("kil: bob", "unknown key 'kil'; did you mean 'kill'?"),
    ("isolate: {at: bob, four: 1}", "unknown key 'four'; did you mean 'for'?"),
    ("partition: [[alice], [bop]]", "no peer 'bop' here; did you mean 'bob'?"),
    ("partition: [[alice, bob], [bob, alice]]", "this cuts nothing"),
    ("partition: [[alice, alice], [bob]]", "alice is twice in one group"),
    ("partition: [[alice, bob]]", "this cuts nothing"),
    ("partition: {groups: [[alice], [bob], [carol]], one_way: true}", "two groups are needed, not"),
    ("partition: {groups: [[alice], [bob, alice]], one_way: true}", "alice is in both"),
    ("partition: {groups: [[alice], [bob]], as: all}", "'all' stands for every fault"),
    ("impair: {from: alice, to: alice, loss: 20%}", "alice has no link to itself"),
    ("impair: {from: all, to: all, loss: 20%}", "that is `at: all`"),
    ("impair: {between: [alice, alice], loss: 20%}", "alice has no link to itself"),
    ("impair: {from: alice, loss: 20%}", "'from' without 'to'"),
    ("impair: {from: alice, to: bob, at: bob, loss: 20%}", "one scope, not from and to and at"),
    ("impair: {loss: 20%}", "on which links?"),
    ("impair: {at: all}", "this does nothing: give loss, bandwidth or delay"),
    ("impair: {at: all, loss: 120%}", "loss is 1% to 100%, not 120%"),
    ("impair: {at: all, loss: 20}", "loss is a percentage of all packets: 20%"),
    ("impair: {at: all, bandwidth: 64}", "bandwidth is a number and a unit, such as 64 kB/s"),
    ("impair: {at: all, bandwidth: 64 KB/s}", "; did you mean 'kB/s'?"),
    ("impair: {at: all, bandwidth: 1 B/s}", "bandwidth is 4 kB/s to 1.25 MB/s, not 1 B/s"),
    ("impair: {at: all, jitter: 0.1}", "jitter varies a delay: give `delay` as well"),
    ("impair: {at: all, delay: 0.1, jitter: 0.2}", "a jitter of 0.2 is more than the delay of 0.1"),
    ("impair: {at: all, delay: 0.0001}", "must be at least 0.01, not 0.0001"),
    ("impair: {at: all, delay: 0.1, jitter: 0.001}", "must be at least 0.01, not 0.001"),
    ("stream: {at: all, delay: 0.1, jitter: 0.009}", "must be at least 0.01, not 0.009"),
    ("stream: {at: all}", "no effect on the stream: give one of pieces, hold, delay, reset"),
    ("stream: {at: all, pieces: 1, hold: 1}", "one effect on a stream, not pieces and hold"),
    ("stream: {at: all, pieces: 0}", "must be at least 1, not 0"),
    ("heal: split", "no partition or isolate has the name 'split'"),
    ("start: bob", "bob has not been killed or stopped before this"),
    ("resume: bob", "bob has not been paused before this"),
    ("chaos: {seed: 1, for: 9, faults: [kil]}", "no such word 'kil'"),
    ("chaos: {seed: 1, for: 9, faults: [kill, kill]}", "kill is twice among the faults"),
    ("chaos: {for: 9}", "key 'seed' is missing"),
    ("schedule: [{when: 1, send: {at: alice}}]", "unknown key 'send'"),
    ("schedule: [{when: 1}]", "what happens then? One of kill,"),
    ("schedule: [{when: 99999, kill: bob}]", "must be at most 3600, not 99999"),
    ("schedule: [{when: 1, kill: bob, stop: bob}]", "an entry has one fault, not kill and stop"),
    ("schedule: [{when: 1, kill: {at: bob, during: [{list: bob}]}}]", "a schedule has no `during`"),
    ("schedule: [{when: 1, stream: {at: bob, pieces: 1, reset: 1}}]", "one effect on a stream"),
    ("repeat: {times: 2, every: 0, steps: [{list: bob}]}", "must be more than 0, not 0"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "what"), WRONG, ids=[step for step, _ in WRONG])
def test_mistakes(load: Any, step: str, what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(step)
    assert what in caught.value.what
    assert "faults.yaml:5:" in caught.value.what


def test_all_mistakes_come_in_one_go(load: Any) -> None:
    with pytest.raises(DocumentError) as caught:
        load(*[step for step, _ in WRONG])
    mistakes = caught.value.what.splitlines()
    for line, (step, what) in enumerate(WRONG, 5):
        if step != "start: bob":  # not where a schedule may have ended it
            wrong = [mistake for mistake in mistakes if f".yaml:{line}:" in mistake]
            assert any(what in mistake for mistake in wrong) or step == "resume: bob", (step, wrong)


def test_names_are_given_once_and_lifted_by_the_right_verb(load: Any) -> None:
    with pytest.raises(DocumentError) as caught:
        load(
            "isolate: {at: bob, as: one}", "impair: {at: bob, loss: 5%, as: one}", "heal: won",
            "restore: one", "schedule: [{when: 1, isolate: {at: bob, as: b}}, {when: 2, heal: b}]",
        )  # fmt: skip
    assert [line.partition("yaml:")[2] for line in caught.value.what.splitlines()] == [
        "6:33: another fault already has the name 'one'",
        "7:5: no partition or isolate has the name 'won'; did you mean 'one'?",
        "8:5: 'one' is of the kind 'isolate': lift it with 'heal'",
    ]


@pytest.mark.parametrize(
    "steps",
    [
        ["kill: bob", "start: bob"],
        ["exit: bob", "start: bob"],
        ["exit: all", "start: bob"],
        ["type: {at: bob, line: exit}", "start: bob"],
        ["kill: {at: bob, during: [{start: bob}]}"],
        ["repeat: {times: 2, steps: [{start: bob}, {kill: bob}]}"],
        ["parallel: [[{kill: bob}], [{start: bob}]]"],
        ["chaos: {seed: 1, for: 5}", "start: bob", "resume: bob"],
        ["schedule: [{when: 1, start: bob}]"],
        ["pause: bob", "resume: bob", "pause: bob", "resume: bob"],
    ],
)
def test_starts_that_may_be_right(load: Any, steps: list[str]) -> None:
    assert load(*steps)


@pytest.mark.parametrize(
    "steps",
    [
        ["kill: {at: bob, for: 1}", "start: bob"],
        ["kill: bob", "start: bob", "start: bob"],
        ["kill: bob", "start: alice"],
        ["pause: {at: bob, during: [{list: alice}]}", "resume: bob"],
        ["start: bob", "kill: bob"],
    ],
)
def test_starts_that_are_wrong_for_sure(load: Any, steps: list[str]) -> None:
    with pytest.raises(DocumentError, match="before this"):
        load(*steps)


def test_a_fault_uses_no_console_but_its_steps_do() -> None:
    def overlap(one: Any, other: Any) -> list[str]:
        raw = {"peers": ["a", "b"], "steps": [{"parallel": [[one], [other]]}]}
        return [problem.what for problem in problems.find(raw) if "branch" in problem.what]

    during = {"isolate": {"at": "b", "during": [{"list": "a"}]}}
    assert overlap({"list": "a"}, {"kill": "a"}) == []
    assert overlap({"list": "a"}, {"chaos": {"seed": 1, "for": 5}}) == []
    assert overlap({"list": "b"}, during) == []
    assert overlap({"list": "a"}, during) == [
        "a is used in an earlier branch: a console takes part in one"
    ]
    assert len(list(walk([during]))) == 2


ODD: list[Any] = [
    None, 5, "x", [], {}, [None], [[None]], {"at": []}, {"as": {}}, {"for": "x", "during": 5},
    {"groups": [5, [[]]], "one_way": 1}, {"between": [{}], "loss": [], "jitter": {}, "delay": "x"},
    [{"when": {}, "kill": None}], {"faults": [[], {}]},
]  # fmt: skip


def test_finding_mistakes_accepts_any_value() -> None:
    for verb, act in product(rules.FAULTS, ODD):
        raw = {
            "peers": ["a", "b"],
            "steps": [{verb: act}, {"kill": {"at": "a", "during": [{verb: act}]}}],
        }
        assert all(isinstance(problem.what, str) for problem in problems.find(raw)), (verb, act)


def test_one_peer_alone_has_no_link() -> None:
    raw = {"peers": ["a"], "steps": [{"isolate": "a"}, {"chaos": {"seed": 1, "for": 5}}]}
    assert sum("only one peer" in problem.what for problem in problems.find(raw)) == 2


def test_needed_features_with_the_first_step_that_needs_them(load: Any) -> None:
    found = load(
        "list: alice",
        "kill: {at: bob, during: [{isolate: alice}]}",
        "impair: {at: all, loss: 5%, delay: 0.1}",
        "parallel: [[{stream: {at: bob, delay: 0.1, jitter: 0.1}}], [{isolate: bob}]]",
        "schedule: [{when: 1, pause: bob}]",
    )
    assert found.needed == {
        "cut": "isolate alice alone",
        "loss": "impair all links: loss 5%, delay 0.1 s",
        "delay": "impair all links: loss 5%, delay 0.1 s",
        "stream": "stream all of bob: streams delayed 0.1 s ± 0.1 s",
        "kill": "kill bob",
        "pause": "pause bob",
    }
    assert load("chaos: {seed: 1, for: 5}").needed == {}
    assert load("chaos: {seed: 1, for: 5, faults: [stream, stop]}").needed.keys() == {
        "stream",
        "stop",
    }
    assert load("list: alice").needed == {}


def test_scenarios_with_faults_settle_longer(load: Any) -> None:
    assert load("list: alice").limits.settle == 3
    assert load("kill: alice").limits.settle == 15
    assert load("repeat: {times: 2, steps: [{isolate: bob}]}").limits.settle == 15
    given = load("kill: alice", more="limits: {settle: 3, total: 9}\n").limits
    assert (given.settle, given.total) == (3, 9)
    assert load("kill: alice", more="limits: {total: 9}\n").limits.settle == 15


def test_arguments_and_ends(load: Any) -> None:
    more = (
        'arguments: ["--silence", "2"]\nends: {alice: exited, bob: {exited: 0}, carol: running}\n'
    )
    found = load("kill: alice", more=more)
    assert found.arguments == ["--silence", "2"]
    wants = [found.ends[peer].wants for peer in found.peers]
    assert wants == [{"state": "exited"}, {"state": "exited", "status": 0}, {"state": "running"}]
    assert load("kill: alice").ends == {}
    assert scenario.EXITED.wants == {"state": "exited"}
    with pytest.raises(DocumentError, match="text is expected here, not the number 2: put it in"):
        load("list: alice", more="arguments: [--silence, 2]\n")


def test_a_schedule_comes_in_the_order_of_its_times(load: Any) -> None:
    (step,) = load("schedule: [{when: 2, kill: bob}, {when: 1.5, heal: all}]").steps
    assert [(entry.when, entry.phrase) for entry in step.act] == [
        (1.5, "heal all"),
        (2, "kill bob"),
    ]
    assert step.phrase == "2 faults, each at its time"


def test_what_chaos_draws_can_be_replayed(load: Any) -> None:
    peers = ["alice", "bob", "carol"]
    for seed in range(25):
        act = Chaos.model_validate({"seed": seed, "for": 40})
        drawn = scenario.drawn(act, peers, ["cut", "loss", "bandwidth", "delay", "stream"])
        assert drawn == chaos.draw(seed, 40, tuple(NEEDS), peers)
        (step,) = load(f"schedule: {json.dumps(drawn)}").steps
        assert step.act == [scenario.ScheduledFault.model_validate(entry) for entry in drawn]


# Faults that an engine cannot do.

ON = "name: here\nwhy: w\nengine: {engine}\npeers: [alice, bob]\nsteps:\n"
IMPOSSIBLE = """\
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
def here(tmp_path: Path) -> Path:
    return tmp_path / "here.yaml"


def test_each_impossible_fault_is_reported_with_its_place(here: Path) -> None:
    here.write_text(ON.format(engine="process") + IMPOSSIBLE)
    validator = Validator()
    validator.check_files([here])
    places = [says.removeprefix(str(here)).partition(": ")[0] for says in validator.mistakes]
    assert places == [":10:11", ":14:11", ":17:19", ":18:5"]
    assert all(f": {WHY} touches" in says for says in validator.mistakes)


def test_possible_faults_are_right(here: Path) -> None:
    validator = Validator()
    for text in (
        ON.format(engine="docker") + IMPOSSIBLE,
        ON.format(engine="process") + IMPOSSIBLE[:47],
    ):
        here.write_text(text)
        validator.check_files([here])
    assert validator.mistakes == []


@pytest.mark.parametrize("engine", [EngineName.AUTO, EngineName.PROCESS])
def test_a_scenario_for_processes_with_such_a_fault_is_not_begun(
    here: Path, engine: EngineName
) -> None:
    here.write_text(ON.format(engine="process") + IMPOSSIBLE)
    says = misfit(scenario.load(here), engine)
    assert says.startswith("needs `isolate alice alone`, but processes share")


@pytest.mark.parametrize(
    ("step", "restarted"),
    [
        ("repeat: {times: 2, steps: [{stop: bob}, {start: bob}]}", "bob"),
        ("parallel: [[{repeat: {times: 2, steps: [{start: bob}]}}], [{list: alice}]]", "bob"),
        ("kill: {at: carol, for: 1}", "carol"),
        ("stop: {at: carol, during: [{list: alice}]}", "carol"),
        ("schedule: [{when: 0, kill: alice}, {when: 1, start: carol}]", "alice carol"),
        ("chaos: {seed: 1, for: 9}", "alice bob carol"),
        ("chaos: {seed: 1, for: 9, faults: [stop, pause]}", "alice bob carol"),
        ("chaos: {seed: 1, for: 9, faults: [pause]}", ""),
        ("kill: bob", ""),
        ("partition: {groups: [[alice], [bob]], for: 1}", ""),
    ],
)
def test_which_peers_are_restarted(load: Any, step: str, restarted: str) -> None:
    assert load(step).restarted == {*restarted.split()}

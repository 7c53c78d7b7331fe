"""Scenarios: who is connected first, what may go on side by side, and the library."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from orchestrator import definition, document, profile, scenario
from orchestrator.errors import DocumentError
from orchestrator.profile import Profile
from orchestrator.scenario import Scenario, SendStep, problems, topology, validation
from orchestrator.scenario.folders import find
from orchestrator.scenario.rules import STEPS
from orchestrator.scenario.steps import flatten, least_seconds
from orchestrator.scenario.topology import RandomGraph, RandomLinks
from tests.orchestrator.support import ROOT

NAMES = ["a", "b", "c", "d", "e"]
LIBRARY = find([ROOT / "scenarios"])
SUITE = find([ROOT / "conformance"])


@pytest.mark.parametrize(
    ("word", "pairs"),
    [
        ("none", []),
        ("line", ["ab", "bc", "cd", "de"]),
        ("ring", ["ab", "ae", "bc", "cd", "de"]),
        ("star", ["ab", "ac", "ad", "ae"]),
        ("mesh", ["ab", "ac", "ad", "ae", "bc", "bd", "be", "cd", "ce", "de"]),
    ],
)
def test_the_pairs_of_each_topology(word: Any, pairs: list[str]) -> None:
    assert topology.pairs(word, NAMES) == [tuple(pair) for pair in pairs]


@pytest.mark.parametrize("word", ["none", "mesh", "line", "star"])
def test_the_fewest_peers(word: Any) -> None:
    assert list(topology.problems(word, NAMES[:2])) == []
    assert topology.pairs(word, NAMES[:2]) == ([] if word == "none" else [("a", "b")])
    alone = [problem.what for problem in topology.problems(word, NAMES[:1])]
    assert len(alone) == (word != "none")


def test_pairs_are_dialled_as_they_are_written() -> None:
    assert topology.pairs([["d", "a"], ["b", "c"]], NAMES) == [("d", "a"), ("b", "c")]


def test_a_seed_draws_the_same_pairs_and_none_twice() -> None:
    def draw(links: int, seed: int) -> list[tuple[str, str]]:
        return topology.pairs(RandomGraph(random=RandomLinks(links=links, seed=seed)), NAMES)

    drawn = {seed: draw(5, seed) for seed in range(20)}
    assert all(draw(5, seed) == pairs for seed, pairs in drawn.items())
    assert len({tuple(pairs) for pairs in drawn.values()}) > 5
    assert all(len({frozenset(pair) for pair in pairs}) == 5 for pairs in drawn.values())
    assert draw(10, 1) == list(combinations(NAMES, 2))


def overlaps(*branches: Any) -> list[str]:
    raw = {"peers": ["alice", "bob", "carol"], "steps": [{"parallel": list(branches)}]}
    return [problem.what for problem in problems.find(raw) if "branch" in problem.what]


@pytest.mark.parametrize(
    ("one", "other", "who"),
    [
        ([{"list": "alice"}], [{"list": "bob"}], ""),
        ([{"list": "alice"}], [{"list": "alice"}], "alice"),
        ([{"list": "alice"}], [{"list": {"at": "alice"}}], "alice"),
        ([{"exit": "carol"}], [{"send": {"at": "all", "to": "bob", "text": "x"}}], "carol"),
        ([{"connect": {"at": "alice", "to": "bob"}}], [{"list": "bob"}], ""),
        ([{"repeat": {"times": 2, "steps": [{"list": "bob"}]}}], [{"list": "bob"}], "bob"),
        ([{"parallel": [[{"list": "bob"}], [{"list": "carol"}]]}], [{"list": "carol"}], "carol"),
        ([{"list": ["alice"]}], [None, 5, {"list": None}, {"repeat": 1, "parallel": 2}], ""),
        (None, "x", ""),
    ],
)
def test_no_two_branches_act_at_one_console(one: Any, other: Any, who: str) -> None:
    found = overlaps(one, other)
    assert found == (
        [f"{who} is used in an earlier branch: a console takes part in one"] if who else []
    )


@pytest.mark.parametrize(
    "raw",
    [None, 5, [], {}, {"peers": None}, {"peers": 5, "steps": 5}, {"peers": {}, "connections": {}},
     {"peers": [1, [], None, "a"], "connections": [[], 5, ["a"], [None, "a"]], "steps": {}},
     {"peers": -1}, {"peers": 10**12, "connections": "ring"}, {"peers": True},
     {"peers": 3, "connections": {"random": {"links": "x", "seed": 1}}}],
)  # fmt: skip
def test_finding_mistakes_accepts_any_value(raw: Any) -> None:
    assert all(isinstance(problem.what, str) for problem in problems.find(raw))


def test_a_text_of_any_length() -> None:
    assert SendStep(at="a", to="b", text="abc", length=7).at_length("abc") == "abcabca"
    assert SendStep(at="a", to="b", text="abc", length=2).at_length("abc") == "ab"
    long = SendStep(at="a", to="b", text="é" * 20_000, length=20_000)
    began = time.process_time()
    for _ in range(200):
        assert len(long.at_length(long.text)) == 20_000
    assert time.process_time() - began < 1.0


@pytest.fixture(scope="module")
def shipped() -> dict[Path, Scenario]:
    """Return the scenarios of the library and of the conformance suite."""
    return {path: scenario.load(path) for path in (*LIBRARY, *SUITE)}


def test_the_library_is_in_order(shipped: dict[Path, Scenario]) -> None:
    misnamed = [path for path, one in shipped.items() if one.name != path.stem]
    unfinished = [path for path, one in shipped.items() if not one.why.endswith(".")]
    assert (misnamed, unfinished) == ([], [])


def test_the_library_has_each_topology_and_each_kind_of_step(
    shipped: dict[Path, Scenario],
) -> None:
    topologies = {str(shipped[path].connections) for path in LIBRARY}
    assert {"none", "line", "ring", "star", "mesh"} <= topologies
    verbs = {step.verb for one in shipped.values() for step in flatten(one.steps)}
    assert verbs == {*STEPS} - {"workload", "eventually"}  # a chat has no such operations


def test_no_two_scenarios_have_one_name() -> None:
    names = [path.stem for path in (*LIBRARY, *SUITE)]
    assert len({*names}) == len(names)


def test_a_number_of_peers_has_the_names_of_the_mesh(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("name: many\nwhy: w\npeers: 6\nsteps: [{list: peer6}]\n")
    found = scenario.load(path)
    assert isinstance(found, Scenario)
    assert found.peers == ["alice", "bob", "carol", "dave", "peer5", "peer6"]
    assert definition.names(2) == ["alice", "bob"]
    path.write_text("name: many\nwhy: w\npeers: 5\nsteps: [{list: peer6}]\n")
    with pytest.raises(DocumentError, match=r"many\.yaml:4:\d+: no peer 'peer6' here"):
        scenario.load(path)


@pytest.mark.parametrize(
    ("step", "place", "what"),
    [
        (
            {"expect": {"at": "a", "from": "a", "message": "x"}},
            ("steps", 0, "expect"),
            "a receives nothing from itself",
        ),
        (
            {"list": {"at": "a", "shows": ["b", "a"]}},
            ("steps", 0, "list"),
            "a is not in its own list",
        ),
        (
            {"list": {"at": "a", "shows": ["b", "b"]}},
            ("steps", 0, "list"),
            "b is in `shows` twice: a list shows each peer once",
        ),
        (
            {"connect": {"at": "a", "within": 5}},
            ("steps", 0, "connect"),
            "connect to whom? Add 'to', or 'address' and 'port'",
        ),
        (
            {"connect": {"at": "a", "address": "localhost"}},
            ("steps", 0, "connect"),
            "to which port? Without 'to', add 'port'",
        ),
        (
            {"terminate": {"at": "a"}},
            ("steps", 0, "terminate"),
            "with whom? Add 'to' or 'id'",
        ),
        (
            {"send": {"at": "a", "id": "last", "text": "x"}},
            ("steps", 0, "send"),
            "the last id of whom? Add 'to'",
        ),
        (
            {"send": {"at": "a", "to": "all", "id": 3, "text": "x"}},
            ("steps", 0, "send"),
            "an 'id' is one connection: it cannot be used with several peers",
        ),
        (
            {"send": {"at": "a", "id": "x", "text": "x", "times": 2}},
            ("steps", 0, "send"),
            "'times' cannot be used with 'id'",
        ),
        (
            {"type": {"at": "a", "line": "x", "answered": True, "refused": ""}},
            ("steps", 0, "type"),
            "expect one thing of a reply, not refused and answered",
        ),
        (
            {"expect": {"at": "a", "delivered": True}},
            ("steps", 0, "expect"),
            "delivered from whom? Add 'from'",
        ),
        (
            {"repeat": {"times": 2, "counter": "to", "steps": []}},
            ("steps", 0, "repeat"),
            "{to} stands for a peer: give the counter another name",
        ),
        (
            {"repeat": {"times": 2, "steps": [{"repeat": {"times": 2, "steps": []}}]}},
            ("steps", 0, "repeat", "steps", 0, "repeat"),
            "{n} is the counter of an outer repeat: use another `counter`",
        ),
    ],
)
def test_mistakes_between_keys(step: dict[str, Any], place: tuple[Any, ...], what: str) -> None:
    (problem,) = problems.find({"peers": ["a", "b"], "steps": [step]})
    assert (problem.place, problem.what) == (place, what)


def test_counters_with_names_of_their_own_may_be_nested() -> None:
    inner = {"repeat": {"times": 2, "counter": "m", "steps": []}}
    assert not list(problems.find({"steps": [{"repeat": {"times": 2, "steps": [inner]}}]}))


def _read(folder: Path, step: str) -> Scenario:
    path = folder / "one.yaml"
    path.write_text(f"name: one\nwhy: w\npeers: [a, b]\nsteps:\n  - {step}\n")
    return scenario.load(path)


@pytest.mark.parametrize(
    ("step", "wants"),
    [
        ("help: a", {"outcome": "ok"}),
        ("help: {at: a, names: [send, exit]}", {"outcome": "ok", "names": ["send", "exit"]}),
        ("connect: {at: a, to: a}", {"outcome": "ok"}),
        ("connect: {at: a, to: b, within: 5}", {"outcome": "ok", "within": 5}),
        ("connect: {at: a, to: b, may_fail: true, within: 5}", {"within": 5}),
        (
            'connect: {at: a, address: "999.1.1.1", port: 5000, refused: ""}',
            {"outcome": "fail", "says": ""},
        ),
        ("terminate: {at: a, id: -1, answered: true}", {"answered": True}),
        ("send: {at: a, id: x, text: y, answered: true}", {"answered": True}),
        ('send: {at: a, to: b, id: last, text: y, refused: "no"}',
         {"outcome": "fail", "says": "no"}),
        ("type: {at: a, line: x, answered: true}", {"answered": True}),
        ("exit: a", {"outcome": "ok", "status": 0}),
        ("exit: {at: a, status: any}", {"outcome": "ok"}),
        ("exit: {at: a, may_fail: true}", {}),
    ],
)  # fmt: skip
def test_the_expected_outcome(tmp_path: Path, step: str, wants: dict[str, Any]) -> None:
    (found,) = _read(tmp_path, step).steps
    assert found.act.wants == wants


def test_ports_and_ids_are_text(tmp_path: Path) -> None:
    (dial,) = _read(tmp_path, "connect: {at: a, address: localhost, port: 70000}").steps
    assert (dial.act.to, dial.act.address, dial.act.port) == (None, "localhost", "70000")
    (end,) = _read(tmp_path, "terminate: {at: a, id: -1}").steps
    assert (end.act.to, end.act.id) == (None, "-1")


@pytest.mark.parametrize(
    ("step", "where", "what"),
    [
        ("myip: c", "5:5", "no peer 'c' here"),
        ("myport: {at: a, is: 1}", "5:21", "'is'"),
        ("help: {at: a, names: send}", "5:19", "a list is expected"),
        ("exit: {at: a, status: some}", "5:19", "a whole number"),
        ("connect: {at: a}", "5:5", "connect to whom"),
        ("connect: {at: a, to: b, within: 0}", "5:29", "more than 0"),
        ("connect: {at: a, to: b, port: true}", "5:29", "text is expected"),
        ("terminate: {at: a, to: all, id: 1}", "5:5", "cannot be used with several peers"),
    ],
)
def test_mistakes_and_where_they_are(tmp_path: Path, step: str, where: str, what: str) -> None:
    with pytest.raises(DocumentError) as error:
        _read(tmp_path, step)
    first = str(error.value).splitlines()[0]
    assert f"one.yaml:{where}: " in first, str(error.value)
    assert what in first


def _profile(*verbs: str, notices: Sequence[str] = ()) -> Profile:
    shipped = profile.load("peerlab")
    return shipped.model_copy(
        update={
            "operations": {verb: shipped.operations[verb] for verb in verbs},
            "notices": {kind: shipped.notices[kind] for kind in notices},
        }
    )


@pytest.mark.parametrize(
    ("step", "verbs", "missing"),
    [
        ("help: a", (), ["help"]),
        ("myip: a", ("myip",), []),
        ("myport: a", ("myip",), ["myport"]),
        ("send: {at: a, to: b, text: x}", (), ["list", "send"]),
        ("send: {at: a, id: 3, text: x}", (), ["send"]),
        ("terminate: {at: a, to: b, id: last}", (), ["list", "terminate"]),
        ("terminate: {at: a, id: x}", ("terminate",), []),
        ("type: {at: a, line: x}", (), ["raw"]),
        ("expect: {at: a, connected: true}", (), ["connected"]),
        ("expect: {at: a, line: x}", (), []),
        ("repeat: {times: 2, steps: [{connect: {at: a, to: b}}, {exit: a}]}", ("exit",),
         ["connect"]),
        ("kill: {at: a, during: [{expect: {at: b, closed: true}}]}", (), ["closed"]),
    ],
)  # fmt: skip
def test_verbs_that_a_profile_does_not_have(
    tmp_path: Path, step: str, verbs: tuple[str, ...], missing: list[str]
) -> None:
    found = _read(tmp_path, step)
    assert validation.missing(found, _profile(*verbs)) == missing
    raw = document.load(tmp_path / "one.yaml").plain
    told = " ".join(problem.what for problem in validation.unsupported(raw, _profile(*verbs)))
    assert all(repr(name) in told for name in missing)
    assert bool(told) == bool(missing)


def test_first_connections_need_verbs_as_well() -> None:
    first = scenario.load(ROOT / "conformance/message.yaml")
    assert validation.missing(first, _profile("send", notices=["message"])) == ["connect", "list"]


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ("  - list: alice\n", 0.0),
        ("  - pause: {at: alice, for: 60}\n  - isolate: {at: bob, for: 2.5}\n", 62.5),
        ("  - repeat: {times: 5, every: 2, steps: [list: alice]}\n", 8.0),
        ("  - repeat: {times: 5, every: 2, steps: [{pause: {at: bob, for: 3}}]}\n", 15.0),
        ("  - repeat: {times: 5, steps: [{pause: {at: bob, for: 3}}]}\n", 15.0),
        ("  - isolate: {at: bob, during: [{pause: {at: alice, for: 4}}, list: bob]}\n", 4.0),
        ("  - chaos: {seed: 1, for: 30}\n", 30.0),
        (("  - schedule:\n    - {when: 5, isolate: {at: bob, for: 2}}\n"
         "    - {when: 6, heal: all}\n"), 7.0),
        (("  - parallel:\n    - [{pause: {at: bob, for: 3}}]\n"
         "    - [{repeat: {times: 3, every: 2, steps: [list: alice]}}]\n"), 4.0),
    ],
)  # fmt: skip
def test_the_least_seconds_of_steps(tmp_path: Path, steps: str, seconds: float) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(f"name: long\nwhy: w\npeers: [alice, bob]\nsteps:\n{steps}")
    assert least_seconds(scenario.load(path).steps) == pytest.approx(seconds)

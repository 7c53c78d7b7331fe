"""Steps: every kind, counters, parallel branches, and what ends a run early."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engines.base import Progress
from tests.orchestrator.harness import Harness, always, ended, judged, marks, outcomes, texts
from tests.orchestrator.support import PATIENCE
from tests.wrong.trial import brought_to, profile_of

TWO = "peers: [alice, bob]\nconnections: line\nsteps:\n"
FOUR = "peers: [alice, bob, carol, dave]\nconnections: mesh\nsteps:\n"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Peers that the scenarios here share."""
    with Harness("process", tmp_path_factory.mktemp("steps"), may_reuse=always) as one:
        yield one


def test_every_kind_of_step(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob]\nsteps:\n"
        "  - connect: {at: alice, to: bob, says: connected}\n"
        "  - expect: {at: bob, from: alice, connected: true}\n"
        "  - send: {at: alice, to: bob, text: 'hi'}\n"
        "  - expect: {at: bob, from: alice, message: 'hi'}\n"
        "  - expect: {at: alice, from: bob, delivered: true}\n"
        "  - list: {at: bob, shows: [alice]}\n"
        "  - type: {at: bob, line: 'myport', says: 'ok: 5000'}\n"
        "  - connect: {at: bob, to: alice, refused: already connected}\n"
        "  - terminate: {at: bob, to: alice}\n"
        "  - expect: {at: alice, from: bob, closed: true}\n"
        "  - repeat: {times: 2, steps: [{list: alice}]}\n"
        "  - parallel: [[{list: alice}], [{list: bob}]]\n"
        "  - exit: bob\n"
    )
    assert set(judged(run).values()) == {"valid"}, judged(run)
    done = [(entry.peer, entry.verb, entry.type) for entry in outcomes(run)]
    parallel = done[-3:-1]
    assert done[:-3] + done[-1:] == [
        ("alice", "connect", "ok"), ("bob", "expect", "ok"), ("alice", "send", "ok"),
        ("bob", "expect", "ok"), ("alice", "expect", "ok"), ("bob", "list", "ok"),
        ("bob", "type", "ok"), ("bob", "connect", "fail"), ("bob", "terminate", "ok"),
        ("alice", "expect", "ok"), ("alice", "list", "ok"), ("alice", "list", "ok"),
        ("bob", "exit", "ok"),
    ]  # fmt: skip
    assert sorted(parallel) == [("alice", "list", "ok"), ("bob", "list", "ok")]
    assert marks(run, "ended") == [
        {"peer": "alice", "state": "running", "status": None, "wants": {"state": "running"}},
        {"peer": "bob", "state": "exited", "status": 0,
         "wants": {"state": "exited", "status": 0}},
    ]  # fmt: skip
    assert run.entries[-1].verb == "over"


@pytest.mark.parametrize(
    ("connections", "pairs"),
    [
        ("none", []),
        ("mesh", ["alice bob", "alice carol", "alice dave", "bob carol", "bob dave", "carol dave"]),
        ("[[dave, alice], [bob, dave]]", ["dave alice", "bob dave"]),
    ],
)  # fmt: skip
def test_the_first_connections_are_known_at_both_ends(
    harness: Harness, connections: str, pairs: list[str]
) -> None:
    run = harness.run(
        f"peers: [alice, bob, carol, dave]\nconnections: {connections}\nsteps:\n  - list: all\n"
    )
    assert set(judged(run).values()) == {"valid"}, judged(run)
    dialled = [f"{e.peer} {e.fields['to']}" for e in outcomes(run, "connect")]
    assert dialled == pairs
    for entry in outcomes(run, "list")[-4:]:
        links = [pair.split() for pair in pairs if entry.peer in pair.split()]
        expected = sorted(one if other == entry.peer else other for one, other in links)
        assert sorted(row["peer"] for row in entry.fields["rows"]) == expected


def test_nested_counters_and_other_braces(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}"
        "  - repeat:\n      times: 2\n      counter: round\n      steps:\n"
        "        - repeat:\n            times: 2\n            steps:\n"
        "              - send: {at: alice, to: bob, text: '{round}.{n} {other} {} {{n}} {n'}\n"
        "              - expect: {at: bob, from: alice, "
        "message: '{round}.{n} {other} {} {{n}} {n'}\n"
        "        - type: {at: alice, line: 'frob {round} {n}', refused: ''}\n"
        "  - send: {at: alice, to: bob, text: '{at} {to} {n}'}\n"
        "  - send: {at: bob, to: alice, text: '{n} of {times}', times: 3}\n"
    )
    assert set(judged(run).values()) == {"valid"}, judged(run)
    numbers = ["1.1", "1.2", "2.1", "2.2"]
    expected = [f"{n} {{other}} {{}} {{{n[-1]}}} {{n" for n in numbers]
    assert texts(run, "bob") == [*expected, "{at} {to} {n}"]
    assert texts(run, "alice") == ["1 of {times}", "2 of {times}", "3 of {times}"]
    typed = [entry.fields["line"] for entry in outcomes(run, "type")]
    assert typed == ["frob 1 {n}", "frob 2 {n}"]


def test_all_as_sender_and_as_recipient(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob, carol, dave]\nsteps:\n"
        "  - connect: {at: alice, to: all}\n"
        "  - list: {at: all, within: 5}\n"
        "  - list: {at: dave, shows: [alice], within: 5}\n"
        "  - send: {at: all, to: all, text: '{at} to {to}, {n}', times: 2}\n"
        "  - send: {at: all, to: alice, text: 'and you, {at}?'}\n"
        "  - expect: {at: all, from: alice, message: 'alice to {at}, 2'}\n"
        "  - send: {at: alice, to: [bob, dave], text: 'one of {to}'}\n"
        "  - terminate: {at: alice, to: all}\n"
        "  - expect: {at: all, from: alice, closed: true}\n"
        "  - exit: all\n"
    )
    assert set(judged(run).values()) == {"valid"}, judged(run)
    assert [e.fields["to"] for e in outcomes(run, "connect", "alice")] == ["bob", "carol", "dave"]
    assert Counter(texts(run, "alice")) == Counter(
        [f"{name} to alice, {n}" for name in ("bob", "carol", "dave") for n in (1, 2)]
        + [f"and you, {name}?" for name in ("bob", "carol", "dave")]
    )
    assert texts(run, "bob") == ["alice to bob, 1", "alice to bob, 2", "one of {to}"]
    assert texts(run, "carol") == ["alice to carol, 1", "alice to carol, 2"]
    assert ended(run, "terminate") == ["ok"] * 3
    assert [entry.peer for entry in outcomes(run, "expect")].count("alice") == 0
    assert ended(run, "exit") == ["ok"] * 4


@pytest.mark.parametrize(
    "act", ["send: {at: bob, to: all, text: x}", "terminate: {at: all, to: all}"]
)
@pytest.mark.parametrize(
    ("more", "verdict"),
    [("", "invalid"), (", refused: is empty", "valid"), (", may_fail: true", "valid")],
)
def test_an_act_for_all_listed_fails_if_the_list_is_empty(
    harness: Harness, act: str, more: str, verdict: str
) -> None:
    run = harness.run(f"peers: [alice, bob]\nsteps:\n  - {act[:-1]}{more}}}\n")
    done = outcomes(run, act.partition(":")[0])
    assert {(entry.type, entry.fields["said"]) for entry in done} == {("fail", "the list is empty")}
    assert judged(run)["expectations"] == verdict
    assert {**judged(run), "expectations": "valid"} == dict.fromkeys(judged(run), "valid")


def test_at_all_one_list_that_is_not_empty_is_enough(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob, carol]\nconnections: [[alice, bob]]\nsteps:\n"
        "  - send: {at: all, to: all, text: x}\n  - terminate: {at: alice, to: all}\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert ended(run, "send") == ["ok", "ok"]


def test_a_peer_must_list_the_one_it_dialled(harness: Harness, tmp_path: Path) -> None:
    profile = tmp_path / "nobody.yaml"
    made = profile_of("nobody", brought_to(tmp_path / "peers"))
    profile.write_text(made.model_dump_json(exclude_none=True), encoding="utf-8")
    head = f"profile: {profile}\npeers: [alice, bob]\nlimits: {{expect: 0.2, settle: 0.2}}\n"
    run = harness.run(f"{head}connections: line\nsteps:\n  - help: alice\n", discard=True)
    assert judged(run)["expectations"] == judged(run)["lists"] == "invalid"
    (finding,) = (w for v in run.verdicts if v.check == "expectations" for w in v.findings)
    assert finding.says.endswith("should have succeeded, but failed: list does not show bob")


def test_all_send_to_several_but_not_to_themselves(harness: Harness) -> None:
    run = harness.run(f"{FOUR}  - send: {{at: all, to: [alice, bob], text: 'from {{at}}'}}\n")
    assert set(judged(run).values()) == {"valid"}, judged(run)
    assert Counter(texts(run, "alice")) == Counter(["from bob", "from carol", "from dave"])
    assert Counter(texts(run, "bob")) == Counter(["from alice", "from carol", "from dave"])


def test_a_text_is_repeated_to_its_length(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - send: {{at: alice, to: bob, text: 'abc', length: 7}}\n"
        "  - send: {at: alice, to: bob, text: 'abcdef', length: 3, times: 2}\n"
    )
    assert texts(run, "bob") == ["abcabca", "abc", "abc"]


def test_a_text_with_a_counter_has_its_length_all_the_same(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - send: {{at: alice, to: bob, text: '{{n}} ', length: 9, times: 3}}\n"
    )
    assert texts(run, "bob") == [f"{n} " * 4 + n for n in "123"]


def test_counters_in_what_is_expected(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - repeat:\n      times: 2\n      steps:\n"
        "        - send: {at: alice, to: bob, text: 'round {n}', says: '#{n}'}\n"
        "        - expect: {at: bob, line: 'round {n}$'}\n"
        "        - type: {at: alice, line: 'frob{n}', refused: 'frob{n}'}\n"
        "  - send: {at: all, to: all, text: 'by {at}'}\n"
        "  - expect: {at: bob, line: 'by alice'}\n"
        "  - type: {at: all, line: '{at}', refused: '{at}'}\n"
    )
    assert [entry.fields["said"].split(": ")[-1] for entry in outcomes(run, "expect")] == [
        "round 1", "round 2", "by alice",
    ]  # fmt: skip
    assert judged(run)["expectations"] == "valid", run.verdicts[0]


@pytest.mark.parametrize(("text", "nearest"), [("one", "one"), ("two", "two"), ("never", "three")])
def test_what_came_instead_is_what_differs_least(harness: Harness, text: str, nearest: str) -> None:
    sends = "".join(f"  - send: {{at: alice, to: bob, text: {it}}}\n"
                    for it in ("one", "two", "three"))  # fmt: skip
    run = harness.run(
        f"peers: [alice, bob, carol]\nconnections: [[alice, bob], [bob, carol]]\nsteps:\n{sends}"
        f"  - expect: {{at: bob, from: carol, message: {text}, within: 0.2}}\n"
    )
    *_, last = outcomes(run, "expect")
    assert last.fields["said"].endswith(f"{nearest}'"), last.fields


def test_parallel_waiting_counts_as_waiting(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - parallel:\n"
        "      - - expect: {at: alice, message: never, within: 0.5}\n"
        "      - - expect: {at: bob, message: never, within: 0.5}\n"
        "  - expect: {at: all, message: never, within: 0.5}\n"
    )
    assert run.seconds["waiting"] > 1, run.seconds


def test_branches_run_at_once(harness: Harness) -> None:
    waiting: Counter[str] = Counter()
    both = threading.Event()

    def step(line: str) -> None:
        if "expect" in line:
            waiting[line] += 1
            if len(waiting) == 2:
                both.set()
            assert both.wait(PATIENCE), "one branch waits for the other one's end"

    run = harness.run(
        f"{TWO}  - parallel:\n"
        "      - - expect: {at: alice, from: bob, message: 'go'}\n"
        "        - send: {at: alice, to: bob, text: 'gone'}\n"
        "      - - send: {at: bob, to: alice, text: 'go'}\n"
        "        - expect: {at: bob, from: alice, message: 'gone'}\n",
        Progress(lambda _: None, step),
    )
    assert set(judged(run).values()) == {"valid"}, judged(run)


def test_acts_that_may_fail(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - connect: {{at: alice, to: bob, may_fail: true}}\n"
        "  - terminate: {at: bob, to: alice, may_fail: true}\n"
    )
    assert ended(run, "connect") == ["ok", "fail"]
    assert set(judged(run).values()) == {"valid"}


def test_acts_that_end_as_wanted(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - type: {{at: alice, line: 'myport'}}\n"
        "  - type: {at: alice, line: 'myport', says: '5000'}\n"
        "  - type: {at: alice, line: 'frob', refused: 'frob'}\n"
        "  - list: {at: alice, shows: [bob]}\n"
        "  - send: {at: alice, to: alice, text: x, refused: list does not show alice}\n"
        "  - expect: {at: bob, line: 'connec?ted', within: 2}\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")


def test_every_act_that_does_not_end_as_wanted_is_found(harness: Harness) -> None:
    wrong = {
        "type: {at: alice, line: 'myport', says: '6000'}": ["with '6000', but the answer was"],
        "type: {at: alice, line: 'myport', refused: ''}": ["should have failed, but succeeded"],
        "type: {at: alice, line: 'frob', refused: 'bark'}": ["answered with 'bark', but"],
        "type: {at: alice, line: 'frob'}": ["should have succeeded, but failed"],
        "list: {at: alice, shows: []}": ["but showed bob"],
        "expect: {at: bob, from: alice, message: never, within: 0.1}": ["expected message 'never'"],
        "expect: {at: bob, line: 'no such line', within: 0.1}": ["a line like 'no such line'"],
        "terminate: {at: bob, to: alice, refused: not so}": [
            "should have failed, but succeeded", "answered with 'not so', but",
        ],
    }  # fmt: skip
    run = harness.run(f"{TWO}  - " + "\n  - ".join(wrong) + "\n")
    assert judged(run) == dict.fromkeys(judged(run), "valid") | {"expectations": "invalid"}
    (found,) = (v.findings for v in run.verdicts if v.check == "expectations")
    expected = [says for clauses in wrong.values() for says in clauses]
    for finding, says in zip(found, expected, strict=True):
        assert says in finding.says


def test_a_list_may_take_its_time(harness: Harness) -> None:
    run = harness.run(
        f"{TWO}  - parallel:\n"
        "      - - list: {at: bob, shows: [], within: 10}\n"
        "      - - type: {at: alice, line: 'help'}\n"
        "        - terminate: {at: alice, to: bob}\n"
        "  - list: {at: alice, shows: [bob], within: 0.1}\n"
    )
    entries = outcomes(run, "list")[-2:]
    assert [entry.fields["rows"] for entry in entries] == [[], []]
    assert judged(run)["expectations"] == "invalid"
    invoked = [e.at for e in run.entries if e.type == "invoke" and e.verb == "list"]
    assert 0.1 <= entries[-1].at - invoked[-3] < 2, "the last one took its whole time"


def test_all_steps_together_have_a_time_limit(harness: Harness) -> None:
    began = time.monotonic()
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nlimits: {total: 0.4}\nsteps:\n"
        "  - repeat: {times: 100000, steps: [{list: alice}]}\n"
    )
    assert time.monotonic() - began < PATIENCE
    assert run.broke_off == "the steps took longer than 0.4 s"
    assert judged(run)["expectations"] == "unknown"
    assert len(ended(run, "list")) > 10


def test_one_long_step_is_broken_off_in_time(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nlimits: {total: 4}\nsteps:\n"
        "  - send: {at: alice, to: bob, text: '{n}', times: 50000}\n"
    )
    assert run.broke_off == "the steps took longer than 4 s"
    sent = ended(run, "send")
    assert 10 < len(sent) < 50_000
    assert set(sent[-5:]) == {"info"}, "typed, but the answers were not awaited"
    assert run.entries[-1].verb == "broke off"


def test_cancelling_ends_the_wait_for_a_list(harness: Harness) -> None:
    def step(line: str) -> None:
        if "step 1" in line:
            timer.start()

    timer = threading.Timer(0.2, harness.cancel.set)
    began = time.monotonic()
    try:
        run = harness.run(
            f"{TWO}  - list: {{at: alice, shows: [], within: 60}}\n",
            Progress(lambda _: None, step),
        )
    finally:
        timer.join()
        harness.cancel._event.clear()
    assert time.monotonic() - began < 10
    assert run.broke_off == "the run was stopped"
    assert (run.folder / "run.json").exists()


def test_what_idle_consoles_show_is_recorded_while_others_act(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.runner.steps._CATCH_UP_EVERY", 0.0)
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nsteps:\n"
        "  - repeat: {times: 30, steps: [{send: {at: alice, to: bob, text: '{n}'}}]}\n"
        "  - send: {at: alice, to: bob, text: 'last'}\n"
    )
    at_bob = [n for n, e in enumerate(run.entries) if (e.peer, e.verb) == ("bob", "message")]
    at_alice = [n for n, e in enumerate(run.entries) if (e.peer, e.verb) == ("alice", "send")]
    assert at_bob[0] < at_alice[-1], "a lab that is killed must not take it along"


def test_a_long_wait_ends_with_the_runs_time(harness: Harness) -> None:
    run = harness.run(
        f"limits: {{total: 0.6}}\n{TWO}"
        "  - expect: {at: bob, from: alice, message: never, within: 60}\n"
    )
    assert run.broke_off == "the steps took longer than 0.6 s"

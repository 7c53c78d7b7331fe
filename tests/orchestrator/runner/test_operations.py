"""Operations at consoles: ok, fail or info, if programs misbehave and if peers end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.checks.judged_run import Run
from orchestrator.engines import thread_waits
from orchestrator.engines.base import Progress
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.pool import PeerSpecs
from tests.orchestrator.harness import Harness, ended, judged, marks, odd, outcomes
from tests.orchestrator.support import PATIENCE, PROGRAMS

OddRun = Callable[..., Run]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Peers that the scenarios here share as far as they can."""
    with Harness("process", tmp_path_factory.mktemp("perform")) as one:
        yield one


@pytest.fixture(scope="module")
def run_odd(harness: Harness) -> OddRun:
    """Run steps with one peer, alice, that misbehaves when a step says so."""
    profile = odd(harness.folder)

    def run(*steps: str, peers: str = "[alice]", more: str = "") -> Run:
        lines = "".join(f"  - {step}\n" for step in steps)
        head = f"profile: {profile}\npeers: {peers}\nlimits: {{settle: 0.3}}\n{more}"
        return harness.run(f"{head}steps:\n{lines}")

    return run


def odd_step(line: str, more: str = "") -> str:
    """Return the step that makes alice misbehave."""
    return f'type: {{at: alice, line: "{line}"{more}}}'


def test_blanks_of_what_came_instead_are_visible(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nsteps:\n"
        "  - send: {at: alice, to: bob, text: 'two  between'}\n"
        "  - expect: {at: bob, message: 'two between', within: 0.1}\n"
    )
    (said,) = (entry.fields["said"] for entry in outcomes(run) if entry.verb == "expect")
    assert said.endswith("two··between'")


# Programs that misbehave


def test_a_peer_that_ends_in_the_middle_of_an_answer_does_not_end_the_run(run_odd: OddRun) -> None:
    run = run_odd(odd_step("die 139", ", may_fail: true"), "list: alice", "exit: alice")
    assert [(e.verb, e.type) for e in outcomes(run)] == [
        ("type", "info"), ("list", "fail"), ("exit", "fail"),
    ]  # fmt: skip
    died, listed, left = outcomes(run)
    assert died.fields["said"] == "alice is gone: exited with status 139"
    assert listed.fields["said"] == left.fields["said"] == "alice is not there any more"
    assert run.broke_off == ""
    (end,) = marks(run, "ended")
    assert (end["state"], end["status"], end["wants"]["status"]) == ("exited", 139, 0)
    assert judged(run)["expectations"] == judged(run)["end states"] == "invalid"


def test_an_end_with_the_status_that_was_wanted(run_odd: OddRun) -> None:
    more = "ends: {alice: {exited: 7}}\n"
    run = run_odd(odd_step("die 7", ", may_fail: true"), more=more)
    assert judged(run)["end states"] == "valid"
    assert judged(run)["expectations"] == "valid", "nothing was wanted of it"


def test_one_silence_is_tolerated_and_its_late_answer_ignored(run_odd: OddRun) -> None:
    run = run_odd(
        odd_step("deaf once"), "list: alice", odd_step("late"), odd_step("one"), "list: alice"
    )
    said = [(e.type, e.fields["said"]) for e in outcomes(run)]
    assert said[1::2] == [("ok", "ok: list"), ("ok", "ok: one")]
    assert said[-1] == ("ok", "ok: list")
    assert [kind for kind, _ in said] == ["info", "ok", "info", "ok", "ok"]
    # It answered `sync` behind it, on a busy machine too late.
    assert said[0][1].startswith(("the lab could not read", "alice did not reply to 'deaf once'"))
    assert run.broke_off == ""
    assert judged(run)["expectations"] == "unknown"


def test_two_silences_in_a_row_break_the_run_off(run_odd: OddRun) -> None:
    run = run_odd(odd_step("deaf"), "list: alice", "list: alice")
    assert ended(run) == ["info", "info"]
    assert run.broke_off.startswith("alice did not reply to 'hello' within 0.5 s")
    found = judged(run)
    assert found.pop("expectations") == ("invalid" if thread_waits.IS_KNOWN_HERE else "unknown")
    assert set(found.values()) == {"unknown"}
    assert run.entries[-1].verb == "broke off"


def test_an_error_in_a_branch_ends_the_run_after_the_others(run_odd: OddRun) -> None:
    branch = "[{type: {at: bob, line: late}}, {type: {at: bob, line: one}}, {list: bob}]"
    silence = "[{type: {at: alice, line: deaf}}, {list: alice}]"
    run = run_odd(f"parallel: [{silence}, {branch}]", "list: bob", peers="[alice, bob]")
    assert "alice did not reply" in run.broke_off
    assert ended(run, peer="alice") == ["info", "info"]
    assert ended(run, peer="bob") == ["info", "ok", "ok"]


def test_a_crash_is_recorded_and_the_run_goes_on(run_odd: OddRun) -> None:
    run = run_odd(odd_step("crash"), "list: alice")
    assert ended(run) == ["ok", "ok"]
    said = [mark["said"] for mark in marks(run, "crash")]
    assert said[0].startswith("Exception in thread ")
    assert said[1] == "Traceback (most recent call last):"
    invoked, answered = (e for e in run.entries if e.verb == "type")
    (crash, *_) = (e for e in run.entries if e.verb == "crash")
    assert invoked.at <= crash.at <= answered.at
    assert judged(run)["crashes"] == "invalid"
    assert judged(run)["expectations"] == "valid"


def test_output_without_end_does_not_hold_the_run_up(
    run_odd: OddRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.console.lines._LAG", 0.5)
    began = time.monotonic()
    run = run_odd(odd_step("flood"), "list: alice")
    assert time.monotonic() - began < 2 * PATIENCE
    assert ended(run) == ["info", "info"]
    is_ended = any("printed more than 8 MB" in mark["said"] for mark in marks(run, "crash"))
    assert is_ended or "alice did not reply" in run.broke_off, "whichever limit comes first"


def test_an_exit_that_is_refused_did_not_happen(run_odd: OddRun) -> None:
    run = run_odd(odd_step("refuse", ", may_fail: true"), "list: alice", "exit: alice")
    (entry,) = outcomes(run, "exit")
    assert (entry.type, entry.fields["said"]) == ("fail", "error: no")
    assert judged(run)["end states"] == "invalid", "it was to exit"


def test_an_exit_that_does_not_come_in_time_failed(
    run_odd: OddRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.runner.calls._EXIT_WITHIN", 0.3)
    run = run_odd(odd_step("stay", ", may_fail: true"), "list: alice", "exit: alice", "list: alice")
    entry, after = outcomes(run)[-2:]
    assert (entry.verb, entry.type, entry.fields["state"]) == ("exit", "fail", "running")
    still = "the program had not ended after 0.6 s"
    assert entry.fields["said"].endswith(still)
    assert (after.verb, after.type) == ("list", "ok")
    assert judged(run)["expectations"] == judged(run)["end states"] == "invalid"
    deaf = run_odd(odd_step("deaf once"), "list: alice", odd_step("deaf"), "exit: alice")
    (entry,) = outcomes(deaf, "exit")
    assert (entry.type, entry.fields["state"]) == ("fail", "running")
    assert "alice did not reply" in entry.fields["said"]
    assert entry.fields["said"].endswith(f"; {still}")
    assert deaf.broke_off == "", "a silent peer is not asked for its last list"


def test_what_a_peer_showed_before_it_ended_was_shown(run_odd: OddRun) -> None:
    run = run_odd(
        odd_step("note one"), odd_step("note two"), "exit: alice",
        'expect: {at: alice, line: "!note two"}', 'expect: {at: alice, line: "!note one"}',
        'expect: {at: alice, line: "!note one", within: 60}',
    )  # fmt: skip
    entries = outcomes(run, "expect")
    assert [(e.type, e.fields["said"]) for e in entries] == [
        ("ok", "!note two"), ("ok", "!note one"),
        ("fail", "alice is gone: exited with status 0"),
    ]  # fmt: skip
    assert judged(run)["end states"] == "valid"


def test_numbers_that_cannot_be_read(run_odd: OddRun) -> None:
    numbers = ["²", "1-2", "x", "9" * 99, "7"]
    run = run_odd(*(odd_step(f"say !delivered #{number}") for number in numbers))
    assert ended(run) == ["ok"] * 5
    fields = [dict(e.fields) for e in run.entries if e.verb == "delivered"]
    assert [("number" in found) for found in fields] == [False] * 4 + [True]
    assert (fields[-1]["number"], fields[-1]["count"]) == (7, 1)
    assert run.entries[-1].verb == "over"


def test_a_program_that_never_becomes_ready(harness: Harness) -> None:
    text = (PROGRAMS / "profile.yaml").read_text()
    path = harness.folder / "never.yaml"
    path.write_text(text.replace("PROGRAM", str(PROGRAMS / "never_ready.py")))
    run = harness.run(f"profile: {path}\npeers: [erin]\nsteps:\n  - list: erin\n")
    assert run.broke_off.startswith("erin was not ready after 1 s; it last showed:\n  | loading …")
    verbs = [(e.type, e.verb) for e in run.entries if e.verb != "machine"]  # which may be busy
    assert verbs == [("lab", "began"), ("lab", "broke off")]
    assert set(judged(run).values()) == {"unknown"}
    assert run.record
    assert run.record.verdict == "unknown"


def test_a_program_without_the_verb(harness: Harness) -> None:
    text = (PROGRAMS / "profile.yaml").read_text()
    path = harness.folder / "quiet.yaml"
    path.write_text(text.replace("PROGRAM", str(PROGRAMS / "quiet.py")))
    head = f"profile: {path}\npeers: [frank]\nlimits: {{settle: 0.2}}\nsteps:\n"
    run = harness.run(f'{head}  - expect: {{at: frank, line: "!tick", within: 0.1}}\n')
    assert run.broke_off == "", "a program without `list` is not asked for its last one"
    run = harness.run(f"{head}  - list: frank\n")
    assert run.broke_off == "frank cannot be told 'list': the profile foreign has no 'list'"
    assert ended(run) == ["info"]


# Peers that are gone


def test_acts_with_a_peer_that_is_gone(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nsteps:\n"
        "  - exit: bob\n"
        "  - expect: {at: alice, from: bob, closed: true}\n"
        "  - connect: {at: bob, to: alice, refused: not there}\n"
        "  - send: {at: bob, to: alice, text: x, refused: not there}\n"
        "  - send: {at: bob, to: alice, text: x, times: 3, refused: not there}\n"
        "  - terminate: {at: bob, to: alice, refused: not there}\n"
        "  - type: {at: bob, line: help, refused: not there}\n"
        "  - connect: {at: alice, to: bob, refused: refused}\n"
        "  - send: {at: alice, to: bob, text: x, refused: does not show}\n"
        "  - send: {at: alice, to: bob, text: x, times: 3, refused: does not show}\n"
        "  - terminate: {at: alice, to: bob, refused: does not show}\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert ended(run, "send") == ["fail"] * 8
    assert run.broke_off == ""


@pytest.mark.parametrize(
    "act", ["send: {at: bob, to: all, text: x}", "terminate: {at: bob, to: all}"]
)
@pytest.mark.parametrize(("more", "verdict"), [("", "invalid"), (", may_fail: true", "valid")])
def test_an_act_for_all_listed_at_a_peer_that_is_gone(
    harness: Harness, act: str, more: str, verdict: str
) -> None:
    steps = f"  - exit: bob\n  - {act[:-1]}{more}}}\n"
    run = harness.run(f"peers: [alice, bob]\nconnections: line\nsteps:\n{steps}")
    assert [(e.verb, e.type) for e in outcomes(run, peer="bob")][-1] == ("list", "fail")
    assert judged(run)["expectations"] == verdict


def test_a_peer_that_was_killed_behind_the_labs_back(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = harness.runner.pool
    take = pool.take

    def take_and_kill(specs: PeerSpecs, peers: PeerGroup, progress: Progress) -> None:
        take(specs, peers, progress)
        peers.sessions["bob"].peer.kill()

    monkeypatch.setattr(pool, "take", take_and_kill)
    run = harness.run(
        "peers: [alice, bob]\nlimits: {expect: 0.2, settle: 0.2}\nconnections: line\nsteps:\n"
        "  - expect: {at: bob, from: alice, connected: true}\n"
        "  - list: bob\n"
    )
    assert ended(run, peer="bob") == ["fail"] * 3
    assert ended(run, "connect", "alice") == ["fail"]
    assert run.broke_off == ""
    assert judged(run)["end states"] == "invalid"


def test_what_was_shown_before_an_operation_is_recorded_before_it(harness: Harness) -> None:
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nsteps:\n"
        "  - send: {at: alice, to: bob, text: 'first'}\n"
        "  - expect: {at: alice, from: bob, delivered: true}\n"
        "  - type: {at: bob, line: myport}\n"
    )
    at_bob = [e for e in run.entries if e.peer == "bob" and e.verb in ("message", "type")]
    assert [e.verb for e in at_bob] == ["message", "type", "type"]
    assert [e.at for e in at_bob] == sorted(e.at for e in at_bob)


def test_transcripts_are_kept_of_everything(harness: Harness, tmp_path: Path) -> None:
    run = harness.run("peers: [alice]\nsteps:\n  - type: {at: alice, line: frob, refused: ''}\n")
    text = (run.folder / "alice.transcript").read_text()
    assert "frob" in text
    assert (run.folder / "scenario.yaml").read_text().startswith("name: test\n")

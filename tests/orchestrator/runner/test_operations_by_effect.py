"""Operations whose replies say little or nothing: the list decides, or the outcome is unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from orchestrator.checks.judged_run import Run
from tests.orchestrator.harness import Harness, ended, judged, outcomes
from tests.orchestrator.support import PROGRAMS

MuteRun = Callable[..., Run]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Peers that the scenarios here share as far as they can."""
    with Harness("process", tmp_path_factory.mktemp("effect")) as one:
        yield one


@pytest.fixture
def run_mute(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> MuteRun:
    """Run steps with two peers, alice and bob, that say as little as they can."""
    monkeypatch.setattr("orchestrator.runner.chat_driver._LISTED_WITHIN", 0.5)
    path = harness.folder / "mute.yaml"
    path.write_text((PROGRAMS / "mute.yaml").read_text().replace("PROGRAM", f"{PROGRAMS}/mute.py"))

    def run(*steps: str, **changes: str) -> Run:
        for before, after in changes.items():
            path.write_text(
                re.sub(rf"(?m)^  {before}: .*$", f"  {before}: {after}", path.read_text())
            )
        lines = "".join(f"  - {step}\n" for step in steps)
        head = f"profile: {path}\npeers: [alice, bob]\nfresh: true\nlimits: {{settle: 0.1}}\n"
        return harness.run(f"{head}steps:\n{lines}")

    return run


def test_a_silent_command_worked_if_the_list_shows_it(run_mute: MuteRun) -> None:
    run = run_mute(
        "connect: {at: alice, to: bob}",
        "connect: {at: alice, to: bob}",
        "terminate: {at: alice, to: bob}",
        "connect: {at: alice, address: late, port: 7}",
    )
    assert ended(run) == ["ok", "fail", "ok", "ok"]
    first, second, *_ = outcomes(run)
    assert first.fields["id"] == "1"
    assert second.fields["said"] == "nothing was said, and list shows no change of bob"


def test_what_is_typed_in_place_of_an_address(run_mute: MuteRun) -> None:
    run = run_mute(
        'connect: {at: alice, to: bob, port: 1, refused: ""}',
        'connect: {at: alice, address: 999.1.1.1, port: 1, refused: ""}',
        "connect: {at: alice, address: 10.9.9.9, port: 70000}",
        "connect: {at: alice, to: alice}",
    )
    assert ended(run) == ["fail", "fail", "ok", "ok"]
    port, _, both, itself = outcomes(run)
    assert port.fields["port"] == "1"
    assert port.fields["to"] == "bob"
    assert {"address", "to"} & {*both.fields} == {"address"}
    assert itself.fields["to"] == "alice"
    assert judged(run)["expectations"] == "valid"


def test_an_answer_that_cannot_be_read_is_unknown(run_mute: MuteRun) -> None:
    run = run_mute("connect: {at: alice, address: riddle, port: 5}")
    (entry,) = outcomes(run)
    assert entry.type == "info"
    assert entry.fields["unread"] == "do you know?\nwho can tell"
    assert entry.fields["said"] == r"the lab could not read 'do you know?\nwho can tell'"
    assert judged(run)["expectations"] == "unknown"


TOLD = "{send: 'connect {address} {port}', ok: '^connected$'}"


@pytest.mark.parametrize(
    "step",
    ["send: {{at: alice, id: 9, text: x{}}}", "connect: {{at: alice, address: x, port: 1{}}}"],
)
def test_silence_is_a_refusal_where_success_is_always_told(run_mute: MuteRun, step: str) -> None:
    wanted = run_mute(step.format(', refused: ""'), connect=TOLD)
    (entry,) = outcomes(wanted)
    assert (entry.type, entry.fields["said"]) == ("fail", "")
    assert judged(wanted)["expectations"] == "valid"
    worded = run_mute(step.format(", refused: because"))
    assert "but the answer was nothing" in worded.verdicts[0].findings[0].says
    (entry,) = outcomes(run_mute(step.format("")))
    assert entry.type == "info", "it may have been told too late"


def test_silence_is_no_refusal_where_success_may_be_silent(run_mute: MuteRun) -> None:
    run = run_mute('connect: {at: alice, address: late, port: 7, refused: ""}')
    assert ended(run) == ["ok"]


def test_a_command_that_takes_too_long(run_mute: MuteRun) -> None:
    step = 'connect: {{at: alice, address: slow, port: 5, refused: "", within: {}}}'
    run = run_mute(step.format(0.2), step.format(5))
    late, soon = outcomes(run)
    assert late.fields["took"] > 0.3
    assert soon.fields["took"] < 5
    (wrong,) = (v for v in run.verdicts if v.judgement.word == "invalid")
    (finding,) = wrong.findings
    assert "as 'slow 5' should have ended within 0.2 s, but took 0." in finding.says


@pytest.mark.parametrize(
    ("step", "outcome", "judgement"),
    [
        ("help: {at: alice, names: [connect, SEND]}", "ok", "valid"),
        ("help: {at: alice, names: [connect, exit]}", "ok", "invalid"),
        ("myip: all", "ok", "valid"),
        ("myport: alice", "ok", "valid"),
    ],
)
def test_what_a_peer_says_of_itself(
    run_mute: MuteRun, step: str, outcome: str, judgement: str
) -> None:
    run = run_mute(step)
    assert {*ended(run)} == {outcome}
    assert judged(run)["expectations"] == judgement


@pytest.mark.parametrize(
    ("words", "verb", "outcome", "judgement"),
    [
        ("127.0.0.250 6200", "myip", "ok", "invalid"),
        ("nowhere 6200", "myip", "info", "unknown"),
        ("127.0.0.1 49152", "myport", "ok", "invalid"),
        ("127.0.0.1 high", "myport", "info", "unknown"),
    ],
)
def test_a_peer_that_is_wrong_about_itself(
    run_mute: MuteRun, words: str, verb: str, outcome: str, judgement: str
) -> None:
    run = run_mute(f"type: {{at: alice, line: be {words}}}", f"{verb}: alice")
    assert ended(run)[-1] == outcome
    assert judged(run)["expectations"] == judgement


@pytest.mark.parametrize(
    ("line", "answered", "judgement"),
    [
        ("what", True, "valid"),
        ("terminate x", True, "valid"),
        ("well", False, "invalid"),
        ("swallow", False, "invalid"),
        ("swallow error: wrong", False, "invalid"),
    ],
)
def test_whether_a_line_is_answered(
    run_mute: MuteRun, line: str, answered: bool, judgement: str
) -> None:
    run = run_mute(f'type: {{at: alice, line: "{line}", answered: true}}')
    (entry,) = outcomes(run)
    assert entry.fields["answered"] is answered
    assert judged(run)["expectations"] == judgement


def test_a_connect_without_arguments_is_typed_without(run_mute: MuteRun) -> None:
    run = run_mute('connect: {at: alice, address: "", port: "", answered: true}')
    (entry,) = outcomes(run)
    assert entry.fields["said"] == "error: no such address"
    assert entry.fields["answered"] is False, "it took the lab's next line for the address"


def test_ids_that_are_given(run_mute: MuteRun) -> None:
    run = run_mute(
        "connect: {at: alice, to: bob}",
        'send: {at: alice, id: 7, text: x, refused: ""}',
        "send: {at: alice, id: 1, text: x}",
        "terminate: {at: alice, id: x, answered: true}",
        "terminate: {at: alice, to: bob}",
        'terminate: {at: alice, to: bob, id: last, refused: "no such id"}',
        'send: {at: alice, to: bob, id: last, text: x, refused: "to whom"}',
    )
    assert [entry.fields.get("id") for entry in outcomes(run)] == [
        "1",
        "7",
        "1",
        "x",
        "1",
        "1",
        "1",
    ]
    assert judged(run)["expectations"] == "valid"


def test_an_exit_with_any_status(run_mute: MuteRun) -> None:
    run = run_mute("exit: {at: alice, status: any}", "exit: bob")
    assert ended(run) == ["ok", "ok"]
    (wrong,) = (v for v in run.verdicts if v.check == "expectations")
    (finding,) = wrong.findings
    assert finding.peers[0] == "bob"
    assert "exit" in finding.says

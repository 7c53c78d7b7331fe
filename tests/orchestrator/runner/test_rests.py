"""For how long all programs rested while something was awaited."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engines import thread_waits
from orchestrator.history.entries import History
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.rests import RestWatch
from tests.orchestrator.harness import Harness, odd, outcomes
from tests.waiting import let_pass, until

pytestmark = pytest.mark.skipif(
    not thread_waits.IS_KNOWN_HERE, reason="the kernel of this machine does not say it"
)

NEVER = "  - expect: {at: alice, line: never, within: 1, may_fail: true}\n"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with Harness("process", tmp_path_factory.mktemp("rests")) as one:
        yield one


def rested(harness: Harness, line: str, folder: Path) -> float:
    """Return for how many seconds a program rested while a line was awaited in vain."""
    steps = f"  - type: {{at: alice, line: {line}}}\n{NEVER}"
    run = harness.run(f"peers: [alice]\nprofile: {odd(folder)}\nsteps:\n{steps}", discard=True)
    (found,) = outcomes(run, "expect")
    since, until_ = found.fields.get("rested", (0.0, 0.0))
    assert 0 <= since <= until_ <= found.at
    return float(until_ - since)


def test_a_program_that_waits_for_input_rests(harness: Harness, tmp_path: Path) -> None:
    assert rested(harness, "hello", tmp_path) > 0.5


def test_a_program_that_polls_does_not_rest_for_long(harness: Harness, tmp_path: Path) -> None:
    assert rested(harness, "poll", tmp_path) < 0.5


def test_a_program_that_has_not_taken_what_was_typed_does_not_rest(
    harness: Harness, tmp_path: Path
) -> None:
    harness.run(f"peers: [alice]\nprofile: {odd(tmp_path)}\nsteps:\n  - list: alice\n")
    session = harness.runner.pool._idle["alice"]
    with contextlib.closing(History(tmp_path / "history.jsonl")) as history:
        peers = PeerGroup(history)
        peers.sessions["alice"] = session
        with RestWatch(peers, typed="alice") as rest:
            let_pass(0.5)
        assert not rest.found
        with RestWatch(peers, typed="alice") as rest:
            session.ask("raw", line="hello")
            until(lambda: bool(rest.found))


@pytest.mark.parametrize(
    ("before", "line", "never"),
    [
        ([], "deaf", True),
        (["note behind"], "deaf", True),
        ([], "late", False),
        (["poll"], "deaf", False),
        (["crash"], "deaf", False),
        ([], "die 3", False),
    ],
)
def test_a_console_never_answers_if_its_program_rests_for_good(
    harness: Harness, tmp_path: Path, before: list[str], line: str, never: bool
) -> None:
    typed = "".join(f"  - type: {{at: alice, line: {it}}}\n" for it in [*before, line])
    run = harness.run(f"peers: [alice]\nprofile: {odd(tmp_path)}\nsteps:\n{typed}", discard=True)
    *_, last = outcomes(run, "type")
    assert last.type == "info"
    assert (last.fields.get("answered") is False and "rested" in last.fields) is never


def test_a_console_may_answer_once_a_peer_goes_on(harness: Harness, tmp_path: Path) -> None:
    steps = "  - pause: bob\n  - type: {at: alice, line: deaf}\n  - resume: bob\n"
    run = harness.run(f"peers: [alice, bob]\nprofile: {odd(tmp_path)}\nsteps:\n{steps}",
                      discard=True)  # fmt: skip
    *_, last = outcomes(run, "type")
    assert last.type == "info"
    assert "rested" not in last.fields

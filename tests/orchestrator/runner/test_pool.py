"""Pools: peers serve again if their run was valid, and remember nothing of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.cancel import RunCancelledError
from orchestrator.checks.judged_run import Run
from orchestrator.console.pump import PUMP
from orchestrator.console.served_session import open_session
from orchestrator.console.session import Session
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import EngineError
from tests.orchestrator.harness import Harness, judged, marks, odd, texts
from tests.orchestrator.runner.scripted import Scripted
from tests.orchestrator.support import SecondTerminal, client_behind, processes_of, things_of, until
from tests.repeats import ON_DOCKER_IF_THOROUGH, times

TALK = (
    "peers: [alice, bob]\nconnections: line\nsteps:\n"
    "  - send: {at: all, to: all, text: '{at}', times: 5}\n"
)
ALONE = "peers: [alice, bob]\nsteps:\n  - list: {at: all, shows: []}\n"


@pytest.fixture(scope="module", params=["process", ON_DOCKER_IF_THOROUGH])
def harness(
    request: pytest.FixtureRequest, docker_refusal: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harness]:
    """Return a runner on each engine in turn; tests leave it fit for the next one."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with Harness(request.param, tmp_path_factory.mktemp("pool")) as one:
        yield one


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Return a runner on the process engine; tests leave it fit for the next one."""
    with Harness("process", tmp_path_factory.mktemp("pool")) as one:
        yield one


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Harness]:
    """Return a runner of the test's own, which it may spoil."""
    with Harness("process", tmp_path) as one:
        yield one


def warm(run: Run) -> list[bool]:
    return [mark["warm"] for mark in marks(run, "ready")]


def idle(harness: Harness) -> dict[str, Session]:
    return harness.runner.pool._idle


def handles(harness: Harness) -> dict[str, str]:
    return {name: session.peer.handle for name, session in idle(harness).items()}


def first_id(run: Run) -> int:
    found = (entry for entry in run.entries if entry.verb == "connect" and entry.type == "ok")
    return int(next(found).fields["id"])


def test_the_next_scenario_costs_no_start_and_sees_nothing_of_the_last(harness: Harness) -> None:
    first = harness.run(f"fresh: true\n{TALK}")
    before = handles(harness)
    second, third = harness.run(ALONE), harness.run(TALK)
    assert handles(harness) == before
    assert [warm(run) for run in (first, second, third)] == [[False] * 2, [True] * 2, [True] * 2]
    for run in (first, second, third):
        assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert [entry for entry in second.entries if entry.type == "notice"] == []
    assert "* " not in (second.folder / "alice.transcript").read_text()
    assert texts(third, "bob") == ["alice"] * 5
    assert first_id(third) > first_id(first), "the program counts on"


def test_late_notices_and_half_typed_lines_do_not_reach_the_next_run(harness: Harness) -> None:
    mesh = "[alice, bob, carol, dave]\nconnections: mesh"
    busy = f"peers: {mesh}\nsteps:\n  - send: {{at: all, to: all, text: 'old', times: 20}}\n"
    lonely = "peers: [alice, bob, carol, dave]\nsteps:\n  - list: {at: all, shows: []}\n"
    harness.run(busy)
    for _ in range(times(2, 8)):
        hands = SecondTerminal(idle(harness)["alice"].peer)
        hands.type("send 1 half a li")
        run = harness.run(lonely)
        hands.close()
        assert judged(run) == dict.fromkeys(judged(run), "valid")
        assert [entry.fields for entry in run.entries if entry.type == "notice"] == []
        assert warm(run) == [True] * 4
        assert warm(harness.run(busy)) == [True] * 4


@pytest.mark.parametrize(
    "steps",
    [
        "  - exit: bob\n",
        pytest.param("  - type: {at: bob, line: frob}\n", marks=pytest.mark.thorough),
        "  - expect: {at: bob, from: alice, message: never, within: 0.1}\n",
    ],
)
def test_a_peer_that_ended_or_was_wrong_is_not_used_again(local: Harness, steps: str) -> None:
    local.run(ALONE)
    before = handles(local)
    local.run(f"peers: [alice, bob]\nsteps:\n{steps}")
    run = local.run(ALONE)
    after = handles(local)
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert after["bob"] != before["bob"]
    valid = "exit" in steps
    assert (after["alice"] == before["alice"]) is valid
    assert warm(run) == [valid, False]


@pytest.mark.parametrize(
    "fault",
    [
        "pause: {at: bob, for: 0.01}",
        "kill: {at: bob, for: 0.01}",
        pytest.param("stream: {at: all, pieces: 1, for: 0.01}", marks=pytest.mark.thorough),
    ],
)
def test_an_idle_peer_can_be_faulted_and_is_not_used_again(
    local: Harness, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    local.run(ALONE)
    with monkeypatch.context() as patch:
        patch.setattr(local.engine, "network", lambda _: Scripted())
        run = local.run(f"peers: [alice, bob]\nsteps:\n  - {fault}\n")
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert warm(run)[:2] == [True, True]
    assert idle(local) == {}
    assert processes_of(local.owner) == []
    run = local.run(TALK)
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert warm(run) == [False, False]


def test_a_peer_that_crashed_is_not_used_again(local: Harness) -> None:
    head = f"profile: {odd(local.folder)}\npeers: [alice]\nlimits: {{settle: 0.3}}\nsteps:\n"
    local.run(f"{head}  - type: {{at: alice, line: crash}}\n")
    assert warm(local.run(f"{head}  - list: alice\n")) == [False]


def test_another_program_is_another_peer(local: Harness) -> None:
    alone = "peers: [alice]\nlimits: {settle: 0.3}\nsteps:\n  - list: alice\n"
    local.run(alone)
    path = odd(local.folder)
    assert warm(local.run(f"profile: {path}\n{alone}")) == [False]
    assert idle(local)["alice"].profile.name == "odd"
    odd(local.folder, answer_within="0.9")
    assert warm(local.run(f"profile: {path}\n{alone}")) == [True], "the lab's patience alone"
    assert idle(local)["alice"].profile.answer_within == 0.9
    odd(local.folder, port="6101")
    assert warm(local.run(f"profile: {path}\n{alone}")) == [False]


def test_a_fresh_peer_can_be_asked_for(local: Harness) -> None:
    local.run(ALONE)
    assert warm(local.run(f"fresh: true\n{ALONE}")) == [False, False]
    assert warm(local.run(ALONE)) == [True, True]


def test_a_peer_that_died_while_idle_is_replaced(harness: Harness) -> None:
    harness.run(ALONE)
    dead = idle(harness)["bob"].peer
    dead.kill()
    dead.await_end(5.0)
    run = harness.run(TALK)
    assert warm(run) == [True, False]
    assert judged(run) == dict.fromkeys(judged(run), "valid")


def test_a_peer_that_stopped_answering_is_replaced(local: Harness) -> None:
    profile = f"profile: {odd(local.folder)}\nlimits: {{settle: 0.3}}\n"
    text = f"{profile}peers: [alice]\nsteps:\n  - list: alice\n"
    local.run(text)
    os.write(idle(local)["alice"].peer.attach(), b"deaf\n")
    assert warm(local.run(text)) == [False]


def test_idle_peers_stay_if_another_cannot_be_started(
    local: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.run(ALONE)
    before = handles(local)

    def refuse(*_: object) -> None:
        raise EngineError("no room for carol")

    with monkeypatch.context() as patch:
        patch.setattr(local.engine, "start", refuse)
        run = local.run("peers: [alice, bob, carol]\nsteps:\n  - list: alice\n")
    assert run.broke_off == "no room for carol"
    assert set(judged(run).values()) == {"unknown"}
    assert handles(local) == before
    assert warm(local.run(ALONE)) == [True, True]


def test_no_peer_is_left_behind_if_one_cannot_be_attached(
    local: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def once(*words: Any) -> Session:
        made.append(words)
        if len(made) == 2:
            raise EngineError("no more consoles")
        return open_session(*words)

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.runner.pool.open_session", once)
        run = local.run(f"fresh: true\n{ALONE}")
    assert run.broke_off == "no more consoles"
    assert processes_of(local.owner) == []
    assert warm(local.run(ALONE)) == [False, False]


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_a_pool_leaves_nothing(engine: str, tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with Harness(engine, tmp_path) as first:  # whatever is made once a process
        first.run(ALONE)
    files, threads, reading = open_files(), threading.active_count(), len(PUMP._takers)
    with Harness(engine, tmp_path) as harness:
        harness.run(TALK)
        harness.run(f"fresh: true\n{TALK}  - exit: bob\n")
        harness.run(f"{TALK}  - type: {{at: bob, line: frob}}\n")
    assert processes_of(harness.owner) == []
    if engine == "docker":
        with Harness(engine, tmp_path) as other:
            client = client_behind(other.engine)
            assert things_of(client, lambda owner: owner.run == harness.owner) == []
    assert len(PUMP._takers) == reading
    until(lambda: threading.active_count() <= threads, "threads to end")
    until(lambda: open_files() <= files, "descriptors to be closed")


class KeepingEngine(ProcessEngine):
    """Keeps its peers, as Docker does, until the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    def keep(self) -> None:
        """Note which peers there were to keep."""
        self.kept = [peer.name for peer in self._peers]


def test_the_peers_of_a_run_that_is_not_valid_can_be_kept(tmp_path: Path) -> None:
    with Harness(KeepingEngine(), tmp_path, keep=True) as harness:
        harness.run("peers: [alice, bob, carol]\nsteps:\n  - list: alice\n")
        pid = handles(harness)["alice"]
        assert not harness.runner.pool.is_kept
        run = harness.run("peers: [alice, bob]\nsteps:\n  - exit: bob\n  - list: {at: bob}\n")
        assert harness.runner.pool.is_kept
        assert harness.engine.kept == ["alice", "bob"], "not carol, who took no part"
        assert run.kept == [pid], "bob cannot be attached to any more"
        assert psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
        assert idle(harness) == {}


def test_nothing_is_kept_if_no_peer_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Harness(KeepingEngine(), tmp_path, keep=True) as harness:
        harness.run(ALONE)
        with monkeypatch.context() as patch:
            patch.setattr(harness.engine, "_start", _refuse)
            run = harness.run("peers: [carol]\nsteps:\n  - list: carol\n")
        assert run.broke_off == "carol cannot be started"
        assert not harness.runner.pool.is_kept
        assert warm(harness.run(ALONE)) == [True, True]


def _refuse(*_: object) -> None:
    raise EngineError("carol cannot be started")


def test_processes_cannot_be_kept(own: Harness) -> None:
    own.runner.keep = True
    with pytest.raises(EngineError, match="was not started to keep its peers"):
        own.run("peers: [alice]\nsteps:\n  - type: {at: alice, line: frob}\n")
    assert (own.folder / "runs/test/latest/run.json").exists()


def test_cancelling_while_idle_peers_are_checked_loses_none(own: Harness) -> None:
    own.run(ALONE)
    before = handles(own)
    own.runner.pool._cancel.set()
    run = own.run(ALONE)
    assert isinstance(run.error, RunCancelledError)
    assert handles(own) == before


def test_only_peers_that_start_are_counted(own: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[int, int]] = []
    monkeypatch.setattr(
        own.engine, "require", lambda demand: counted.append((demand.peers, demand.links))
    )
    mesh = "connections: mesh\nsteps: []\n"
    own.run(f"peers: [alice, bob, carol]\n{mesh}")
    own.run(f"peers: [alice, bob, carol]\n{mesh}")
    own.run(f"peers: [alice, bob, carol, dave]\n{mesh}")
    assert counted == [(3, 3), (1, 3)], "what idle peers need is taken already"

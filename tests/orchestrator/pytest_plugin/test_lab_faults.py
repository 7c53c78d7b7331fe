"""Faults from Python: what applies and lifts them, and the message if that fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.engines.network import Lapse
from orchestrator.engines.process.network import ProcessNetwork
from orchestrator.engines.process.peer import ProcessPeer
from orchestrator.errors import EngineError
from orchestrator.faults import proof
from orchestrator.history.entries import read
from orchestrator.pytest_plugin.lab import Lab, NotAsWantedError
from orchestrator.runner.injector import FaultInjector
from orchestrator.scenario import Scenario

pytestmark = pytest.mark.peerlab(engine="process", limits={"expect": 15})
MakeLab = Callable[..., Lab]


def operations(lab: Lab) -> list[tuple[str, str, str]]:
    """Return the peer, the verb and the outcome of each fault."""
    assert lab.folder
    entries = read(lab.folder / "history.jsonl")
    return [(e.peer, e.verb, e.type) for e in entries if e.is_done and "proof" in e.fields]


def test_faults_of_peers(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    bob.kill()
    alice.expect_closed(bob)
    alice.connect(bob, refused="")
    bob.start()
    assert bob.list() == []
    assert alice.connect(bob)
    bob.pause()
    bob.resume()
    bob.stop()
    bob.start()
    assert lab.end().judgement.word == "valid"
    assert operations(lab) == [
        ("bob", verb, "ok") for verb in ("kill", "start", "pause", "resume", "stop", "start")
    ]


def test_an_undelivered_message_is_reported(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    bob.pause()
    alice.send(bob, "who hears this?")
    with pytest.raises(NotAsWantedError, match="nothing of the kind"):
        alice.expect_undelivered(bob, within=0.1)
    bob.kill()
    alice.expect_undelivered(bob)
    lab.expect_verdict("invalid", check="expectations")
    lab.end()


def test_the_end_of_a_with_statement_lifts_a_fault(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    with bob.kill():
        alice.connect(bob, refused="")
    with bob.pause() as pause:
        assert pause.name == "bob"
        bob.resume()
    with lab.stream(between=[alice, "bob"], pieces=1, name="crumbs"):
        alice.connect(bob)
        alice.send(bob, "byte by byte")
        bob.expect_message("byte by byte", sender=alice)
        lab.restore()
    assert lab.end().judgement.word == "valid"
    assert operations(lab) == [
        ("bob", "kill", "ok"), ("bob", "start", "ok"), ("bob", "pause", "ok"),
        ("bob", "resume", "ok"), ("", "stream", "ok"), ("", "restore", "ok"),
    ]  # fmt: skip


def test_faults_that_are_active_at_the_end_are_lifted(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    lab.stream(at=alice, delay=0.1)
    bob.pause()
    assert lab.end().judgement.word == "valid"
    assert operations(lab)[-2:] == [("bob", "resume", "ok"), ("", "restore", "ok")]


def test_a_lapse_between_two_acts_names_its_fault(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.expect_verdict("unknown", check="expectations")
    alice, bob = lab.peers("alice", "bob")
    lapses = [Lapse("the relay was ended")]
    with lab.stream(between=[alice, bob], pieces=1, name="crumbs"):
        alice.connect(bob)
        monkeypatch.setattr(ProcessNetwork, "lapses", lambda _: [lapses.pop()] if lapses else [])
    assert lab.folder
    (lapse,) = [e for e in read(lab.folder / "history.jsonl") if e.verb == "lapse"]
    assert lapse.fields == {"said": "the relay was ended", "faults": ["crumbs"]}
    assert operations(lab) == [("", "stream", "ok"), ("", "restore", "ok")]


def test_a_fault_beside_something_at_the_same_console(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    bob.expect_connected(alice)  # alice may be killed before her greeting is complete
    lab.together(lambda: bob.expect_closed(alice), alice.kill)
    alice.start()


def test_faults_that_make_no_sense_are_refused_and_not_recorded(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    with pytest.raises(ValueError, match="no peer 'bobb' here; did you mean 'bob'"):
        lab.stream(between=[alice, "bobb"], pieces=1)
    with pytest.raises(ValueError, match="one effect on a stream"):
        lab.stream(between=[alice, bob], pieces=1, hold=1)
    with pytest.raises(ValueError, match="loss: unknown key 'loss'"):
        lab.stream(at=alice, loss="5%")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="there is no active partition or isolate called 'x'"):
        lab.heal("x")
    with pytest.raises(EngineError, match=r"partition alice \| bob` cannot be done here") as error:
        lab.partition([alice], [bob])
    assert error.value.__notes__ == ['hint: mark the test with `peerlab(engine="docker")`']
    bent = lab.stream(between=[alice, bob], pieces=2, name="bent")
    with pytest.raises(ValueError, match="there is already a fault called 'bent'"):
        lab.stream(at=alice, pieces=3, name="bent")
    with pytest.raises(RuntimeError, match="no peer can join after a network fault"):
        lab.peers("carol")
    with pytest.raises(ValueError, match="there is no active partition or isolate called 'bent'"):
        lab.heal(bent)
    lab.heal()
    lab.restore(bent)
    bent.lift()
    assert lab.end().judgement.word == "valid"
    assert operations(lab) == [("", "stream", "ok"), ("", "restore", "ok")]


def test_a_fault_that_fails_is_reported_at_once(lab: Lab) -> None:
    lab.expect_verdict("invalid", check="expectations")
    alice, bob = lab.peers("alice", "bob")
    with pytest.raises(NotAsWantedError, match="bob has not ended: it is running"):
        bob.start()
    bob.kill()
    with pytest.raises(NotAsWantedError, match="bob does not run: exited with status 137"):
        bob.stop()
    assert alice.list() == []


def test_an_unproven_fault_is_reported_at_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.expect_verdict("unknown", check="expectations")
    alice, bob = lab.peers("alice", "bob")
    assert lab._active
    assert lab._active.peers.verifier
    lab._active.peers.verifier._patience = 0.0
    with monkeypatch.context() as patch:
        patch.setattr(proof, "unproven", lambda *_: "nothing is different")
        with pytest.raises(NotAsWantedError, match="not proven: alice to bob: nothing is"):
            lab.stream(source=alice, to=bob, pieces=1)
    with monkeypatch.context() as patch:
        patch.setattr(ProcessPeer, "pause", lambda _: None)
        with pytest.raises(NotAsWantedError, match="not proven: it is running"):
            bob.pause()


def test_a_failure_during_a_fault_and_one_at_its_end_are_both_reported(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.expect_verdict("unknown")
    _, bob = lab.peers("alice", "bob")

    resume = ProcessPeer.resume

    def fail(peer: ProcessPeer) -> None:
        resume(peer)
        raise EngineError("no one knows")

    def in_the_middle() -> None:
        with bob.pause():
            monkeypatch.setattr(ProcessPeer, "resume", fail)
            assert bob.name == "alice"

    with pytest.raises(AssertionError, match="alice") as error:
        in_the_middle()
    (note,) = error.value.__notes__
    assert note.startswith("and when bob was lifted: ")
    assert "no one knows" in note


def test_after_a_fault_there_is_more_time_to_settle(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []

    def waiting(scenario: Scenario, *_: object) -> Nothing:
        found.append(scenario.limits.settle)
        return Nothing()

    monkeypatch.setattr("orchestrator.runner.run.Quiescence", waiting)
    for lab in (make_lab(), make_lab(), make_lab(limits={"settle": 2})):
        lab.peers("alice", "bob")
        if found:
            lab.peer("bob").kill()
        lab.expect_verdict("unknown")
        lab.end()
    assert found == [3, 15, 2]


class Nothing:
    """Waits for nothing."""

    def reach(self) -> None:
        """Do nothing."""


def test_arguments_of_the_program(make_lab: MakeLab) -> None:
    lab = make_lab(arguments=["--silence", "2"])
    assert lab.peer("alice").list() == []


def test_the_scenarios_injector_is_used(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = []
    monkeypatch.setattr(FaultInjector, "kill", lambda _, at: killed.append(at))
    alice = lab.peer("alice")
    alice.list()
    alice.kill()
    assert killed == ["alice"]


@pytest.mark.docker
@pytest.mark.thorough  # test_plugin.py has a partition on Docker
@pytest.mark.timeout(120)
def test_faults_of_the_network(make_lab: MakeLab) -> None:
    lab = make_lab(engine="docker", arguments=["--silence", "2"])
    alice, bob, carol = lab.peers(3)
    lab.connect_all("mesh")
    with lab.partition([alice], [bob, carol]) as split:
        assert split.name == "partition 1"
        alice.expect_closed(bob)
        bob.expect_closed(alice)
        carol.send(bob, "still here")
        bob.expect_message("still here", sender=carol)
    lab.partition([bob], [carol], one_way=True)
    lab.isolate("alice", name="lonely")
    lab.heal("lonely")
    lab.heal()
    with lab.impair(source=alice, to=carol, loss="30%", bandwidth="64 kB/s"):
        pass
    assert lab.end().judgement.word == "valid"
    assert [verb for _, verb, _ in operations(lab)] == [
        "partition", "heal", "partition", "isolate", "heal", "heal", "impair", "restore",
    ]  # fmt: skip

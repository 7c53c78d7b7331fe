"""A fault that is done wrongly on purpose is no proof of anything: the run is `unknown`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cancel import CancelToken
from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Progress
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.sidecar import rules
from orchestrator.faults.effect import Effect, Link
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner, ScenarioSource

pytestmark = [pytest.mark.docker, pytest.mark.timeout(150)]

SCENARIO = """
name: wrong-fault
why: A fault is asked for, and something else is done.
engine: docker
peers: [alice, bob]
connections: line
arguments: ["--silence", "60"]
steps:
  - {fault}
  - send: {{at: alice, to: bob, text: "hello"}}
"""
FAULTS = {
    "cut": ("partition: [[alice], [bob]]", "20 of 20 packets passed"),
    "isolate": ("isolate: alice", "20 of 20 packets passed"),
    "loss": ("impair: {between: [alice, bob], loss: 50%}", "0 of "),
    "bandwidth": ("impair: {from: alice, to: bob, bandwidth: 64 kB/s}", "64 kB/s"),
    "delay": ("impair: {from: alice, to: bob, delay: 0.1}", "0.1 s"),
    "pieces": ("stream: {between: [alice, bob], pieces: 1}", "reads"),
}

Shares = Callable[
    [Mapping[Link, Effect], Mapping[str, str], Mapping[str, str]], dict[str, rules.Rules]
]


def run(folder: Path, fault: str) -> Run:
    """Run a scenario with a fault."""
    path = folder / "wrong-fault.yaml"
    path.write_text(SCENARIO.format(fault=fault))
    stop = CancelToken()
    with DockerEngine(docker_client.connect(), stop) as engine:
        runner = Runner(Pool(engine, stop), folder, stop)
        done = runner.run(ScenarioSource.read(path), Progress(lambda _: None, lambda _: None))
        runner.pool.close()
    return done


def doubts(done: Run) -> list[str]:
    """Return what speaks against the run being valid."""
    return [
        finding.says
        for verdict in done.verdicts
        if verdict.judgement is not Judgement.VALID
        for finding in verdict.findings
    ]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_the_wrong_address_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    real: Shares = rules.for_peers

    def elsewhere(
        effects: Mapping[Link, Effect], addresses: Mapping[str, str], means: Mapping[str, str]
    ) -> dict[str, rules.Rules]:
        return real(effects, dict.fromkeys(addresses, "192.0.2.1"), means)

    fault, measured = FAULTS[kind]
    assert run(tmp_path, fault).judgement is Judgement.VALID
    monkeypatch.setattr(rules, "for_peers", elsewhere)
    done = run(tmp_path, fault)
    assert done.judgement is Judgement.UNKNOWN
    assert any("not proven" in says and measured in says for says in doubts(done)), doubts(done)


def changed(change: Callable[[Effect], Effect]) -> Shares:
    """Return what gives sidecars other effects than were asked for."""
    real: Shares = rules.for_peers

    def for_peers(
        effects: Mapping[Link, Effect], addresses: Mapping[str, str], means: Mapping[str, str]
    ) -> dict[str, rules.Rules]:
        return real({link: change(each) for link, each in effects.items()}, addresses, means)

    return for_peers


def test_a_fault_that_is_several_times_as_bad_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(effect: Effect) -> Effect:
        narrow = effect.bandwidth and effect.bandwidth // 30
        return replace(effect, loss=4 * effect.loss, bandwidth=narrow)

    monkeypatch.setattr(rules, "for_peers", changed(worse))
    lossy = "impair: {from: alice, to: bob, loss: 5%}"
    done = run(tmp_path, f"{lossy}\n  - impair: {{from: bob, to: alice, bandwidth: 256 kB/s}}")
    assert done.judgement is Judgement.UNKNOWN
    assert any("packets lost, 5% wanted" in says for says in doubts(done)), doubts(done)
    assert any("bandwidth 256 kB/s: not proven" in says for says in doubts(done)), doubts(done)


def test_a_delay_that_does_not_vary_is_no_proof_of_its_jitter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = "impair: {from: alice, to: bob, delay: 0.2, jitter: 0.1}"
    right = run(tmp_path, late)
    assert right.judgement is Judgement.VALID, doubts(right)
    monkeypatch.setattr(rules, "for_peers", changed(lambda each: replace(each, jitter=0.0)))
    done = run(tmp_path, late)
    assert done.judgement is Judgement.UNKNOWN
    assert any("a jitter of 100 ms wanted" in says for says in doubts(done)), doubts(done)


def test_a_fault_that_a_cut_has_hidden_is_not_proven_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [
        "partition: {groups: [[alice], [bob]], as: cut}",
        "impair: {between: [alice, bob], loss: 40%, bandwidth: 16 kB/s, as: bad}",
        "heal: cut",
    ]
    right = run(tmp_path, "\n  - ".join(steps))
    assert right.judgement is Judgement.VALID, doubts(right)
    monkeypatch.setattr(rules, "for_peers", changed(lambda each: Effect(cut=each.cut)))
    done = run(tmp_path, "\n  - ".join(steps))
    assert done.judgement is Judgement.UNKNOWN
    assert any("never seen active: " in says for says in doubts(done)), doubts(done)


def test_a_fault_at_the_wrong_interface_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Shares = rules.for_peers

    def inside(
        effects: Mapping[Link, Effect], addresses: Mapping[str, str], means: Mapping[str, str]
    ) -> dict[str, rules.Rules]:
        """Slow what leaves by the loopback interface."""
        return real(effects, dict.fromkeys(addresses, "127.0.0.2"), means)

    monkeypatch.setattr(rules, "for_peers", inside)
    done = run(tmp_path, FAULTS["bandwidth"][0])
    assert done.judgement is Judgement.UNKNOWN
    assert any("64 kB/s" in says for says in doubts(done)), doubts(done)

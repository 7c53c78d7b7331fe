"""Examining this machine: every part of it, and then a scenario as a trial."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from orchestrator import scenario
from orchestrator.cancel import CancelToken
from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.diagnosis import docker
from orchestrator.diagnosis.condition import Condition, Diagnosis, State
from orchestrator.diagnosis.room import rooms
from orchestrator.engines import resources
from orchestrator.engines.base import Progress
from orchestrator.engines.choose import choose
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.client import Client
from orchestrator.engines.process import engine as process_engine
from orchestrator.errors import EngineError, LabError
from orchestrator.files import left_folders, temporary_folder
from orchestrator.runner.jobs import MOST_REPEATS
from orchestrator.runner.lateness import PRESSURE
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner, ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.text import count

_PORT = 5000
_TRIAL = """\
name: trial
why: Two peers greet each other.
peers: [alice, bob]
steps:
  - connect: {at: alice, to: bob}
  - send: {at: alice, to: bob, text: "hello"}
  - expect: {at: bob, from: alice, message: "hello"}
"""
_ON_PROCESSES = (
    "scenarios run on processes: without a sandbox, and without most faults of the network"
)


def examine(engine: EngineName, folder: Path, progress: Progress) -> Diagnosis:
    """Examine everything that scenarios on an engine need.

    What killed runs left behind is removed, as every command does.

    Args:
        engine: the engine; `auto` is Docker if it answers.
        folder: where runs are kept.
        progress: hears what is being examined.
    """
    found: list[Condition] = []
    client = None
    if engine is not EngineName.PROCESS:
        progress.phase("examining Docker")
        client = _connect(engine, found)
    if engine is EngineName.AUTO:
        engine = EngineName.DOCKER if client else EngineName.PROCESS
    if client:
        found += docker.of_client(client)
    progress.phase("examining this machine")
    found += _of_machine(engine, folder, client)
    left = _leftovers(client)
    progress.phase("running a scenario of two peers")
    trial = _trial(engine, progress)
    found += [_of_leftovers(left, client), trial]
    return Diagnosis(str(engine), trial.state is State.WORKS, tuple(found))


def _connect(engine: EngineName, found: list[Condition]) -> Client | None:
    try:
        return docker_client.connect()
    except EngineError as error:
        means = "no scenario can run there" if engine is EngineName.DOCKER else _ON_PROCESSES
        found.append(Condition.of_error("engine", error, means))
        return None


def _of_machine(engine: EngineName, folder: Path, client: Client | None) -> Iterator[Condition]:
    yield from rooms(resources.of_the_lab, folder)
    if engine is EngineName.PROCESS:
        yield from rooms(resources.of_processes, folder)
        yield _of_addresses()
    elif client and docker_client.is_here(client):
        yield from rooms(resources.of_containers, folder)
    yield _of_pressure()


def _of_addresses() -> Condition:
    try:
        address = process_engine.free_address(_PORT, ())
    except EngineError as error:
        return Condition.of_error("loopback addresses", error, "no peers can be started")
    return Condition("loopback addresses", State.WORKS, f"port {_PORT} is free at {address}")


def _of_pressure() -> Condition:
    try:
        PRESSURE.read_text()
    except OSError:
        return Condition(
            "pressure",
            State.LIMITED,
            "the kernel does not count how long programs wait for a CPU",
            "a busy machine is known by late timers and slow echoes alone",
            "boot Linux with psi=1",
        )
    return Condition("pressure", State.WORKS, "the kernel counts how long programs wait for a CPU")


def _leftovers(client: Client | None) -> int:
    objects = docker_client.leftovers(client) if client else 0
    return objects + process_engine.leftovers() + sum(1 for _ in left_folders())


def _of_leftovers(before: int, client: Client | None) -> Condition:
    """Return what killed runs had left before the trial, and what there still is."""
    if left := _leftovers(client):
        what = f"{count(left, 'thing')} of killed runs cannot be removed"
        return Condition("leftovers", State.LIMITED, what, "they take room", "peerlab down")
    says = f"removed what killed runs had left: {count(before, 'thing')}" if before else "none"
    kept = docker_client.kept(client) if client else 0
    if kept:
        says += f"; {count(kept, 'peer')} kept by `run --keep`, which `peerlab down --kept` removes"
    return Condition("leftovers", State.WORKS, says)


def _trial(engine: EngineName, progress: Progress) -> Condition:
    """Run a scenario of two peers, and return how that went."""
    part, means = "trial", "no scenario can run here"
    try:
        run = _run_of_two(engine, progress)
    except LabError as error:
        return Condition.of_error(part, error, means)
    if run.error:
        return Condition.of_error(part, run.error, means)
    if run.judgement is Judgement.VALID:
        says = f"two peers greeted each other in {sum(run.seconds.values()):.1f} s, on {run.engine}"
        return Condition(part, State.WORKS, says)
    others = [it for it in run.verdicts if it.judgement is not Judgement.VALID]
    findings = [finding.says for verdict in others for finding in verdict.findings[:1]]
    state = State.UNKNOWN if run.judgement is Judgement.UNKNOWN else State.FAILS
    return Condition(
        part, state, f"{run.judgement.word}: {'; '.join(dict.fromkeys(findings))}", means
    )


def _run_of_two(engine: EngineName, progress: Progress) -> Run:
    """Run the trial; again if the machine was too busy for a verdict."""
    with temporary_folder() as folder, choose(engine, progress.phase) as place:
        path = Path(folder, "trial.yaml")
        path.write_text(_TRIAL)
        source = ScenarioSource(scenario.load(path), _TRIAL)
        with contextlib.closing(Pool(place, CancelToken())) as pool:
            runner = Runner(pool, Path(folder))
            run = runner.run(source, progress)
            for _ in range(MOST_REPEATS):
                run = runner.run(source, progress) if run.is_late else run
    return run

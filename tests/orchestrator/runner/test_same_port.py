"""A program that takes every peer on its own port for itself: one test of the suite shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.checks.judged_run import Run
from orchestrator.grading.rubric import CONFORMANCE
from orchestrator.runner.run import ScenarioSource
from tests.orchestrator.harness import QUIET, Harness, judged, marks
from tests.repeats import ON_DOCKER_IF_THOROUGH

HEAD = "from peer import __main__\nfrom peer.node import Node, NodeError\n"
TAIL = "\n__main__.main()\n"
REFUSES = """
right = Node.connect

def connect(node, destination, port, *more):
    if port == node._settings.port:
        raise NodeError("that is this peer")
    return right(node, destination, port, *more)

Node.connect = connect
"""
KNOWS_IT = """
right = Node._refuse_known

def refuse_known(node, targets, waker):
    if any(target.sockaddr[1] == node._settings.port for target in targets):
        raise NodeError("connected already")
    right(node, targets, waker)

Node._refuse_known = refuse_known
"""


def own_ports(folder: Path, code: str) -> Path:
    """Write the profile of our own peer, changed by some code, with a port of its own for each."""
    shipped = profile.load("peerlab")
    assert shipped.start.process
    literal = f"{HEAD}{code}{TAIL}".replace("{", "{{").replace("}", "}}")
    start = profile.Start(command=["{python}", "-c", literal, *shipped.start.process[3:]])
    path = folder / "own.yaml"
    made = shipped.model_copy(update={"start": start, "own_ports": True})
    path.write_text(made.model_dump_json(exclude_none=True))
    return path


def run(harness: Harness, test: str, code: str) -> Run:
    """Run a test of the suite, on an engine where these programs have addresses of their own."""
    source = ScenarioSource.read(CONFORMANCE.parent / f"{test}.yaml")
    changes = {"engine": None, "profile": str(own_ports(harness.folder, code))}
    changed = source.scenario.model_copy(update=changes)
    return harness.runner.run(ScenarioSource(changed, source.text), QUIET)


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_a_program_that_takes_its_own_port_for_itself_fails_one_test(
    engine: str, tmp_path: Path
) -> None:
    with Harness(engine, tmp_path) as harness:
        for code in (REFUSES, KNOWS_IT):
            assert judged(run(harness, "dial", code))["expectations"] == "valid"
            assert judged(run(harness, "same-port", code))["expectations"] == "invalid"
        right = run(harness, "same-port", "")
        assert judged(right) == dict.fromkeys(judged(right), "valid")
        assert len({mark["port"] for mark in marks(right, "ready")}) == 1

"""A program is started again in the network that it has left, as by a person on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry
from tests.orchestrator.harness import Harness, judged, marks, outcomes
from tests.repeats import ON_DOCKER_IF_THOROUGH

TWO = "peers: [alice, bob]\nconnections: line\nlimits: {{settle: 0.3, ready: 3}}\n{more}steps:\n"
KILLED = "  - kill: bob\n  - start: bob\n  - connect: {at: alice, to: bob}\n"
TAIL = "; from peer import __main__; __main__.main()"
NEVER_REUSES = """
import socket

def create(address, *, family=socket.AF_INET, backlog=None, dualstack_ipv6=False, **_):
    made = socket.socket(family)
    if dualstack_ipv6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind(address){late}
    made.listen(backlog)
    return made

socket.create_server = create
"""
REUSES_TOO_LATE = NEVER_REUSES.replace(
    "{late}", "\n    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
)
LIVES_ON = (
    NEVER_REUSES.replace("{late}", "")
    + """
def listen(address, create=create, **options):
    try:
        return create(address, **options)
    except OSError as error:
        print(error, flush=True)
        return create(("127.0.0.1", 0), backlog=1)

socket.create_server = listen
"""
)
PROGRAMS = {
    "never": NEVER_REUSES.replace("{late}", ""),
    "too late": REUSES_TOO_LATE,
    "lives on": LIVES_ON,
    "right": "",
}


@pytest.fixture(scope="module")
def harness(
    request: pytest.FixtureRequest, docker_refusal: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harness]:
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with Harness(request.param, tmp_path_factory.mktemp("network")) as one:
        yield one


def using(folder: Path, which: str) -> str:
    """Return the line of a scenario that has it run our own peer with another way to listen."""
    shipped = profile.load("peerlab")
    assert shipped.start.process
    code = f"exec({PROGRAMS[which]!r}){TAIL}".replace("{", "{{").replace("}", "}}")
    words = ["{python}", "-c", code, *shipped.start.process[3:]]
    start = profile.Start(command=words)
    path = folder / f"{which.replace(' ', '-')}.yaml"
    path.write_text(shipped.model_copy(update={"start": start}).model_dump_json(exclude_none=True))
    return f"profile: {path}\n"


def restarted(harness: Harness, which: str) -> list[Run]:
    """Run a scenario until bob's former connection still has his port when he starts again.

    It has not if alice happened to send something to him while he was being killed: to that the
    kernel answers that there is no such connection, and forgets it.
    """
    runs: list[Run] = []
    while len(runs) < 3 and not any("blocked" in it.fields for run in runs for it in starts(run)):
        runs.append(harness.run(TWO.format(more=using(harness.folder, which)) + KILLED))
    return runs


def starts(run: Run) -> list[Entry]:
    return outcomes(run, "start")


@pytest.mark.parametrize(
    ("harness", "which"),
    [
        ("process", "never"),
        ("process", "lives on"),
        pytest.param("process", "too late", marks=pytest.mark.thorough),
        pytest.param("docker", "never", marks=[pytest.mark.docker, pytest.mark.thorough]),
        pytest.param("docker", "lives on", marks=[pytest.mark.docker, pytest.mark.thorough]),
    ],
    indirect=["harness"],
)
def test_a_port_that_cannot_be_bound_again_is_found(harness: Harness, which: str) -> None:
    *_, run = restarted(harness, which)
    assert judged(run)["expectations"] == "invalid"
    (finding,) = next(one.findings for one in run.verdicts if one.check == "sockets")
    assert judged(run)["sockets"] == "invalid"
    assert "bob was started again and does not listen: its port was still taken by" in finding.says
    assert "_WAIT" in finding.says


@pytest.mark.parametrize("harness", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_a_port_that_is_bound_again_is_not(harness: Harness) -> None:
    harness.run(TWO.format(more=using(harness.folder, "right")) + "  - list: alice\n")
    runs = restarted(harness, "right")
    first, run = runs[0], runs[-1]
    warm = {mark["peer"]: mark["warm"] for mark in marks(first, "ready")[:2]}
    keeps_network = harness.engine.name == "process"  # also of a peer that is not to be restarted
    assert warm == {"alice": True, "bob": keeps_network}
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    (start,) = starts(run)
    assert "_WAIT" in start.fields["blocked"][0]

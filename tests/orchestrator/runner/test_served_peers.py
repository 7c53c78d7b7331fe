"""Servers whose console is a client, or that have none, on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.checks.judged_run import Run
from orchestrator.history import runs, transcript
from orchestrator.report.excerpts import Excerpts
from tests.conftest import ENGINES
from tests.orchestrator.harness import Harness, ended, judged, marks, outcomes
from tests.orchestrator.support import PROGRAMS, processes_of
from tests.repeats import ON_DOCKER_IF_THOROUGH

SERVED = PROGRAMS / "served"
ON_PROCESSES = pytest.mark.parametrize("lab", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
"""For what has nothing to do with how the client is started, which is what engines differ in."""

PUT = "put: {at: alice, key: x, value: 1}"
GET = "get: {at: alice, key: x, expect: {value: 1}}"


@pytest.fixture(scope="module", params=ENGINES)
def lab(
    request: pytest.FixtureRequest, docker_refusal: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harness]:
    """One engine for all tests, each with new peers."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with Harness(request.param, tmp_path_factory.mktemp("served")) as one:
        yield one


def run(lab: Harness, *steps: str, ends: str = "{}", profile: str = "profile.yaml") -> Run:
    """Run some steps with one peer."""
    listed = "".join(f"- {step}\n" for step in steps)
    head = f"profile: {SERVED / profile}\npeers: [alice]\nends: {ends}\n"
    done = lab.run(f"{head}steps:\n{listed}")
    assert done.error is None
    return done


def shown(path: Path) -> list[str]:
    """Return the lines of a transcript."""
    return [line.text for line in transcript.screen(transcript.read(path))]


def test_a_server_is_driven_through_its_client(lab: Harness) -> None:
    done = run(
        lab,
        PUT,
        GET,
        "expect: {at: alice, line: '^stored x$'}",  # a line of the log
    )
    assert ended(done) == ["ok", "ok", "ok"]
    assert judged(done)["expectations"] == judged(done)["crashes"] == "valid"
    console = shown(runs.transcript(done.folder, "alice"))
    assert console[0] == "a client of the store"
    assert "store> stored" in console
    assert shown(runs.log(done.folder, "alice")) == ["serving on 7400", "stored x"]
    assert marks(done, "unread") == marks(done, "client") == []  # most lines of a log mean nothing
    (notice,) = (entry for entry in done.entries if entry.type == "notice")
    assert (notice.verb, notice.fields["said"]) == ("kept", "stored x")


def test_a_server_that_is_killed_and_started_gets_a_new_client(lab: Harness) -> None:
    done = run(
        lab,
        PUT,
        "kill: alice",
        "get: {at: alice, key: x, may_fail: true}",
        "start: alice",
        "get: {at: alice, key: x, nil: true}",
    )
    assert ended(done) == ["ok", "ok", "fail", "ok", "ok"]
    assert marks(done, "client") == []  # it ended with its server
    assert [mark["state"] for mark in marks(done, "ended")] == ["running"]


def test_a_client_that_ends_is_not_the_end_of_its_server(lab: Harness) -> None:
    done = run(
        lab,
        PUT,
        "leave: {at: alice, may_fail: true}",
        GET,
    )
    assert ended(done) == ["ok", "info", "ok"]
    said = outcomes(done)[1].text("said")
    assert said.startswith("alice did not answer: its client exited with status 4")
    (mark,) = marks(done, "client")
    assert mark["said"] == "its client exited with status 4"
    assert judged(done)["end states"] == "valid"


def test_a_client_that_does_not_answer_is_replaced(lab: Harness, tmp_path: Path) -> None:
    text = (SERVED / "profile.yaml").read_text().replace("folder: .", f"folder: {SERVED}")
    path = tmp_path / "hasty.yaml"
    path.write_text(text.replace("answer_within: 5", "answer_within: 0.5"))
    done = run(
        lab,
        "hang: {at: alice, may_fail: true}",
        "get: {at: alice, key: x, nil: true}",
        profile=str(path),
    )
    assert ended(done) == ["info", "ok"]
    assert [mark["said"] for mark in marks(done, "client")] == [
        "its client was ended, because it did not answer"
    ]


@ON_PROCESSES
def test_a_server_that_crashes_takes_its_client_along(lab: Harness) -> None:
    done = run(
        lab,
        "die: {at: alice, may_fail: true}",
        "get: {at: alice, key: x, may_fail: true}",
        ends="{alice: {exited: 3}}",
    )
    assert ended(done) == ["info", "fail"]
    assert "exited with status 3" in outcomes(done)[0].text("said")
    assert [mark["said"] for mark in marks(done, "crash")] == ["panic: told to"]
    assert (judged(done)["crashes"], judged(done)["end states"]) == ("invalid", "valid")
    assert processes_of(lab.owner) == []


@ON_PROCESSES
def test_a_client_is_paused_with_its_server(lab: Harness) -> None:
    done = run(lab, PUT, "pause: alice", "resume: alice", GET)
    assert ended(done) == ["ok"] * 4


@ON_PROCESSES
def test_a_server_without_a_console_is_watched(lab: Harness) -> None:
    done = run(
        lab,
        "kill: alice",
        "start: alice",
        "pause: alice",
        "resume: alice",
        "expect: {at: alice, line: '^serving on 7400$'}",
        profile="log.yaml",
    )
    assert ended(done) == ["ok"] * 5
    assert [mark["state"] for mark in marks(done, "ended")] == ["running"]
    assert shown(runs.transcript(done.folder, "alice")) == ["serving on 7400"] * 2
    assert not runs.log(done.folder, "alice").exists()
    listening = [one["local"] for mark in marks(done, "sockets") for one in mark["opened"]]
    assert any(end.endswith(":7400") for end in listening)


@ON_PROCESSES
def test_a_crash_is_shown_in_the_log(lab: Harness) -> None:
    done = run(lab, "die: {at: alice, may_fail: true}", ends="{alice: exited}")
    findings = [
        finding for one in done.verdicts if one.check == "crashes" for finding in one.findings
    ]
    (moment,) = Excerpts(done.folder).moments(findings)
    console, log = moment.consoles
    assert (console.peer, log.peer) == ("alice", "alice.log")
    assert [line.text for line in log.lines if line] == ["serving on 7400", "panic: told to"]


@ON_PROCESSES
def test_no_client_is_started_while_its_server_is_paused(lab: Harness) -> None:
    done = run(
        lab,
        "leave: {at: alice, may_fail: true}",
        "pause: alice",
        "get: {at: alice, key: x, may_fail: true}",
        "resume: alice",
        "get: {at: alice, key: x, nil: true}",
    )
    assert ended(done) == ["info", "ok", "fail", "ok", "ok"]
    assert "alice cannot be given a client: it is paused" in outcomes(done)[2].text("said")

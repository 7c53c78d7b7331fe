"""What a program prints when it is ready, given to others that start later, and to steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.errors import EngineError
from orchestrator.profile import Profile
from orchestrator.runner.pool import _waves
from orchestrator.scenario.validation import Validator
from tests.orchestrator.harness import Harness, judged, outcomes, write
from tests.orchestrator.support import PROGRAMS

PROGRAM = """
import os, sys
print("ready with token", os.getpid(), flush=True)
for line in sys.stdin:
    print("=", *sys.argv[1:], line.strip(), flush=True)
"""
PROFILE = """
name: {name}
summary: prints a token, and what it was given
port: 7000
start: {{folder: ., command: ["{{python}}", program.py{words}]}}
ready: '^ready with token (?P<token>\\d+)$'
console: {{echo: false}}
operations:
  say: {{takes: {{word: text}}, send: '{{word}}', ok: '^= (?P<text>.*)$'}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    for name, words in (("first", ""), ("second", ', "{bob.token}"'), ("own", ', "{carol.token}"')):
        (tmp_path / f"{name}.yaml").write_text(PROFILE.format(name=name, words=words))
    return tmp_path


@pytest.fixture
def harness(folder: Path) -> Iterator[Harness]:
    with Harness("process", folder) as made:
        yield made


HEAD = "profile: second.yaml\nprofiles: {bob: first.yaml}\npeers: [alice, bob, carol]\n"
SAY = "  - say: {at: %s, word: '{bob.token}', expect: {text: '%s{bob.token}'}}\n"


def test_a_peer_starts_once_it_can_be_given_what_another_one_printed(harness: Harness) -> None:
    said = SAY % ("alice", "{bob.token} ") + SAY % ("carol", "{bob.token} ") + SAY % ("bob", "")
    run = harness.run(f"{HEAD}steps:\n{said}")
    assert judged(run)["expectations"] == "valid"
    (token,) = {entry.fields["arguments"]["word"] for entry in outcomes(run, "say")}
    assert token.isdigit()
    began = [entry.peer for entry in run.entries if entry.verb == "ready"]
    assert began == ["alice", "bob", "carol"]


def test_a_program_that_is_started_again_prints_something_new(harness: Harness) -> None:
    restart = "  - kill: {at: bob, for: 0.1}\n"
    run = harness.run(f"{HEAD}steps:\n{SAY % ('bob', '')}{restart}{SAY % ('bob', '')}")
    assert judged(run)["expectations"] == "valid"
    first, second = [entry.fields["arguments"]["word"] for entry in outcomes(run, "say")]
    assert first != second


def test_what_no_ready_line_has_is_a_mistake_of_the_file(folder: Path) -> None:
    second = folder / "second.yaml"
    second.write_text(second.read_text().replace("{bob.token}", "{bob.tokne}"))
    validator = Validator()
    validator.check_files([write(folder, f"{HEAD}steps: [say: {{at: bob, word: x}}]\n")])
    (mistake,) = validator.mistakes
    says = "the profile 'second' needs {bob.tokne}, which is no named part of bob's `ready`"
    assert f"scenario.yaml:3:1: {says}; did you mean 'token'?" in mistake


def test_the_order_of_starts() -> None:
    plain = profile.load(str(PROGRAMS / "store/profile.yaml"))

    def needing(*words: str) -> Profile:
        start = plain.start.model_copy(update={"command": ["x", *words]})
        return plain.model_copy(update={"start": start})

    free, of_bob = needing("{bob.port}"), needing("{bob.token}", "{bob.name}")
    assert _waves({"alice": of_bob, "bob": free}) == [["bob"], ["alice"]]
    several = {"alice": of_bob, "bob": needing("{carol.id}"), "carol": free, "dave": free}
    assert _waves(several) == [["carol", "dave"], ["bob"], ["alice"]]
    assert _waves({"alice": of_bob}) == [["alice"]]  # bob is there already, or not in the run
    served = free.model_copy(update={"console": profile.ConsoleSettings(exec=["c", "{bob.token}"])})
    assert _waves({"alice": served, "bob": free}) == [["bob"], ["alice"]]
    with pytest.raises(EngineError, match="alice and bob cannot be started: each needs"):
        _waves({"alice": of_bob, "bob": needing("{alice.token}"), "carol": free})
    with pytest.raises(EngineError, match="bob cannot be started"):
        _waves({"bob": of_bob})

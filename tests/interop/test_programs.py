"""Peers of one run that run different programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.checks.judged_run import Run
from orchestrator.errors import DocumentError
from orchestrator.scenario.validation import Validator
from tests.orchestrator.harness import Harness, judged, marks, texts, write
from tests.repeats import ON_DOCKER_IF_THOROUGH

pytestmark = pytest.mark.timeout(150)  # on a busy machine

PLAIN = Path(__file__).parent / "plain/profile.yaml"
PAIR = f"peers: [alice, bob]\nprofiles: {{bob: {PLAIN}}}\n"
TALK = (
    f"{PAIR}connections: [[alice, bob]]\nsteps:\n"
    "  - send: {at: alice, to: bob, text: hello}\n"
    "  - expect: {at: bob, message: hello}\n"
    "  - send: {at: bob, to: alice, text: good day}\n"
    "  - expect: {at: alice, message: good day}\n"
)


@pytest.fixture
def bench(engine: str, tmp_path: Path) -> Iterator[Harness]:
    with Harness(engine, tmp_path) as one:
        yield one


def warm(run: Run) -> list[bool]:
    return [mark["warm"] for mark in marks(run, "ready")]


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_our_peer_and_a_plain_tcp_chat_talk(bench: Harness) -> None:
    run = bench.run(TALK)
    assert not run.broke_off
    assert judged(run)["expectations"] == "valid"
    greeting, hello = texts(run, "bob")
    assert greeting.startswith("PEERLAB/1 hello "), "see peer/PROTOCOL.md"
    assert hello == "hello"
    assert texts(run, "alice") == ["good day"]
    (began,) = marks(run, "began")
    assert began["profile"] == "peerlab"
    assert began["profiles"] == {"alice": "peerlab", "bob": "plain"}
    assert began["notices"] == ["connected", "message", "closed"], "what both can be read by"


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_a_warm_peer_is_reused_for_the_same_program_only(bench: Harness) -> None:
    alone = "steps:\n  - list: {at: all, shows: []}\n"
    bench.run(f"{PAIR}{alone}")
    run = bench.run(f"{PAIR}{alone}")
    assert judged(run)["expectations"] == "valid"
    assert warm(run) == [True, True]
    run = bench.run(f"peers: [alice, bob]\n{alone}")
    assert warm(run) == [True, False], "bob is another program now"
    run = bench.run(f"profile: {PLAIN}\nprofiles: {{bob: peerlab}}\npeers: [alice, bob]\n{alone}")
    assert warm(run) == [False, True]


def mistakes(folder: Path, text: str) -> list[str]:
    validator = Validator()
    validator.check_files([write(folder, text)])
    return [line.partition("scenario.yaml:")[2] for line in validator.mistakes]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("profiles: {bbo: peerlab}", "'bbo'"),
        ("profiles: {bob: perlab}", "no profile 'perlab' here; did you mean 'peerlab'?"),
        ("profiles: {bob: nowhere.yaml}", "there is no file nowhere.yaml"),
        ("profiles: {bob: 5}", "text is expected here"),
        ("profiles: [bob]", ""),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, text: str, says: str) -> None:
    (found,) = mistakes(tmp_path, f"peers: [alice, bob]\nsteps: []\n{text}\n")
    assert found.startswith("5:")
    assert says in found


def test_every_step_is_compared_with_the_profile_of_its_peer(tmp_path: Path) -> None:
    steps = (
        "steps:\n  - exit: alice\n  - exit: bob\n"
        "  - expect: {at: all, from: bob, delivered: true}\n"
    )
    exits, receipts = mistakes(tmp_path, f"{PAIR}{steps}")
    assert exits == "7:5: this needs the operation 'exit', which the profile 'plain' does not have"
    assert "the profile 'plain' does not have the notice 'delivered'" in receipts
    assert mistakes(tmp_path, f"{PAIR}steps:\n  - exit: alice\n") == []


def test_a_profile_is_seen_from_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(
        PLAIN.read_text().replace("folder: .", f"folder: {PLAIN.parent}")
    )
    with Harness("process", tmp_path) as bench:
        run = bench.run("peers: [alice]\nprofiles: {alice: other.yaml}\nsteps:\n  - list: alice\n")
        assert judged(run)["expectations"] == "valid"
        with pytest.raises(DocumentError):
            bench.run("peers: [alice]\nprofiles: {alice: gone.yaml}\nsteps: []\n")

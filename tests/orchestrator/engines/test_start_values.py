"""What a start command and files from templates can name: the peer itself, and all others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.console.session import Session
from orchestrator.errors import EngineError
from orchestrator.profile import Profile
from tests.orchestrator.support import PROGRAMS, LivePeers
from tests.repeats import ON_DOCKER_IF_THOROUGH

OF_ALL = ["{peers}", "{index}", "{name}", "{bob.name} {bob.address} {bob.port}"]
SHOWS = """
import json, sys
from pathlib import Path
texts = {str(path): path.read_text() for path in Path().rglob("*.conf")}
for path in texts:
    Path(path).write_text("changed")
sys.stdout.write(f"READY {json.dumps([sys.argv[1:], texts])}\\n")
input()
"""
CONF = {"here.conf": "{{port {port}}}\n", "below/there.conf": "{index} of {peers}\n"}


def shows(*words: str, **start: Any) -> Profile:
    """Return the profile of a program that says what it was given."""
    plain = profile.load(str(PROGRAMS / "profile.yaml"))
    literal = SHOWS.replace("{", "{{").replace("}", "}}")
    begin = profile.Start(command=["{python}", "-c", literal, *words], **start)
    changes = {"start": begin, "ready": r"^READY (?P<text>.*)$", "ready_within": 20.0, "sync": ""}
    return plain.model_copy(update=changes)


def given(session: Session) -> tuple[list[str], dict[str, str]]:
    """Return the words and the files that a program was given."""
    words, texts = json.loads(session.await_ready()["text"])
    return words, texts


def begun(place: LivePeers, program: Profile, *names: str) -> list[Session]:
    """Start peers, whose ready lines are not read yet."""
    found = place.engine.start(names, program, lambda _: None, among=["alice", "bob", "carol"])
    for peer in found:
        place.sessions[peer.name] = Session(peer, program)
    return [place.sessions[name] for name in names]


def test_a_peer_is_told_where_all_others_will_be(shared_engine: LivePeers) -> None:
    first, second = shows(*OF_ALL), shows("{bob.port}")
    shared_engine.engine.reserve({"alice": first, "bob": second, "carol": first})
    alice, carol = begun(shared_engine, first, "alice", "carol")
    (bob,) = begun(shared_engine, second, "bob")
    peers = [session.peer for session in (alice, bob, carol)]
    listed = " ".join(f"{peer.address}:{peer.port}" for peer in peers)
    there = f"bob {bob.peer.address} {bob.peer.port}"
    assert given(alice)[0] == [listed, "0", "alice", there]
    assert given(carol)[0] == [listed, "2", "carol", there]
    assert given(bob)[0] == [str(bob.peer.port)]


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_a_peer_that_is_not_in_the_run_cannot_be_told(shared_engine: LivePeers) -> None:
    with pytest.raises(EngineError, match=r"speaks of a peer that is not in this run: dave"):
        shared_engine.engine.start(["alice"], shows("{dave.port}"), lambda _: None)
    assert given(begun(shared_engine, shows("{name}"), "alice")[0])[0] == ["alice"]


def test_what_was_reserved_is_free_again(shared_engine: LivePeers) -> None:
    engine, program = shared_engine.engine, shows("{address}", "{port}")
    engine.reserve({"alice": program, "bob": program})
    engine.reserve({"alice": program})
    (alice,) = begun(shared_engine, program, "alice")
    assert given(alice)[0] == [alice.peer.address, str(alice.peer.port)]
    engine.reserve({})


@pytest.mark.parametrize(
    ("one_engine", "keep"),
    [
        ("process", False),
        ("process", True),
        pytest.param("docker", False, marks=pytest.mark.docker),
        pytest.param("docker", True, marks=[pytest.mark.docker, pytest.mark.thorough]),
    ],
    indirect=["one_engine"],
)
def test_files_are_written_from_templates(
    shared_engine: LivePeers, tmp_path: Path, *, keep: bool
) -> None:
    (tmp_path / "here.conf").write_text("as shipped")
    changes: dict[str, Any] = {"folder": str(tmp_path), "keep": ["below"]} if keep else {}
    program = shows(files=CONF, **changes)
    (alice,) = begun(shared_engine, program, "alice")
    place = f"{alice.peer.address}:{alice.peer.port}"
    wanted = {"here.conf": f"{{port {alice.peer.port}}}\n", "below/there.conf": f"0 of {place}\n"}
    assert given(alice)[1] == wanted
    alice.close()
    alice.peer.kill()
    alice.peer.await_end(10)
    alice.peer.start()
    again = shared_engine.sessions["alice"] = Session(alice.peer, program)
    assert given(again)[1] == wanted | ({"below/there.conf": "changed"} if keep else {})


def test_a_program_that_was_told_of_others_serves_no_other_run() -> None:
    assert shows("{peers}").start.is_about_others
    assert shows(files={"a.conf": "{bob.address}"}).start.is_about_others
    assert not shows("{name}", files={"a.conf": "{address}"}).start.is_about_others

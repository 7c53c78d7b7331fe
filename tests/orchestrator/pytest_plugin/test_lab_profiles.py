"""Peers of one test that run different programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.pytest_plugin.lab import Lab, NotAsWantedError
from tests.orchestrator.support import PROGRAMS

STORE = PROGRAMS / "store"


@pytest.fixture
def lab(make_lab: Callable[..., Lab], tmp_path: Path) -> Lab:
    text = (STORE / "profile.yaml").read_text().replace("folder: .", f"folder: {STORE}")
    (tmp_path / "other.yaml").write_text(text.replace("  get:\n", "  look:\n"))
    profiles = {"keeper": str(tmp_path / "other.yaml")}
    return make_lab(engine="process", profile=str(STORE / "profile.yaml"), profiles=profiles)


def test_each_peer_has_the_operations_of_its_program(lab: Lab) -> None:
    alice, keeper = lab.peers("alice", "keeper")
    alice.put(key="x", value=3)
    assert alice.get(key="x").value == 3
    alice.copy(key="x", host=keeper.address, port=keeper.port)
    keeper.expect("copied", key="x")
    with keeper.never(call="look", key="x", expect={"value": 4}):
        assert keeper.look(key="x").value == 3
    with pytest.raises(ValueError, match="has no operation 'look'"):
        alice.call("look", key="x")
    with pytest.raises(ValueError, match="has no operation 'get'"):
        keeper.call("get", key="x")
    run = lab.end()
    assert {call.meaning for call in run.index.calls} == {"write", "read", ""}


def test_a_peer_with_another_program_may_join_later(lab: Lab) -> None:
    alice = lab.peer("alice")
    alice.put(key="x", value=3)
    with pytest.raises(NotAsWantedError, match="value should have been 4"):
        lab.peer("keeper").look(key="x", expect={"value": 4})
    (began,) = lab.end().index.marks("began")
    assert began.fields["means"]["look"] == "read"
    lab.expect_verdict("invalid", check="expectations")

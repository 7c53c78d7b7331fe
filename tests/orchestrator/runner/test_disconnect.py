"""Disconnecting: a peer that does anything unexpected does not serve again, and costs no time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.cancel import CancelToken
from orchestrator.console.session import Session
from orchestrator.history.entries import History
from orchestrator.runner.disconnect import can_disconnect, disconnect
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.pool import Pool
from tests.orchestrator.harness import Harness
from tests.orchestrator.support import PROGRAMS, LivePeers

PROFILE = """\
name: rows
summary: rows that can be added and ended
port: 5300
start:
  command: ["{{python}}", {program}, {how}]
ready: '^ready$'
answer_within: 40
sync: port
console: {{echo: true}}
verbs:
  port: {{send: port, ok: '^port 1$'}}
  list: {{send: list, ok: '^listed$', row: '^(?P<id>\\d+) \\S+ (?P<address>\\S+) (?P<port>\\d+)$'}}
  terminate: {{send: 'end {{id}}', ok: '^ended$', fail: '^no$', ends: {ends}}}
  raw: {{send: '{{line}}', ok: '^added$'}}
"""


NOT_LONG = 15.0  # seconds; a reply would be awaited for 40, and so would the end of it all


@pytest.fixture
def place() -> Iterator[LivePeers]:
    with LivePeers("process") as one:
        yield one


def started(place: LivePeers, folder: Path, how: str, rows: int = 3) -> Session:
    """Start a program and add some rows to its list."""
    path = folder / "rows.yaml"
    ends = "quiet" if how in {"riddles", "mute"} else "line"
    path.write_text(PROFILE.format(program=PROGRAMS / "rows.py", how=how, ends=ends))
    (session,) = place.start(["alice"], profile.load(str(path)))
    for number in range(rows):
        assert session.ask("raw", line=f"add {number}").ok
    return session


def took(session: Session) -> tuple[bool, float]:
    """Disconnect a peer; return whether that worked, and how long it took."""
    began = time.monotonic()
    found = disconnect({"alice": session}, CancelToken())
    return "alice" in found, time.monotonic() - began


def test_ids_that_shift_are_read_again_before_each_end(place: LivePeers, tmp_path: Path) -> None:
    session = started(place, tmp_path, "shifts")
    is_idle, seconds = took(session)
    assert is_idle
    assert seconds < NOT_LONG
    assert session.ask("list").rows == []


@pytest.mark.parametrize("how", ["stays", "riddles", "mute", "hangs"])
def test_an_odd_peer_is_not_waited_for_long(place: LivePeers, tmp_path: Path, how: str) -> None:
    is_idle, seconds = took(started(place, tmp_path, how))
    assert not is_idle
    assert seconds < NOT_LONG


def test_a_peer_that_ended_is_not_idle(place: LivePeers, tmp_path: Path) -> None:
    session = started(place, tmp_path, "shifts")
    session.peer.kill()
    assert took(session)[0] is False


def test_a_program_whose_replies_end_with_silence_is_not_tried(
    place: LivePeers, tmp_path: Path
) -> None:
    rows = started(place, tmp_path, "shifts").profile
    assert can_disconnect(rows)
    assert not can_disconnect(rows.model_copy(update={"sync": ""}))
    verbs = {name: verb for name, verb in rows.operations.items() if name != "terminate"}
    assert not can_disconnect(rows.model_copy(update={"operations": verbs}))


def test_an_odd_program_is_tried_twice(place: LivePeers, tmp_path: Path) -> None:
    pool, tried = Pool(place.engine, CancelToken()), []
    for _ in range(3):
        peers = PeerGroup(History())
        session = peers.sessions["alice"] = started(place, tmp_path, "stays")
        pool.give_back(peers, fit=True)
        tried.append("listed" in session.transcript.screen())
    assert pool._idle == {}
    assert tried == [True, True, False]


def test_no_peer_of_a_program_serves_again_after_an_invalid_run(tmp_path: Path) -> None:
    alone = "peers: [{}]\nlimits: {{settle: 0.2}}\nsteps:\n  - list: {{at: all, shows: {}}}\n"
    with Harness("process", tmp_path) as harness:
        harness.run(alone.format("alice", []))
        harness.run(alone.format("bob", []))
        assert sorted(harness.runner.pool._idle) == ["alice", "bob"]
        harness.run(alone.format("bob", "[bob]"))
        assert sorted(harness.runner.pool._idle) == []

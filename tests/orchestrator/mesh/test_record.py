"""What is noted of faults by hand comes back as it was."""

from __future__ import annotations

from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from orchestrator.mesh import record
from orchestrator.mesh.record import Noted

PACKETS, STREAM = Probe("packets", 20), Probe("stream", 3, size=1200, patience=8.0)
BEFORE = {
    (("alice", "bob"), PACKETS): Measured(20, 19, 0.000_25),
    (("bob", "alice"), PACKETS): Measured(0, 0, error=NOT_RUNNING),
    (("alice", "bob"), STREAM): Measured(3, 3600, 0.001, 125_000, 3),
}
LONE = Noted("isolate", {"at": "alice", "as": "lone"}, "lone", 1_700_000_000.5)
SLOW = Noted("impair", {"between": ["alice", "bob"], "delay": 0.1}, "impair 1", 1.0, BEFORE)


def test_what_is_noted_comes_back() -> None:
    text = record.dump(["alice", "bob"], [LONE, SLOW])
    assert record.load(text) == (["alice", "bob"], [LONE, SLOW])


def test_nothing_noted_is_nobody_and_nothing() -> None:
    assert record.load("") == ([], [])
    assert record.load(record.dump([], [])) == ([], [])


def test_digits_that_tell_nothing_are_left_out() -> None:
    exact = {(("alice", "bob"), PACKETS): Measured(20, 20, 0.000_543_020_000_1, 3157.979)}
    (noted,) = record.load(record.dump([], [Noted("isolate", {}, "lone", 0.0, exact)]))[1]
    assert noted.before == {(("alice", "bob"), PACKETS): Measured(20, 20, 0.000_543, 3158)}

"""Operations of any vocabulary, as the models see them."""

from __future__ import annotations

from math import inf

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from tests.orchestrator.checks.models.records import Recorded

MEANS = {"put": "write", "get": "read", "elected": "leader", "all": "elements"}


def recorded() -> Recorded:
    return Recorded("register", MEANS)


def calls(run: Recorded) -> list[Call]:
    return HistoryIndex(run.entries).calls


def test_a_call_has_what_its_lines_say() -> None:
    run = recorded()
    begun = run.begin("alice", "put", key="x", value=1)
    run.end(begun, results={"version": 3})
    (call,) = calls(run)
    assert (call.peer, call.name, call.meaning, call.status) == ("alice", "put", "write", "ok")
    assert (call.arguments, call.results) == ({"key": "x", "value": 1}, {"version": 3})
    assert (call.invoked, call.completed, call.key) == (0.5, 0.6, "x")
    assert (call.position, call.done_position) == (4, 5)


def test_what_may_happen_is_open_to_the_end() -> None:
    run = recorded()
    run.call("alice", "put", "info", value=1)
    run.begin("alice", "put", value=2)
    run.call("alice", "put", "fail", value=3)
    found = calls(run)
    assert [call.status for call in found] == ["info", "info", "fail"]
    assert [call.completed for call in found[:2]] == [inf, inf]
    assert [call.may_happen for call in found] == [True, True, False]
    assert found[2].completed == 0.9
    assert not found[0].precedes(found[2])


def test_which_operations_are_calls() -> None:
    run = recorded()
    run.call("alice", "ping")
    run.get("alice", "get", None)
    run.type("alice", "x")
    run.fault("kill", "alice")
    found = calls(run)
    assert [(call.name, call.meaning, call.is_nil) for call in found] == [
        ("ping", "", False), ("get", "read", True),
    ]  # fmt: skip


def test_values_in_rows_and_in_one_result() -> None:
    run = recorded()
    run.rows("alice", "all", "value", 1, "b")
    run.get("alice", "all", "1, 2  x", name="values")
    run.get("alice", "all", 7)
    assert [call.values("value", "values") for call in calls(run)] == [
        ["1", "b"], ["1", "2", "x"], ["7"],
    ]  # fmt: skip


def test_notices_with_a_meaning() -> None:
    run = recorded()
    run.notice("bob", "elected", results={"leader": "bob", "term": "3"})  # type: ignore[arg-type]
    run.notice("bob", "other", leader="bob")
    (told,) = HistoryIndex(run.entries).told
    assert (told.peer, told.kind, told.meaning, told.at) == ("bob", "elected", "leader", 0.5)
    assert (told.text("leader"), told.text("term"), told.text("x")) == ("bob", "3", "")


def test_values_are_compared_as_text() -> None:
    assert [spelled(value) for value in (1, 1.0, "1", 1.5, "a", True)] == [
        "1", "1", "1", "1.5", "a", "True",
    ]  # fmt: skip

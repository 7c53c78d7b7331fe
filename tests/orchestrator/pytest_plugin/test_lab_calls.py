"""Operations of a program's own vocabulary, done from Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.checks.judged_run import Run
from orchestrator.pytest_plugin.lab import Lab, NotAsWantedError
from tests.orchestrator.support import PROGRAMS

pytestmark = pytest.mark.peerlab(engine="process", profile=str(PROGRAMS / "store/profile.yaml"))


def test_typed_results(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    assert alice.put(key="x", value=3).count == 1
    read = alice.get(key="x", expect={"value": {"more": 2}})
    assert (read.ok, read.nil, read.value, read.said) == (True, False, 3, "it is 3")
    assert bob.get(key="x").nil
    alice.copy(key="x", host=bob.address, port=bob.port)
    assert bob.expect("copied", key="x") == {"key": "x", "value": "3"}
    assert alice.call("keys").rows == [{"key": "x", "value": 3}]
    with pytest.raises(AttributeError, match="the reply 'it is 3' has no 'vlaue'"):
        str(read.vlaue)
    assert not alice.put(key="two words", value=1, refused="KEY NUMBER").ok
    assert repr(read) == "<CallResult ok: 'it is 3'>"


def test_an_operation_that_does_not_end_as_wanted(lab: Lab) -> None:
    alice = lab.peer("alice")
    alice.put(key="x", value=3)
    with pytest.raises(NotAsWantedError, match="value should have been 4, but it was 3"):
        alice.get(key="x", expect={"value": 4})
    lab.expect_verdict("invalid", check="expectations")


@pytest.mark.parametrize(
    ("operation", "given", "what"),
    [
        ("put", {"key": "x"}, "put needs the argument 'value'"),
        ("put", {"key": "x", "value": "one"}, "a whole number is expected here"),
        ("get", {"kye": "x"}, "did you mean 'key'"),
        ("get", {"key": "x\nput y 1"}, r"'\\n' cannot be typed as part of a line"),
        ("gte", {}, "has no operation 'gte'; did you mean 'get'"),
    ],
)
def test_wrong_arguments(lab: Lab, operation: str, given: dict[str, object], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        lab.peer("alice").call(operation, **given)
    lab.peer("bob").put(key="x", value=1)


def test_a_workload(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    lab.together(
        lambda: lab.workload("register", alice, seconds=0.5, rate="40/s", seed=7),
        lambda: bob.pause().lift(),
    )
    run = lab.end()
    assert {call.peer for call in run.index.calls} == {"alice"}
    assert len(run.index.calls) > 3


@pytest.mark.parametrize(
    ("model", "rate", "what"),
    [
        ("set", "10/s", "means: add`, which this model needs"),
        ("sets", "10/s", "no such word 'sets'"),
        ("register", "10", "a rate is operations a second"),
    ],
)
def test_a_wrong_workload(lab: Lab, model: str, rate: str, what: str) -> None:
    lab.peer("alice").put(key="x", value=1)
    with pytest.raises(ValueError, match=what):
        lab.workload(model, seconds=1, rate=rate)


def test_a_workload_is_replayed(lab: Lab, make_lab: Callable[[], Lab]) -> None:
    lab.peers("alice", "bob", "carol")
    lab.workload("register", "alice", "bob", seconds=0.3, rate="40/s")
    first, again = lab.end(), make_lab()
    again.peers("alice", "bob", "carol")
    again.replay(first.folder, "alice", "bob")
    for given, what in (
        ({"run": first.folder}, "not at alice, bob, carol: write `at:"),
        ({"run": first.folder, "number": 2}, "replay: .*there is no workload 2"),
        ({"run": "nowhere"}, "replay: nowhere: no run is kept there"),
    ):
        with pytest.raises(ValueError, match=what):
            again.replay(**given)

    def done(run: Run) -> list[tuple[str, str, object]]:
        calls = [entry for entry in run.entries if entry.type == "invoke" and entry.peer == "bob"]
        return [(it.peer, it.verb, it.fields["arguments"]) for it in calls]

    assert done(again.end()) == done(first) != []


def test_what_must_never_appear(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.put(key="x", value=3)
    with bob.never("copied", fields={"key": "y"}), bob.never(line="panic"):
        alice.copy(key="x", host=bob.address, port=bob.port)
        bob.expect("copied")
    with (
        pytest.raises(NotAsWantedError, match="bob: never get x: value 3, which appeared at"),
        bob.never(call="get", key="x", expect={"value": 3}, every=0.05),
    ):
        alice.keys()
    with (
        pytest.raises(ValueError, match="would write each time"),
        bob.never(call="put", key="x", value=1),
    ):
        pass
    lab.expect_verdict("invalid", check="expectations")


def test_what_must_come(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.put(key="x", value=3)
    lab.together(
        lambda: bob.eventually("get", key="x", expect={"value": 3}, within=5),
        lambda: alice.copy(key="x", host=bob.address, port=bob.port),
    )
    read = bob.eventually("get", key="x")
    assert (read.ok, read.value) == (True, 3)
    assert bob.eventually("keys", shows={"key": ["x"]}).rows == [{"key": "x", "value": 3}]
    assert alice.eventually("get", key="y", nil=True, every=0.01).nil
    with pytest.raises(NotAsWantedError, match="value should have been 4, but it was 3"):
        bob.eventually("get", key="x", expect={"value": 4}, within=0.1)
    lab.expect_verdict("invalid", check="expectations")


@pytest.mark.parametrize(
    ("operation", "given", "what"),
    [
        ("put", {"key": "x", "value": 1}, "would write each time"),
        ("copied", {"fields": {"key": "x"}}, "has no operation 'copied'"),
        ("get", {"kye": "x"}, "did you mean 'key'"),
        ("get", {"key": "x", "expect": {"vlaue": 1}}, "did you mean 'value'"),
        ("get", {"key": "x", "within": -1}, "within: "),
        ("every", {}, "eventually what"),
    ],
)
def test_what_cannot_be_repeated(
    lab: Lab, operation: str, given: dict[str, Any], what: str
) -> None:
    alice = lab.peer("alice")
    with pytest.raises(ValueError, match=what):
        alice.eventually(operation, **given)
    alice.put(key="x", value=1)


def test_a_watch_ends_with_an_error_of_the_test(lab: Lab) -> None:
    alice = lab.peer("alice")
    alice.put(key="x", value=3)
    with pytest.raises(ZeroDivisionError), alice.never(call="get", key="x", nil=True):
        raise ZeroDivisionError
    run = lab.end()
    (watch,) = [operation for operation in run.index.operations if operation.verb == "never"]
    assert watch.status == "ok"

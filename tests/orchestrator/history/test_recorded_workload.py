"""What a workload did, as a history has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DocumentError
from orchestrator.history.entries import Entry
from orchestrator.history.recorded_workload import recorded
from orchestrator.history.runs import HISTORY


def began(at: float, number: int, *peers: str) -> Entry:
    return Entry(at, "lab", "", "workload", 0, {"number": number, "peers": [*peers]})


def put(at: float, operation: int, peer: str, value: int, **fields: int) -> Entry:
    arguments = {"arguments": {"value": value}, **fields}
    return Entry(at, "invoke", peer, "put", operation, arguments)


def keep(folder: Path, *entries: Entry) -> Path:
    (folder / HISTORY).write_text("".join(f"{entry.as_json()}\n" for entry in entries))
    return folder


def test_each_workload_has_its_own_operations(tmp_path: Path) -> None:
    folder = keep(
        tmp_path,
        put(0.5, 1, "alice", 0),
        began(1.0, 1, "alice", "bob"),
        began(1.1, 2, "carol"),
        put(1.25, 2, "bob", 1, workload=1),
        put(1.5, 3, "carol", 2, workload=2),
        put(1.75, 4, "alice", 3, workload=1),
    )
    first, second = recorded(folder), recorded(folder, 2)
    assert first.peers == ("alice", "bob")
    assert [(it.after, it.peer, it.arguments) for it in first.calls] == [
        (0.25, "bob", {"value": 1}), (0.75, "alice", {"value": 3}),
    ]  # fmt: skip
    assert (first.lasts, round(second.lasts, 6)) == (0.75, 0.4)
    assert recorded(keep(tmp_path, began(1.0, 1, "alice"))).lasts == 0.0


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([put(0.5, 1, "alice", 0)], "no workload was done in this run"),
        ([began(1, 2, "alice")], "there is no workload 1: this run had 1"),
        ([began(1, 1, "alice"), put(2, 1, "bob", 0, workload=1)],
         "operation 1 does not belong to its workload: 'bob' did not take part"),
        ([began(1, 1, "alice"), put(0.5, 7, "alice", 0, workload=1)],
         "operation 7 does not belong to its workload: it began 0.5 s earlier"),
        ([began(1, 1, "alice"), put(2, 1, "alice", 0), put(2, 1, "alice", 0)],
         ": operation 1 has begun already"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed(tmp_path: Path, entries: list[Entry], what: str) -> None:
    with pytest.raises(DocumentError) as error:
        recorded(keep(tmp_path, *entries))
    assert str(error.value).endswith(what)

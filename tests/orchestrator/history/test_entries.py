"""Histories: written as things happen, by any thread, and read again however they end."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from orchestrator.errors import DocumentError, LabError
from orchestrator.history import entries as history
from orchestrator.history.entries import Entry, History

NASTY = '\x00 \udc80 \u2028 \r\n é 👋 " \\'


def test_an_entry_comes_back_as_it_was() -> None:
    entry = Entry(
        1.25, "ok", "alice", "send", 7, {"to": "bob", "text": NASTY, "rows": [{"id": "1"}]}
    )
    line = entry.as_json()
    assert "\n" not in line
    assert line.isascii()
    assert Entry.from_json(line) == entry
    assert entry.is_done
    assert not Entry(0.0, "notice", "bob", "message").is_done


@pytest.mark.parametrize(
    "line",
    ["", "[]", "1", "{}", "null", "{", '{"at": 1, "type": "ok", "peer": "a", "verb": "v"}',
     '{"at": 1, "type": "no", "peer": "a", "verb": "v", "operation": 0}',
     '{"at": "x", "type": "ok", "peer": "a", "verb": "v", "operation": 0}',
     '{"at": null, "type": "ok", "peer": "a", "verb": "v", "operation": 0}'],
)  # fmt: skip
def test_what_is_no_entry(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Entry.from_json(line)


def test_an_operation_and_its_outcome() -> None:
    record = History()
    first, second = record.invoke("alice", "connect", to="bob"), record.invoke("bob", "list")
    record.complete(second, "ok", rows=[])
    record.complete(first, "fail", said="refused", to="bob")
    assert [(e.type, e.peer, e.verb, e.operation, dict(e.fields)) for e in record.entries] == [
        ("invoke", "alice", "connect", 1, {"to": "bob"}),
        ("invoke", "bob", "list", 2, {}),
        ("ok", "bob", "list", 2, {"rows": []}),
        ("fail", "alice", "connect", 1, {"to": "bob", "said": "refused"}),
    ]
    assert [entry.at for entry in record.entries] == sorted(entry.at for entry in record.entries)


def test_what_has_not_ended_is_abandoned_as_unknown() -> None:
    record = History()
    numbers = [record.invoke("alice", "list") for _ in range(3)]
    record.complete(numbers[1], "ok")
    assert record.unfinished(numbers) == [1, 3]
    record.abandon("the lab was stopped")
    record.abandon("again")
    assert [(e.operation, e.type, e.fields) for e in record.entries[4:]] == [
        (1, "info", {"said": "the lab was stopped"}),
        (3, "info", {"said": "the lab was stopped"}),
    ]


def test_times_are_those_at_which_things_were_shown() -> None:
    record = History()
    at = time.monotonic()
    record.notice("bob", "message", at - 1.5, text="x")
    record.lab("crash", "bob", at - 0.5, said="Traceback")
    record.lab("over")
    early, crash, over = record.entries
    assert early.at == pytest.approx(at - record.started - 1.5)
    assert crash.at == pytest.approx(at - record.started - 0.5)
    assert 0 <= over.at < 5


def test_it_is_on_disk_as_soon_as_it_is_known(tmp_path: Path) -> None:
    record = History(tmp_path / "history.jsonl")
    for count in range(1, 4):
        record.invoke("alice", "type", line=NASTY)
        assert history.read(tmp_path / "history.jsonl")[count - 1] == record.entries[-1].__class__(
            round(record.entries[-1].at, 6), "invoke", "alice", "type", count, {"line": NASTY}
        )
    record.close()


@pytest.mark.parametrize("cut", range(1, 90, 8))
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "history.jsonl"
    record = History(path)
    record.lab("began")
    record.invoke("alice", "send", to="bob", text="x" * 50)
    record.close()
    path.write_bytes(path.read_bytes()[:-cut])
    assert [entry.verb for entry in history.read(path)] == ["began"]


def test_any_other_wrong_line_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    good = Entry(0.0, "lab", "", "began").as_json()
    path.write_text(f"{good}\nnonsense\n{good}\n")
    with pytest.raises(DocumentError, match=r"history\.jsonl:2:1: "):
        history.read(path)
    path.write_bytes(b"\xff\n")
    with pytest.raises(DocumentError, match=r"cannot be read: not UTF-8"):
        history.read(path)
    with pytest.raises(DocumentError, match=r"cannot be read: No such file"):
        history.read(tmp_path / "none")


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    record = History(tmp_path / "history.jsonl")

    def work(name: str) -> None:
        for count in range(300):
            number = record.invoke(name, "type", line=f"{count}" * 50)
            record.notice(name, "message", time.monotonic(), text="y" * 300)
            record.complete(number, "ok", said=str(number))

    threads = [threading.Thread(target=work, args=(f"peer{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.close()
    entries = history.read(tmp_path / "history.jsonl")
    assert len(entries) == 6 * 300 * 3
    assert [e.operation for e in entries if e.type == "invoke"] == list(range(1, 1_801))
    assert {e.operation: e.peer for e in entries if e.type == "invoke"} == {
        e.operation: e.peer for e in entries if e.type == "ok"
    }
    assert all(int(e.fields["said"]) == e.operation for e in entries if e.type == "ok")


def test_a_disk_that_is_full_is_an_error_of_the_lab() -> None:
    record = History(Path("/dev/full"))
    with pytest.raises(LabError, match=r"^/dev/full: cannot be written: No space left"):
        record.lab("began")
    record.close()


def test_a_long_history_is_written_fast(tmp_path: Path) -> None:
    record = History(tmp_path / "history.jsonl")
    began = time.process_time()
    for count in range(20_000):
        record.complete(record.invoke("alice", "send", text=f"{count}"), "ok")
    took = time.process_time() - began
    record.close()
    assert took < 4.0, "so many entries a burst makes"
    assert len(json.loads((tmp_path / "history.jsonl").read_text().splitlines()[-1])) == 6

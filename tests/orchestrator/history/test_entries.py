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
def test_malformed_lines_are_refused(line: str) -> None:
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
    with pytest.raises(DocumentError, match=r"history\.jsonl:1:1: not UTF-8: byte 0xff"):
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


def kept(path: Path) -> list[str]:
    """Keep a short history, and return its lines."""
    record = History(path)
    record.lab("began", scenario="s", peers=["alice", "bob"], notices=["message"], format=1)
    record.lab("ready", "alice", address="10.0.0.2", port=5000, warm=False)
    operation = record.invoke("alice", "send", to="bob", text="hi", wants={"outcome": "ok"})
    record.notice("bob", "message", time.monotonic(), of="alice", text="hi", said="alice: hi")
    record.complete(operation, "ok", id="1", took=0.5)
    row = {"id": "1", "peer": "bob", "address": "10.0.0.3", "port": "5000", "at": "listening"}
    record.complete(record.invoke("alice", "list"), "ok", rows=[row])
    fault = record.invoke("", "partition", fault="p", links=[["alice", "bob"]], means={"cut": "x"})
    record.complete(fault, "ok", proof=[{"link": ["alice", "bob"], "before": {}, "during": {}}])
    record.lab("ended", "alice", state="running", status=None, wants={"state": "running"})
    record.close()
    return path.read_text().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"peers": ["alice", "bob"]', '"peers": 7', "1: peers: a list is expected here, not the"),
        ('"peers": ["alice", "bob"]', '"peers": ["alice", 5]', "1: peers[1]: text is expected"),
        ('"scenario": "s"', '"scenario": null', "1: scenario: text is expected here, not nothing"),
        ('"port": 5000', '"port": 5000.5', "2: port"),
        ('"warm": false', '"warm": "no"', "2: warm: true or false is expected here, not the text"),
        ('"to": "bob"', '"to": null', "3: to: text is expected here, not nothing"),
        ('"outcome": "ok"', '"outcome": "fine"', "3: wants.outcome: no such word 'fine'"),
        ('"of": "alice"', '"of": ["alice"]', "4: of: text is expected here, not a list"),
        ('"took": 0.5', '"took": NaN', "5:1: not a JSON object"),
        ('"took": 0.5', '"took": 1e999', "5: took: a number is expected here, not the number inf"),
        ('"took": 0.5', f'"took": {"9" * 5_000}', "5:1: not a JSON object"),
        ('"id": "1", "took"', '"id": 1, "took"', "5: id: text is expected here, not the number 1"),
        ('"peer": "bob", "address"', '"peer": 1, "address"', "7: rows[0].peer: text is expected"),
        ('[["alice", "bob"]]', '[["alice"]]', "8: links[0]: at least 2 needed here, not 1"),
        ('"took": 0.5', '"rested": [0.5]', "5: rested: at least 2 needed here, not 1"),
        ('"means": {"cut": "x"}', '"means": {"cut": 1}', "8: means.cut: text is expected"),
        ('"state": "running", "status"', '"state": "asleep", "status"', "10: state: no such word"),
        ('"at": ', '"at": true, "was": ', "1:2: at: a number of seconds is expected here, not"),
        ('"at": ', '"at": NaN, "was": ', "1:1: not a JSON object"),
        ('"at": ', '"at": 1e999, "was": ', "1:2: at: a number of seconds is expected here, not"),
        ('"verb": "send"', '"verb": null', "3: verb: text is expected here, not nothing"),
        ('"operation": 1', '"operation": 1.0', "3: operation: a whole number is expected here"),
        ('"operation": 1', '"operation": -1', "3: operation: a whole number is expected here"),
        ('"operation": 2, "rows"', '"operation": 1, "rows"', "operation 1: no list of alice with"),
        ('"verb": "list"', '"verb": "help"', "operation 2: no list of alice with this number"),
    ],
)  # fmt: skip
def test_a_history_that_was_changed_is_refused_with_the_line(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    path = tmp_path / "history.jsonl"
    whole = "".join(kept(path))
    assert len(history.read(path)) == 10
    assert before in whole
    path.write_text(whole.replace(before, after, 1))
    with pytest.raises(DocumentError) as caught:
        history.read(path)
    first = caught.value.what.splitlines()[0].removeprefix(f"{path}:")
    line, column, what = first.split(":", 2)
    assert says in first or says in f"{line}:{what}"
    assert whole.splitlines()[int(line) - 1][int(column) - 1 :].startswith(('"', "{"))


def test_fields_of_later_labs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    kept(path)
    with path.open("a") as file:
        file.write(Entry(2.0, "lab", "", "weather", 0, {"sky": [1, None]}).as_json() + "\n")
    assert history.read(path)[-1].fields == {"sky": [1, None]}


def test_every_mistake_is_listed_up_to_twenty(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("nonsense\n" * 50)
    with pytest.raises(DocumentError) as caught:
        history.read(path)
    assert len(caught.value.what.splitlines()) == 20


def test_a_history_of_any_size_is_refused_soon(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with path.open("wb") as file:
        file.truncate(101_000_000)
    began = time.process_time()
    with pytest.raises(DocumentError, match=r"larger than 100 MB, the most that is read of it"):
        history.read(path)
    assert time.process_time() - began < 1

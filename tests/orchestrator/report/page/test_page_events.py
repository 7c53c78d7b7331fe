"""Operations, notices, lists, sockets, marks and faults as a page has them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from orchestrator.checks.index.invocations import Operation
from orchestrator.history.entries import Entry
from orchestrator.report.page.data import page_data
from orchestrator.report.page.events import (
    asked,
    list_rows,
    mark_rows,
    notice_rows,
    operation_rows,
    socket_rows,
    workload_rows,
)
from orchestrator.report.page.rows import NO_PEER
from tests.orchestrator.checks.story import Story
from tests.orchestrator.report.page.support import judged, view

BEGAN = Entry(0.0, "lab", "", "began", 0, {"peers": ["alice", "bob"]})


def done(verb: str, outcome: Any = "ok", peer: str = "alice", **fields: Any) -> list[Entry]:
    more = {"said": "so be it"}
    return [
        Entry(0.12345, "invoke", peer, verb, 7, {"step": 3, **fields}),
        Entry(0.2, outcome, peer, verb, 7, {**more, "step": 3, **fields}),
    ]


@pytest.mark.parametrize(
    ("verb", "fields", "words"),
    [
        ("send", {"to": "bob", "text": "hi"}, "send to bob: hi"),
        ("connect", {"to": "bob"}, "connect to bob"),
        ("connect", {"to": "bob", "address": "localhost", "port": 5000},
         "connect to bob at localhost 5000"),
        ("terminate", {"to": "bob"}, "terminate bob"),
        ("type", {"line": "sned"}, "type sned"),
        ("expect", {"kind": "message", "of": "bob", "text": "hi"}, "expect message from bob: hi"),
        ("expect", {"kind": "", "line": "^x$"}, "expect ^x$"),
        ("put", {"arguments": {"key": "a", "value": 1}}, "put with key 'a', value 1"),
        ("list", {}, "list"),
        ("partition", {"fault": "partition 1", "says": "alice | bob"}, "alice | bob"),
        ("heal", {"fault": "partition 1", "says": "alice | bob"}, "heal alice | bob"),
        ("kill", {}, "kill alice"),
    ],
)  # fmt: skip
def test_what_was_asked_in_words(verb: str, fields: dict[str, Any], words: str) -> None:
    invoked, outcome = done(verb, **fields)
    assert asked(Operation(0, invoked, outcome)) == words
    assert asked(Operation(0, invoked)) == words


def test_operations() -> None:
    settled = Entry(0.3, "lab", "", "settled")
    last = Entry(0.4, "invoke", "bob", "list", 8)
    rows = operation_rows(view([BEGAN, *done("send", to="bob", text="hi"), settled, last]))
    assert rows == [
        (0.1235, 0.2, 0, "send", "ok", "send to bob: hi", "so be it", 3, 0, 7),
        (0.4, None, 1, "list", "open", "list", "", 0, 1, 8),
    ]


def test_what_no_step_asked_for_is_the_labs_own() -> None:
    poll = [Entry(0.25, "invoke", "bob", "list", 8), Entry(0.26, "ok", "bob", "list", 8)]
    rows = operation_rows(view([BEGAN, *done("send", to="bob", text="hi"), *poll]))
    assert [(row.verb, row.own) for row in rows] == [("send", 0), ("list", 1)]
    before = [dataclasses.replace(entry, fields={}) for entry in done("send")]
    rows = operation_rows(view([BEGAN, *before, *poll]))
    assert [(row.verb, row.own) for row in rows] == [("send", 0), ("list", 0)]


def test_an_answer_that_the_lab_could_not_read() -> None:
    invoked = done("put", "info", arguments={})[0]
    fields = {"said": "", "unread": "what?\x1b[1m"}
    rows = operation_rows(view([BEGAN, invoked, Entry(0.2, "info", "alice", "put", 7, fields)]))
    assert (rows[0].status, rows[0].said) == ("info", "what?\ufffd[1m")


def test_long_answers_are_cut() -> None:
    notice = Entry(0.1, "notice", "bob", "message", 0, {"said": "x" * 5_000})
    ((at, peer, kind, said),) = notice_rows(view([BEGAN, notice]))
    assert (at, peer, kind) == (0.1, 1, "message")
    assert said == "x" * 1_000 + "… (5,000 characters)"


def test_lists() -> None:
    rows: list[object] = [
        {"id": 1, "peer": "bob", "address": "10.0.0.1", "port": 5000}, {"id": "2"}, "odd",
    ]  # fmt: skip
    (found,) = list_rows(view([BEGAN, *done("list", rows=rows)]))
    assert found == (0.2, 0, [("1", "bob", "10.0.0.1:5000"), ("2", "", "")])
    assert [*list_rows(view([BEGAN, *done("list", "info", rows=rows)]))] == []


def test_sockets() -> None:
    dialled = {"local": "10.0.0.2:40001", "remote": "10.0.0.1:5000", "state": "ESTABLISHED"}
    accepted = {"local": "10.0.0.1:5000", "remote": "10.0.0.2:40001", "state": "CLOSE_WAIT"}
    entries = [
        BEGAN,
        Entry(0.1, "lab", "alice", "sockets", 0, {"all": True, "opened": [
            {"local": "10.0.0.1:5000", "state": "LISTEN"}, {**accepted, "unread": 3, "unsent": "x"},
        ]}),
        Entry(0.2, "lab", "bob", "sockets", 0, {"opened": [{**dialled, "peer": "alice"}]}),
        Entry(0.3, "lab", "bob", "sockets", 0, {"opened": [], "closed": [dialled]}),
    ]  # fmt: skip
    assert [*socket_rows(view(entries))] == [
        (0.1, 0, True, [("10.0.0.1:5000", "", "LISTEN", NO_PEER, 0, 0),
                        ("10.0.0.1:5000", "10.0.0.2:40001", "CLOSE_WAIT", 1, 3, 0)], []),
        (0.2, 1, False, [("10.0.0.2:40001", "10.0.0.1:5000", "ESTABLISHED", 0, 0, 0)], []),
        (0.3, 1, False, [], [("10.0.0.2:40001", "10.0.0.1:5000")]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "fields", "words"),
    [
        ("chaos", {"seed": 3, "for": 5.0}, "chaos with seed 3, for 5.0 s"),
        ("lapse", {"said": "gone"}, "a fault was not in force all the time: gone"),
        ("crash", {"said": "Traceback"}, "Traceback"),
        ("client", {"said": "lost"}, "the client that is the console ended: lost"),
        ("unread", {"said": "what?"}, "a line that the profile does not read: what?"),
        ("unread", {"said": "what?", "answer": "list"},
         "a line that the profile does not read in the answer to list: what?"),
        ("settled", {"quiet": True}, "every step was done"),
        ("settled", {"quiet": False}, "every step was done; something was still under way"),
        ("broke off", {"said": "no"}, "the run broke off: no"),
    ],
)  # fmt: skip
def test_marks(verb: str, fields: dict[str, Any], words: str) -> None:
    (row,) = mark_rows(view([BEGAN, Entry(0.5, "lab", "bob", verb, 0, fields)]))
    assert row == (0.5, 1, verb, words)


def test_workloads() -> None:
    says = "of the model set for 3 s, seed 7"
    fields = {"peers": ["alice", "bob"], "says": says}

    def call(at: float, number: int, outcome: Any, workload: int) -> list[Entry]:
        part = {"workload": workload}
        invoked = Entry(at, "invoke", "alice", "add", number, part)
        return [
            invoked,
            *([Entry(at + 0.2, outcome, "alice", "add", number, part)] if outcome else []),
        ]

    entries = [
        BEGAN,
        *done("add"),
        *(Entry(number / 10, "lab", "", "workload", 0, {"number": number, **fields})
          for number in (1, 2, 3)),
        *call(0.4, 10, "ok", 1), *call(0.45, 11, "info", 1), *call(0.5, 12, None, 2),
    ]  # fmt: skip
    assert [*workload_rows(view(entries))] == [
        (0.1, 0.65, [0, 1], f"workload {says}", 2),
        (0.2, None, [0, 1], f"workload {says}", 1),
        (0.3, 0.3, [0, 1], f"workload {says}", 0),
    ]


def test_the_heading_of_a_list_is_told_once_and_what_came_unasked_each_time() -> None:
    entries = [
        Entry(at, "lab", "bob", "unread", 0, {"said": said, **answer})
        for at, said in ((0.1, "id  port"), (0.2, "id   port"), (0.3, "2 rows"), (0.4, "3 rows"))
        for answer in ({"answer": "list"}, {})
    ]
    at = [row.at for row in mark_rows(view([BEGAN, *entries]))]
    assert at == [0.1, 0.1, 0.2, 0.3, 0.3, 0.4]


def test_faults_have_their_proof_in_words() -> None:
    found = Story()
    found.connect("alice", "bob")
    found.partition("partition 1", ("alice", "bob"))
    found.lift_all()
    found.kill("bob")
    entries = found.finish()
    cut, killed = page_data(judged(entries, Path("nowhere")))["faults"]
    assert (cut["kind"], cut["says"], cut["peers"]) == ("partition", "alice | bob", [0, 1])
    assert cut["links"] == [(0, 1), (1, 0)]
    assert cut["to"] is not None
    assert cut["from"] < cut["to"]
    assert (killed["kind"], killed["peers"], killed["to"]) == ("kill", [1], None)
    assert [cut["status"], killed["status"]] == ["proven", "proven"]
    assert cut["operation"] == 1
    proof = [{"before": "running", "during": "exited with status 137 (killed)"}]
    given = done("kill", "info", peer="bob", proof=proof, said="it still runs")
    (fault,) = page_data(judged([BEGAN, *given], Path("nowhere")))["faults"]
    assert fault["proof"] == [
        "before running", "during exited with status 137 (killed)", "it still runs",
    ]  # fmt: skip
    assert fault["status"] == "not proven"


def test_a_program_that_was_started_again_has_two_lives() -> None:
    found = Story()
    found.kill("bob")
    found.start("bob")
    found.exit("bob", status=3)
    ended = Entry(9.0, "lab", "bob", "ended", 0, {"state": "exited", "status": 3})
    peer = page_data(judged([*found.finish(), ended], Path("nowhere")))["peers"][1]
    first, second = peer["lives"]
    assert (first.since, first.ending) == (0.0, "killed")
    assert first.until is not None
    assert second.since >= first.until
    assert second.ending == "exited with status 3"

"""Operations end as the scenario wants."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "expectations"
NOTHING = "nothing of the kind within 1 s"


@pytest.mark.parametrize(
    ("peers", "shown"),
    [(("alice", "bob"), ("bob", "alice")), (("alice", "bob", "carol"), ("bob", "carol"))],
)
def test_the_other_peers_concerned_are_named_as_well(
    peers: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    story = Story(peers=peers)
    story.end(story.invoke(peers[-1], "connect", to="bob"), "ok")
    story.end(story.invoke("bob", "list", wants={"outcome": "ok"}), "fail")
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert finding.peers == shown


def _judged(verb: str, outcome: str, /, **fields: object) -> Judgement:
    story = Story()
    story.end(story.invoke("alice", verb, **fields), outcome)
    return judged(story.finish(), NAME)


def test_the_time_of_what_has_no_outcome_is_unknown() -> None:
    story = Story()
    story.invoke("alice", "list", wants={"within": 1.0})
    assert judged(story.finish(), NAME) is UNKNOWN


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        ({"late": [{"since": 0.1, "by": 0.3}, {"since": 0.2, "by": 1.25}], "waited": 0.9},
         "the machine was up to 1.2 s late around then"),
        ({"late": [{"since": 500.0, "by": 3.0}], "waited": 0.9},
         "the machine was busy: programs waited for a CPU 90% of the run"),
        ({"late": [], "waited": 0.1}, ""),
        ({"late": []}, ""),
    ],
)  # fmt: skip
def test_a_busy_machine_is_named_where_something_has_no_outcome(
    machine: dict[str, Any], says: str
) -> None:
    story = Story()
    story.end(story.invoke("alice", "connect", wants={"outcome": "ok"}), "info")
    story.lab("machine", **machine)
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert finding.says.partition("; ")[2] == says
    (first, *_) = support.verdict(story.entries[:-2], "crashes").findings
    assert "the history ends in the middle of the run" in first.says


@pytest.mark.parametrize("definite", [True, False])
def test_no_machine_is_named_for_a_run_that_broke_off_for_another_reason(*, definite: bool) -> None:
    story = Story()
    story.lab("machine", waited=0.9)
    cause: dict[str, Any] = {"definite": True} if definite else {}
    story.lab("broke off", said="no such file", **cause)
    finding = support.verdict(story.entries, NAME).findings[0]
    assert "no such file" in finding.says
    assert ("the machine was busy" in finding.says) is not definite


def test_no_machine_is_named_for_what_the_lab_cannot_read() -> None:
    story = Story()
    begun = story.invoke("alice", "connect", wants={"outcome": "ok"})
    story.end(begun, "info", said="the lab could not read 'hm'", unread="hm")
    story.lab("machine", late=[{"since": 0.0, "by": 9.0}])
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert "machine" not in finding.says


@pytest.mark.parametrize(
    ("verb", "outcome", "fields", "judgement"),
    [
        ("connect", "ok", {}, VALID),
        ("connect", "fail", {}, VALID),
        ("connect", "fail", {"wants": {"outcome": "ok"}}, INVALID),
        ("connect", "ok", {"wants": {"outcome": "fail"}}, INVALID),
        ("connect", "fail", {"wants": {"says": "known"}, "said": "error: unknown"}, VALID),
        ("connect", "fail", {"wants": {"says": "known"}, "said": "error: refused"}, INVALID),
        ("connect", "fail", {"wants": {"says": "known"}}, INVALID),
        ("connect", "info", {"wants": {"outcome": "ok"}}, UNKNOWN),
        ("connect", "info", {"wants": {}}, VALID),
        ("connect", "info", {}, VALID),
        ("exit", "ok", {"wants": {"status": 0}, "status": 0}, VALID),
        ("exit", "ok", {"wants": {"status": 0}, "status": 1}, INVALID),
        ("exit", "ok", {"wants": {"status": 0}, "status": None}, INVALID),
        ("expect", "ok", {"of": "bob"}, VALID),
        ("expect", "fail", {"of": "bob"}, INVALID),
        ("expect", "info", {"of": "bob"}, UNKNOWN),
        ("expect", "fail", {"of": "bob", "may_fail": True}, VALID),
        ("list", "ok", {"wants": {"shows": []}, "rows": []}, VALID),
        ("list", "ok", {"wants": {"shows": []}, "rows": [{"peer": "bob"}]}, INVALID),
        ("list", "ok", {"wants": {"shows": ["bob"]}, "rows": [{"peer": "bob"}]}, VALID),
        ("list", "ok", {"wants": {"shows": ["bob"]}, "rows": [{"peer": "bob"}] * 2}, INVALID),
        ("list", "fail", {"wants": {"shows": ["bob"]}}, INVALID),
        ("exit", "ok", {"wants": {"outcome": "ok"}, "status": 9}, VALID),
        ("help", "ok", {"wants": {"names": ["send", "List"]}, "said": "SEND\nlist all"}, VALID),
        ("help", "ok", {"wants": {"names": ["send", "exit"]}, "said": "SEND\nlist"}, INVALID),
        ("help", "info", {"wants": {"names": ["send"]}, "unread": "?"}, UNKNOWN),
        ("myip", "ok", {"wants": {"address": ["10.0.0.2"]}, "address": "10.0.0.2"}, VALID),
        ("myip", "ok", {"wants": {"address": ["10.0.0.2"]}, "address": "127.0.0.1"}, INVALID),
        ("myip", "info", {"wants": {"address": ["10.0.0.2"]}, "unread": "no idea"}, UNKNOWN),
        ("myport", "ok", {"wants": {"port": 5000}, "port": "5000"}, VALID),
        ("myport", "ok", {"wants": {"port": 5000}, "port": "49152"}, INVALID),
        ("myport", "ok", {"wants": {"port": 5000}}, INVALID),
        ("type", "ok", {"wants": {"answered": True}, "answered": True}, VALID),
        ("type", "fail", {"wants": {"answered": True}, "answered": True}, VALID),
        ("type", "fail", {"wants": {"answered": True}, "answered": False}, INVALID),
        ("type", "info", {"wants": {"answered": True}, "answered": True, "unread": "?"}, VALID),
        ("type", "info", {"wants": {"answered": True}, "answered": False}, INVALID),
        ("type", "info", {"wants": {"answered": True}, "said": "no reply"}, UNKNOWN),
        ("connect", "fail", {"wants": {"within": 1}}, VALID),
        ("connect", "fail", {"wants": {"within": 1}, "took": 1.5}, INVALID),
        ("connect", "info", {"wants": {"within": 1}, "took": 0.5}, VALID),
        ("connect", "info", {"wants": {"within": 1, "outcome": "fail"}}, UNKNOWN),
        ("connect", "info", {"wants": {"within": 1}, "took": 10.0}, INVALID),
    ],
)
def test_an_operation(
    verb: str, outcome: str, fields: dict[str, object], judgement: Judgement
) -> None:
    assert _judged(verb, outcome, **fields) is judgement


def test_what_is_wrong_is_said() -> None:
    story = Story()
    story.end(
        story.invoke("alice", "connect", to="bob", wants={"outcome": "ok"}), "fail", said="no"
    )
    finding = support.verdict(story.finish(), NAME).findings[0]
    assert finding.says == (
        "at 0.004 s, `connect` of alice to bob should have succeeded, but failed: no"
    )
    assert finding.peers == ("alice", "bob")


@pytest.mark.parametrize(
    ("verb", "outcome", "fields", "says"),
    [
        ("send", "fail", {"to": "bob", "text": "a b", "wants": {"outcome": "ok"}},
         "`send` of alice to bob with 'a b' should have succeeded, but failed"),
        ("connect", "ok", {"to": "bob", "wants": {"outcome": "fail"}, "said": "ok: connected 1"},
         "`connect` of alice to bob should have failed, but succeeded: ok: connected 1"),
        ("type", "ok", {"line": "h", "wants": {"outcome": "ok", "says": "known"}},
         "'h', typed at alice, should have been answered with 'known', but the answer was nothing"),
        ("type", "ok", {"line": "hepl", "wants": {"says": "known"}, "said": "oh"},
         "'hepl', typed at alice, should have been answered with 'known', but the answer was 'oh'"),
        ("list", "ok", {"rows": [], "wants": {"shows": ["carol", "bob"]}},
         "`list` of alice should have shown bob, carol, but showed no one"),
        ("exit", "ok", {"status": 1, "wants": {"status": 0}},
         "`exit` of alice should have ended with status 0, but it was 1"),
        ("exit", "ok", {"status": None, "wants": {"status": 0}},
         "`exit` of alice should have ended with status 0, but its status is not known"),
        ("connect", "ok", {"address": "localhost", "port": "5000", "wants": {"outcome": "fail"}},
         "`connect` of alice as 'localhost 5000' should have failed, but succeeded"),
        ("connect", "fail", {"address": "x", "to": "bob", "wants": {"within": 5}, "took": 9.96},
         "`connect` of alice to bob as 'x' should have ended within 5 s, but took 10.0 s"),
        ("connect", "info", {"port": "x", "to": "bob", "wants": {"within": 5}, "took": 24.1},
         "`connect` of alice to bob as 'x' should have ended within 5 s, but had not after 24.1 s"),
        ("help", "info", {"wants": {"within": 5}, "took": 9, "unread": "hm"},
         "`help` of alice should have ended within 5 s, but took 9.0 s"),
        ("terminate", "ok", {"to": "bob", "wants": {"outcome": "fail"}},
         "`terminate` of alice with bob should have failed, but succeeded"),
        ("terminate", "fail", {"id": "x", "wants": {"answered": True}, "answered": False},
         "`terminate` of alice of id 'x' should have been answered, but nothing was printed"),
        ("help", "ok", {"wants": {"names": ["send", "exit"]}, "said": "Send"},
         "`help` of alice should have named exit, but did not"),
        ("myip", "ok", {"wants": {"address": ["10.0.0.2", "al"]}, "address": "127.0.1.1"},
         "`myip` of alice should have given 10.0.0.2 or al, but gave 127.0.1.1"),
        ("myport", "ok", {"wants": {"port": 5000}, "port": "5001"},
         "`myport` of alice should have given 5000, but gave 5001"),
        ("connect", "info", {"to": "bob", "wants": {"says": "x"}, "said": "no answer"},
         "`connect` of alice to bob: it is not known how it ended (no answer)"),
        ("expect", "fail",
         {"kind": "message", "of": "bob", "text": "never", "said": NOTHING},
         "alice: expected message 'never' from bob: nothing of the kind within 1 s"),
        ("expect", "fail", {"kind": "closed", "of": "bob", "said": NOTHING},
         "alice: expected closed from bob: nothing of the kind within 1 s"),
        ("expect", "fail", {"kind": "line", "line": "a.*", "said": "alice ended"},
         "alice: expected a line like 'a.*': alice ended"),
        ("expect", "fail", {"kind": "message"}, "alice: expected message, which failed"),
    ],
)  # fmt: skip
def test_what_should_have_been_and_what_was(
    verb: str, outcome: str, fields: dict[str, object], says: str
) -> None:
    story = Story()
    story.end(story.invoke("alice", verb, **fields), outcome)
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert finding.says == f"at 0.004 s, {says}"


def test_how_the_run_was_cut_short_is_said() -> None:
    story = Story()
    assert "ends in the middle" in support.verdict(story.entries, NAME).findings[0].says
    story.lab("broke off", said="bob does not answer")
    assert "broke off: bob does not" in support.verdict(story.entries, NAME).findings[0].says


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    wanted = [i for i, e in enumerate(entries) if e.type in ("ok", "fail") and "wants" in e.fields]
    place = support.pick(wanted, chance)
    other = "fail" if entries[place].type == "ok" else "ok"
    wants = {**entries[place].fields["wants"], "outcome": other}
    assert judged(support.changed(entries, place, wants=wants), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    done = [i for i, e in enumerate(entries) if e.type in ("ok", "fail") and _is_judged(e)]
    place = support.pick(done, chance)
    assert judged(support.unanswered(entries, place), NAME) is UNKNOWN
    assert judged(support.without(entries, place), NAME) is UNKNOWN


def _is_judged(entry: Entry) -> bool:
    return entry.verb == "expect" or "wants" in entry.fields


@pytest.mark.parametrize(
    ("outcome", "used", "judgement"),
    [("ok", 0.1, VALID), ("ok", 0.98, INVALID), ("info", None, UNKNOWN)],
)
def test_an_idle_program(outcome: str, used: float | None, judgement: object) -> None:
    story = Story(("alice",))
    begun = story.invoke("alice", "idle", wants={"outcome": "ok", "processor": 0.5})
    story.end(begun, outcome, **({} if used is None else {"processor": used, "took": 1.0}))
    verdict = support.verdict(story.finish(), "expectations")
    assert verdict.judgement is judgement
    if judgement is INVALID:
        assert verdict.findings[0].says.endswith(
            "the program of alice, which was asked nothing, should have used at most 50% of a"
            " processor, but wanted 98%"
        )


@pytest.mark.parametrize(
    ("fields", "line", "expected"),
    [
        ({"kind": "message", "text": "between us"}, "??? alice> between us", UNKNOWN),
        ({"kind": "message", "text": "between us"}, "??? alice> good morning", VALID),
        ({"kind": "elected", "fields": {"leader": "alice", "term": 7}}, "alice leads (7)", UNKNOWN),
        ({"kind": "elected", "fields": {"leader": "alice", "term": 7}}, "alice leads (8)", VALID),
        ({"kind": "elected", "fields": {"leader": {"not": "bob"}}}, "carol leads", VALID),
    ],
)
def test_a_line_that_may_be_what_must_not_appear(
    fields: dict[str, Any], line: str, expected: Judgement
) -> None:
    story = Story()
    watch = story.invoke("bob", "never", **fields, wants={"outcome": "ok"})
    story.lab("unread", "bob", said=line)
    story.end(watch, "ok")
    story.lab("unread", "bob", said="alice> between us; alice leads (7)")  # that is too late
    assert judged(story.finish(), NAME) is expected


def test_a_finding_says_what_appeared_and_when() -> None:
    story = Story()
    watch = story.invoke("bob", "never", kind="elected", wants={"outcome": "ok"})
    story.end(watch, "fail", said="* alice leads", seen=1.5)
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert finding.says.endswith("bob: never elected, which appeared at 1.500 s: '* alice leads'")


@pytest.mark.parametrize(
    ("rows", "wants", "judgement"),
    [
        (["bob"], {"shows": ["bob"]}, UNKNOWN),
        ([], {"shows": []}, UNKNOWN),
        (["bob", "bob"], {"shows": ["bob"]}, INVALID),  # whatever the line says
        ([], {"shows": ["bob"]}, UNKNOWN),
        (["bob"], {"outcome": "ok"}, VALID),
    ],
)
def test_a_list_with_a_row_that_could_not_be_read(
    rows: list[str], wants: dict[str, Any], judgement: Judgement
) -> None:
    story, missed = Story(), "2 bob, waiting"
    begun = story.invoke("alice", "list", wants=wants)
    story.end(begun, rows=[{"id": "1", "peer": one} for one in rows], missed=missed, unread=missed)
    verdict = support.verdict(story.finish(), NAME)
    assert verdict.judgement is judgement
    if judgement is UNKNOWN and rows:
        says = "`list` of alice: the lab could not read '2 bob, waiting', which is a row as well"
        assert verdict.findings[0].says.endswith(says)


@pytest.mark.parametrize(
    ("verb", "fields", "asked"),
    [("send", {"id": "7", "text": "x"}, "`send` of alice of id '7' with 'x'"),
     ("type", {"line": "  "}, "'··', typed at alice")],
)  # fmt: skip
def test_where_a_peer_is_gone_the_operation_at_which_it_ended_is_named(
    verb: str, fields: dict[str, Any], asked: str
) -> None:
    story = Story()
    story.end(story.invoke("alice", verb, **fields), "info", said="alice is gone: exited")
    for _ in range(2):
        it = story.invoke("alice", "list", wants={"outcome": "ok"})
        story.end(it, "fail", said="alice is not there any more")
    for finding in support.verdict(story.finish(), NAME).findings:
        assert "failed: alice is not there any more (before, at " in finding.says
        assert finding.says.endswith(f" s, {asked}: alice is gone: exited)")


def test_a_peer_that_was_made_to_leave_needs_no_cause() -> None:
    story = Story()
    story.end(story.invoke("alice", "exit"), "ok")
    it = story.invoke("alice", "list", wants={"outcome": "ok"})
    story.end(it, "fail", said="alice is not there any more")
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert finding.says.endswith("but failed: alice is not there any more")

"""What the profile does not read may be what is missing; then nothing counts as lost."""

from __future__ import annotations

import pytest

from orchestrator import checks
from orchestrator.checks import Judgement
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, judged

_SHOWN = "[message] #1 10.0.0.5:5000 says: "


def _lost(text: str, *lines: str, before: tuple[str, ...] = (), answer: str = "") -> Story:
    """Lose a message; its receiver shows unread lines before and after it."""
    story = Story(notices=("message", "connected", "closed"))
    link = story.connect("alice", "bob")
    for line in before:
        story.lab("unread", "bob", said=line)
    story.send("alice", "bob", text, arrives=False)
    link.under_way["alice"].clear()
    fields = {"answer": answer} if answer else {}
    for line in lines:
        story.lab("unread", "bob", said=line, **fields)
    return story


@pytest.mark.parametrize(
    ("text", "line", "judgement"),
    [
        ("hello", _SHOWN + "hello", UNKNOWN),
        ("hello", _SHOWN + "hello2", INVALID),
        ("hello", "1) connect 2) list 3) exit", INVALID),
        ("two  blanks", _SHOWN + "two blanks", UNKNOWN),
        ("  around  ", _SHOWN + "around", UNKNOWN),
        ("x" * 200, _SHOWN + "x" * 100, UNKNOWN),
        ("a b", _SHOWN + "ab", INVALID),
        ("", _SHOWN, UNKNOWN),
        ("\u00e9", _SHOWN + r"\xc3\xa9", UNKNOWN),
    ],
)
def test_a_line_that_may_show_a_message(text: str, line: str, judgement: Judgement) -> None:
    verdict = support.verdict(_lost(text, line).finish(), "delivery")
    assert verdict.judgement is judgement
    if judgement is UNKNOWN:
        assert "the lab could not read" in verdict.findings[0].says


def test_a_line_that_was_shown_before_is_no_message() -> None:
    assert judged(_lost("1", "1) connect", before=("1) connect",)).finish(), "delivery") is INVALID


def test_a_line_at_another_console_is_no_message() -> None:
    story = _lost("hello")
    story.lab("unread", "alice", said="sent hello")
    assert judged(story.finish(), "delivery") is INVALID


def test_an_expected_message_that_may_have_come() -> None:
    for line, judgement in ((_SHOWN + "hello", UNKNOWN), ("nothing", INVALID)):
        story = _lost("hello", line, answer="list")
        begun = story.invoke("bob", "expect", kind="message", of="alice", text="hello")
        story.end(begun, "fail")
        assert judged(story.finish(), "expectations") is judgement


def _unreported(kind: str, *said: str) -> Story:
    """Drop the notice of a beginning or an end at bob, and show an unread line instead."""
    story = Story(notices=("connected", "closed"))
    story.connect("alice", "bob")
    if kind == "closed":
        story.terminate("alice", "bob")
    story.read()
    story.entries = [e for e in story.entries if (e.type, e.verb) != ("notice", kind)]
    for line in said:
        story.lab("unread", "bob", said=line)
    story.end(story.invoke("bob", "expect", kind=kind, of="alice"), "fail")
    return story


@pytest.mark.parametrize("kind", ["connected", "closed"])
@pytest.mark.parametrize("name", ["expectations", "both ends"])
def test_a_notice_that_may_have_come(kind: str, name: str) -> None:
    verdict = support.verdict(_unreported(kind, "guest 7 has been here").finish(), name)
    assert verdict.judgement is UNKNOWN
    assert "the lab could not read 'guest 7 has been here'" in verdict.findings[0].says
    assert judged(_unreported(kind).finish(), name) is INVALID


@pytest.mark.parametrize("kind", ["connected", "closed"])
@pytest.mark.parametrize("case", ["elsewhere", "before", "in an answer", "after a crash"])
def test_chatter_is_no_notice(kind: str, case: str) -> None:
    story = _unreported(kind, *[] if case == "after a crash" else ["menu of 3"])
    match case:
        case "elsewhere":
            story.lab("unread", "alice", said="menu of 4")
        case "before":
            story.entries.insert(1, Entry(-10.0, "lab", "bob", "unread", 0, {"said": "menu of 1"}))
        case "in an answer":
            story.lab("unread", "bob", said="menu of 5", answer="list")
        case _:
            end = story.entries.pop()
            story.lab("crash", "bob", said="Traceback (most recent call last):")
            story.lab("unread", "bob", said='  File "chat.py", line 7')
            story.entries.append(end)
    assert judged(story.finish(), "expectations") is INVALID


def test_a_row_that_may_be_there() -> None:
    for row, shows, judgement in (
        ("#1 10.0.0.5 5000", ["bob"], UNKNOWN),
        ("#1 10.0.0.5 5000", [], INVALID),
        (None, ["bob"], INVALID),
    ):
        story = Story(("alice", "bob", "carol"))
        rows = [{"peer": "carol", "id": "2"}] if not shows else []
        said = {"unread": row} if row else {}
        begun = story.invoke("alice", "list", wants={"shows": shows})
        story.end(begun, rows=rows, **said)
        assert judged(story.finish(), "expectations") is judgement


@pytest.mark.parametrize(("row", "judgement"), [("#1 10.0.0.5", UNKNOWN), ("", INVALID)])
def test_a_final_list_with_a_row_that_may_be_there(row: str, judgement: Judgement) -> None:
    story = Story()
    story.connect("alice", "bob")
    entries = story.finish()
    last = max(i for i, e in enumerate(entries) if e.verb == "list" and e.peer == "bob"
               and e.type == "ok")  # fmt: skip
    fields = {**entries[last].fields, "rows": [], **({"unread": row} if row else {})}
    old = entries[last]
    entries[last] = type(old)(old.at, old.type, old.peer, old.verb, old.operation, fields)
    assert judged(entries, "lists") is judgement


def test_what_was_to_come_of_an_answer_that_was_not_read() -> None:
    for fields, judgement in (({"unread": "maybe"}, UNKNOWN), ({}, INVALID)):
        story = Story()
        story.connect("alice", "bob")
        begun = story.invoke("alice", "send", to="bob", text="hello")
        story.end(begun, "info", said="the lab could not read 'maybe'", **fields)
        expected = story.invoke("bob", "expect", kind="message", of="alice", text="hello")
        story.end(expected, "fail")
        assert judged(story.finish(), "expectations") is judgement


def test_unread_lines_are_no_fault() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "hello")
    for peer in ("alice", "bob"):
        story.lab("unread", peer, said="Tip of the day")
    found = {verdict.judgement for verdict in checks.judge(story.finish())}
    assert found == {VALID}


def _after_an_unread(verb: str, *, is_read: bool = False) -> Story:
    """Ask for a command whose answer the lab could not read, and for one that rests on it."""
    story = Story()
    unread = {} if is_read else {"unread": "{1: ('10.0.0.5', 5000)}"}
    if verb == "terminate":
        story.connect("alice", "bob")
    begun = story.invoke("alice", verb, to="bob")
    story.end(begun, "fail" if is_read else "info", said="list does not show bob", **unread)
    wants = {"outcome": "ok"}
    if verb == "terminate":
        again = story.invoke("alice", "connect", to="bob", wants=wants)
        story.end(again, "fail", said="error: duplicate connection")
    else:
        story.end(story.invoke("alice", "send", to="bob", text="hi", wants=wants), "fail")
    return story


@pytest.mark.parametrize("verb", ["terminate", "connect"])
def test_a_refusal_may_come_of_what_the_lab_did_not_get_done(verb: str) -> None:
    verdict = support.verdict(_after_an_unread(verb).finish(), "expectations")
    assert verdict.judgement is UNKNOWN
    assert "list does not show bob" in verdict.findings[0].says
    assert judged(_after_an_unread(verb, is_read=True).finish(), "expectations") is INVALID


@pytest.mark.parametrize(("shown", "judgement"), [("bob", UNKNOWN), ("carol", INVALID)])
def test_a_list_may_show_who_the_lab_could_not_disconnect(shown: str, judgement: Judgement) -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "terminate", to="bob"), "info", said="not read", unread="x")
    begun = story.invoke("alice", "list", wants={"outcome": "ok", "shows": []})
    story.end(begun, rows=[{"id": "1", "peer": shown}])
    assert judged(story.finish(), "expectations") is judgement


@pytest.mark.parametrize(
    ("said", "of", "judgement"),
    [
        ("alice says 'I am alice'", "", UNKNOWN),
        ("[room 1] I am alice (alice)", "", UNKNOWN),
        ("someone says 'I am alice'", "", INVALID),
        ("bob says 'I am alice'", "", INVALID),
        ("alice says 'I am alice'", "bob", INVALID),
    ],
)
def test_a_sender_may_be_named_where_the_profile_reads_none(
    said: str, of: str, judgement: Judgement
) -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "carol")
    story.show("carol", "message", text="I am alice", of=of, said=said)
    begun = story.invoke("carol", "expect", kind="message", of="alice", text="I am alice")
    story.end(begun, "fail")
    assert judged(story.finish(), "expectations") is judgement

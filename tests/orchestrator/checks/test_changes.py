"""Texts are shown as they were sent."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks.verdict import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "changes"


def _shown(sent: list[str], shown: list[str]) -> Entries:
    story = Story()
    link = story.connect("alice", "bob")
    for text in sent:
        story.send("alice", "bob", text, arrives=False)
    link.under_way["alice"].clear()
    for text in shown:
        story.show("bob", "message", id="1", of="alice", text=text)
    count = len(sent)
    story.show("alice", "delivered", id="1", of="bob", number=1, count=count)
    return story.finish()


@pytest.mark.parametrize(
    ("sent", "shown", "says"),
    [
        (["a", "b"], ["a", "b"], "2 messages shown as sent"),
        (["a"], ["a", "out of nothing"], "1 message shown as sent"),
        ([], ["out of nothing"], "0 messages shown as sent"),
    ],
)
def test_what_is_counted(sent: list[str], shown: list[str], says: str) -> None:
    assert support.verdict(_shown(sent, shown), NAME).says == says


@pytest.mark.parametrize(
    ("sent", "shown", "how"),
    [
        ("hello there", "hello", "cut after 5 of 11 characters"),
        ("hello", "", "cut after 0 of 5 characters"),
        (" ", "", "cut after 0 of 1 character"),
        ("a  b", "a b", "only blanks changed, first at character 3"),
        (" a", "a", "only blanks changed, first at character 1"),
        ("two behind  ", "two behind", "only blanks changed, first at character 11"),
        ("two behind", "two behind\r", "only blanks changed, first at character 11"),
        ("hello", "Hello", "from character 1 on 'Hello' instead of 'hello'"),
        ("good morning", "good evening", "from character 6 on 'evening' instead of 'morning'"),
        ("hello", "hello!", "'!' was added at the end"),
        ("a" * 16_384, "a" * 4_095, "cut after 4,095 of 16,384 characters"),
    ],
)
def test_how_it_was_changed(sent: str, shown: str, how: str) -> None:
    entries = _shown(["before", sent, "behind"], ["before", shown, "behind"])
    assert support.not_valid(entries) == {NAME: INVALID}
    (finding,) = support.verdict(entries, NAME).findings
    assert finding.says.endswith(how)
    assert len(finding.says) < 300


def test_messages_in_one_piece() -> None:
    entries = _shown(["a", "b", "c", "d"], ["a", "bc", "d"])
    assert support.not_valid(entries) == {NAME: INVALID}
    (finding,) = support.verdict(entries, NAME).findings
    assert finding.says.endswith("shown as one with the message behind it")
    assert support.not_valid(_shown(["a", "b", "c"], ["a\nb\nc"])) == {NAME: INVALID}


@pytest.mark.parametrize(
    ("sent", "shown", "how"),
    [
        (
            ["1 of four", "2 of four", "3 of four", "4 of four"],
            ["1 of four2 of four3 o", "f four4 of four"],
            [
                "the 2 messages behind it",
                "from character 1 on 'f four4 of f' instead of '4 of four'",
            ],
        ),
        (
            ["good morning", "how are you", "bye"],
            ["good morninghow are y", "oubye"],
            ["the message behind it", "from character 1 on 'oubye' instead of 'bye'"],
        ),
    ],
)
def test_a_stream_that_is_cut_anywhere(sent: list[str], shown: list[str], how: list[str]) -> None:
    entries = _shown(sent, shown)
    assert support.not_valid(entries) == {NAME: INVALID}
    findings = support.verdict(entries, NAME).findings
    assert [it.says.endswith(end) for it, end in zip(findings, how, strict=True)] == [True, True]


@pytest.mark.parametrize(
    "pieces", [["one ", "two ", "three"], ["one", " ", "two three"], ["o", "ne two", " ", "three"]]
)
def test_a_message_in_several_pieces(pieces: list[str]) -> None:
    entries = _shown(["before", "one two three", "behind"], ["before", *pieces, "behind"])
    assert support.not_valid(entries) == {NAME: INVALID}


@pytest.mark.parametrize(
    "rounds",
    [
        [("in many", [*"in many"]), ("so much", [*"so much"]), ("the last", ["the last"])],
        [("in many", [*"in"]), ("so much", [*" manyso "]), ("the last", [*"much", "the last"])],
    ],
)
def test_pieces_are_of_what_was_sent_before(rounds: list[tuple[str, list[str]]]) -> None:
    story = Story()
    link = story.connect("alice", "bob")
    for text, pieces in rounds:
        story.send("alice", "bob", text, arrives=False)
        for piece in pieces:
            story.show("bob", "message", id="1", of="alice", text=piece)
    link.under_way["alice"].clear()
    story.show("alice", "delivered", id="1", of="bob", number=1, count=len(rounds))
    assert support.not_valid(story.finish()) == {NAME: INVALID}


@pytest.mark.parametrize(
    ("sent", "shown", "which"),
    [
        (["message 5", "message 6"], ["message 6!"], "'message 6'"),
        ([f"{n} is the number" for n in range(20)], ["15 is the numbers"], "'15 is the number'"),
        (["hello there, friend", "b", "c"], ["b", "c", "[hello there, friend]"], "'hello there"),
        ([*"abcdefghij", "anchor", "hello there"], ["anchor", "[hello there]"], "'hello there'"),
    ],
)
def test_which_one_it_was(sent: list[str], shown: list[str], which: str) -> None:
    (finding,) = support.verdict(_shown(sent, shown), NAME).findings
    assert finding.says.startswith(which)


@pytest.mark.parametrize(
    ("sent", "shown", "count"),
    [
        (["a b", "a  b", "the end"], ["a b", "a b", "the end"], 1),
        (["a  b", "a b", "the end"], ["a b", "a b", "the end"], 1),
        (["x" * 150, "x" * 100, "x" * 200], ["x" * 100] * 3, 2),
        (["a", "X", "x", "b"], ["a", "x", "x", "b"], 1),
        (["a ", " a", "a"] * 3, ["a"] * 9, 6),
        (["first", "  ", ""], ["first", "", ""], 1),
    ],
)
def test_changed_into_a_text_that_was_sent_as_well(
    sent: list[str], shown: list[str], count: int
) -> None:
    entries = _shown(sent, shown)
    assert support.not_valid(entries) == {NAME: INVALID}
    assert len(support.verdict(entries, NAME).findings) == count


def test_changed_in_its_place_beside_a_loss() -> None:
    sent, shown = ["first", "a  b", "a b", "last", "lost"], ["first", "a b", "a b", "last"]
    entries = _shown(sent, shown)
    assert support.not_valid(entries) == {NAME: INVALID, "delivery": INVALID}
    (finding,) = support.verdict(entries, NAME).findings
    assert finding.says.startswith("'a··b'")


@pytest.mark.parametrize(
    ("sent", "shown", "perhaps", "verdict"),
    [
        ("still here", "still here[OK] 1", ["still here"], {}),
        ("a", "aOK list", ["a", "aOK "], {}),
        ("still here[OK] 1", "still here[OK] 1", ["still here"], {}),
        ("still here", "still hereOK 1", ["still"], {NAME: INVALID}),
    ],
)
def test_a_reply_behind_a_message_is_no_part_of_it(
    sent: str, shown: str, perhaps: list[str], verdict: dict[str, Judgement]
) -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.send("alice", "bob", sent, arrives=False)
    link.under_way["alice"].clear()
    story.show("bob", "message", id="1", of="alice", text=shown, perhaps=perhaps)
    story.show("alice", "delivered", id="1", of="bob", number=1, count=1)
    assert support.not_valid(story.finish()) == verdict


def test_all_cut_into_texts_that_were_sent_as_well() -> None:
    sent = [f"message {n}" for n in range(120)]
    entries = _shown(sent, [text[:-1] for text in sent])
    assert support.not_valid(entries) == {NAME: INVALID}
    assert len(support.verdict(entries, NAME).findings) == 120


@pytest.mark.parametrize(
    ("sent", "shown", "broken"),
    [
        (["a b", "a  b"], ["a  b", "a b"], ["order"]),
        (["a b", "a  b", "a   b", "a    b"], ["a  b", "a   b", "a    b", "a    b"],
         ["delivery", "duplicates"]),
    ],
)  # fmt: skip
def test_fewer_faults_are_likelier(sent: list[str], shown: list[str], broken: list[str]) -> None:
    assert support.not_valid(_shown(sent, shown)) == dict.fromkeys(broken, INVALID)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (["message 5", "message 6"], ["message 6", "message 6"]),  # neither is a part of the other
        (["a b", "x", "a  b"], ["a b", "a b", "x"]),  # not in the place of the lost one
        (["a", "a b"], ["a b", "a b"]),  # nothing adds what was sent just then
        (["a b", "a  b", "c"], ["a b", "a b", "a b"]),  # one of three is not alike
    ],
)
def test_one_lost_and_another_shown_twice_is_no_change(sent: list[str], shown: list[str]) -> None:
    expected = {"delivery": INVALID, "duplicates": INVALID}
    assert support.not_valid(_shown(sent, shown)) == expected


def test_every_message_changed() -> None:
    sent = [f"message number {n}" for n in range(50)]
    entries = _shown(sent, [f"{text}\r" for text in sent])
    assert support.not_valid(entries) == {NAME: INVALID}
    findings = support.verdict(entries, NAME).findings
    assert len(findings) == 50
    assert "'message number 7'" in findings[7].says
    assert r"'message number 7\r'" in findings[7].says


def test_of_equal_texts_the_one_on_the_same_connection_was_changed() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.read()
    story.send("alice", "bob", "y", arrives=False)
    story.kill("bob")
    story.start("bob")
    link = story.connect("alice", "bob")
    story.send("alice", "bob", "y", arrives=False)
    link.under_way["alice"].clear()
    link.confirmed["alice"] += 1
    story.show("alice", "delivered", id="2", of="bob", number=1, count=1)
    story.show("bob", "message", id="1", of="alice", text="y!")
    assert support.not_valid(story.finish()) == {NAME: INVALID}


def test_something_else_altogether_is_no_change() -> None:
    assert support.not_valid(_shown(["hello"], ["12345678"])) == {
        "delivery": INVALID,
        "invention": INVALID,
    }


def test_unchanged() -> None:
    assert judged(_shown(["", " ", "x"], ["", " ", "x"]), NAME) is VALID


@few
@given(support.any_right_histories(losses=False), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    found = support.places(entries, "message", where=lambda e: bool(e.fields["text"].strip()))
    place = support.pick(found, chance)
    other = entries[place].fields["text"] + "☃"
    assert support.not_valid(support.changed(entries, place, text=other)) == {NAME: INVALID}


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = chance.randrange(support.settled(entries))
    assert judged(entries[:place], NAME) is UNKNOWN


@pytest.mark.parametrize(
    ("text", "shown", "judgement"),
    [
        ("two behind  ", "two behind", UNKNOWN),
        ("  ", "", UNKNOWN),
        ("  two in front", "two in front", INVALID),
        ("two  within", "two within", INVALID),
        ("cut here  ", "cut", INVALID),
    ],
)
def test_blanks_that_fill_up_a_line_hide_the_last_ones_of_a_text(
    text: str, shown: str, judgement: object
) -> None:
    entries = _shown(["before", text, "behind"], ["before", shown, "behind"])
    for padded, expected in {"bob": judgement, "alice": INVALID}.items():
        entries[0].fields["padded"] = [padded]  # type: ignore[index]
        assert support.not_valid(entries) == {NAME: expected}
    finding = support.verdict(entries, NAME).findings[0]
    entries[0].fields["padded"] = ["bob"]  # type: ignore[index]
    doubt = support.verdict(entries, NAME).findings[0]
    assert doubt.says.startswith(finding.says)
    if judgement == UNKNOWN:
        assert doubt.says.endswith("from those with which the program fills up its lines")

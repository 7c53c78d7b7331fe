"""Reading lines by a profile's patterns, without a console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from orchestrator.errors import DocumentError
from orchestrator.profile import InputLine, NoticeMatch, Profile, Reader
from orchestrator.profile.reader import GuardedReader

PROFILE = {
    "name": "it",
    "summary": "a program",
    "port": 5000,
    "start": {"command": ["it"]},
    "ready": r"^listening on (?P<port>\d+)$",
    "console": {"echo": False},
    "verbs": {
        "myport": {"send": "myport", "ok": r"^port (?P<port>\d+)$"},
        "send": {
            "send": ["send", {"type": "{id}", "after": "Which one"}, "{text}"],
            "ok": [r"^sent to (?P<id>\d+)(?: as (?P<number>\d+))?$", "^queued$"],
            "fail": r"^no (?P<reason>\w+)$",
        },
        "list": {"send": "list", "row": r"^(?P<id>\d+) (?P<address>\S+)$"},
    },
    "notices": {
        "connected": r"^(?P<address>\S+) connected$",
        "message": [
            r"^(?P<name>\w+): (?P<text>.*)$",
            {"block": [r"^From (?P<address>\S+)", r"^Text (?P<text>.*)$"]},
        ],
    },
    "errors": r"^error: (?P<reason>.*)$",
}


def reader(**changes: Any) -> Reader:
    return Reader(Profile.model_validate(PROFILE | changes))


def test_the_ready_line() -> None:
    assert reader().ready("listening on 5001") == {"port": "5001"}
    assert reader().ready("listening soon") is None
    assert reader(ready="", sync="myport").ready("listening on 5001") is None


def test_the_lines_to_type() -> None:
    assert reader().typed("send", {"id": 3, "text": "hi"}) == [
        InputLine(type="send"),
        InputLine(type="3", after="Which one"),
        InputLine(type="hi"),
    ]
    for verb, arguments in (("send", {"id": 3}), ("leave", {})):
        with pytest.raises(KeyError):
            reader().typed(verb, arguments)


@pytest.mark.parametrize(
    ("verb", "line", "outcome"),
    [
        ("send", "sent to 3 as 7", (True, {"id": "3", "number": "7"})),
        ("send", "sent to 3", (True, {"id": "3", "number": ""})),
        ("send", "queued", (True, {})),
        ("send", "no connection", (False, {"reason": "connection"})),
        ("send", "error: no", (False, {"reason": "no"})),
        ("myport", "error: no", (False, {"reason": "no"})),
        ("myport", "no connection", None),
        ("send", "port 5000", None),
        ("leave", "queued", None),
    ],
)
def test_the_outcome_of_a_verb(
    verb: str, line: str, outcome: tuple[bool, Mapping[str, str]] | None
) -> None:
    assert reader().outcome(verb, line) == outcome


def test_success_is_tried_before_failure() -> None:
    assert reader(errors="^sent").outcome("send", "sent to 3") == (True, {"id": "3", "number": ""})


def test_rows_of_a_list() -> None:
    assert reader().row("list", "3 10.0.0.2") == {"id": "3", "address": "10.0.0.2"}
    assert reader().row("list", "3") is None
    assert reader().row("myport", "3 10.0.0.2") is None
    assert reader().rows("list", "3 10.0.0.2") == ([{"id": "3", "address": "10.0.0.2"}], "")
    assert reader().rows("list", "3 10.0.0.2 4 10.0.0.3") == ([], "")


@pytest.mark.parametrize("row", [r"(?:^\[|, )(?P<id>\d+)@(?P<address>[\d.]+)",
                                 r"(?P<id>\d+)@(?P<address>\d+\.\d+\.\d+\.\d+)"])  # fmt: skip
def test_several_rows_of_a_line(row: str) -> None:
    one = reader(verbs={"list": {"send": "list", "row": row}})
    rows, left = one.rows("list", "[3@10.0.0.2, 4@10.0.0.3, 5@none]")
    assert rows == [{"id": "3", "address": "10.0.0.2"}, {"id": "4", "address": "10.0.0.3"}]
    assert "5@none" in left
    assert one.rows("list", "[]") == ([], "")


def test_what_is_left_beside_the_only_row_of_a_line() -> None:
    one = reader(verbs={"list": {"send": "list", "row": r"(?P<id>\d+)@(?P<address>[\d.]+)"}})
    assert one.rows("list", "3@10.0.0.2 since 12:03") == ([{"id": "3", "address": "10.0.0.2"}], "")
    several = r"(?:^|, )(?P<id>\d+)@(?P<address>[\d.]+)"
    one = reader(verbs={"list": {"send": "list", "row": several}})
    assert one.rows("list", "3@10.0.0.2, 4 10.0.0.3")[1] == ", 4 10.0.0.3"


@pytest.mark.parametrize(
    ("lines", "notice"),
    [
        (["10.0.0.2 connected"], NoticeMatch("connected", {"address": "10.0.0.2"})),
        (["bob: hi: all"], NoticeMatch("message", {"name": "bob", "text": "hi: all"})),
        (["From 10.0.0.2"], NoticeMatch("", {"address": "10.0.0.2"})),
        (
            ["From 10.0.0.2", "Text hi"],
            NoticeMatch("message", {"address": "10.0.0.2", "text": "hi"}),
        ),
        (["From 10.0.0.2", "hi"], None),
        (["From 10.0.0.2", "Text hi", "Text ho"], None),
        (["nothing of the kind"], None),
    ],
)
def test_notices(lines: Sequence[str], notice: NoticeMatch | None) -> None:
    assert reader().notice(lines) == notice


def test_a_later_line_of_a_block_does_not_empty_an_earlier_group() -> None:
    block = {"block": [r"^From (?P<port>\d+)$", r"^Text(?: (?P<text>.+))?$"]}
    both = reader(notices={"message": block})
    assert both.notice(["From 5", "Text"]) == NoticeMatch("message", {"port": "5", "text": ""})


def test_a_line_that_is_whole_comes_before_a_block_that_it_begins() -> None:
    both = reader(notices={"message": {"block": ["^From", "^Text"]}, "other": "^From"})
    assert both.notice(["From 10.0.0.2"]) == NoticeMatch("other")


def test_crashes() -> None:
    assert reader().is_crash("panic: index out of range")
    assert not reader().is_crash("bob: panic: index out of range")
    assert reader(crash=["^boom$"]).is_crash("boom")
    assert not reader(crash=[]).is_crash("panic: index out of range")


def _fail(*_: object) -> Any:
    raise LookupError("a mistake")


class Failing(Reader):
    """A user's reader whose every method raises."""

    typed = ready = outcome = row = notice = is_crash = cast("Any", _fail)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("typed", ("myport", {})),
        ("ready", ("hi",)),
        ("outcome", ("send", "hi")),
        ("row", ("list", "hi")),
        ("notice", (["hi"],)),
        ("is_crash", ("hi",)),
    ],
)
def test_a_failing_reader_is_an_error_of_the_profile(method: str, arguments: Any) -> None:
    profile = Profile.model_validate(PROFILE | {"reader": "mine.py:Failing"})
    guarded, plain = GuardedReader(Failing(profile)), GuardedReader(Reader(profile))
    expected = rf"mine\.py:Failing: {method}\(\) failed: LookupError: a mistake"
    with pytest.raises(DocumentError, match=expected):
        getattr(guarded, method)(*arguments)
    assert getattr(plain, method)(*arguments) == getattr(Reader(profile), method)(*arguments)


def test_an_unknown_verb_is_no_failure_of_the_reader() -> None:
    guarded = GuardedReader(Failing(Profile.model_validate(PROFILE)))
    with pytest.raises(KeyError):
        guarded.typed("leave", {})


@pytest.mark.parametrize(
    ("pattern", "fields", "is_padded"),
    [
        (r"^║ (?P<text>.*?) +║$", {}, True),
        (r"^\| (?P<text>.*?)\s+\|$", {}, True),
        (r"^(?P<text>.*?)\s*$", {}, True),
        (r"^<(?P<body>.*?) *>$", {"text": "body"}, True),
        (r"^<(?P<text>.*)>$", {}, False),
        (r"^<(?P<text>.*?)> +\d$", {}, False),
        (r"^(?P<name>.*?) +says (?P<text>.*)$", {}, False),
    ],
)
def test_a_text_whose_line_is_filled_up_with_blanks(
    pattern: str, fields: dict[str, str], *, is_padded: bool
) -> None:
    message = {"block": ["^from .*$", pattern], "means": "message", "fields": fields}
    (block,) = reader(notices={"heard": [message]}).profile.notices["heard"]
    assert block.is_padded is is_padded


def test_a_notice_with_a_name_of_its_own() -> None:
    heard = {"pattern": [r"^(?P<who>\w+)> (?P<body>.*)$", r"^(?P<who>\w+) says (?P<body>.*)$"],
             "means": "message", "fields": {"name": "who", "text": "body"}}  # fmt: skip
    it = reader(notices={"heard": heard, "closed": "^bye$"})
    fields = {"who": "bob", "name": "bob", "body": "hi", "text": "hi"}
    for line in ("bob> hi", "bob says hi"):
        assert it.notice([line]) == NoticeMatch("heard", fields)
    assert it.profile.shown == {"message": ["heard"], "closed": ["closed"]}
    assert (it.profile.means("heard"), it.profile.means("closed")) == ("message", "closed")


ALIKE = {
    "connected": r"^new: (?P<name>[a-z]+)$",
    "closed": {"block": [r"^new: (?P<name>[a-z]+)$", "^gone$"]},
    "message": r"^new: (?P<text>.*)$",
}


def test_a_word_that_is_no_name_of_a_peer_makes_another_notice() -> None:
    plain = reader(notices=ALIKE)
    for it in (plain, GuardedReader(plain)):
        it.meet(["alice", "bob"])
        assert it.notice(["new: bob"]) == NoticeMatch("connected", {"name": "bob"})
        assert it.notice(["new: hello"]) == NoticeMatch("message", {"text": "hello"})


def test_a_name_tells_nothing_while_the_peers_are_unknown_or_no_other_notice_fits() -> None:
    assert reader(notices=ALIKE).notice(["new: hello"]) == NoticeMatch(
        "connected", {"name": "hello"}
    )
    known = reader(notices={"message": r"^(?P<name>\w+): (?P<text>.*)$", "other": ": "})
    known.meet(["alice"])
    assert known.notice(["zoe: hi"]) == NoticeMatch("message", {"name": "zoe", "text": "hi"})

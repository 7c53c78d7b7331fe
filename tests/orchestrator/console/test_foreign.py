"""Consoles of programs that nobody adapted: silence, questions, blocks, prompts in the middle."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.console import dialogue
from orchestrator.console.session import Session
from orchestrator.errors import DocumentError, NoAnswerError
from orchestrator.profile import NoticeMatch, Profile, Reader
from tests.orchestrator.support import PROGRAMS, ROOT, LivePeers

SOON = 10.0  # seconds; a third of what is waited for where a reply does not come


def styled(style: str, **changes: Any) -> Profile:
    """Return the profile of a program in one of the styles."""
    look = profile.load(str(PROGRAMS / "styles.yaml"))
    command = ["{python}", str(PROGRAMS / "styles.py")]
    start = {"command": command, "environment": {"STYLE": style}, **changes.pop("start", {})}
    console = look.console.model_copy(update=changes.pop("console", {}))
    verbs = {**look.verbs, **changes.pop("verbs", {})}
    changes |= {"start": look.start.model_copy(update=start), "console": console, "verbs": verbs}
    return look.model_copy(update=changes)


def verb(look: Profile, name: str, **changes: Any) -> dict[str, Any]:
    """Return one verb of a profile, changed."""
    return {name: look.verbs[name].model_copy(update=changes)}


@pytest.fixture
def begin(process_place: Callable[[], LivePeers]) -> Callable[..., Session]:
    """Start a program in a style."""

    def one(style: str, **changes: Any) -> Session:
        (session,) = process_place().start(["alice"], styled(style, **changes))
        return session

    return one


def lines(*several: str) -> list[profile.InputLine]:
    return [profile.InputLine(type=typed, after=after) for after, _, typed in
            (each.rpartition("|") for each in several)]  # fmt: skip


@pytest.mark.parametrize("style", ["plain", "prompt"])
def test_what_was_typed_and_prompts_are_no_reply(begin: Any, style: str) -> None:
    session = begin(style, console={"prompt": [">> "]})
    for text in ("hi", "  two  blanks ", "send send", "x" * 3_000, "é 日本 👋"):
        reply = session.ask("send", text=text)
        assert (reply.ok, reply.fields["text"]) == (True, text)
        assert reply.lines == [f"sent {text}"]


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Make every wait for what does not come long; return what a profile says of them."""
    monkeypatch.setattr(dialogue, "_GRACE", 3 * SOON)
    return {"answer_within": 4 * SOON, "console": {"quiet": 3 * SOON}}


def test_silence_is_known_for_what_it_is(begin: Any, long_waits: dict[str, Any]) -> None:
    silent = styled("silent")
    session = begin("silent", verbs=verb(silent, "send", silent=True, ok=[]), **long_waits)
    began = time.monotonic()
    reply = session.ask("send", text="hi")
    assert (reply.ok, reply.silent, reply.lines) == (True, True, [])
    replies = [*session.ask_all("send", [{"text": f"{n}"} for n in range(40)])]
    assert [each.ok for each in replies] == [True] * 40
    assert time.monotonic() - began < SOON, "it was not waited for"


def test_a_reply_that_no_pattern_reads_is_unread(begin: Any, long_waits: dict[str, Any]) -> None:
    session = begin("plain", **long_waits)
    began = time.monotonic()
    reply = session.ask("raw", line="odd")
    assert (reply.ok, reply.lines) == (None, ["nobody could have foreseen this"])
    reply = session.ask("raw", line="quux")
    assert (reply.ok, reply.lines) == (False, ["error: no quux"])
    reply = session.ask("raw", line="twice")
    assert reply.lines in (["port 5000"], []), "it answers as `sync` does"
    assert session.ask("send", text="and goes on").fields["text"] == "and goes on"
    assert time.monotonic() - began < SOON


def test_what_no_pattern_reads_is_told_where_nothing_else_can_be_asked(begin: Any) -> None:
    verbs = verb(styled("plain"), "send", ok=["^something else$"])
    session = begin("plain", sync="", verbs=verbs, answer_within=0.4)
    reply = session.ask("send", text="hi")
    assert (reply.ok, reply.lines) == (None, ["sent hi"])


def test_a_list_ends_where_the_program_is_done(begin: Any) -> None:
    session = begin("prompt", console={"prompt": [">> "]})
    for count in range(3):
        reply = session.ask("list")
        assert reply.ok
        assert [row["id"] for row in reply.rows] == [f"{n}" for n in range(count)]


def test_a_verb_that_comes_first_is_asked_each_time(begin: Any) -> None:
    session = begin("plain")
    assert session.ask("terminate").fields["count"] == "1"
    session.ask("list")
    assert session.ask("terminate").fields["count"] == "1", "it was asked a moment ago"


def test_arguments_are_typed_when_they_are_asked_for(begin: Any) -> None:
    look = styled("menu")
    verbs = verb(look, "myport", send=lines("1"))
    verbs |= verb(look, "send", send=lines("2", r"^To whom\?|{id}", r"^What\? $|{text}"))
    verbs |= verb(look, "raw", send=lines("{line}", r"^To whom\?|bob"))
    session = begin("menu", verbs=verbs, console={"prompt": ["Choice: "]}, errors=["^no such"])
    for text in ("hi", "  two  blanks ", "2"):
        reply = session.ask("send", id="bob", text=text)
        assert reply.fields["text"] == f"bob: {text}"
    reply = session.ask("raw", line="7")
    assert (reply.ok, reply.lines) == (False, ["no such choice"]), "nothing more was typed"
    assert session.ask("send", id="bob", text="hi").lines == ["sent bob: hi"]


def test_a_reply_behind_the_next_prompt(begin: Any) -> None:
    session = begin("late", console={"prompt": ["$ "]})
    for number in range(3):
        assert session.ask("send", text=f"{number}").fields["text"] == f"{number}"


def test_a_notice_in_a_block_of_lines(process_place: Callable[[], LivePeers]) -> None:
    look = styled("block")
    look = look.model_copy(update={"verbs": look.verbs | verb(look, "send", silent=True, ok=[])})
    place = process_place()
    (session,) = place.start(["alice"], look)
    for text in ("hi", 'a "quoted" text', ""):
        assert session.ask("send", text=text).silent
    told = [notice.fields for notice in place.notices["alice"]]
    assert told[0] == {"address": "10.0.0.2", "port": "4444", "text": "hi"}
    assert [each["text"] for each in told] == ["hi", 'a "quoted" text', ""]


def test_a_program_that_asks_for_its_port(begin: Any) -> None:
    start = {"answers": lines(r"^Which port\?|{port}")}
    session = begin("asks", start=start, ready=r"^listening at (?P<port>\d+)$")
    assert session.transcript.screen()[0] == f"Which port? listening at {session.peer.port}"
    assert session.ask("send", text="hi").ok


def test_nothing_says_that_it_is_ready_but_an_answer(begin: Any) -> None:
    session = begin("plain", ready="")
    assert session.ask("send", text="hi").lines == ["sent hi"]


def test_a_prompt_that_changes(begin: Any) -> None:
    session = begin("counts", console={"prompt_pattern": [r"chat\(\d+\)> "]})
    for count in range(3):
        reply = session.ask("list")
        assert (reply.lines[0], len(reply.rows), reply.unread) == ("id  address  port", count, [])
        assert session.ask("send", text=" two  blanks").fields["text"] == " two  blanks"


def test_a_prompt_that_nobody_described_hides_the_answers(begin: Any) -> None:
    with pytest.raises(NoAnswerError, match=r"could not read 'chat\(0\)> port 5000'"):
        begin("counts", ready_within=0.5)


def test_blocks_and_alternatives() -> None:
    reader = Reader(styled("plain"))
    assert reader.notice(["bob says hi"]) == NoticeMatch("message", {"name": "bob", "text": "hi"})
    first = "Message received from 10.0.0.2"
    begun = reader.notice([first])
    assert begun
    assert begun.kind == ""
    assert reader.notice([first, "nothing of the kind"]) is None
    whole = [first, "Sender port: 1", 'Message: "x"']
    assert reader.notice(whole) == NoticeMatch(
        "message", {"address": "10.0.0.2", "port": "1", "text": "x"}
    )
    assert reader.notice([*whole, "more"]) is None


READER = """
from orchestrator.profile import NoticeMatch, Reader

class Shouting(Reader):
    def notice(self, lines):
        return NoticeMatch("message", {"text": lines[0].lower()}) if lines[0].isupper() else None
"""


def test_a_reader_of_ones_own(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(READER)
    text = (PROGRAMS / "styles.yaml").read_text()
    (tmp_path / "look.yaml").write_text(text + "reader: mine.py:Shouting\n")
    look = profile.load(str(tmp_path / "look.yaml"))
    made = profile.reader(look)
    assert made.notice(["HELLO"]) == NoticeMatch("message", {"text": "hello"})
    assert made.outcome("send", "sent x") == (True, {"text": "x"})


def test_what_the_page_about_profiles_shows(tmp_path: Any) -> None:
    page = (ROOT / "docs/profiles.md").read_text()
    look, reading = (
        re.findall(rf"^```{kind}\n({first}.*?)^```", page, re.DOTALL | re.MULTILINE)[0]
        for kind, first in (("yaml", "name: "), ("python", "from "))
    )
    (tmp_path / "reading.py").write_text(reading)
    (tmp_path / "profile.yaml").write_text(look + "reader: reading.py:Hexadecimal\n")
    made = profile.reader(profile.load(str(tmp_path / "profile.yaml")))
    row = {"id": "1", "address": "10.0.0.2", "port": "5000"}
    assert made.row("list", "1  10.0.0.2  1388") == row
    assert made.row("list", "nobody") is None


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("mine.py:Nobody", "AttributeError"),
        ("none.py:Shouting", "FileNotFoundError"),
        ("mine.py:NoticeMatch", "TypeError: not a subclass of Reader"),
        ("broken.py:Shouting", "SyntaxError"),
        ("leaves.py:Shouting", "SystemExit"),
    ],
)
def test_readers_that_do_not_work(tmp_path: Any, named: str, why: str) -> None:
    (tmp_path / "mine.py").write_text(READER)
    (tmp_path / "broken.py").write_text("class (")
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    look = styled("plain", reader=f"{tmp_path}/{named}")
    with pytest.raises(DocumentError, match=why) as error:
        profile.reader(look)
    assert error.value.hint


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("sync: myport", "sync: myprt", "10:", "no verb 'myprt' here; did you mean 'myport'?"),
        ("first: list", "first: lst", "17:", "no verb 'lst' here"),
        ("  terminate:", "  terminat:", "17:", "unknown verb 'terminat'"),
        ("ready: '^welcome$'", "ready: '('", "7:", "not a pattern"),
        ("Sender port: (?P", "Sender port: (?Q", "21:", "not a pattern"),
        ("send: myport,", "send: [myport, {after: '('}],", "14:", "type"),
        ("send: myport,", "send: [myport, {after: '(', type: x}],", "14:", "not a pattern"),
        ("'send {text}'", "'send {txt}'", "15:", "unknown placeholder {txt}"),
        ("  command: ", "  folder: nowhere\n  command: ", "6:", "no such folder: nowhere"),
        ("  command: ", "  image: x\n  folder: .\n  command: ", "", "not in both"),
        ("  command: ", "  process: [x]\n  command: ", "", "either `command`, or"),
        ("first: list", "first: terminate", "17:", "'terminate' itself needs another first"),
        ("'send {text}'", "'send {text:d}'", "15:", "takes no format"),
        ("  command: ", "  answers: '{python}'\n  command: ", "6:", "unknown placeholder {python}"),
        ("errors:", "lacks: {exit: no, list: no}\nerrors:", "12:", "described elsewhere"),
        ("errors:", "lacks: {leave: no}\nerrors:", "12:", "unknown verb or notice 'leave'"),
    ],
)
def test_mistakes_in_a_profile(tmp_path: Any, old: str, new: str, where: str, what: str) -> None:
    text = (PROGRAMS / "styles.yaml").read_text()
    assert old in text
    path = tmp_path / "look.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DocumentError) as error:
        profile.load(str(path))
    assert what in error.value.what
    assert f"look.yaml:{where}" in error.value.what


def test_a_profile_that_is_not_there(tmp_path: Any) -> None:
    for name, hint in (
        ("peerlap", "did you mean 'peerlab'?"),
        (f"{tmp_path}/x.yaml", "writes one"),
    ):
        with pytest.raises(DocumentError, match="cannot be read: No such file") as error:
            profile.load(name)
        assert hint in error.value.hint


@pytest.mark.parametrize("echo", [False, True])
def test_what_no_pattern_reads_is_kept(
    process_place: Callable[[], LivePeers], *, echo: bool
) -> None:
    place = process_place()
    block = styled("block")
    look = styled("block", notices={}, verbs=verb(block, "list", row="never"),
                  console={"echo": echo})  # fmt: skip
    (session,) = place.start(["alice"], look)
    for _ in range(2):
        assert session.ask("list").rows == []
    assert session.ask("raw", line="send hi").ok is None
    told = {each.line: each.fields.get("answer", "") for each in place.unread["alice"]}
    assert told.pop("commands: myport, send, list") == "", "it came unasked"
    assert told == {
        "0  10.0.0.0  5000": "list",
        "Message received from 10.0.0.2": "raw",
        "Sender port: 4444": "raw",
        'Message: "hi"': "raw",
    }


BROKEN = """
from orchestrator.profile import Reader

class Broken(Reader):
    def notice(self, lines):
        return lines[7]
"""


def test_a_reader_that_fails_is_an_error_of_the_profile(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(BROKEN)
    made = profile.reader(styled("plain", reader=f"{tmp_path}/mine.py:Broken"))
    with pytest.raises(DocumentError, match=r"notice\(\) failed: IndexError"):
        made.notice(["hi"])
    assert made.outcome("send", "sent x") == (True, {"text": "x"})
    with pytest.raises(KeyError):
        made.typed("nothing", {})

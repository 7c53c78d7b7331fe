"""Commands and their replies, with and without a line editor, at programs that are functions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.console import dialogue, reply
from orchestrator.console.dialogue import EchoedDialogue, SyncedDialogue
from orchestrator.console.reply import Reply
from orchestrator.errors import NoAnswerError, SessionError
from orchestrator.profile import ConsoleOperation
from orchestrator.profile.notices import Block
from tests.orchestrator.console.support import FakeConsole, made

MakeScreen = Callable[..., FakeConsole]
EDITOR = {"clear_line": "\x15", "echo": True, "prompt": ["> "]}


def chat(line: str) -> str:
    """Answer as most programs do."""
    verb, _, rest = line.removeprefix("\x15").partition(" ")
    match verb:
        case "myport":
            return "port 5000\n"
        case "send":
            return f"sent {rest}\n"
        case "list":
            return "1 10.0.0.2\n2 10.0.0.3\n"
        case "terminate":
            return ""
        case _:
            return f"error: no {verb}\n"


def editor(line: str) -> str:
    """The same, with an echo."""
    return f"> {line.removeprefix(chr(0x15))}\n{chat(line)}"


def asked_all(one: EchoedDialogue | SyncedDialogue, verb: str, count: int) -> list[Reply]:
    typed: list[int] = []
    many: list[dict[str, object]] = [{"text": f"{n}"} for n in range(count)]
    replies = list(one.ask_all(verb, many, typed.append))
    assert typed == list(range(count))
    return replies


@pytest.mark.parametrize("count", [1, 5, 33, 100])
@pytest.mark.parametrize("edits", [True, False])
def test_many_commands_each_get_their_own_reply(
    screen: MakeScreen, count: int, *, edits: bool
) -> None:
    one = screen(console=EDITOR if edits else {})
    one.answer(editor if edits else chat)
    talk = EchoedDialogue(one.console) if edits else SyncedDialogue(one.console)
    replies = asked_all(talk, "send", count)
    assert [reply.fields["text"] for reply in replies] == [f"{n}" for n in range(count)]
    assert all(reply.ok for reply in replies)


def test_a_line_editor_that_does_not_answer(screen: MakeScreen) -> None:
    one = screen(console=EDITOR, answer_within=0.05)
    with pytest.raises(NoAnswerError, match=r"^alice did not reply to 'myport' within 0\.05 s"):
        EchoedDialogue(one.console).ask("myport", {})


def test_a_late_reply_is_not_that_to_the_next_command(screen: MakeScreen) -> None:
    one = screen(console={**EDITOR, "echo": False}, answer_within=0.05)
    talk = EchoedDialogue(one.console)
    with pytest.raises(NoAnswerError):
        talk.ask("send", {"text": "late"})
    one.console.profile = one.console.profile.model_copy(update={"answer_within": 10.0})
    one.answer(chat)
    assert talk.ask("send", {"text": "next"}).fields["text"] == "next"


@pytest.mark.parametrize("late", ["error: rest?\n", "error: rest?\nerror: of?\n"])
def test_what_is_left_of_a_refused_command_is_no_answer_to_the_next_one(
    screen: MakeScreen, late: str
) -> None:
    left: list[str] = []

    def scanning(line: str) -> str:
        if line.startswith("send"):
            left.append(late)
            return "error: no such id\n"
        return (left.pop() if left else "") + chat(line)

    one = screen()
    one.answer(scanning)
    talk = SyncedDialogue(one.console)
    assert talk.ask("send", {"text": "rest of"}).ok is False
    listed = talk.ask("list", {})
    assert (listed.ok, listed.lines) == (True, ["1 10.0.0.2", "2 10.0.0.3"])
    assert one.seen() == [], "it belongs to the first answer"


def test_a_reply_without_an_echo_must_do(
    screen: MakeScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply, "_UNANCHORED_PATIENCE", 0.05)
    one = screen(console=EDITOR)
    one.answer(chat)
    assert EchoedDialogue(one.console).ask("send", {"text": "hi"}).fields["text"] == "hi"


def test_a_line_editor_without_sync_is_not_asked(screen: MakeScreen) -> None:
    one = screen(console=EDITOR, sync="")
    one.show("> ", end="")
    EchoedDialogue(one.console).synchronise(0.1)
    one.console.type("first", 1.0)
    assert one.typed() == "\x15first\n"


def test_silence_is_a_reply_once_sync_is_answered(screen: MakeScreen) -> None:
    one = screen()
    one.answer(chat)
    talk = SyncedDialogue(one.console)
    began = time.monotonic()
    silent = talk.ask("terminate", {})
    assert (silent.ok, silent.silent, silent.lines) == (True, True, [])
    assert all(reply.silent for reply in asked_all(talk, "terminate", 5))
    assert time.monotonic() - began < 5, "it was not waited for"


def test_silence_that_the_profile_does_not_allow_is_neither_yes_nor_no(screen: MakeScreen) -> None:
    one = screen()
    one.answer(lambda line: "" if line.startswith("send") else chat(line))
    reply = SyncedDialogue(one.console).ask("send", {"text": "hi"})
    assert (reply.ok, reply.silent, reply.lines) == (None, False, [])


def test_lines_of_several_commands_that_cannot_be_told_apart(screen: MakeScreen) -> None:
    one = screen()
    one.answer(lambda line: "odd\n" if line == "send 1" else chat(line))
    replies = asked_all(SyncedDialogue(one.console), "send", 3)
    assert [reply.ok for reply in replies] == [None] * 3
    assert replies[0].lines == ["sent 0", "odd", "sent 2"]
    assert [reply.unread for reply in replies] == [[], [], ["odd"]]


def test_rows_end_with_the_answer_to_sync(screen: MakeScreen) -> None:
    one = screen()
    one.answer(chat)
    listed = SyncedDialogue(one.console).ask("list", {})
    assert (listed.ok, [row["id"] for row in listed.rows]) == (True, ["1", "2"])


TABLE = {"send": "list", "ok": r"^total \d+$", "also": "^id address$", "row": r"^(?P<id>\d+) \S+$"}


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("send", "error: no such id"),
        ("send", "sent hi"),
        ("raw", "what no pattern reads"),
        ("raw", "3 10.0.0.9 is a row with more behind it"),
    ],
)
def test_a_slow_answer_has_no_line_of_the_list_that_the_lab_asked_for(
    screen: MakeScreen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, said: str
) -> None:
    """The program answers only when it has been asked for the list as well."""
    monkeypatch.setattr(dialogue, "_PATIENCE", 0.0)
    slow = ""

    def late(line: str) -> str:
        nonlocal slow
        if line != "list":
            slow = f"{said}\n"
            return ""
        before, slow = slow, ""
        return f"{before}id address\n1 10.0.0.2\n2 10.0.0.3\ntotal 2\n"

    table = ConsoleOperation.model_validate(TABLE)
    one = screen(sync="list", operations={**made(tmp_path).operations, "list": table})
    one.answer(late)
    talk = SyncedDialogue(one.console)
    for _ in range(2):
        reply = talk.ask(verb, {"text": "hi", "line": "hi"})
        assert (reply.lines, reply.rows) == ([said], [])


def test_without_sync_rows_end_with_silence(screen: MakeScreen) -> None:
    one = screen(sync="", console={"quiet": 0.1})
    one.answer(chat)
    talk = SyncedDialogue(one.console)
    talk.synchronise(1.0)
    assert len(talk.ask("list", {}).rows) == 2


def test_a_program_that_answers_nothing_at_all(screen: MakeScreen) -> None:
    one = screen(answer_within=0.05)
    with pytest.raises(NoAnswerError, match="did not reply to 'send hi' within"):
        SyncedDialogue(one.console).ask("send", {"text": "hi"})


def test_only_an_unreadable_answer_is_quoted(screen: MakeScreen) -> None:
    one = screen(answer_within=0.5)
    one.answer(lambda _: "what  now?\n")
    says = r"^alice did not reply to 'send hi·' within 0\.5 s; the lab could not read 'what··now\?'"
    with pytest.raises(NoAnswerError, match=says):
        SyncedDialogue(one.console).ask("send", {"text": "hi "})


def test_a_question_is_answered_when_it_comes(screen: MakeScreen) -> None:
    one = screen()
    one.answer({"connect": "Whom? ", "bob": "connected\n", "myport": "port 5000\n"}.__getitem__)
    assert SyncedDialogue(one.console).ask("connect", {"address": "bob"}).ok


def test_a_refusal_instead_of_a_question_is_the_reply(screen: MakeScreen) -> None:
    one = screen()
    one.answer(lambda line: chat(line) if line == "myport" else "error: no more\n")
    refused = SyncedDialogue(one.console).ask("connect", {"address": "bob"})
    assert (refused.ok, refused.lines) == (False, ["error: no more"])


def test_a_question_that_does_not_come(screen: MakeScreen) -> None:
    one = screen(answer_within=0.05)
    with pytest.raises(NoAnswerError, match=r"did not ask '\^Whom"):
        SyncedDialogue(one.console).ask("connect", {"address": "bob"})


def test_a_second_answer_after_sync_belongs_to_a_line_as_it_is(screen: MakeScreen) -> None:
    one = screen()
    one.answer(lambda line: "port 5000\n" if line == "port?" else chat(line))
    talk = SyncedDialogue(one.console)
    assert talk.ask("raw", {"line": "port?"}).lines in (["port 5000"], [])
    assert talk.ask("send", {"text": "on"}).fields["text"] == "on"


def test_a_sync_that_was_taken_as_an_argument(
    screen: MakeScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "_GRACE", 0.05)
    one = screen(answer_within=0.5)
    answers = iter(["sure?\n", "", *["port 5000\n"] * 9])
    one.answer(lambda line: chat(line) if line[:4] in ("send", "list") else next(answers))
    talk = SyncedDialogue(one.console)
    with pytest.raises(NoAnswerError):
        talk.ask("raw", {"line": "leave"})
    assert talk.ask("send", {"text": "on"}).ok
    monkeypatch.setattr(dialogue, "_GRACE", 30.0)
    began = time.monotonic()
    assert talk.ask("list", {}).ok
    assert time.monotonic() - began < 15, "the lost answer is not waited for again"


def test_a_verb_that_the_profile_cannot_type(screen: MakeScreen, tmp_path: Path) -> None:
    one = screen()
    talk = SyncedDialogue(one.console)
    missing: list[tuple[str, dict[str, Any], str]] = [("dance", {}, "dance"), ("send", {}, "text")]
    for verb, arguments, lacking in missing:
        says = f"cannot be told {verb!r}: .* has no {lacking!r}"
        with pytest.raises(SessionError, match=says) as error:
            talk.ask(verb, arguments)
        assert error.value.hint == "add it under `operations` in the profile pure"
    assert made(tmp_path).name == "pure"


def with_rules(folder: Path, **changes: dict[str, object]) -> dict[str, ConsoleOperation]:
    """Return the operations with changes, and a rule as a label of each that is changed."""
    known = made(folder).operations
    changed = {verb: known[verb].model_copy(update={"also": ["^--$"], **keys})
               for verb, keys in changes.items()}  # fmt: skip
    return {**known, **changed}


@pytest.mark.parametrize("prompt", [[], ["> "]])
def test_a_rule_below_the_answer_to_sync_is_no_part_of_the_next_reply(
    screen: MakeScreen, tmp_path: Path, prompt: list[str]
) -> None:
    operations = with_rules(tmp_path, myport={"ends": "quiet"}, list={})
    one = screen(console={"prompt": prompt}, operations=operations)
    one.answer(lambda line: f"{chat(line)}--\n{''.join(prompt)}")
    talk = SyncedDialogue(one.console)
    assert talk.ask("send", {"text": "hi"}).ok
    assert talk.ask("raw", {"line": "bogus"}).ok is False
    assert talk.ask("list", {}).lines[:1] == ["1 10.0.0.2"]


@pytest.mark.parametrize(
    ("shown", "ok"), [("", True), ("--\n", True), ("odd\n--\n", None), ("error: no\n--\n", False)]
)
def test_a_rule_says_no_more_than_silence(
    screen: MakeScreen, tmp_path: Path, shown: str, ok: object
) -> None:
    one = screen(operations=with_rules(tmp_path, terminate={}))
    one.answer(lambda line: shown if line == "terminate" else chat(line))
    reply = SyncedDialogue(one.console).ask("terminate", {})
    assert (reply.ok, reply.silent) == (ok, ok is True)


@pytest.mark.parametrize(("shown", "ok"), [("--\n", True), ("--\n--\n", True), ("odd\n--\n", None)])
def test_rules_below_several_commands_say_no_more_than_silence(
    screen: MakeScreen, tmp_path: Path, shown: str, ok: object
) -> None:
    one = screen(operations=with_rules(tmp_path, terminate={}))
    one.answer(lambda line: shown if line == "terminate" else chat(line))
    replies = asked_all(SyncedDialogue(one.console), "terminate", 5)
    assert [(it.ok, it.silent) for it in replies] == [(ok, ok is True)] * 5


def _answers_as_it_tells(verb: str, *lines: str) -> Callable[[str], str]:
    """Return a program that answers one verb with these lines, which are a notice elsewhere."""
    return lambda line: "".join(f"{it}\n" for it in lines) if line == verb else chat(line)


@pytest.mark.parametrize(
    ("lines", "block"),
    [
        (["* connected to", "port 5000"], ["^\\* connected to$", r"^port (?P<port>\d+)$"]),
        (["* up", "with id 3", "port 5000"], [r"^\* up$", r"^with id (?P<id>\d+)$", r"^port \d+$"]),
    ],
)
def test_a_reply_in_the_words_of_a_notice_of_several_lines_is_a_reply(
    screen: MakeScreen, lines: list[str], block: list[str]
) -> None:
    notices = {"connected": [Block(block=block)]}
    one = screen(notices=notices)
    one.answer(_answers_as_it_tells("myport", *lines))
    reply = SyncedDialogue(one.console).ask("myport", {})
    assert (reply.ok, reply.lines[: len(lines)]) == (True, lines)
    assert one.seen() == []


def test_a_message_that_looks_like_the_reply_remains_one(screen: MakeScreen) -> None:
    one = screen()
    one.answer(_answers_as_it_tells("myport", "from bob", "port 4000", "end", "port 5000"))
    reply = SyncedDialogue(one.console).ask("myport", {})
    assert (reply.ok, reply.lines) == (True, ["port 5000"])
    assert one.seen() == [("message", {"name": "bob", "text": "port 4000"})]

"""`peerlab profile new` for programs that are no chats: their help, their replies, whole drafts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator import profile
from orchestrator.cli import app
from orchestrator.discovery.commands.replies import Said, learn_success
from orchestrator.discovery.commands.results import refusal_mark
from orchestrator.discovery.commands.sorting import sort_replies
from orchestrator.discovery.commands.usage import is_chat, read_usages
from orchestrator.errors import LabError
from orchestrator.profile import Profile
from tests.orchestrator.support import PROGRAMS

# What a help names


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  put <key> <value>   store it\n  get <key>           show it",
         ["put {key} {value}", "get {key}"]),
        ("SET name amount - store it\nBYE - leave", ["SET {name} {amount}", "BYE"]),
        ("You can type:\n  /push <item>      append it\n  /pop   take one",
         ["/push {item}", "/pop"]),
        ("commands: tag untag tags", ["tag", "untag", "tags"]),
        ("Commands: put <key> <value> | get <key> | quit",
         ["put {key} {value}", "get {key}", "quit"]),
        ("error: put KEY NUMBER, or get KEY", ["put {key} {number}", "get {key}"]),
        ("! usage: tag NAME TAG", ["tag {name} {tag}"]),
        ("set <key> <value> [EX|PX]   store it", ["set {key} {value} {ex_px}"]),
        ("Not possible: choose from 1 to 8\nCould not find it - sorry, no such thing here", []),
        ("Type help for more.\nWelcome to store 1.0", []),
        ("copy <at> <at>   copy it", ["copy {at_} {at_2}"]),
    ],
)  # fmt: skip
def test_commands_that_a_help_names(text: str, wanted: list[str]) -> None:
    assert [it.send for it in read_usages(text.split("\n"))] == wanted


def test_what_may_be_left_out() -> None:
    (usage,) = read_usages(["scan [prefix]   list them"])
    assert [(it.name, it.optional) for it in usage.takes] == [("prefix", True)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("connect <address> <port>\nsend <id> <text>", True),
        ("/join <host>   meet it\n/msg <who> <text>   tell it", True),
        ("conectar <ip> <puerto>\nenviar <id> <texto>", True),
        (
            "join <host> <port>   meet it\nput <key> <value>   store it\nadd <element>   add it",
            False,
        ),
        ("put <key> <value>   write it\nlist   show all", False),
    ],
)
def test_which_help_is_that_of_a_chat(text: str, wanted: bool) -> None:
    assert is_chat(read_usages(text.split("\n"))) is wanted


# What replies mean


def said(*lines: str, known: dict[str, str] | None = None) -> Said:
    return Said(lines, {}, known or {})


def test_a_word_that_comes_back_is_a_result() -> None:
    replies = [said("k = one", known={"k": "key", "one": "value"}),
               said("q = two", known={"q": "key", "two": "value"})]  # fmt: skip
    assert learn_success(replies).keys == {"ok": r"^(?P<key>\S+) = (?P<value>\S+)$"}


def test_a_number_is_called_like_the_word_beside_it() -> None:
    learnt = learn_success([said("id 4 of term 2"), said("id 5 of term 2")])
    assert learnt.keys == {
        "ok": r"^id (?P<id>-?\d+) of term (?P<term>-?\d+)$",
        "results": {"id": "integer", "term": "integer"},
    }


def test_lines_that_are_alike_are_rows() -> None:
    known = {"a": "key", "b": "key"}
    learnt = learn_success([said("- a 1", "end", known=known),
                            said("- a 1", "- b 2", "end", known=known)])  # fmt: skip
    assert learnt.keys["ok"] == "^end$"
    assert learnt.keys["row"] == r"^- (?P<key>\S+) (?P<number>-?\d+)$"
    assert "also" not in learnt.keys


def test_values_in_one_line() -> None:
    known = dict.fromkeys(("a", "b"), "element")
    learnt = learn_success([said("elements: a", known=known), said("elements: a b", known=known)])
    assert learnt.keys["ok"] == "^elements:(?P<values>.*)$"
    assert learnt.doubt


def test_silence_is_doubtful() -> None:
    learnt = learn_success([said(), said()])
    assert (learnt.keys, bool(learnt.doubt)) == ({"silent": True}, True)


@pytest.mark.parametrize(
    ("first", "second", "later", "results"),
    [
        (
            "[04:12:01.120] (7) stored k in 14.2us",
            "[04:12:03.481] (9) stored q in 8us",
            "[23:59:59.000] (112) stored z in 120.75us",
            {"number": "112", "key": "z"},
        ),
        (
            "2026-11-30T04:12:01Z OK 1 waiting, 2 running, load 0.75 of k",
            "2026-11-30T04:12:07Z OK 3 waiting, 0 running, load 1.5 of q",
            "2027-01-02T23:00:00Z OK 17 waiting, 4 running, load 2 of z",
            {"waiting": "17", "running": "4", "load": "2", "key": "z"},
        ),
        (
            "k on eth0 held by 3f2a9c41-5b7d-4e88-9a10-c0ffee123456 since 3.5 s",
            "q on eth0 held by 91b0c7aa-1d2e-4f30-8b55-0123456789ab since 12.25 s",
            "z on wlan1 held by 00000000-1111-2222-3333-444444444444 since 9.0 s",
            {"key": "z", "by": "00000000-1111-2222-3333-444444444444"},
        ),
    ],
)
def test_what_is_of_one_moment_is_any_later(
    first: str, second: str, later: str, results: dict[str, str]
) -> None:
    replies = [said(first, known={"k": "key"}), said(second, known={"q": "key"})]
    found = re.search(learn_success(replies).keys["ok"], later)
    assert found
    assert found.groupdict() == results


@pytest.mark.parametrize(
    "lines",
    [
        ["OK job a1b2 queued", "OK job c3d4 queued", "OK job e5f6 queued"],
        ["7: ticket paper, 1 left", "8: ticket stone, 2 left", "9: ticket knife, 3 left"],
    ],
)
def test_a_word_that_is_new_each_time_is_a_result(lines: list[str]) -> None:
    learnt = learn_success([said(line) for line in lines])
    found = re.search(learnt.keys["ok"], lines[1])
    assert found
    assert {found.groupdict().get("job"), found.groupdict().get("ticket")} & {"c3d4", "stone"}
    assert not learnt.doubt


def test_a_number_with_a_sign_or_a_fraction() -> None:
    learnt = learn_success([said("balance: -5"), said("balance: 12.50")])
    assert learnt.keys == {
        "ok": r"^balance: (?P<balance>-?\d+(?:\.\d+)?)$",
        "results": {"balance": "number"},
    }


@pytest.mark.parametrize(
    ("head", "tail"),
    [(("== granted", "== failed"), "-- 12:00:01 (2 held)"), (("yes", "no"), "done 7")],
)
def test_a_line_that_refusals_have_too_is_no_success(head: tuple[str, str], tail: str) -> None:
    """The last line of each block is the same, whatever has happened."""
    good = [said(head[0], f"lock: {it}", f"fence: {n}", tail, known={it: "lock"})
            for n, it in enumerate(("a", "b"), 101)]  # fmt: skip
    learnt = learn_success(good, [said(head[1], "lock: c", tail, known={"c": "lock"})])
    assert learnt.keys["ok"] == r"^fence: (?P<fence>-?\d+)$"
    assert learnt.keys["ends"] == "quiet"
    assert re.search(learnt.keys["also"][-1], "lock: zz")


@pytest.mark.parametrize(
    ("replies", "wanted"),
    [
        ({"put": ["12:00 OK k"], "get": ["12:01 OK v"], "done": ["12:02 ERR not now"]}, "ERR"),
        ({"put": ["12:00 ERR: k"], "get": ["12:01 ERR: v"], "list": ["k 1"]}, ""),  # its own name
    ],
)
def test_the_mark_of_refusals(replies: dict[str, list[str]], wanted: str) -> None:
    nonsense = [("11:59 ERR what is qwxz",), ("11:59 ERR what is vkbj",)]
    known = {name: [said(*lines)] for name, lines in replies.items()}
    assert refusal_mark(nonsense, known) == wanted


@pytest.mark.parametrize(
    ("value", "nothing"),
    [("OK job 7 payload one", "OK nothing to do"), ("12:00:01 took one", "12:00:02 took a break")],
)
def test_a_reply_without_a_value_says_that_there_is_nothing(value: str, nothing: str) -> None:
    known = {"one": "payload"}
    found = sort_replies([said(value, known=known), said(nothing, known=known)], [], [])
    assert [it.lines for it in found.successes] == [(value,)]
    assert [it.lines for it in found.nothing] == [(nothing,)]
    assert found.doubt


@pytest.mark.parametrize(
    ("label", "value"), [("tags:", "tags: one"), ("all of k =", "all of k = one")]
)
def test_a_label_alone_is_an_empty_list(label: str, value: str) -> None:
    known = {"one": "tag"}
    empty, full = said(label, known=known), said(value, known=known)
    found = sort_replies([full, empty], [empty], [])
    assert (list(found.successes), found.nothing) == ([full, empty], [])


# Whole drafts


def written(folder: Path, program: str, *words: str) -> Profile:
    """Return the profile that `profile new` writes for one of our programs."""
    shutil.copytree(PROGRAMS / program, folder / program, ignore=shutil.ignore_patterns("*.yaml"))
    command = ["profile", "new", str(folder / program), "--engine", "process", "--no-test", *words]
    result = CliRunner().invoke(app, command)
    if isinstance(result.exception, LabError):
        raise result.exception
    return profile.load(str(folder / program / "profile.yaml"))


def test_a_program_without_help_is_told_its_commands(tmp_path: Path) -> None:
    """A store in Python, whose usages come from the user."""
    usages = ("put <key> <value>", "get <key>", "keys", "quit")
    options = [word for usage in usages for word in ("--usage", usage)]
    options += ["--command", "python3 store.py {bind} {port}"]
    found = written(tmp_path, "store", *options)
    put, get, keys = (found.operations[name] for name in ("put", "get", "keys"))
    assert (put.takes["value"].type, put.means) == ("integer", "write")
    assert get.ok == [r"^it is (?P<value>-?\d+)$"]
    assert (get.nil, get.means) == (["^nothing there$"], "read")
    assert keys.row == r"^- (?P<key>\S+) (?P<value>-?\d+)$"
    assert keys.ok == ["^that is all$"]
    assert found.operations["quit"].means == "exit"
    assert found.promises == ["register"]


@pytest.mark.thorough  # each types some fifty lines at a program of which it knows nothing
@pytest.mark.parametrize(
    ("program", "operation", "key", "wanted"),
    [
        ("ledger", "get", "nil", ["^NONE$"]),
        ("ledger", "all", "row", r"^(?P<name>\S+)\s+(?P<amount>-?\d+)$"),
        ("queue", "peek", "nil", [r"^\(empty\)$"]),
        ("queue", "pop", "ok", [r"^took (?P<item>\S+)$"]),
        ("tags", "tags", "ok", ["^tags:(?P<values>.*)$"]),
        ("tags", "tag", "ok", [r"^(?P<name>\S+) is now tagged (?P<tag>\S+)$"]),
    ],
)
def test_a_program_is_read_by_its_help(
    tmp_path: Path, program: str, operation: str, key: str, wanted: object
) -> None:
    found = written(tmp_path, program)
    assert found.vocabulary is None
    assert getattr(found.operations[operation], key) == wanted


@pytest.mark.thorough  # it tries what a program may call its help
def test_a_program_that_names_no_commands(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nothing that store prints names its commands") as caught:
        written(
            tmp_path, "store", "--vocabulary", "none", "--command", "python3 store.py {bind} {port}"
        )
    assert "--usage" in caught.value.hint

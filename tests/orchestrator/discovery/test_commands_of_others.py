"""`peerlab profile new` for programs that are no chats: their help, their replies, whole drafts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator import profile
from orchestrator.cli import app
from orchestrator.discovery.commands.replies import Said, learn_success
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

"""Loading profiles: names, paths and mistakes by line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.errors import DocumentError
from orchestrator.paths import ROOT
from orchestrator.profile import ConsoleOperation, InputLine
from orchestrator.profile.notices import Block

TEXT = """\
name: it
summary: a program
port: 5000
start:
  command: [chat, "{port}"]
ready: '^ready$'
console: {echo: true}
verbs:
  list: {send: list, ok: '^ok$'}
  send: {send: '{id} {text}', first: list}
notices: {message: '^(?P<text>.*)$'}
lacks: {exit: it has no such command}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(TEXT)
    return path


def mistakes(file: Path, old: str, new: str) -> list[str]:
    """Return the mistakes after a change, without the file's name."""
    assert old in TEXT
    file.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(DocumentError) as caught:
        profile.load(str(file))
    return [line.removeprefix(f"{file}:") for line in caught.value.what.splitlines()]


def test_short_forms_become_lists(file: Path) -> None:
    loaded = profile.load(str(file))
    assert loaded.operations["list"] == ConsoleOperation(send=[InputLine(type="list")], ok=["^ok$"])
    assert loaded.notices["message"] == [Block(block=["^(?P<text>.*)$"])]
    assert loaded.start.words("process") == loaded.start.words("container") == ["chat", "{port}"]


def test_a_console_is_the_programs_own_or_a_client_or_none(file: Path) -> None:
    assert profile.load(str(file)).console.is_own
    file.write_text(TEXT.replace("echo: true", "exec: [cli, '{port}']"))
    served = profile.load(str(file)).console
    assert (served.exec, served.is_own, served.absent) == (["cli", "{port}"], False, False)
    head = "name: it\nsummary: a server\nport: 5000\nstart: {command: [server]}\n"
    file.write_text(f"{head}console: none\n")  # that it listens is its sign of readiness
    watched = profile.load(str(file))
    assert (watched.console.absent, watched.ready, watched.operations) == (True, "", {})


def test_paths_in_a_profile_are_relative_to_its_file(file: Path) -> None:
    (file.parent / "chat").mkdir()
    file.write_text(TEXT.replace("start:", "reader: mine.py:Mine\nstart:\n  folder: chat"))
    loaded = profile.load(str(file))
    assert loaded.start.folder == str(file.parent.resolve() / "chat")
    assert loaded.reader == str(file.parent.resolve() / "mine.py:Mine")


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("port: 5000", "port: 0", "3:1: must be at least 1, not 0"),
        ("  command:", "  comand:", "5:3: unknown key 'comand'; did you mean 'command'?"),
        ("port: 5000", "port: 70000", "3:1: must be at most 65535, not 70000"),
        ("port: 5000", "port: 5000\nsyncs: x", "4:1: unknown key 'syncs'"),
        ("echo: true", "echo: 1", "7:11: true or false is expected here, not the number 1"),
        ("  command:", "  image: x\n  folder: .\n  command:", "not in both"),
        ("  command:", "  process: [x]\n  command:", "either `command`, or"),
        (
            "  command:",
            "  answers: '{python}'\n  command:",
            "5:3: unknown placeholder {python}; avail",
        ),
        ("{port}", "{bob.adress}", "5:19: unknown placeholder {bob.adress}"),
        ("start:", "start:\n  files: {../a: x}", "5:11: a file lies below the program's folder"),
        ("start:", "start:\n  files: {a: '{prot}'}", "5:11: unknown placeholder {prot}; did you"),
        ("  command:", "  image: x\n  files: {a: x}\n  command:", "leave out `files`"),
        ("{port}", "{prot}", "5:19: unknown placeholder {prot}; did you mean 'port'?"),
        ("send: list,", "send: [list, {after: '('}],", "9:23: key 'type' is missing"),
        ("send: list,", "send: [list, {after: '(', type: x}],", "9:24: not a pattern"),
        ("first: list", "first: lst", "10:31: no operation 'lst' here; did you mean 'list'?"),
        ("{id} {text}", "{id:d}", "10:10: {id} takes no format and no conversion"),
        ("'^(?P<text>", "'^(?Q<text>", "11:11: not a pattern"),
        (
            "message: '^(?P<text>.*)$'",
            "got: {pattern: '^(?P<text>.*)$', means: mesage}",
            "no notice means 'mesage'; did you mean 'message'?",
        ),
        (
            "message: '^(?P<text>.*)$'",
            "got: {pattern: '^(?P<text>.*)$', fields: {text: body}, means: message}",
            "the pattern has no group 'body': it has text",
        ),
        (
            "message: '^(?P<text>.*)$'",
            "got: {pattern: '^(?P<text>.*)$', fields: {txt: text}, means: message}",
            "message has no field 'txt'; did you mean 'text'?",
        ),
        (
            "message: '^(?P<text>.*)$'",
            "got: {patern: x}",
            "a notice has a `pattern`, or a `block` of several lines",
        ),
        ("lacks: {exit:", "lacks: {leave:", "12:9: unknown operation or notice 'leave'"),
        ("'^ready$'", "'('", "6:1: not a pattern: missing ), unterminated subpattern"),
        ("'^ready$'", "''", "6:1: no sign of readiness: give a pattern here, or set `sync`"),
        ("'^ready$'", "'^ready$'\nsync: lst", "7:1: no operation 'lst' here; did you mean 'list'?"),
        ("true", "true, prompt_pattern: ['(']", "7:40: not a pattern"),
        ("first: list", "first: exit", "10:31: no operation 'exit' here"),
        ("ok: '^ok$'", "first: send", "9:22: 'send' itself needs another first"),
        ("  send:", "  sned:", "10:3: unknown operation 'sned'; did you mean 'send'?"),
        ("{id} {text}", "{id} {txt}", "10:10: unknown placeholder {txt}; did you mean 'text'?"),
        ("{id} {text}", "{id!r}", "10:10: {id} takes no format and no conversion"),
        ("'{id} {text}'", '"{id}\\n{text}"', r"10:10: '\n' ends a line: write several lines as a"),
        ("{id} {text}", "{id", "10:10: not a template: expected '}' before end of string"),
        ('"{port}"', '"{folder}"', "5:19: unknown placeholder {folder}; available here: {port}"),
        (
            "lacks: {exit:",
            "lacks: {exti:",
            "12:9: unknown operation or notice 'exti'; did you mean",
        ),
        ("lacks: {exit:", "lacks: {list:", "12:9: 'list' is lacking here and described elsewhere"),
        ("  command:", "  image: x\n  build: [[make]]\n  command:", "leave out `build`"),
        ('  command: [chat, "{port}"]', "  process: [x]", "key `command` is missing"),
        ("{echo: true}", "none", "9:3: there is no console at which 'list' could be typed"),
        ("{echo: true}", "nine", "7:1: a mapping is expected here, not the text 'nine'"),
        ("echo: true", "absent: true, echo: true", "there is nothing to describe"),
        ("echo: true", "exec: []", "7:11: "),
        ("echo: true", "exec: [chat, '{prot}']", "7:24: unknown placeholder {prot}; did you mean"),
    ],
)
def test_a_mistake_and_its_position(file: Path, old: str, new: str, mistake: str) -> None:
    found = mistakes(file, old, new)
    assert any(mistake in line for line in found), found


def test_all_mistakes_at_once(file: Path) -> None:
    assert [line.split(":")[0] for line in mistakes(file, "ok: '^ok$'", "row: '('")] == ["9"]
    assert len(mistakes(file, "first: list}", "first: lst, fail: '('}")) == 2


def test_a_folder_must_exist_and_needs_the_whole_command(file: Path) -> None:
    both = mistakes(file, '  command: [chat, "{port}"]', "  container: []\n  folder: chat")
    assert both == [
        "5:3: with a folder, this must be the whole command",
        "6:3: no such folder: chat",
    ]


def test_unknown_profiles_come_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"nobody\.yaml: cannot be read: No such file"):
        profile.load("nobody")
    for name, hint in (
        ("peerlap", "did you mean 'peerlab'?"),
        (f"{tmp_path}/x.yaml", "writes one"),
    ):
        with pytest.raises(DocumentError) as caught:
            profile.load(name)
        assert hint in caught.value.hint


def test_profiles_are_found_by_name_or_in_the_first_home_that_has_them(file: Path) -> None:
    home = file.parent
    assert profile.path_of("peerlab") == profile.FOLDER / "peerlab.yaml"
    assert profile.path_of("mine.yaml") == Path("mine.yaml")
    assert profile.located("peerlab", home) == "peerlab"
    assert profile.located("profile.yaml", home / "none", home) == str(file)
    assert profile.located("none.yaml", home) == "none.yaml"


def test_all_patterns_have_a_place(file: Path) -> None:
    places = [place for place, _ in profile.load(str(file)).patterns() if place[0] != "crash"]
    assert places == [
        ("ready",),
        ("notices", "message", 0, "block", 0),
        ("operations", "list", "ok", 0),
    ]


def test_readers_that_import_the_former_name_still_load(file: Path) -> None:
    code = (
        "from orchestrator.profile import Found, Reader\n\n\nclass Mine(Reader):\n    made = Found"
    )
    (file.parent / "mine.py").write_text(code)
    file.write_text(f"{TEXT}reader: mine.py:Mine\n")
    assert profile.reader(profile.load(str(file)))


def test_a_scenario_is_no_profile() -> None:
    with pytest.raises(DocumentError, match=r"demo\.yaml:1:1: a scenario, not a profile: name the"):
        profile.load(str(ROOT / "scenarios/demo.yaml"))


@pytest.mark.parametrize("name", ["{folder}/profil.yaml", "perlab"])
def test_a_name_that_is_nearly_right_is_named_as_it_must_be_written(file: Path, name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        profile.load(name.format(folder=file.parent))
    right = str(file) if name.endswith(".yaml") else "peerlab"
    assert caught.value.hint == f"did you mean {right!r}?"


@pytest.mark.parametrize(
    ("operation", "mistake"),
    [
        ("{means: enqeue}", "no promise is about 'enqeue'; did you mean 'enqueue'?"),
        ("{means: enqueue}", "enqueue needs an argument 'value': call one of its own so"),
        (
            "{means: write, takes: {key: text, valu: text}}",
            "write needs an argument 'value'; did you mean 'valu'?",
        ),
    ],
)
def test_a_meaning_has_its_arguments(file: Path, operation: str, mistake: str) -> None:
    head = TEXT.partition("verbs:")[0]
    lines = "operations:\n  push: {send: push, silent: true, "
    file.write_text(f"{head}{lines}{operation[1:]}\n")
    with pytest.raises(DocumentError) as caught:
        profile.load(str(file))
    assert mistake in caught.value.what


def test_a_programs_folder_may_hold_its_profile_or_a_file_of_that_name(file: Path) -> None:
    assert profile.own_profile(file.parent) == file.name
    file.write_text("name: ada\nsummary: likes chess\n")
    assert not profile.own_profile(file.parent)
    file.write_text("- [not: YAML")
    assert not profile.own_profile(file.parent)
    file.unlink()
    assert not profile.own_profile(file.parent)

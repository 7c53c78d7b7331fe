"""YAML files: every mistake at once, each where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import definition, document, profile, scenario
from orchestrator.errors import DocumentError

FIVE = """name: five
why: Five mistakes.
peers: [alice, bob]
step: []
steps:
  - conect: {at: alice, to: bob}
  - send: {at: alice, to: bob, txt: "x"}
  - expect: {at: bob, from: alice}
  - exit: {at: alice, status: "0"}
"""
RIGHT = "name: right\nwhy: w\npeers: [alice, bob]\nsteps:\n  - "


@pytest.fixture
def problems(tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that tells what is wrong with a document, without the file's name."""

    def tell(text: str, load: Callable[[Path], object] = scenario.load) -> list[str]:
        path = tmp_path / "file.yaml"
        path.write_text(text)
        with pytest.raises(DocumentError) as caught:
            load(path)
        return [line.removeprefix(f"{path}:") for line in caught.value.what.splitlines()]

    return tell


def test_every_mistake_with_its_place_and_the_nearest_word(
    problems: Callable[..., list[str]],
) -> None:
    assert problems(FIVE) == [
        "6:5: unknown key 'conect'; did you mean 'connect'?",
        "7:5: key 'text' is missing",
        "7:32: unknown key 'txt'; did you mean 'text'?",
        "8:5: expect exactly one of message, connected, closed, delivered",
        "9:23: input should be a valid integer",
        "4:1: unknown key 'step'; did you mean 'steps'?",
    ]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("exit: carol", "5:5: no peer 'carol' here"),
        ("connect: {at: alice, to: bobb}", "5:26: no peer 'bobb' here; did you mean 'bob'?"),
        ("list: {at: bob, shows: [alcie]}", "no peer 'alcie' here; did you mean 'alice'?"),
        ("expect: {at: bob, from: me, closed: true}", "5:23: no peer 'me' here"),
        ("connect:", "connect of what?"),
        ("connect", "a step has exactly one of"),
        ("{}", "a step has exactly one of"),
        ('send: {at: alice, to: bob, text: "a\\nb"}', "one line that can be typed: no '\\n'"),
        ('send: {at: alice, to: bob, text: "\\x03"}', "one line that can be typed: no '\\x03'"),
        ("exit: {at: alice, at: bob}", 'not YAML: found duplicate key "at"'),
        ("exit: [", "not YAML: "),
        ("exit: Alice", "string should match pattern"),
    ],
)
def test_mistakes_in_a_step(problems: Callable[..., list[str]], step: str, says: str) -> None:
    assert says in problems(RIGHT + step)[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1: input should be a valid dictionary"),
        ("[]", "1:1: "),
        ("name: x\nwhy: y\npeers: [alice, alice]\nsteps: []", "3:16: peer 'alice' is named twice"),
        ("name: x\nwhy: y\npeers: []\nsteps: []", "3:1: list should have at least 1 item"),
        ("name: x\n  why: y", "not YAML"),
        ("a: &a [*a]", "1:"),
        ("\x00", "not YAML"),
    ],
)
def test_mistakes_in_the_whole(problems: Callable[..., list[str]], text: str, says: str) -> None:
    assert any(says in problem for problem in problems(text)), problems(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")
    for name, why in (("none", "No such file"), ("latin", "not UTF-8"), (".", "Is a directory")):
        with pytest.raises(DocumentError, match=why):
            document.load(tmp_path / name)


def test_a_scenario_is_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(RIGHT + "exit: alice\n  - send: {at: bob, to: alice, text: 'ü', refused: no}\n")
    leave, send = scenario.load(path).steps
    assert (leave.verb, leave.act) == ("exit", scenario.Leave(at="alice"))
    assert send.act == scenario.Send(at="bob", to="alice", text="ü", refused="no")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("sync: myport", "sync: myprt", "no verb 'myprt' here; did you mean 'myport'?"),
        ("ready: '^", "ready: '(^", "not a pattern: "),
        ("send {id} {text}", "send {id} {txt}", "nothing to put for {txt}; did you mean 'text'?"),
        ("send {id} {text}", "send {id} {", "not a template: "),
        ('container: ["{port}"]', 'container: ["{prot}"]', "nothing to put for {prot}; did you"),
        ("echo: true", "echo: 1", "input should be a valid boolean"),
        ("port: 5000", "port: 70000", "less than or equal to 65535"),
        ("sync: myport", "sync: myport\nsyncs: x", "unknown key 'syncs'; did you mean 'sync'?"),
    ],
)
def test_mistakes_in_a_profile(
    problems: Callable[..., list[str]], old: str, new: str, says: str
) -> None:
    text = (profile.FOLDER / "peerlab.yaml").read_text()
    assert old in text
    (problem,) = problems(text.replace(old, new, 1), lambda path: profile.load(str(path)))
    assert says in problem


def test_an_unknown_profile() -> None:
    with pytest.raises(DocumentError, match=r"nobody\.yaml: cannot be read: No such file"):
        profile.load("nobody")


def test_compose_yaml_is_read() -> None:
    found = definition.load()
    assert list(found.services) == ["alice", "bob", "carol", "dave"]
    assert found.container.cap_drop == ["ALL"]
    assert found.container.read_only
    assert found.network.driver == "bridge"


def test_a_key_that_the_lab_does_not_act_on_is_refused(problems: Callable[..., list[str]]) -> None:
    text = definition.COMPOSE_FILE.read_text()
    (problem,) = problems(
        text.replace("  tty: true", "  tty: true\n  privileged: true"), definition.load
    )
    assert "unknown key 'privileged'" in problem

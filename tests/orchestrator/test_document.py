"""Every mistake in a YAML file at once, by position, with what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import definition, document, scenario
from orchestrator.errors import DocumentError
from orchestrator.scenario import acts
from orchestrator.scenario.rules import AWAITED

MANY = r"""name: Many Mistakes
why: Mistakes, many of them.
peers: [alice, bob, bob]
step: []
connections: rnig
limits: {ready: -1, anser: 4}
fresh: 1
steps:
  - conect: {at: alice, to: bob}
  - send: {at: alice, to: bob, txt: "x"}
  - send: {at: alice, to: bobb, text: 5, times: ten}
  - expect: {at: bob, from: alice, within: 5s}
  - exit: {at: alice, status: "0", status: 1}
  - list
  -
  - exit: alice
    list: bob
  - repeat: {times: 2, steps: [{lst: bob}, {type: {at: bob, line: "a\nb", says: x, refused: y}}]}
  - parallel: [[{list: alice}], [{exit: {at: alice, stats: 1}}]]
ends: {alice: gone}
"""
A_NAME = "use small letters, digits and hyphens, a letter first, 31 at most"
VERBS = ", ".join(key for key in scenario.Step.model_fields if key != document.ANY)
HEAD = "name: right\nwhy: w\npeers: [alice, bob]\n"
RIGHT = f"{HEAD}steps:\n  - "

FindProblems = Callable[..., list[str]]


@pytest.fixture
def problems(tmp_path: Path) -> FindProblems:
    """Return a function that lists the mistakes in a document, without the file's name."""

    def find(text: str | bytes, load: Callable[[Path], object] = scenario.load) -> list[str]:
        path = tmp_path / "file.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(DocumentError) as caught:
            load(path)
        return [line.removeprefix(f"{path}:") for line in caught.value.what.splitlines()]

    return find


def test_all_mistakes_at_once_in_file_order(problems: FindProblems) -> None:
    assert problems(MANY) == [
        f"1:1: 'Many Mistakes' is not a name: {A_NAME}",
        "3:21: peer 'bob' is named twice",
        "4:1: unknown key 'step'; did you mean 'steps'?",
        "5:1: no such word 'rnig': one of none, line, ring, star, mesh; did you mean 'ring'?",
        "6:10: must be more than 0, not -1",
        "6:21: unknown key 'anser'; did you mean 'answer'?",
        "7:1: true or false is expected here, not the number 1",
        "9:5: unknown key 'conect'; did you mean 'connect'?",
        "10:5: key 'text' is missing",
        "10:32: unknown key 'txt'; did you mean 'text'?",
        "11:23: no peer 'bobb' here; did you mean 'bob'?",
        "11:33: text is expected here, not the number 5: put it in quotes",
        "11:42: a whole number is expected here, not the text 'ten'",
        f"12:5: expect what? Add one of {', '.join(AWAITED)}",
        "12:36: a number is expected here, not the text '5s'",
        "13:23: a whole number is expected here, or any, not the text '0'",
        "13:36: duplicate key 'status'",
        f"14:5: a mapping is expected here, not the text 'list'; its keys: {VERBS}",
        f"15:4: a mapping is expected here, not nothing; its keys: {VERBS}",
        "16:5: a step has one key, not list and exit: begin each step with a dash",
        "18:33: unknown key 'lst'; did you mean 'list'?",
        "18:45: expect one thing of a reply, not refused and says",
        "18:61: '\\n' cannot be typed as part of a line",
        "19:33: alice is used in an earlier branch: a console takes part in one",
        "19:53: unknown key 'stats'; did you mean 'status'?",
        "20:8: a peer ends as one of running, exited (with any status), {exited: <status>}",
    ]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("exit: carol", "5:5: no peer 'carol' here: there are alice, bob"),
        ("exit: Alice", "5:5: no peer 'Alice' here; did you mean 'alice'?"),
        ("exit: 5", "5:5: a mapping is expected here, not the number 5; its keys: at, status"),
        ("connect: {at: alice, to: bobb}", "5:26: no peer 'bobb' here; did you mean 'bob'?"),
        ("connect: alice", "not the text 'alice'; its keys: at, refused, says,"),
        ("list: {at: bob, shows: [alcie]}", "no peer 'alcie' here; did you mean 'alice'?"),
        ("list: {at: bob, shows: alice}", "5:21: a list is expected here, not the text 'alice'"),
        ("expect: {at: bob, from: me, closed: true}", "5:23: no peer 'me' here"),
        ("expect: {at: bob, from: alice, closed: false}", "only true is allowed here, not false"),
        ("expect: {at: bob, delivered: true}", "5:5: delivered from whom? Add 'from'"),
        ("expect: {at: bob, from: alice}", "5:5: expect what? Add one of message, connected"),
        (
            "expect: {at: bob, from: alice, message: x, closed: true}",
            "5:5: expect one thing in a step, not message and closed",
        ),
        ("expect: {at: bob, line: '(x'}", "5:23: not a pattern: missing ), unterminated"),
        ("expect: {at: bob, line: x, within: -1}", "5:32: must be more than 0, not -1"),
        ("expect: {at: bob, line: x, within: .inf}", "5:32: must be at most 3600, not inf"),
        ("expect: {at: bob, line: x, within: .nan}", "5:32: must be at most 3600, not nan"),
        ("connect:", "5:5: nothing below 'connect': indent its keys further"),
        ("connect:\n    at: alice", "5:5: nothing below 'connect'"),
        ("connect", "5:5: a mapping is expected here, not the text 'connect'; its keys: help"),
        ("{}", "5:5: this step is empty: give it one of help, myip"),
        ("[exit, alice]", "5:5: a mapping is expected here, not a list"),
        ("exit: {at: alice, at: bob}", "5:23: duplicate key 'at'"),
        ("xyz: alice", "5:5: unknown key 'xyz': one of help, myip, myport"),
        ("connect: {at: alice, to: bob, says: x, may_fail: true}", "not says and may_fail"),
        ("send: {at: alice, to: [bob, carol], text: x}", "5:33: no peer 'carol' here"),
        ("send: {at: alice, to: , text: x}", "5:23: 'to' has no value: give it one"),
        ("send: {at: alice, text: x}", "5:5: with whom? Add 'to' or 'id'"),
        ("connect: {at: alice, to: }", "5:26: 'to' has no value: give it one, or"),
        ("connect: {at: alice}", "5:5: connect to whom? Add 'to', or 'address' and"),
        ("exit: {at: alice, status: true}", "5:23: a whole number is expected here, or any,"),
        ("exit: {at: alice, status: none}", "not the text 'none'"),
        ("send: {at: alice, to: bob, text: true}", "not true: put it in quotes"),
        ("send: {at: alice, to: bob, text: 2020-01-01}", "(a date): put it in quotes"),
        ("send: {at: alice, to: bob, text: hi, there}", "a text with a comma needs quotes"),
        ("send: {at: alice, to: bob, text: a: b}", "5:39: not YAML: a second colon: text"),
        ("send: {at: alice, to: bob, text: @x}", "5:38: not YAML: text that begins with @ needs"),
        ("send: {at: alice, to: bob, text: '*'}\n  - exit: *x", "6:11: not YAML: no anchor"),
        ('send: {at: alice, to: bob, text: "x}', "5:38: not YAML: what begins here is never"),
        ('send: {at: alice, to: bob, text: "\\q"}', "5:40: not YAML: no such escape: \\q;"),
        ('send: {at: alice, to: bob, text: "\\ud800"}', "5:32: '\\ud800' is half a character"),
        ('send: {at: alice, to: bob, text: "a\\nb"}', "'\\n' cannot be typed"),
        ('send: {at: alice, to: bob, text: "\\x03"}', "'\\x03' cannot be typed"),
        ('send: {at: alice, to: bob, text: "a\x01"}', "5:40: not YAML: U+0001 is not allowed"),
        ("send: {at: alice, to: bob, text: x, times: 0}", "5:41: must be at least 1, not 0"),
        ("send: {at: alice, to: bob, text: x, length: 20001}", "must be at most 20000, not"),
        (
            "send: {at: alice, to: bob, text: '', length: 9}",
            "5:5: an empty text cannot be repeated",
        ),
        ("repeat: {times: 1.5, steps: []}", "5:14: a whole number is expected here, not the"),
        ("repeat: {times: 1, steps: []}", "5:24: at least 1 needed here, not 0"),
        ("repeat: {times: 1, steps: [{exxit: bob}]}", "unknown key 'exxit'; did you mean 'exit'?"),
        ("parallel: [[{exit: alice}]]", "5:5: at least 2 needed here, not 1"),
        ("parallel: [{exit: alice}, {exit: bob}]", "5:16: a list is expected here, not a mapping"),
        ("exit: [", "not YAML: what begins here is never closed"),
        (
            "exit: !!python/name:os.system x",
            "a mapping is expected here, not a value with the tag",
        ),
        ("send: {at: alice, to: bob, text: !foo x}", "5:32: text is expected here, not a value "),
        ('repeat: {times: 2, counter: "", steps: [{list: bob}]}', "5:24: a counter is called by"),
    ],
)
def test_mistakes_in_a_step(problems: FindProblems, step: str, says: str) -> None:
    assert says in problems(f"{RIGHT}{step}\n")[0]


@pytest.mark.parametrize(
    ("step", "key"),
    [
        ("connect: {at: alice, to: bob, refused: }", "refused"),
        ("connect: {at: alice, to: bob, says: }", "says"),
        ("connect: {at: alice, to: bob, within: }", "within"),
        ("connect: {at: alice, to: bob, port: }", "port"),
        ("send: {at: alice, to: bob, text: x, length: }", "length"),
        ("list: {at: alice, shows: }", "shows"),
        ("expect: {at: alice, message: }", "message"),
        ("expect: {at: alice, closed: true, from: }", "from"),
        ("repeat: {times: 2, steps: [{list: bob}], every: }", "every"),
        ("kill: {at: alice, for: }", "for"),
        ("impair: {at: alice, loss: }", "loss"),
        ("list: alice\nengine: ", "engine"),
        ("list: alice\nlimits: {ready: }", "ready"),
    ],
)
def test_a_key_without_a_value_is_one_mistake(problems: FindProblems, step: str, key: str) -> None:
    text = f"{RIGHT}{step}\n"
    (before, *_) = [line for line in text.splitlines() if f"{key}: " in line]
    line, column = text.splitlines().index(before) + 1, before.index(f"{key}: ") + 1
    says = f"{key!r} has no value: give it one, or leave it out"
    assert problems(text) == [f"{line}:{column}: {says}"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1: a mapping is expected here, not nothing; its keys: name, why, engine"),
        ("# a comment\n", "1:1: a mapping is expected here, not nothing"),
        ("- a\n", "1:1: a mapping is expected here, not a list; its keys: name, why"),
        ("[]", "1:1: a mapping is expected here, not an empty list"),
        ("{}", "1:1: key 'name' is missing"),
        (HEAD, "1:1: key 'steps' is missing"),
        (f"{HEAD}why: y\nsteps: []\n", "4:1: duplicate key 'why'"),
        (f"{HEAD}steps:\n", "4:1: a list is expected here, not nothing"),
        (f"{HEAD}steps: {{exit: alice}}\n", "4:1: a list is expected here, not a mapping"),
        (f"{HEAD}steps:\n\t- exit: alice\n", "5:1: not YAML: a tab: indent YAML with spaces"),
        (f"{HEAD}steps: []\n---\nname: x\n", "5:1: not YAML: a second document begins here"),
        (f"{HEAD}engine: doker\nsteps: []\n", "4:1: no such word 'doker': one of docker, process;"),
        (f"{HEAD}engine: 5\nsteps: []\n", "4:1: a word is expected, not the number 5: one of"),
        (f"{HEAD}limits: none\nsteps: []\n", "not the text 'none'; its keys: ready, answer"),
        (f"{HEAD}ends: {{bob: {{exit: 0}}}}\nsteps: []\n", "'exit'; did you mean 'exited'?"),
        (f"{HEAD}ends: {{carol: running}}\nsteps: []\n", "4:8: no peer 'carol' here"),
        ("name: x\nwhy: y\npeers: [alice, alice]\nsteps: []", "3:16: peer 'alice' is named twice"),
        ("name: x\nwhy: y\npeers: [all]\nsteps: []", "3:9: 'all' means every peer"),
        ("name: x\nwhy: y\npeers: [a_b]\nsteps: []", "3:9: 'a_b' is not a name: use small letters"),
        ('name: x\nwhy: y\npeers: ["a\\n"]\nsteps: []', "3:9: 'a\\n' is not a name"),
        ("name: x\nwhy: y\npeers: []\nsteps: []", "3:1: at least 1 needed here, not 0"),
        ("name: x\nwhy: y\npeers: 0\nsteps: []", "3:1: a list of names is expected here, or the"),
        ("name: x\nwhy: y\npeers: true\nsteps: []", "3:1: a list of names is expected here, or"),
        ("name: x\nwhy: y\npeers: alice\nsteps: []", "3:1: a list of names is expected here, or"),
        ("name: x\nwhy: ''\npeers: 2\nsteps: []", "2:1: text is expected here, not an empty"),
        ('name: x\nwhy: "a\\nb"\npeers: 2\nsteps: []', "2:1: one sentence, on one line"),
        ("name: x\n  why: y", "2:6: not YAML: a colon is not allowed here"),
        (
            "name x\nwhy: y",
            "2:4: not YAML: a colon is not allowed here: wrong indentation, a key",
        ),
        ("name: x\nwhy y\nsteps: []", "3:1: not YAML: a key above lacks its colon"),
        (f"{HEAD}steps:\n  - list {{at: bob}}", "5:5: unknown key 'list {at': a colon is missing"),
        ("a: &a [*a]", "1:1: "),
        ("a: &a {b: *a}", "1:1: "),
        ("[" * 700, "1:101: nested too deeply: 100 levels at most"),
        ("\x00", "1:1: not YAML: U+0000 is not allowed"),
        (HEAD.encode() + b"# \xff\n", "4:3: not UTF-8: byte 0xff"),
        (HEAD.encode("utf-16"), "1:1: not UTF-8: byte 0xff"),
    ],
)
def test_mistakes_outside_steps(problems: FindProblems, text: str | bytes, says: str) -> None:
    assert any(says in problem for problem in problems(text)), problems(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            f"{RIGHT}expect: {{at: bob, message: 5}}\n",
            "5:23: text is expected here, or true for any text, not the number 5: put it in quotes",
        ),
        (
            f"{HEAD}steps: []\nends: {{alice: {{exited: x}}}}\n",
            "5:16: a whole number is expected here, or any, not the text 'x'",
        ),
        (
            f"{HEAD}connections: [[alice, bob], [alice, bob, alice]]\nsteps: []\n",
            "4:29: at most 2 allowed here, not 3",
        ),
        (
            f"{HEAD}connections: [[alice, alice, alice]]\nsteps: []\n",
            "4:15: at most 2 allowed here, not 3",
        ),
    ],
)
def test_a_mistake_is_reported_once(problems: FindProblems, text: str, says: str) -> None:
    assert problems(text) == [says]


def test_aliases_cannot_make_a_file_endless(problems: FindProblems) -> None:
    lines = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    (problem,) = problems("\n".join(["l0: &l0 [x]", *lines]))
    line, column, what = problem.split(":", 2)
    assert 1 <= int(line) <= 9
    assert int(column) > 1
    assert what == " more than 100,000 values up to here, with what aliases (*) repeat"


@pytest.mark.parametrize(
    ("connections", "says"),
    [
        ("ring", "4:1: a ring needs 3 peers or more, not 2"),
        ("5", "4:1: a word is expected, not the number 5: one of none, line, ring"),
        ("{rand: 5}", "4:15: unknown key 'rand'; did you mean 'random'?"),
        ("{random: {links: 5, seed: 1}}", "4:24: 2 peers can have 1 connections at most, not 5"),
        ("{random: {links: 1}}", "4:15: key 'seed' is missing"),
        ("[[alice, alice]]", "4:15: alice cannot be connected to itself"),
        ("[[alice, bob], [bob, alice]]", "4:29: bob and alice are connected twice"),
        ("[[alice, carol]]", "4:23: no peer 'carol' here"),
        ("[[alice]]", "4:15: at least 2 needed here, not 1"),
        ("[[alice, bob, alice]]", "4:15: at most 2 allowed here, not 3"),
        ("[alice, bob]", "4:15: a list is expected here, not the text 'alice'"),
    ],
)
def test_mistakes_in_a_topology(problems: FindProblems, connections: str, says: str) -> None:
    found = problems(f"{HEAD}connections: {connections}\nsteps: []\n")
    assert any(says in problem for problem in found), found


def test_unreadable_files(tmp_path: Path) -> None:
    for name, why in (("none", "No such file"), (".", "Is a directory")):
        with pytest.raises(DocumentError, match=why):
            document.load(tmp_path / name)


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_endings_and_byte_order_marks_do_not_matter(
    tmp_path: Path, ending: str, mark: str
) -> None:
    path = tmp_path / "file.yaml"
    text = f"{mark}{RIGHT}exit: alice\n  - send: {{at: bob, to: alice, text: 'ü', refused: no}}\n"
    path.write_bytes(text.rstrip("\n").replace("\n", ending or "\n").encode() + ending.encode())
    leave, send = scenario.load(path).steps
    assert (leave.verb, leave.act) == ("exit", acts.ExitStep(at="alice"))
    assert send.act == scenario.SendStep(at="bob", to="alice", text="ü", refused="no")


def test_models_enforce_rules_between_keys() -> None:
    for wrong in (
        lambda: scenario.SendStep(at="a", to="b", text="x", refused="no", says="yes"),
        lambda: scenario.SendStep(at="a", to="b", text="", length=5),
        lambda: scenario.ExpectStep(at="a"),
        scenario.Step,
    ):
        with pytest.raises(ValueError, match=r"expect|empty text|step is empty"):
            wrong()


def test_compose_yaml_is_read() -> None:
    found = definition.load()
    assert list(found.services) == ["alice", "bob", "carol", "dave"]
    assert found.container.cap_drop == ["ALL"]
    assert found.container.read_only
    assert found.network.driver == "bridge"


def test_a_compose_key_without_effect_is_refused(problems: FindProblems) -> None:
    text = definition.COMPOSE_FILE.read_text()
    (problem,) = problems(
        text.replace("  tty: true", "  tty: true\n  privileged: true"), definition.load
    )
    assert "unknown key 'privileged'" in problem

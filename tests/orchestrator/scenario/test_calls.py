"""Steps that are operations of a program's own: what a file may say, and each mistake's place."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from orchestrator import chat, profile, scenario
from orchestrator.errors import DocumentError
from orchestrator.profile.operation import LAB_STEPS
from orchestrator.scenario import rules

STORE = Path(__file__).parents[2] / "programs/store/profile.yaml"
HEAD = f"name: one\nwhy: w\nprofile: {STORE}\npeers: [alice, bob]\nsteps:\n"


def read(folder: Path, *steps: str) -> scenario.Scenario:
    path = folder / "one.yaml"
    path.write_text(HEAD + "".join(f"  - {step}\n" for step in steps))
    return scenario.load(path)


def test_a_call_has_arguments_and_says_how_it_must_end(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "put: {at: alice, key: x, value: 3}",
        "get: {at: bob, key: x, expect: {value: {more: 2}}, within: 5, save: {value: v}}",
        "put: {at: bob, key: y, value: '{v}', refused: full}",
        "keys: alice",
        "quit: {at: alice, may_fail: true}",
    )
    put, get, again, keys, leave = [step.call for step in found.steps]
    assert put is not None
    assert get is not None
    assert again is not None
    assert keys is not None
    assert leave is not None
    assert (put.name, put.arguments, put.wants) == (
        "put", {"key": "x", "value": 3}, {"outcome": "ok"},
    )  # fmt: skip
    assert get.wants == {"outcome": "ok", "results": {"value": {"more": 2}}}
    assert again.wants == {"outcome": "fail", "says": "full"}
    assert (keys.at, leave.wants) == ("alice", {})
    assert found.steps[0].phrase == "alice: put x 3"


@pytest.mark.parametrize(
    ("step", "where", "what"),
    [
        ("pt: {at: alice, key: x, value: 1}", "6:5",
         "the profile 'store' has no operation 'pt'; did you mean 'put'?"),
        ("send: {at: alice, to: bob, text: hi}", "6:5",
         "the profile 'store' has no operation 'send': it has put, get, keys, copy, quit, raw"),
        ("put: {at: alice, key: x}", "6:5", "put needs the argument 'value'"),
        ("put: {at: alice, key: x, value: one}", "6:30",
         "a whole number is expected here, not the text 'one'"),
        ("put: {at: alice, key: 3, value: 1}", "6:22",
         "text is expected here, not the number 3: put it in quotes"),
        ("put: {at: alice, key: x, valeu: 1}", "6:30",
         "put has no argument 'valeu'; did you mean 'value'?"),
        ("put: {at: alice, key: x, value: '{w}'}", "6:30", "nothing is saved or counted as {w}"),
        ("put: {at: alice, key: x, value: 1, within: 5}", "6:40",
         "put is repeated `within` that time, and would write each time: leave it out"),
        ("get: {at: alice, key: x, expect: {vlue: 1}}", "6:39",
         "its reply has no 'vlue'; did you mean 'value'?"),
        ("get: {at: alice, key: x, expect: {value: {moer: 1}}}", "6:39",
         "a value is expected here, or one of pattern, less, more, not"),
        ("get: {at: alice, key: x, within: soon}", "6:30", "a number is expected here"),
        ("get: {key: x}", "6:5", "key 'at' is missing"),
        ("get: {at: carol, key: x}", "6:11", "no peer 'carol' here"),
        ("never: {get: {at: bob, key: x, expect: {valu: 1}}}", "6:45",
         "its reply has no 'valu'; did you mean 'value'?"),
        ("never: {put: {at: bob, key: x, value: 1}, for: 1}", "6:13",
         "put is repeated, and would write each time"),
        ("never: {get: {at: bob, key: x, within: 3}}", "6:36", "'within' says nothing of how"),
        ("never: {gte: {at: bob, key: x}}", "6:13",
         "the profile 'store' has no operation 'gte'; did you mean 'get'?"),
        ("never: {get: {key: x}}", "6:5", "key 'at' is missing"),
        ("never: {get: {at: [bob, carol], key: x}}", "6:5", "no peer 'carol' here"),
        ("never: {at: bob, mesage: hi}", "6:22", "unknown key 'mesage'; did you mean 'message'?"),
        ("never: {at: bob, notice: copied, line: x}", "6:5",
         "watch for one thing in a step, not notice and line"),
        ("never: {at: bob}", "6:5", "never what? Add one of message,"),
        ("never: {at: bob, line: x, every: 1}", "6:5", "'every' is how often an operation"),
        ("never: {at: bob, line: x, for: 1, during: [{keys: bob}]}", "6:5",
         "watch either `for` some seconds or `during` some steps"),
        ("never: {at: bob, line: x, during: [{gt: {at: bob, key: x}}]}", "6:41",
         "the profile 'store' has no operation 'gt'; did you mean 'get'?"),
        ("eventually: {get: {at: bob, key: x, expect: {valu: 1}}, within: 5}", "6:50",
         "its reply has no 'valu'; did you mean 'value'?"),
        ("eventually: {put: {at: bob, key: x, value: 1}}", "6:18",
         "put is repeated, and would write each time: use an operation that changes nothing"),
        ("eventually: {get: {at: bob, key: x, within: 3}}", "6:41",
         "'within' belongs beside the operation, not in it"),
        ("eventually: {get: {at: bob, key: x, may_fail: true}}", "6:41",
         "'may_fail' says nothing of how it must end"),
        ("eventually: {get: {at: bob, key: x}, within: soon}", "6:42", "a number is expected here"),
        ("eventually: {gte: {at: bob, key: x}}", "6:18",
         "the profile 'store' has no operation 'gte'; did you mean 'get'?"),
        ("eventually: {get: {key: x}}", "6:5", "key 'at' is missing"),
        ("eventually: {at: carol, get: {key: x}}", "6:18", "no peer 'carol' here"),
        ('put: {at: alice, key: "x 1\\nput y", value: 1}', "6:22", r"'\n' cannot be typed as part"),
        ('get: {at: alice, key: "\\x03{at}"}', "6:22", r"'\x03' cannot be typed as part"),
        ('eventually: {at: bob, get: {key: "x\\r"}}', "6:33", r"'\r' cannot be typed as part"),
        ('never: {at: bob, get: {key: "x\\0", nil: true}}', "6:28", r"'\x00' cannot be typed"),
        ("eventually: {at: bob}", "6:5", "eventually what? Add an operation and how it must end"),
        ("parallel: [[{eventually: {get: {at: bob, key: x}}}], [{keys: bob}]]", "6:58",
         "bob is used in an earlier branch"),
        ("expect: {at: bob, notice: copied, fields: {kye: x}}", "6:48",
         "what is shown has no 'kye'; did you mean 'key'?"),
        ("never: {at: bob, notice: copied, fields: {kye: x}}", "6:47",
         "what is shown has no 'kye'; did you mean 'key'?"),
        ("expect: {at: bob, notice: copied, save: {valeu: v}}", "6:46",
         "what is shown has no 'valeu'; did you mean 'value'?"),
        ("expect: {at: bob, line: 'x (?P<number>.)', save: {text: v}}", "6:55",
         "what is shown has no 'text': it has number"),
        ("expect: {at: bob, notice: copied, save: {value: 'V V'}}", "6:46", "'V V' is not a name"),
        ("repeat: {times: 2, steps: [{gt: {at: alice, key: x}}]}", "6:33",
         "the profile 'store' has no operation 'gt'; did you mean 'get'?"),
    ],
)  # fmt: skip
def test_a_mistake_and_its_place(tmp_path: Path, step: str, where: str, what: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(tmp_path, step)
    assert str(error.value).startswith(f"{tmp_path}/one.yaml:{where}: {what}"), str(error.value)
    assert len(str(error.value).splitlines()) == 1, str(error.value)


def test_a_step_of_the_lab_is_no_call(tmp_path: Path) -> None:
    found = read(tmp_path, "type: {at: alice, line: x}", "kill: alice", "idle: bob")
    assert [step.call for step in found.steps] == [None] * 3


def test_every_step_is_one_of_the_lab_or_of_a_chat() -> None:
    assert {*rules.STEPS} == {*chat.VERBS, *LAB_STEPS}


def test_a_chat_may_have_operations_of_its_own(tmp_path: Path) -> None:
    shipped = (STORE.parents[3] / "profiles/peerlab.yaml").read_text()
    own = "operations:\n  nick: {takes: {name: text}, send: 'nick {name}', ok: '^ok'}\n"
    (tmp_path / "chat.yaml").write_text(shipped.replace("operations:\n", own))
    path = tmp_path / "one.yaml"
    steps = "  - nick: {at: alice, name: al}\n  - send: {at: alice, to: bob, text: x}\n"
    path.write_text(f"name: one\nwhy: w\nprofile: chat.yaml\npeers: 2\nsteps:\n{steps}")
    nick, send = scenario.load(path).steps
    assert nick.call is not None
    assert nick.call.arguments == {"name": "al"}
    assert send.call is None
    assert send.send is not None


def test_an_operation_may_be_called_like_a_key_of_another_step(tmp_path: Path) -> None:
    renamed = STORE.read_text().replace("  get:", "  message:").replace("  keys:", "  within:")
    renamed = renamed.replace("sync: keys", "sync: within")
    (tmp_path / "own.yaml").write_text(renamed)
    path = tmp_path / "one.yaml"
    path.write_text(
        HEAD.replace(str(STORE), "own.yaml") + "  - eventually: {message: {at: bob, key: x}}\n"
        "  - never: {within: bob, at: bob}\n"
    )
    message, within = scenario.load(path).steps
    assert message.eventually is not None
    assert message.eventually.call is not None
    assert message.eventually.call.name == "message"
    assert within.never is not None
    assert within.never.call is not None
    assert within.never.call.name == "within"


def test_a_schema_for_editors_knows_the_operations_of_a_profile() -> None:
    known = jsonschema.Draft202012Validator(scenario.schema(profile.load(str(STORE))))
    head = {"name": "one", "why": "w", "peers": 2}

    def is_right(step: dict[str, object]) -> bool:
        return bool(known.is_valid({**head, "steps": [step]}))

    assert is_right({"put": {"at": "alice", "key": "x", "value": 3}})
    assert is_right({"keys": "alice"})
    assert is_right({"get": {"at": "bob", "key": "x", "expect": {"value": {"more": 1}}}})
    assert is_right({"never": {"get": {"at": "bob", "key": "x", "nil": True}, "for": 1}})
    assert is_right({"never": {"at": "bob", "notice": "copied", "during": [{"keys": "alice"}]}})
    assert not is_right({"never": {"at": "bob", "notice": "copied", "line": "x"}})
    assert not is_right({"never": {"get": {"at": "bob", "kye": "x"}}})
    assert is_right({"eventually": {"get": {"at": "bob", "key": "x", "nil": True}, "within": 1}})
    assert is_right({"eventually": {"at": ["alice", "bob"], "keys": {"at": "bob"}, "every": 1}})
    assert not is_right({"eventually": {"at": "bob", "within": 1}})
    assert is_right({"workload": {"replay": "runs/one", "number": 2}})
    assert is_right({"workload": {"model": "register", "for": 1}})
    assert not is_right({"workload": {"replay": "runs/one", "for": 1}})
    assert not is_right({"put": {"at": "alice", "key": "x"}})
    assert not is_right({"put": {"at": "alice", "key": "x", "value": 3, "vlaue": 4}})
    assert not is_right({"send": {"at": "alice", "to": "bob", "text": "a chat's"}})


@pytest.mark.parametrize("folder", ["", "profiles", "scenarios/../profiles"])
def test_a_step_of_a_profile_that_is_not_named(tmp_path: Path, folder: str) -> None:
    """The profiles near the scenario that have such an operation are named."""
    home = tmp_path / "scenarios" if ".." in folder else tmp_path
    home.mkdir(exist_ok=True)
    (tmp_path / folder).resolve().mkdir(exist_ok=True)
    (tmp_path / folder).resolve().joinpath("mine.yaml").write_text(STORE.read_text())
    path = home / "one.yaml"
    path.write_text(
        "name: one\nwhy: w\npeers: [alice]\nsteps:\n  - put: {at: alice, key: x, value: 3}\n"
    )
    with pytest.raises(DocumentError) as caught:
        scenario.load(path)
    name = {"": "mine.yaml", "profiles": "profiles/mine.yaml"}.get(folder, "../profiles/mine.yaml")
    assert caught.value.what == (
        f"{path}:5:5: unknown key 'put': the scenario names no profile, so its program is a chat;"
        f" add `profile: {name}`, which has this operation"
    )


def test_a_step_that_no_profile_has(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(STORE.read_text())
    path = tmp_path / "one.yaml"
    path.write_text("name: one\nwhy: w\npeers: [alice]\nsteps:\n  - paus: alice\n")
    with pytest.raises(DocumentError, match="unknown key 'paus'; did you mean 'pause'"):
        scenario.load(path)

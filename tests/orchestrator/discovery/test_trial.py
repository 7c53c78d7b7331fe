"""`peerlab profile test` with programs that are no chats, and what it says of wrong profiles."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from orchestrator import profile
from orchestrator.cli import app
from orchestrator.discovery.trial.setting import setting
from orchestrator.discovery.trial.values import Values, given
from orchestrator.errors import LabError
from orchestrator.profile import ConsoleOperation
from orchestrator.report.output_format import RepliesOutput
from tests.orchestrator.support import PROGRAMS, ROOT

STORE = PROGRAMS / "store/profile.yaml"
EXAMPLES = ROOT / "examples"


def peerlab(file: Path, *words: str) -> Result:
    """Test a profile on the process engine; raise the lab's errors."""
    command = ["profile", "test", str(file), "--engine", "process", *words]
    result = CliRunner().invoke(app, command)
    if isinstance(result.exception, LabError):
        raise result.exception
    return result


def tried(file: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Return the exit status, and the JSON."""
    result = peerlab(file, "--json", *words)
    data = json.loads(result.stdout)
    TypeAdapter(RepliesOutput).validate_python(data)
    return result.exit_code, data


def readings(data: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in data["operations"]:
        found.setdefault(one["operation"], []).append(one["reading"])
    return found


def changed(folder: Path, old: str, new: str, program: str = "store") -> Path:
    """Return a copy of a profile beside its program, with one change."""
    shutil.copytree(PROGRAMS / program, folder / program)
    file = folder / program / "profile.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return file


def complaint(folder: Path, old: str, new: str, program: str = "store") -> dict[str, Any]:
    """Return the first reply that was not read after a change of a profile."""
    status, data = tried(changed(folder, old, new, program))
    assert status == 1
    return next(it for it in data["operations"] if it["reading"] == "not read")


# The three kinds of console


def test_a_program_with_a_console_of_its_own() -> None:
    status, data = tried(STORE)
    assert status == 0
    assert readings(data) == {
        "put": ["success"],
        "get": ["success", "nothing there"],
        "keys": ["success"],
        "copy": ["success"],
        "quit": ["success"],
    }
    by_name = {it["operation"]: it for it in reversed(data["operations"])}
    assert (by_name["put"]["typed"], by_name["put"]["results"]) == (["put k1 2"], {"count": 1})
    assert (by_name["get"]["said"], by_name["get"]["results"]) == ("it is 2", {"value": 2})
    assert by_name["keys"]["rows"] == [{"key": "k1", "value": 2}]
    (copied,) = data["notices"]
    assert (copied["peer"], copied["fields"]) == ("bob", {"key": "k1", "value": "2"})
    assert data["unread"] == data["problems"] == data["untried"] == []


def test_a_server_whose_console_is_a_client() -> None:
    status, data = tried(PROGRAMS / "served/profile.yaml")
    assert status == 1
    read = readings(data)
    assert {name for name, how in read.items() if "not read" in how} == {"leave", "die", "hang"}
    hints = {it["operation"]: it["hint"] for it in data["operations"]}
    assert hints["leave"].startswith("its client ended")
    assert hints["die"].startswith("the program ended")
    assert hints["hang"].startswith("it printed nothing")
    assert [it["peer"] for it in data["notices"]] == ["alice"]


def test_a_server_without_a_console() -> None:
    result = peerlab(PROGRAMS / "served/log.yaml")
    assert result.exit_code == 0
    assert "the program is ready, and has no operations to try; 0 of 1 notice came" in result.stdout


def test_what_a_person_reads() -> None:
    result = peerlab(STORE, "--with", "put.value=-7", "--with", "key=colour")
    assert result.exit_code == 0
    assert "profile.yaml: tried with alice, bob, carol (store)" in result.stdout
    assert "put colour -7" in result.stdout
    assert "the replies to 5 of 5 operations were read; 1 of 1 notice came" in result.stdout


# What the lab says of a wrong profile


@pytest.mark.parametrize(
    ("old", "new", "at", "hint"),
    [
        ("ok: '^copied$'", "ok: '^it was copied$'", "33:5", "may be '^copied$'"),
        ("ok: '^it is (", "ok: '^it was (", "21:5", r"may be '^it is 2$'"),
        ("^it is (?P<value>-?\\d+)$", "^(?P<value>it is \\d+)$", "", "is of the type integer"),
        ("in all$", "in$", "", "'all' stands behind what the profile reads"),
        ("quit, means: exit", "quit, ok: '^bye$'", "", "the program ended: if it should"),
        pytest.param(
            "quit, means: exit",
            "keys, means: exit",
            "",
            "it ends the program, and that still runs",
            marks=pytest.mark.thorough,  # it is given ten seconds
        ),
    ],
)
def test_the_hint_is_right_for_the_case(
    tmp_path: Path, old: str, new: str, at: str, hint: str
) -> None:
    wrong = complaint(tmp_path, old, new)
    assert hint in wrong["hint"]
    assert not at or wrong["at"] == at


def test_a_prompt_that_the_profile_does_not_know(tmp_path: Path) -> None:
    file = changed(tmp_path, "prompt: '> '", "prompt: '$ '")
    file.write_text(file.read_text() + "ready_within: 1\n")
    with pytest.raises(LabError, match="did not reply to 'keys'") as caught:
        peerlab(file)
    assert caught.value.hint.startswith("'> ' stands in front of what the profile reads")


@pytest.mark.thorough  # a refused operation is typed again for five seconds
def test_a_refusal_is_no_mistake_of_the_profile(tmp_path: Path) -> None:
    file = changed(tmp_path, "'put {key} {value}'", "'put {key} x{value}'")
    assert readings(tried(file)[1])["put"] == ["definite failure"]


def test_a_refusal_that_no_pattern_reads(tmp_path: Path) -> None:
    file = changed(tmp_path, "errors: '^error: (?P<reason>.*)$'\n", "")
    file.write_text(file.read_text().replace("'put {key} {value}'", "'put {key}'"))
    status, data = tried(file)
    wrong = next(it for it in data["operations"] if it["operation"] == "put")
    assert (status, wrong["reading"]) == (1, "not read")
    assert wrong["hint"].startswith("this sounds like a refusal")
    assert "--with put.key=…" in wrong["hint"]


def test_a_program_that_is_never_ready(tmp_path: Path) -> None:
    file = changed(tmp_path, "ready: ''", "ready: '^open$'\nready_within: 1")
    with pytest.raises(LabError, match="was not ready after"):
        peerlab(file)


# Which peers


def test_a_program_that_names_no_other_runs_three_times() -> None:
    found = setting(str(STORE), [], None)
    assert (found.peers, found.others) == (["alice", "bob", "carol"], {})


def test_peers_that_a_profile_names_run_the_profile_that_is_called_so() -> None:
    found = setting(str(EXAMPLES / "redis/client.yaml"), [], None)
    server = str(EXAMPLES / "redis/server.yaml")
    assert (found.peers, found.others) == (["alice"], {"server1": server})
    found = setting(str(EXAMPLES / "irc/client2.yaml"), [], None)
    assert found.others == {
        name: str(EXAMPLES / f"irc/{name}.yaml") for name in ("server2", "server1")
    }  # as the second names the first


def test_peers_that_a_profile_names_run_itself_otherwise() -> None:
    found = setting(str(EXAMPLES / "etcd/profile.yaml"), [], None)
    assert found.peers == found.assumed == ["etcd1", "etcd2", "etcd3"]


def test_programs_that_are_given() -> None:
    sentinel = str(EXAMPLES / "redis/sentinel.yaml")
    found = setting(sentinel, [f"server1={STORE}", f"bob={sentinel}"], None)
    assert (found.peers, found.others) == (["bob"], {"server1": str(STORE)})


def test_a_peer_that_runs_the_wrong_program_is_named(tmp_path: Path) -> None:
    file = changed(tmp_path, '"{port}"]', '"{port}", "{server1.address}"]\nready_within: 1')
    with pytest.raises(LabError) as caught:
        peerlab(file)
    assert "server1 ran this profile too" in caught.value.hint
    assert "--profile server1=FILE" in caught.value.hint


def test_the_profile_of_a_service_needs_its_compose_file() -> None:
    with pytest.raises(LabError, match="does not say how to start desk") as caught:
        peerlab(EXAMPLES / "compose/desk.yaml")
    assert "--compose FILE" in caught.value.hint


# Arguments


def test_arguments_that_are_given() -> None:
    tested = profile.load(str(STORE))
    found = given(tested, ["put.key=x=y", "key=z", "value=5", "copy.host={bob.address}"])
    assert found[("put", "key")] == "x=y"
    values = Values(found, "bob")
    put, get = tested.operations["put"], tested.operations["get"]
    assert values.arguments("put", put, all_=True) == {"key": "x=y", "value": "5"}
    assert values.arguments("get", get, all_=True) == {"key": "z"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x", "write OPERATION.ARGUMENT=VALUE"),
        ("putt.key=x", "no operation 'putt' here; did you mean 'put'"),
        ("put.kye=x", "put takes no 'kye'; did you mean 'key'"),
        ("kye=x", "no operation takes 'kye'"),
        ("put.value=x", "a value of the type integer is expected"),
    ],
)
def test_arguments_that_are_wrong(text: str, error: str) -> None:
    with pytest.raises(LabError, match=error):
        given(profile.load(str(STORE)), [text])


def test_arguments_that_are_made_up() -> None:
    values = Values({}, "bob")
    join = ConsoleOperation.model_validate(
        {"takes": {"host": "text", "port": "integer"}, "send": "join {host} {port}"}
    )
    wanted = {"host": "{bob.address}", "port": "{bob.port}"}
    assert values.arguments("join", join, all_=True) == wanted
    some = {"takes": {"key": "text", "ttl": {"type": "number", "optional": True}}, "send": "x"}
    operation = ConsoleOperation.model_validate(some)
    assert values.arguments("some", operation, all_=True) == {"key": "k1", "ttl": 2.5}
    assert values.arguments("some", operation, all_=False) == {"key": "k1"}


def test_arguments_that_earlier_replies_gave() -> None:
    values = Values({}, "bob")
    lock = ConsoleOperation.model_validate({"send": "lock"})
    free = ConsoleOperation.model_validate({"takes": {"ticket": "text"}, "send": "free {ticket}"})
    values.learn(lock, {}, {"ticket": "a7"})
    assert values.arguments("free", free, all_=True) == {"ticket": "a7"}


def test_a_swap_is_given_what_was_stored() -> None:
    values = Values({}, "bob")
    write = ConsoleOperation.model_validate(
        {"takes": {"value": "integer"}, "send": "set {value}", "means": "write"}
    )
    cas = ConsoleOperation.model_validate(
        {"takes": {"old": "integer", "new": "integer"}, "send": "cas {old} {new}", "means": "cas"}
    )
    values.learn(write, values.arguments("set", write, all_=True), {})
    assert values.arguments("cas", cas, all_=True) == {"old": 1, "new": 2}

"""Roles: which peers they make, and what their names stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import document, scenario
from orchestrator.document import Source
from orchestrator.errors import DocumentError
from orchestrator.scenario import roles
from orchestrator.scenario.validation import Validator
from tests.orchestrator.support import PROGRAMS

STORE = PROGRAMS / "store/profile.yaml"
HEAD = (
    f"name: one\nwhy: w\nroles: {{servers: {{count: 2, profile: {STORE}}}, watch: {{count: 1}}}}\n"
)


def write(folder: Path, steps: str, head: str = HEAD) -> Path:
    path = folder / "one.yaml"
    path.write_text(head + "steps:\n" + steps)
    return path


def test_a_role_names_its_peers_and_their_program(tmp_path: Path) -> None:
    found = scenario.load(write(tmp_path, "  - keys: server1\n"))
    assert found.peers == ["server1", "server2", "watch1"]
    assert found.profiles == {"server1": str(STORE), "server2": str(STORE)}
    more = scenario.load(write(tmp_path, "  - list: alice\n", HEAD + "peers: [alice]\n"))
    assert more.peers == ["alice", "server1", "server2", "watch1"]


def test_the_name_of_a_role_stands_for_its_peers(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "  - partition: {groups: [[server1], [server2, watch]], during: [{keys: servers}]}\n"
        "  - put: {at: servers, key: x, value: 1}\n"
        "  - repeat: {times: 2, steps: [{kill: {at: watch, during: [{keys: servers}]}}]}\n"
        "  - parallel: [[{keys: servers}], [{list: watch}]]\n"
        "  - workload: {model: register, at: servers, for: 1}\n"
        "  - eventually: {get: {at: servers, key: x}, within: 1}\n",
    )
    cut, put, again, both, load, later = scenario.load(path).steps
    assert later.eventually is not None
    assert later.eventually.at == ["server1", "server2"]
    assert cut.partition is not None
    assert cut.partition.groups == [["server1"], ["server2", "watch1"]]
    assert put.parallel is not None
    calls = [branch[0].call for branch in put.parallel]
    assert [call.at for call in calls if call] == ["server1", "server2"]
    assert again.repeat is not None
    assert again.repeat.steps[0].act.at == "watch1"
    assert again.repeat.steps[0].act.during[0].parallel is not None
    assert both.parallel is not None
    assert both.parallel[0][0].parallel is not None
    assert load.act.at == ["server1", "server2"]


def test_the_peers_of_a_role_are_watched_together(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "  - never: {get: {at: servers, key: x, nil: true}, during: [{keys: servers}]}\n"
        "  - never: {at: servers, line: panic}\n"
        "  - never: {at: [watch, server1], line: panic}\n",
    )
    read, shown, several = [step.never for step in scenario.load(path).steps]
    assert read is not None
    assert shown is not None
    assert several is not None
    assert read.at == shown.at == ["server1", "server2"]
    assert read.call is not None
    assert read.during is not None
    assert read.during[0].parallel is not None
    assert several.at == ["watch1", "server1"]


@pytest.mark.parametrize(
    ("steps", "where", "what"),
    [
        ("  - keys: server3\n", "5:5", "unknown key 'keys'"),
        ("  - put: {at: servers, key: x}\n", "5:5", "put needs the argument 'value'"),
        ("  - put: {at: servers, key: x, value: y}\n", "5:32", "a whole number is expected here"),
    ],
)
def test_a_mistake_is_where_it_is_in_the_file(
    tmp_path: Path, steps: str, where: str, what: str
) -> None:
    path = write(tmp_path, steps)
    validator = Validator()
    validator.check_files([path])
    assert validator.mistakes[0].startswith(f"{path}:{where}: {what}"), validator.mistakes
    assert len(validator.mistakes) == 1, validator.mistakes


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ("roles: {servers: {count: 0}}\npeers: [a]\n", "must be at least 1"),
        ("roles: {servers: {}}\npeers: [a]\n", "key 'count' is missing"),
        ("roles: {Servers: {count: 1}}\n", "'Servers' is not a name"),
        ("roles: [servers]\npeers: [a]\n", "a mapping is expected here"),
    ],
)
def test_wrong_roles(tmp_path: Path, head: str, what: str) -> None:
    with pytest.raises(DocumentError, match=what):
        scenario.load(write(tmp_path, "  - type: {at: a, line: x}\n", "name: one\nwhy: w\n" + head))


def test_a_file_without_roles_stays_as_it_is(tmp_path: Path) -> None:
    source = document.load(write(tmp_path, "  - keys: a\n", "name: one\n"))
    assert roles.spelt_out(source) is source
    assert isinstance(source, Source)


def test_a_misspelt_role_is_told_its_own_name(tmp_path: Path) -> None:
    checked = Validator()
    checked.check_files([write(tmp_path, "  - kill: sever\n  - kill: wacth\n  - kill: sever2\n")])
    assert [line.partition("; ")[2] for line in checked.mistakes] == [
        "did you mean 'servers'?", "did you mean 'watch'?", "did you mean 'server2'?"
    ]  # fmt: skip

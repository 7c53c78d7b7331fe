"""Scenarios whose peers are the services of a Compose file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator import scenario
from orchestrator.compose import tool
from orchestrator.errors import DocumentError
from orchestrator.runner.jobs import misfit
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import Validator

SERVICES: dict[str, Any] = {
    "db": {},
    "migrate": {},
    "web": {
        "scale": 2,
        "depends_on": {"migrate": {"condition": "service_completed_successfully"}},
    },
}
PROFILE = """\
name: shop
summary: a shop
sync: hello
console: {prompt: '> '}
operations:
  hello: {send: hello, ok: '^yes$'}
"""

NO_CONSOLE = (
    "4:10: there is nothing to type at: the profile 'log' says `console: none`;"
    " `profiles` can give a service one that describes its console"
)
NO_START = (
    "3:1: the profile 'shop' does not say how its program is started: it is for a"
    " service of a Compose file"
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a scenario beside a Compose file that Compose resolves to `SERVICES`, or to others."""
    (tmp_path / "compose.yaml").write_text(
        "services:\n  db:\n    image: it\n    network_mode: host\n"
    )
    (tmp_path / "shop.yaml").write_text(PROFILE)

    def one(text: str, services: dict[str, Any] = SERVICES) -> Path:
        monkeypatch.setattr(tool, "resolved", lambda _: {"services": services})
        path = tmp_path / "one.yaml"
        path.write_text(f"name: one\nwhy: w\n{text}")
        return path

    return one


def mistakes(path: Path) -> list[str]:
    """Return the mistakes of a scenario, without the folder's name."""
    checked = Validator()
    checked.check_files([path])
    return [line.removeprefix(f"{path.parent}/") for line in checked.mistakes]


def test_the_services_are_the_peers(write: Write, tmp_path: Path) -> None:
    found = scenario.load(
        write("compose: compose.yaml\nprofiles: {web: shop.yaml}\nsteps: [{kill: db}]\n")
    )
    assert found.peers == ["db", "migrate", "web1", "web2"]
    assert found.compose == str(tmp_path / "compose.yaml")
    assert found.profile == "log"
    shop = str(tmp_path / "shop.yaml")
    assert found.profiles == {"web1": shop, "web2": shop}
    assert found.stack
    assert [*found.stack.by_peer] == found.peers


def test_a_service_with_several_containers_stands_for_all_of_them(write: Write) -> None:
    path = write(
        "compose: compose.yaml\nprofiles: {web: shop.yaml}\nends: {web: exited}\n"
        "steps:\n  - partition: [[web], [db]]\n  - hello: web\n  - hello: web2\n"
    )
    assert mistakes(path) == []
    found = scenario.load(path)
    cut, all_of_them, _ = found.steps
    assert cut.partition
    assert cut.partition.groups == [["web1", "web2"], ["db"]]
    assert all_of_them.parallel
    assert {*found.ends} == {"migrate", "web1", "web2"}


def test_a_job_must_have_done_its_work_unless_the_file_says_otherwise(write: Write) -> None:
    head = "compose: compose.yaml\nsteps: []\n"
    assert scenario.load(write(head)).ends["migrate"].wants == {"state": "exited", "status": 0}
    other = scenario.load(write(f"{head}ends: {{migrate: {{exited: any}}}}\n"))
    assert other.ends["migrate"].wants == {"state": "exited"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("compose: other.yaml\nsteps: []\n", ["3:1: there is no file other.yaml"]),
        ("compose: [x]\nsteps: []\n", ["3:1: the path of a Compose file is expected here"]),
        (
            "compose: compose.yaml\npeers: [a]\nengine: process\nsteps: []\n",
            [
                "4:1: the services of the Compose file are the peers: leave out `peers`",
                "5:1: the services of a Compose file are containers: they need the engine docker",
            ],
        ),
        (
            "compose: compose.yaml\nprofiles: {migrat: shop.yaml}\nsteps: [{kill: wep1}]\n",
            [
                "4:12: no peer 'migrat' here; did you mean 'migrate'?",
                "5:10: no peer 'wep1' here; did you mean 'web1'?",
            ],
        ),
        (
            "compose: compose.yaml\nsteps: [{hello: web1}]\n",
            [NO_CONSOLE],
        ),
        (
            "profile: shop.yaml\npeers: [a]\nsteps: []\n",
            [NO_START],
        ),
    ],
)
def test_mistakes(write: Write, text: str, says: list[str]) -> None:
    assert mistakes(write(text)) == [f"one.yaml:{line}" for line in says]


def test_what_cannot_be_a_peer_is_shown_in_the_compose_file(write: Write) -> None:
    path = write(
        "compose: compose.yaml\nsteps: []\n",
        {"db": {"network_mode": "host"}, "2nd": {}, "all": {}},
    )
    number, every, host = mistakes(path)  # two of them are not in the file as it is written
    assert number.startswith("compose.yaml:1:1: '2nd' cannot be the name of a peer")
    assert every.startswith("compose.yaml:1:1: 'all' cannot be the name of a peer")
    assert host.startswith("compose.yaml:4:5: 'db' cannot be a peer")


def test_a_refusal_of_compose_is_shown_where_its_file_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("compose: compose.yaml\nsteps: []\n")

    def refuse(_: Path) -> None:
        raise DocumentError("Compose refuses it: services.db: 'imge'")

    monkeypatch.setattr(tool, "resolved", refuse)
    assert mistakes(path) == ["one.yaml:3:1: Compose refuses it: services.db: 'imge'"]


def test_processes_are_no_place_for_them(write: Write) -> None:
    found = scenario.load(write("compose: compose.yaml\nsteps: []\n"))
    assert misfit(found, EngineName.DOCKER) == misfit(found, EngineName.AUTO) == ""
    assert "containers" in misfit(found, EngineName.PROCESS)


def test_a_fault_between_services_that_share_no_network_is_a_mistake(write: Write) -> None:
    apart: dict[str, Any] = {
        "front": {"networks": ["outer"]},
        "back": {"networks": ["outer", "inner"]},
        "db": {"networks": ["inner"]},
        "lone": {"network_mode": "none"},
    }
    path = write(
        "compose: compose.yaml\nsteps:\n  - partition: [[front], [db, lone]]\n"
        "  - partition: [[front], [back, db]]\n  - isolate: {at: lone, for: 1}\n"
        "  - impair: {from: front, to: all, loss: 10%}\n"
        "  - schedule: [{when: 1, stream: {between: [front, db], pieces: 1, for: 1}}]\n",
        apart,
    )
    what = "these peers share no network in the Compose file: there is no link to break"
    assert mistakes(path) == [
        f"one.yaml:5:5: {what}", f"one.yaml:7:5: {what}", f"one.yaml:9:26: {what}"
    ]  # fmt: skip


def test_a_fault_of_a_stack_of_one_service_is_judged_as_with_any_single_peer(write: Write) -> None:
    path = write("compose: compose.yaml\nsteps: [{isolate: {at: db, for: 1}}]\n", {"db": {}})
    assert mistakes(path) == ["one.yaml:4:10: there is only one peer, so there is no link"]


def test_a_misspelt_service_of_several_containers_is_told_its_own_name(write: Write) -> None:
    path = write(
        "compose: compose.yaml\nprofiles: {serber: log}\nends: {sever: exited}\nsteps:\n"
        "  - kill: servre\n  - partition: [[serber], [bd]]\n  - stop: wbe\n  - kill: srver2\n"
        "  - impair: {from: web, to: db, loss: 1%, for: 1}\n  - stop: nothing\n",
        {"db": {}, "server": {"scale": 3}, "web": {"deploy": {"replicas": 2}}},
    )
    nearest = {
        "4:12": ("serber", "server"), "5:8": ("sever", "server"), "7:5": ("servre", "server"),
        "8:18": ("serber", "server"), "9:5": ("wbe", "web"), "10:5": ("srver2", "server2"),
    }  # fmt: skip
    expected = [
        f"one.yaml:{place}: no peer {wrong!r} here; did you mean {right!r}?"
        for place, (wrong, right) in nearest.items()
    ]
    expected.insert(4, "one.yaml:8:28: no peer 'bd' here: there are db, server, web")
    expected.append("one.yaml:11:14: 'web' is 2 peers, and one is expected here")
    expected.append("one.yaml:12:5: no peer 'nothing' here: there are db, server, web")
    assert mistakes(path) == expected

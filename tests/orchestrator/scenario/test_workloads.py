"""Workloads: what is drawn for each model, and what a file may say. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator import scenario
from orchestrator.errors import DocumentError
from orchestrator.profile import ConsoleOperation
from orchestrator.scenario.calls import CallStep
from orchestrator.scenario.workloads import Generator, Workload
from tests.orchestrator.support import PROGRAMS

PEERS = ["alice", "bob"]
STORE = PROGRAMS / "store/profile.yaml"


def workload(model: str, **more: Any) -> Workload:
    return Workload.model_validate({"model": model, "at": "all", "for": 5.0, "seed": 3, **more})


def operations(*means: str, **takes: str) -> dict[str, ConsoleOperation]:
    return {
        f"do-{one}": ConsoleOperation.model_validate({"send": one, "means": one, "takes": takes})
        for one in means
    }


def draw(
    which: Workload, known: dict[str, ConsoleOperation], count: int, peer: str = "alice"
) -> list[CallStep]:
    generator = Generator(which, PEERS, peer, known)
    return [generator.draw() for _ in range(count)]


def test_the_same_seed_and_peer_draw_the_same() -> None:
    known = operations("read", "write", "cas", key="text", value="integer")
    first, again = (draw(workload("register", keys=3), known, 50) for _ in range(2))
    assert first == again
    assert first != draw(workload("register", keys=3, seed=4), known, 50)
    assert {call.name for call in first} == {"do-read", "do-write", "do-cas"}
    assert {call.arguments["key"] for call in first} == {"k0", "k1", "k2"}


def test_no_value_is_drawn_twice_by_any_peer() -> None:
    known = operations("add", value="text")
    drawn = [call for peer in PEERS for call in draw(workload("set"), known, 100, peer)]
    assert len({call.arguments["value"] for call in drawn}) == 200


def test_no_value_is_drawn_in_two_workloads_of_a_run() -> None:
    known = operations("add", value="integer")
    drawn = []
    for before in range(3):
        generator = Generator(workload("set"), PEERS, "alice", known, before)
        drawn += [generator.draw().arguments["value"] for _ in range(100)]
    assert len({*drawn}) == 300


def test_a_compare_and_set_expects_what_was_read() -> None:
    read = {"do-read": operations("read", key="text")["do-read"]}
    cas = operations("cas", key="text", old="integer", new="integer")
    generator = Generator(workload("register"), PEERS, "alice", read | cas)
    call = next(it for it in iter(generator.draw, None) if it.name == "do-read")
    generator.learn(call, "ok", {"value": 42})
    swap = next(it for it in iter(generator.draw, None) if it.name == "do-cas")
    assert swap.arguments["old"] == 42
    assert swap.arguments["new"] != 42


def test_a_lock_is_released_before_the_next_is_acquired() -> None:
    generator = Generator(workload("mutex"), PEERS, "bob", operations("acquire", "release"))
    names = []
    for outcome in ("fail", "ok", "ok", "info", "ok"):
        names.append((call := generator.draw()).name)
        generator.learn(call, outcome, {})
    assert names == ["do-acquire", "do-acquire", "do-release", "do-acquire", "do-release"]


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ("model: register, rate: 20, for: 5", "6:33",
         "a rate is operations a second, such as 20/s, not the number 20"),
        ("model: register, rate: 0/s, for: 5", "6:33", "a rate is operations a second"),
        ("model: set, for: 5", "6:16",
         "no operation of the profile 'store' `means: add`, which this model needs"),
        ("model: mutex, for: 5, at: [bob]", "6:16", "no operation of the profile"),
        ("model: registr, for: 5", "6:16", "no such word 'registr': one of register, "),
        ("model: register", "6:5", "key 'for' is missing"),
        ("model: register, for: 5, at: carol", "6:41", "no peer 'carol' here"),
    ],
)  # fmt: skip
def test_a_mistake_and_its_place(tmp_path: Path, given: str, where: str, what: str) -> None:
    path = tmp_path / "one.yaml"
    head = f"name: one\nwhy: w\nprofile: {STORE}\npeers: [alice, bob]\nsteps:\n"
    path.write_text(f"{head}  - workload: {{{given}}}\n")
    with pytest.raises(DocumentError) as error:
        scenario.load(path)
    lines = str(error.value).splitlines()
    assert lines[0].startswith(f"{path}:{where}: {what}"), lines

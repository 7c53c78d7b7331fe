"""Workloads: what is drawn for each model, and what a file may say. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile, scenario
from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.history.entries import History
from orchestrator.profile import ConsoleOperation
from orchestrator.scenario.calls import CallStep
from orchestrator.scenario.validation import missing
from orchestrator.scenario.workloads import Generator, Replay, Workload
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
        ("model: register, for: 1, number: 2", "6:41", "unknown key 'number': one of model, at,"),
        ("model: register, for: 5, at: carol", "6:41", "no peer 'carol' here"),
    ],
)  # fmt: skip
def test_a_mistake_and_its_place(tmp_path: Path, given: str, where: str, what: str) -> None:
    assert mistake(tmp_path, given).startswith(f"{where}: {what}")


def mistake(folder: Path, given: str) -> str:
    """Return the first mistake of a scenario with one workload, from its line on."""
    path = write(folder, given)
    with pytest.raises(DocumentError) as error:
        scenario.load(path)
    return str(error.value).splitlines()[0].removeprefix(f"{path}:")


def write(folder: Path, given: str) -> Path:
    path = folder / "one.yaml"
    head = f"name: one\nwhy: w\nprofile: {STORE}\npeers: [alice, bob]\nsteps:\n"
    path.write_text(f"{head}  - workload: {{{given}}}\n")
    return path


def keep(folder: Path, **arguments: object) -> History:
    """Keep a run with a workload in which bob wrote."""
    run = runs.make(folder / "runs", "old", "name: old\n")
    history = History(run / runs.HISTORY)
    history.lab("workload", number=1, peers=["alice", "bob"])
    given = {"key": "k0", "value": 3, **arguments}
    history.complete(history.invoke("bob", "put", arguments=given, workload=1), "ok")
    return history


def test_a_replay_has_what_was_done(tmp_path: Path) -> None:
    keep(tmp_path).close()
    for where in ("runs/old", "runs/old/latest, at: [bob, alice]", f"{tmp_path}/runs/old"):
        (step,) = scenario.load(write(tmp_path, f"replay: {where}")).steps
        assert isinstance(step.workload, Replay)
        (call,) = step.workload.calls
        assert (call.peer, call.name, call.arguments) == ("bob", "put", {"key": "k0", "value": 3})
        assert 0 <= call.after < 1


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ("replay: runs/odl", "6:16", "runs/odl: no run is kept there"),
        ("replay: 3", "6:16", "the folder of a kept run is expected here, not the number 3"),
        ("replay: runs/old, number: 2", "6:16", "{old}: there is no workload 2: this run had 1"),
        ("replay: runs/old, number: 0", "6:34", "must be at least 1, not 0"),
        ("replay: runs/old, seed: 3", "6:34", "unknown key 'seed': one of at, number, replay"),
        ("replay: runs/old, at: bob", "6:16",
         "this workload was at alice, bob, not at bob: write `at: [alice, bob]`"),
        ("replay: runs/old, at: [alice, carol]", "6:46", "no peer 'carol' here"),
    ],
)  # fmt: skip
def test_a_mistake_of_a_replay(tmp_path: Path, given: str, where: str, what: str) -> None:
    keep(tmp_path).close()
    old = (tmp_path / "runs/old/latest").resolve()
    assert mistake(tmp_path, given).startswith(f"{where}: {what.replace('{old}', str(old))}")


def test_what_a_profile_lacks_for_a_replay(tmp_path: Path) -> None:
    keep(tmp_path).close()
    found = scenario.load(write(tmp_path, "replay: runs/old"))
    chat = profile.load("peerlab")
    assert missing(found, chat) == missing(found, chat, ["bob"]) == ["put"]
    assert missing(found, chat, ["alice"]) == []


def test_a_replay_of_what_cannot_be_done_any_more(tmp_path: Path) -> None:
    history = keep(tmp_path)
    history.invoke("alice", "gte", workload=1)
    history.close()
    assert mistake(tmp_path, "replay: runs/old") == (
        "6:16: the profile 'store' has no operation 'gte', which alice did in that run;"
        " did you mean 'get'?"
    )
    keep(tmp_path, value="three").close()
    assert "what bob did in that run does not fit: a whole num" in mistake(
        tmp_path, "replay: runs/old"
    )
    keep(tmp_path, key="x\nput y").close()
    assert r"what bob did in that run does not fit: '\n' cannot be typed" in mistake(
        tmp_path, "replay: runs/old"
    )
    keep(tmp_path, more="x").close()
    assert mistake(tmp_path, "replay: runs/old").endswith(
        "put has no argument 'more': it takes key, value"
    )

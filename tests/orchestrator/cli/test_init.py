"""`peerlab init`."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator.cli import init
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.start_commands import command_of, start_commands
from orchestrator.scenario.validation import Validator
from tests.orchestrator.cli.support import peerlab
from tests.orchestrator.support import ROOT

STARTER = ROOT / "starter"
FILES = [
    "chat/chat.py", "profiles/chat.yaml", "scenarios/hello.yaml", "test_chat.py",
    ".github/workflows/peers.yaml",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def test_the_files_are_those_of_the_page_on_pytest() -> None:
    page = (ROOT / "docs/pytest.md").read_text()
    shown = re.findall(r"`([\w./-]+\.(?:py|yaml))`[^\n]*:\n\n```\w+\n(.*?)```", page, re.DOTALL)
    assert {name: text for name, text in shown if name in FILES} == contents(STARTER)
    assert sorted(FILES) == sorted(contents(STARTER))


def test_an_empty_folder(folder: Path) -> None:
    done = peerlab("init")
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(folder) == {**contents(STARTER), ".gitignore": "runs/\n"}
    *wrote, then, run, test, _ = done.stdout.splitlines()
    assert wrote == [f"wrote {name}" for name in FILES]
    assert then == "next:"
    assert run.startswith("  peerlab run scenarios/  ")
    assert test.split() == ["pytest", "the", "same", "as", "a", "test"]


def test_another_folder(folder: Path) -> None:
    assert "\nnext:\n  cd new/place\n" in peerlab("init", "new/place").stdout
    assert (folder / "new/place/scenarios/hello.yaml").exists()
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_its_scenario_is_valid_as_it_is(folder: Path) -> None:
    peerlab("init")
    assert "greeting: valid" in peerlab("run", "scenarios/", "--engine", "process").stdout
    assert (folder / "runs/.peerlab-output").exists()  # no program's folder takes it along


def test_nothing_is_overwritten(folder: Path) -> None:
    (folder / "profiles").mkdir()
    (folder / "profiles/chat.yaml").write_text("mine")
    (folder / ".gitignore").write_text("*.log\n")
    said = peerlab("init").stdout
    assert "exists, left as it is: profiles/chat.yaml\n" in said
    assert "wrote scenarios/hello.yaml\n" in said
    before = contents(folder)
    assert before["profiles/chat.yaml"] == "mine"
    assert before[".gitignore"] == "*.log\n"
    assert "wrote" not in peerlab("init").stdout
    assert contents(folder) == before


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / "chat").write_text("a file")
    done = peerlab("init")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: chat/chat.py: cannot be written: File exists\n"


def test_the_file_for_ci_runs_commands_that_exist() -> None:
    jobs = YAML(typ="safe").load(STARTER / ".github/workflows/peers.yaml")["jobs"]
    runs = [step["run"] for step in jobs["peers"]["steps"] if "run" in step]
    install, image, test = runs
    assert install.split()[:3] == ["pip", "install", "peerlab"]
    assert peerlab(*image.split()[1:], "-h").returncode == 0
    assert test.split()[0] == "pytest"


LEARNED: dict[str, Any] = {
    "name": "?", "summary": "?", "port": 5000,
    "start": {"command": ["{python}", "talk.py", "{port}"], "folder": "."},
    "ready": "", "sync": "list", "console": {"echo": False}, "vocabulary": "chat",
    "operations": {
        "connect": {"send": "connect {address} {port}", "ok": r"^ok (?P<id>\d+)$"},
        "list": {"send": "list", "ok": "^done$", "row": r"^(?P<id>\d+) (?P<address>\S+)$"},
        "send": {"send": "send {id} {text}", "ok": "^sent$"},
    },
    "notices": {"message": r"^from (?P<id>\d+): (?P<text>.*)$"},
}  # fmt: skip


@pytest.fixture
def learned_draft() -> Draft:
    return Draft({**LEARNED, "operations": {**LEARNED["operations"]}})


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch, learned_draft: Draft) -> dict[str, Any]:
    """Return what is learned of a program, to be changed: to learn it takes half a minute."""
    draft = learned_draft

    def discover(_place: object, _home: Path, tried: list[Any], *_: object, **__: object) -> Draft:
        draft.data["start"]["command"] = list(tried[0].words)
        return draft

    monkeypatch.setattr(init, "discover", discover)
    monkeypatch.setattr(init, "choose", lambda *_: contextlib.nullcontext())
    return draft.data


SOURCE = "import socket, sys\nlistener = socket.create_server(('', int(sys.argv[1])))\n"


@pytest.mark.parametrize("where", ["talk.py", ".", "src/talk.py", "src"])
def test_a_program(folder: Path, learned: dict[str, Any], where: str) -> None:
    file = folder / (where if where.endswith(".py") else f"{where}/talk.py")
    file.parent.mkdir(exist_ok=True)
    file.write_text(SOURCE)
    done = peerlab("init", "--program", where)
    assert (done.returncode, done.stderr) == (0, "")
    assert learned["start"]["command"] == ["{python}", "talk.py", "{port}"]
    (profile,) = (folder / "profiles").iterdir()
    assert (profile.parent / learned["start"]["folder"]).resolve() == file.parent
    assert not Path(learned["start"]["folder"]).is_absolute()
    validator = Validator()
    validator.check_files([folder / "scenarios/hello.yaml"])
    assert validator.mistakes == []
    assert len(validator.scenarios[folder / "scenarios/hello.yaml"].steps) == 3
    assert (folder / ".github/workflows/peers.yaml").exists()


@pytest.mark.parametrize(("less", "steps"), [("message", 2), ("list", 1), ("send", 1)])
def test_a_program_that_can_do_less(
    folder: Path, learned: dict[str, Any], less: str, steps: int
) -> None:
    (folder / "talk.py").write_text(SOURCE)
    learned["notices"] = {} if less == "message" else LEARNED["notices"]
    learned["operations"].pop(less, None)
    assert peerlab("init", "--program", "talk.py").returncode == 0
    assert (folder / "scenarios/hello.yaml").read_text().count("\n  - ") == steps


def test_a_program_that_is_no_chat(folder: Path, learned: dict[str, Any]) -> None:
    (folder / "talk.py").write_text(SOURCE)
    del learned["operations"]["connect"]
    done = peerlab("init", "--program", "talk.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: talk is no chat that the lab understands: no command connected two of them\n"
        "hint: `peerlab docs own-program` shows how to describe a program of another kind\n"
    )
    assert [path.name for path in folder.iterdir()] == ["talk.py"]


def test_a_program_with_a_profile_is_not_learned_again(folder: Path) -> None:
    (folder / "talk.py").write_text(SOURCE)
    (folder / "profiles").mkdir()
    (folder / "profiles/talk.yaml").write_text("mine")
    assert "error: profiles/talk.yaml exists" in peerlab("init", "--program", "talk.py").stderr
    assert "no such file" in peerlab("init", "--program", "walk.py").stderr


def test_the_file_that_is_named_is_started(tmp_path: Path) -> None:
    for name in ("alone.py", "talk.py"):
        (tmp_path / name).write_text(SOURCE)
    (tmp_path / "probe.c").write_text("int main(void) { return 0; }\n")
    for name, words in {
        "talk.py": ("{python}", "talk.py"), "probe.c": ("./probe",), "script": ("sh", "script")
    }.items():  # fmt: skip
        (tmp_path / "script").write_text("#!/bin/sh\n")
        found = start_commands(tmp_path, command_of(tmp_path, name))
        assert found[0].words[: len(words)] == words


STORED: dict[str, Any] = {
    "probe": {"send": "qwxz", "ok": "^what"},
    "del": {"takes": {"key": "text"}, "send": "del {key}", "ok": "^gone$"},
    "put": {"takes": {"key": "text", "value": "text"}, "send": "put {key} {value}",
            "ok": "^stored$", "means": "write"},
    "get": {"takes": {"key": "text"}, "send": "get {key}", "ok": "^(?P<value>.+)$",
            "means": "read"},
    "copy": {"takes": {"key": "text", "host": "text", "port": "integer"},
             "send": "copy {key} {host} {port}", "ok": "^copied$"},
    "bye": {"send": "bye", "means": "exit"},
}  # fmt: skip

QUEUED: dict[str, Any] = {
    "probe": {"send": "qwxz", "ok": "^what"},
    "done": {"takes": {"id": "text"}, "send": "done {id}", "ok": "^finished$"},
    "submit": {"takes": {"payload": "text"}, "send": "submit {payload}",
               "ok": r"^job (?P<id>\w+)$"},
    "lost": {"send": "lost"},
    "size": {"send": "size", "ok": r"^(?P<number>\d+)$"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("operations", "peers", "steps"),
    [
        (STORED, "[alice, bob]", [
            "put: {at: alice, key: k1, value: v2}",
            "get: {at: alice, key: k1, expect: {value: v2}}",
            'copy: {at: alice, key: k1, host: "{bob.address}", port: "{bob.port}"}',
            "del: {at: alice, key: k1}",
        ]),
        (QUEUED, "[alice]", [
            "submit: {at: alice, payload: p1, save: {id: id}}",
            "size: alice",
            'done: {at: alice, id: "{id}"}',
        ]),
    ],
)  # fmt: skip
def test_a_program_of_another_kind(
    folder: Path,
    learned: dict[str, Any],
    learned_draft: Draft,
    operations: dict[str, Any],
    peers: str,
    steps: list[str],
) -> None:
    (folder / "talk.py").write_text(SOURCE)
    del learned["vocabulary"], learned["notices"]
    learned |= {"sync": "probe", "operations": operations}
    learned_draft.taken = {"id"}
    done = peerlab("init", "--program", "talk.py")
    assert (done.returncode, done.stderr) == (0, "")
    text = (folder / "scenarios/hello.yaml").read_text()
    assert f"peers: {peers}\n" in text
    assert text.partition("steps:\n")[2] == "".join(f"  - {it}\n" for it in steps)
    validator = Validator()
    validator.check_files([folder / "scenarios/hello.yaml"])
    assert validator.mistakes == []


def test_a_program_none_of_whose_commands_works(folder: Path, learned: dict[str, Any]) -> None:
    (folder / "talk.py").write_text(SOURCE)
    del learned["vocabulary"]
    learned |= {"sync": "probe", "operations": {"probe": STORED["probe"], "lost": QUEUED["lost"]}}
    done = peerlab("init", "--program", "talk.py")
    assert done.returncode == 2
    assert "talk: none of its commands was ever seen to succeed\n" in done.stderr
    assert "--usage 'put <key> <value>'" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["talk.py"]

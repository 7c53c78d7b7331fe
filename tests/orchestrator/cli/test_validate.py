"""`peerlab validate` and `peerlab schema`: scenario files, without running them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from orchestrator import scenario
from orchestrator.errors import DocumentError
from orchestrator.scenario import schema
from orchestrator.scenario.validation import Validator
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab
from tests.orchestrator.support import PROGRAMS, ROOT

SCENARIOS = sorted((ROOT / "scenarios").glob("**/*.y*ml"))
HEAD = "name: {name}\nwhy: w\npeers: [alice, bob]\n"

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a scenario and return its path."""

    def one(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        return str(path)

    return one


def test_the_shipped_scenarios_are_right() -> None:
    done = peerlab("validate", str(ROOT / "scenarios"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(SCENARIOS)} files are right\n"


def test_every_mistake_of_every_file(write: Write, tmp_path: Path) -> None:
    write("b/one.yaml", HEAD.format(name="one") + "steps:\n  - exit: carol\n  - exti: bob\n")
    write("a/two.yml", "- x\n")
    write("a/.hidden/three.yaml", "no")
    write("a/notes.txt", "no")
    right = write("right.yaml", SHORT)
    done = peerlab("validate", str(tmp_path), right)
    assert done.returncode == 2
    assert done.stdout == "1 of 3 files are right\n"
    two, one, other = done.stderr.splitlines()
    assert two.startswith(f"{tmp_path}/a/two.yml:1:1: a mapping is expected here, not a list")
    assert one == f"{tmp_path}/b/one.yaml:5:5: no peer 'carol' here: there are alice, bob"
    assert other == f"{tmp_path}/b/one.yaml:6:5: unknown key 'exti'; did you mean 'exit'?"


def test_one_file_that_is_right(write: Write) -> None:
    done = peerlab("validate", write("a.yaml", SHORT))
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file is right\n", "")


def test_a_profile_is_no_scenario(write: Write) -> None:
    profile = write("chat.yaml", (ROOT / "starter/profiles/chat.yaml").read_text())
    done = peerlab("validate", profile, write("a.yaml", SHORT))
    assert (done.returncode, done.stdout) == (2, "1 of 2 files are right\n")
    assert done.stderr == (
        f"{profile}:1:1: a profile, not a scenario: name the scenarios that use it\n"
    )


def test_a_folder_may_hold_more_than_scenarios(write: Write, tmp_path: Path) -> None:
    write("chat.yaml", (ROOT / "starter/profiles/chat.yaml").read_text())
    write("stack/desk.yaml", (ROOT / "examples/compose/desk.yaml").read_text())
    write("stack/other.yml", "services:\n  one: {image: x}\n")
    write("findings.yaml", "failed: {echo: [delivery]}\n")
    write("scenarios/a.yaml", SHORT)
    done = peerlab("validate", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file is right\n", "")
    wrong = {
        "neither.yaml": "failed: {echo: [delivery]}\n",
        "no-mapping.yaml": "- services\n",
        "one-key.yaml": "sync: list\n",  # a profile has more, a scenario may have a slip
        "stops.yaml": "services: {",
        "both.yaml": "services: {}\nsteps: []\n",
    }
    for name, text in wrong.items():
        write(name, text)
    done = peerlab("validate", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, f"1 of {1 + len(wrong)} files are right\n")
    assert {Path(line.partition(":")[0]).name for line in done.stderr.splitlines()} == {*wrong}


def test_a_folder_without_a_scenario(write: Write, tmp_path: Path) -> None:
    write("chat.yaml", (ROOT / "starter/profiles/chat.yaml").read_text())
    done = peerlab("run", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no scenario in this folder" in done.stderr


def test_a_name_that_is_taken(write: Write) -> None:
    first, second = write("a.yaml", SHORT), write("b.yaml", SHORT)
    done = peerlab("validate", first, second, first)
    assert done.returncode == 2
    assert done.stderr == (
        f"{second}:2:1: the scenario in {first} is called 'short' too: rename one\n"
    )


def test_profiles_are_looked_at_too(write: Write, tmp_path: Path) -> None:
    profile = (PROGRAMS / "profile.yaml").read_text()
    write("poor.yaml", profile)
    write("wrong.yaml", profile.replace("sync:", "snyc:"))
    body = "steps:\n  - repeat: {times: 2, steps: [{terminate: {at: bob, to: alice}}]}\n"
    body += "  - expect: {at: bob, from: alice, undelivered: true}\n"
    for name in ("nobody", "poor.yaml", "wrong.yaml", "gone.yaml", "pearlab"):
        text = HEAD.format(name=name.partition(".")[0]) + f"profile: {name}\n{body}"
        write(f"of-{name.partition('.')[0]}.yml", text)
    files = [str(path) for path in sorted(tmp_path.glob("of-*"))]
    done = peerlab("validate", *files)
    said = done.stderr.replace(f"{tmp_path}/", "").splitlines()
    assert done.returncode == 2
    assert "of-gone.yml:4:1: there is no file gone.yaml" in said
    assert "of-nobody.yml:4:1: no profile 'nobody' here: there are knocks, log, peerlab" in said
    assert "of-pearlab.yml:4:1: no profile 'pearlab' here; did you mean 'peerlab'?" in said
    assert any(line.startswith("of-poor.yml:6:33: this needs the operation ") for line in said), (
        said
    )
    assert any("of-poor.yml:7:36: the profile" in line and "notice" in line for line in said)
    assert "wrong.yaml:" in done.stderr


def test_keys_that_edit_a_line_take_a_literal_key(write: Write) -> None:
    write("plain.yaml", (PROGRAMS / "profile.yaml").read_text())
    steps = "steps:\n" + "".join(
        f'  - type: {{at: alice, line: "a\\x{code:02x}b"}}\n'
        for code in (4, 18, 21, 22, 23, 127, 16)
    )
    steps += '  - connect: {at: alice, address: "1.2\\x153", port: "5\\x7f0"}\n'
    steps += '  - terminate: {at: alice, id: "1\\x04"}\n'
    steps += '  - expect: {at: alice, line: "a pattern\\x15"}\n'
    verbs = "".join(
        f"  {verb}: {{send: '{{line}}'}}\n" for verb in ("raw", "connect", "terminate", "list")
    )
    profile = (PROGRAMS / "profile.yaml").read_text().replace("verbs:", f"verbs:\n{verbs}")
    write("plain.yaml", profile)
    head = "why: w\npeers: [alice]\nprofile: plain.yaml\n"
    said = peerlab("validate", write("edits.yaml", f"name: edits\n{head}{steps}")).stderr
    assert [line.split(":")[1] for line in said.splitlines() if "edits the line" in line] == [
        *map(str, [*range(6, 12), 13, 13, 14])
    ]
    write("plain.yaml", profile.replace("echo: false", 'echo: false, literal_key: "\\x16"'))
    assert peerlab("validate", write("edits.yaml", f"name: edits\n{head}{steps}")).returncode == 0


def test_profiles_name_peers_that_are_there(write: Write) -> None:
    text = (PROGRAMS / "served/log.yaml").read_text().replace("folder: .", "")
    path = write("told.yaml", text.replace('"{port}"', '"{port}", "{bob.port}", "{dan.address}"'))
    one = write("one.yaml", f"{HEAD.format(name='one')}profile: {path}\nsteps: [kill: alice]\n")
    done = peerlab("validate", one)
    says = "the profile 'served without a console' speaks of the peer 'dan', which is not here"
    assert done.stderr.splitlines()[0].endswith(f"one.yaml:4:1: {says}")


def test_nothing_is_typed_where_there_is_no_console(write: Write) -> None:
    name = PROGRAMS / "served/log.yaml"
    steps = """\
  - kill: alice
  - start: alice
  - expect: {at: alice, line: serving}
  - repeat: {times: 2, steps: [{type: {at: alice, line: get x}}]}
  - get: {at: bob, key: x}
"""
    path = write("one.yaml", f"{HEAD.format(name='one')}profile: {name}\nsteps:\n{steps}")
    done = peerlab("validate", path)
    says = (
        "there is nothing to type at: the profile 'served without a console' says `console: none`"
    )
    says += "; a client, as in `console: {exec: [client]}`, would be one"
    found = [line for line in done.stderr.splitlines() if line.startswith(path)]
    assert found == [f"{path}:9:33: {says}", f"{path}:10:5: {says}"]


@pytest.mark.parametrize("command", [["validate"], ["run", "--engine", "process"]])
def test_a_file_that_can_be_read_only_once(tmp_path: Path, command: list[str]) -> None:
    os.mkfifo(tmp_path / "fifo")
    read, write = os.pipe()
    for name in (str(tmp_path / "fifo"), f"/dev/fd/{read}"):  # the shell's <(…) is the second
        done = peerlab(*command, name)
        assert done.returncode == 2
        (said,) = done.stderr.splitlines()
        assert ": not a regular file: save it as one" in said
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("name", ["none", "none/at/all.yaml"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    done = peerlab("validate", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error == f"error: {tmp_path / name}: there is no such file or folder"
    assert hint.startswith("hint: name scenario files")


@pytest.mark.parametrize("command", ["validate", "run", "check"])
def test_a_name_that_no_file_can_have(command: str) -> None:
    done = peerlab(command, "x" * 300)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {'x' * 300}: cannot be read: File name too long\n"


def test_a_folder_without_scenarios(tmp_path: Path) -> None:
    done = peerlab("validate", str(tmp_path))
    assert done.returncode == 2
    assert f"error: {tmp_path}: there is no scenario in this folder\nhint: " in done.stderr


def test_hostile_files_reach_no_terminal(write: Write) -> None:
    path = write("a.yaml", HEAD.format(name="x") + 'steps:\n  - "\\e[31m[bold]\\a": 1\n')
    done = peerlab("validate", path)
    assert not set("\x1b\x07") & set(done.stdout + done.stderr)
    assert "[bold]" in done.stderr


# The schema


VALIDATOR = jsonschema.Draft202012Validator(schema())


def is_right(text: str) -> bool:
    """Return whether a scenario conforms to the published schema."""
    return VALIDATOR.is_valid(YAML(typ="safe").load(text))


def test_the_published_schema_is_the_models() -> None:
    done = peerlab("schema")
    assert done.returncode == 0
    published = json.loads((ROOT / "docs/scenario.schema.json").read_text())
    assert json.loads(done.stdout) == schema() == published, "peerlab schema > docs/…"
    jsonschema.Draft202012Validator.check_schema(published)


def test_the_schema_says_what_keys_are_for_and_knows_no_null() -> None:
    made = schema()
    assert made["title"] == "A scenario of Peerlab"
    undescribed = [key for key, value in made["properties"].items() if "description" not in value]
    for name, definition in made["$defs"].items():
        properties: dict[str, Any] = definition["properties"]
        undescribed += [f"{name}.{k}" for k, v in properties.items() if "description" not in v]
    assert undescribed == []
    assert '"null"' not in json.dumps(made)


def test_shipped_scenarios_keep_to_the_schema_and_name_it() -> None:
    head = "# yaml-language-server: $schema=../docs/scenario.schema.json\n"
    texts = {path: path.read_text() for path in SCENARIOS}
    assert [path for path, text in texts.items() if not is_right(text)] == []
    assert [path for path, text in texts.items() if not text.startswith(head)] == []


WRONG = [
        "[]", "name: x", SHORT + "step: []", SHORT.replace("[alice, bob]", "0"),
        SHORT.replace("[alice, bob]", "[Alice]"), SHORT.replace("[alice, bob]", "[a, a]"),
        SHORT + "  - exti: bob", SHORT + "  - {exit: bob, list: bob}", SHORT + "  - {}",
        SHORT + "  - connect: {at: bob}", SHORT + "  - exit: {at: bob, status: '0'}",
        SHORT + "  - expect: {at: bob}", SHORT + "  - expect: {at: bob, delivered: true}",
        SHORT + "  - expect: {at: bob, from: alice, closed: true, message: x}",
        SHORT + "  - expect: {at: bob, from: alice, closed: false}",
        SHORT + "  - send: {at: bob, to: alice, text: x, times: 0}",
        SHORT + "  - send: {at: bob, to: alice, text: 5}",
        SHORT + "  - parallel: [[exit: bob]]", SHORT + "  - repeat: {times: 2, steps: []}",
        SHORT + "connections: rnig", SHORT + "connections: [[alice]]",
        SHORT + "limits: {ready: -1}", SHORT + "engine: doker", SHORT + "ends: {bob: gone}",
]  # fmt: skip


def test_wrong_documents_do_not_keep_to_the_schema(write: Write) -> None:
    assert is_right(SHORT)
    assert [wrong for wrong in WRONG if is_right(wrong)] == []
    for wrong in WRONG:
        with pytest.raises(DocumentError):
            scenario.load(Path(write("a.yaml", wrong)))


def test_mistakes_come_in_the_order_of_the_file(write: Write) -> None:
    text = SHORT.replace("peers:", "profile: no-such\npeers:").replace("to: bob", "to: bobb")
    path = Path(write("short.yaml", text))
    validator = Validator()
    validator.check_files([path])
    places = [line.removeprefix(f"{path}:").split(":")[0] for line in validator.mistakes]
    assert places == ["4", "7", "8"]

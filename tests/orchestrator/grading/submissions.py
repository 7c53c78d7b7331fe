"""Programs to grade, right ones and disasters, and a small rubric with quick scenarios."""

from __future__ import annotations

import copy
from pathlib import Path

from orchestrator import document, profile
from tests.orchestrator.support import ROOT, bring_peer

WRONG = ROOT / "tests/wrong/peers"
HEAD = """name: {name}
why: What {name} is for.
peers: [alice, bob]
connections: line
limits: {{settle: 0.3, expect: 0.5}}
steps:
"""
SENDS = "  - send: {{at: alice, to: bob, text: {text}}}\n"
STEPS = {
    "hello": SENDS.format(text="hello"),
    "blanks": SENDS.format(text="'two  between'"),
    "reconnect": "  - terminate: {at: alice, to: bob}\n  - connect: {at: bob, to: alice}\n",
    "cut-off": "  - partition: {groups: [[alice], [bob]], for: 0.1}\n",
}
LINES = {
    "hello": "points: 5, required: true, checks: [expectations, delivery]",
    "blanks": "points: 3, checks: [changes]",
    "reconnect": "points: 2, extra: true, checks: [expectations, ids]",
    "cut-off": "points: 1",
}

_SHIPPED = profile.load("peerlab").model_dump(exclude_none=True)

DIES = "import sys\nprint('no such luck', flush=True)\nsys.exit(3)\n"
MUTE = "import time\ntime.sleep(60)\n"
STRANGE = "import time\nprint('<script>alert(1)</script>', flush=True)\ntime.sleep(60)\n"


def rubric(folder: Path, *tests: str) -> Path:
    """Write a rubric and its scenarios, by default three of them."""
    names = tests or ("hello", "blanks", "reconnect")
    for name in names:
        text = HEAD.format(name=name) + STEPS[name]
        (folder / f"{name}.yaml").write_text(text)
    rows = [f"  - {{test: {name}, {LINES[name]}}}\n" for name in names]
    path = folder / "rubric.yaml"
    path.write_text("title: Three tests\nwhy: A test.\ntests:\n" + "".join(rows))
    return path


def right(home: Path, name: str, *, without: str = "", lacks: bool = False) -> Path:
    """Write the profile of our own peer under a name; return its folder.

    Args:
        home: where the folder is made.
        name: of program and folder.
        without: a verb that is left out.
        lacks: whether the profile says so.
    """
    shipped = copy.deepcopy(_SHIPPED)
    shipped["operations"].pop(without, None)
    if lacks:
        shipped["lacks"] = {without: "not required"}
    return _written(home, name, shipped)


def squeezing(home: Path, name: str, *, packed: bool = False) -> Path:
    """Write a peer that collapses blanks; `packed` as in `variant`."""
    return variant(home, name, (WRONG / "squeezes.py").read_text(), packed=packed)


def variant(home: Path, name: str, code: str, *, packed: bool = False) -> Path:
    """Write a program with the console of our own peer, as far as it has one.

    Args:
        home: where its folder is made.
        name: of program and folder.
        code: the program, which may import our peer.
        packed: whether the folder has a copy of our peer, as containers need it. Each process
            would compile that again: programs run in fresh copies of their folders.
    """
    shipped = copy.deepcopy(_SHIPPED)
    arguments = shipped["start"]["process"][3:]
    shipped["start"] |= {
        "folder": ".",
        "process": ["{python}", "{folder}/chat.py", *arguments],
        "container": ["python3", "{folder}/chat.py", "{port}"],
    }
    folder = _written(home, name, shipped)
    (folder / "chat.py").write_text(code)
    if packed:
        bring_peer(folder)
    return folder


def disaster(home: Path, name: str, code: str) -> Path:
    """Write a program that never gets ready; the lab does not wait long for it."""
    folder = variant(home, name, code)
    path = folder / "profile.yaml"
    path.write_text(path.read_text() + "ready_within: 1.5\n")
    return folder


def _written(home: Path, name: str, data: dict[str, object]) -> Path:
    folder = home / name
    folder.mkdir(parents=True)
    data |= {"name": name}
    data.pop("ready_within", None)
    (folder / "profile.yaml").write_text(document.to_yaml(data))
    return folder

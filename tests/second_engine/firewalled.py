"""An engine whose machine drops what containers send each other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.second_engine.engine import NAMESPACE, SecondEngine, call
from tests.second_engine.exhausted import refusal
from tests.second_engine.ways import PEERLAB, ROOT

_WANTED = ("the lab's own network carries nothing", "no program was judged", "iptables -S FORWARD")
_TABLE = ("bridge", "peerlab_trial")
_CHAIN = "{ type filter hook forward priority 0; policy drop; }"
_WALLS = {
    "nft": (
        [["nft", "add", "table", *_TABLE], ["nft", "add", "chain", *_TABLE, "forward", _CHAIN]],
        ["nft", "delete", "table", *_TABLE],
    ),
    "iptables": (
        [["iptables", "-I", "DOCKER-USER", "-j", "DROP"]],
        ["iptables", "-D", "DOCKER-USER", "-j", "DROP"],
    ),
}
KINDS = tuple(_WALLS)
_HELLO = str(ROOT / "scenarios/hello.yaml")
_PROGRAM = str(ROOT / "examples/peers/by-the-book")


def _inside(*words: str) -> None:
    call("nsenter", f"--net=/run/netns/{NAMESPACE}", *words)


@contextlib.contextmanager
def _firewall(kind: str) -> Iterator[None]:
    """Have the engine's namespace, and no other, drop all that its bridges forward."""
    commands, undo = _WALLS[kind]
    for words in commands:
        _inside(*words)
    try:
        yield
    finally:
        _inside(*undo)


def nothing_passes(engine: SecondEngine, folder: Path, kind: str) -> tuple[str, str]:
    """Run, grade and pair behind a firewall; return what was wrong, and what was said."""
    out = folder / f"walled-by-{kind}"
    commands = [
        ["run", _HELLO, "--runs", str(out / "runs")],
        ["grade", _PROGRAM, "--output", str(out / "grades")],
        ["interop", _PROGRAM, "--output", str(out / "pairs")],
    ]
    with _firewall(kind):
        for words in commands:
            status, said = refusal([PEERLAB, *words, "--engine", "docker"], engine)
            if wrong := _wrong(status, said) or engine.docker("ps", "-aq"):
                return f"{words[0]}: {wrong}", said
    status, said_then = refusal([PEERLAB, *commands[0], "--engine", "docker"], engine)
    return "" if status == 0 else f"without it, it fails: {said_then}", said


def _wrong(status: int, said: str) -> str:
    if status != 2:
        return f"status {status}"
    if "Traceback" in said or "✗" in said:
        return "a traceback, or a program is blamed"
    text = " ".join(said.split())
    return next((f"{words!r} is missing" for words in _WANTED if words not in text), "")

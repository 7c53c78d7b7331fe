"""`python -m tests.killed --runs 100`: commands of two checkouts, most ended at any moment.

Each command gets SIGKILL, SIGTERM, SIGINT, SIGQUIT or SIGHUP at a random moment of its usual time,
or none. After a SIGKILL and one more command the mesh must be as it was, or as it was asked for.
Then one last run and one last `down` in each checkout. Exit status 0 only if they leave nothing of
the lab, temporary files included, and everything else as it was before; 2 if the lab itself failed.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from orchestrator import command
from orchestrator.engines.docker.mesh_changes import MESH
from orchestrator.engines.docker.mesh_peers import MeshId
from tests import trials
from tests.checkouts import Checkout
from tests.killed.machine import Machine, changed
from tests.orchestrator.support import ROOT

_HELLO = str(ROOT / "scenarios/hello.yaml")
_FAULTS = str(Path(__file__).with_name("faults.yaml"))
_KEPT = str(ROOT / "tests/programs/notes/kept.yaml")
_GRADE = (
    "grade", str(ROOT / "examples/peers/fixed-buffer"), "--only", "help",
    "--rubric", str(ROOT / "conformance/rubric.yaml"), "--output", "{folder}/grades",
)  # fmt: skip
_COMMANDS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (12.0, ("run", _FAULTS, "--engine", "docker", "--runs", "{folder}/runs")),
    (12.0, ("run", _FAULTS, "--engine", "docker", "--runs", "{folder}/runs")),
    (3.0, ("run", _HELLO, "--engine", "process", "--runs", "{folder}/runs")),
    (6.0, ("run", _KEPT, "--engine", "docker", "--runs", "{folder}/runs")),
    (2.0, ("run", _KEPT, "--engine", "process", "--runs", "{folder}/runs")),
    (8.0, (*_GRADE, "--engine", "process")),
    (8.0, (*_GRADE, "--engine", "docker")),
    (4.0, ("up", "--peers", "3")),
    (4.0, ("up", "--peers", "2")),
    (6.0, ("fault", "isolate", "alice")),
    (6.0, ("fault", "impair", "all", "--loss", "30%")),
    (3.0, ("fault", "kill", "bob")),
    (4.0, ("heal",)),
    (3.0, ("faults",)),
    (2.0, ("ps",)),
    (4.0, ("down",)),
)
"""Commands, each with the seconds that it takes on the test machine."""

_SIGNALS = (
    signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP,
    None,
)  # fmt: skip
_HALF_DONE = "HALF DONE:"
_ENDS_WITHIN = 90.0  # seconds from a signal other than SIGKILL


def main(
    runs: Annotated[int, typer.Option(min=1, max=10_000, help="Commands of each.")] = 100,
    seed: int = 1,
) -> None:
    """Start commands, end them, and see what is left."""
    console = trials.console()
    with TemporaryDirectory(prefix="killed-") as folder:
        checkouts = [_checkout(Path(folder, name)) for name in ("here", "copy")]
        before, began = Machine.at_rest(), time.monotonic()
        with ThreadPoolExecutor(len(checkouts)) as threads:
            given = [(one, random.Random(f"{seed} {n}")) for n, one in enumerate(checkouts)]
            ends = [*threads.map(lambda pair: _many(pair[0], pair[1], runs), given)]
        took = time.monotonic() - began
        console.print(f"2 times {runs} commands in {took:.0f} s")
        for words, count in sorted(sum(ends, Counter[str]()).items()):
            console.print(f"{count:4} {words}")
        left = [words for words in sum(ends, Counter[str]()) if _HALF_DONE in words]
        left += [*_last(checkouts), *changed(before, Machine.at_rest())]
    for line in left:
        console.print(line, soft_wrap=True)
    console.print("something is left" if left else "nothing is left, nothing else was touched")
    sys.exit(1 if left else 0)


def _checkout(folder: Path) -> Checkout:
    """Return a checkout with a mesh, a state and a temporary folder of its own."""
    places = {"TMPDIR": folder / "temporary", "XDG_STATE_HOME": folder / "state"}
    for place in (folder / "code", *places.values()):
        place.mkdir(parents=True)
    own = {"PEERLAB_MESH": f"killed-{secrets.token_hex(3)}"}
    own |= {name: str(place) for name, place in places.items()}
    is_copy = folder.name == "copy"
    return Checkout.copied(folder / "code", **own) if is_copy else Checkout(environment=own)


def _many(checkout: Checkout, dice: random.Random, runs: int) -> Counter[str]:
    return Counter(_one(checkout, dice) for _ in range(runs))


def _peers(checkout: Checkout) -> set[str]:
    """Return the containers of a checkout's mesh, once a command has removed what is half done."""
    checkout.peerlab("ps")
    return set(_of_mesh(checkout, "container"))


def _of_mesh(checkout: Checkout, kind: str) -> list[str]:
    """Return the containers, networks or volumes of a checkout's mesh."""
    mesh = MeshId(checkout.environment["PEERLAB_MESH"], checkout=checkout.folder)
    listed = ("ls", *(["--all"] if kind == "container" else []), "--quiet")
    label = f"label={MESH}={mesh.label}"
    return command.run("docker", kind, *listed, "--filter", label).split()


def _is_whole(words: tuple[str, ...], before: set[str], after: set[str]) -> bool:
    """Return whether a killed command has left the mesh as it was, or as it should become."""
    wanted = int(words[-1]) if words[0] == "up" else 0
    if len(before) > wanted and words[0] == "up":
        return after <= before and len(after) >= wanted
    return after == before or (len(after) == wanted and words[0] in ("up", "down"))


def _one(checkout: Checkout, dice: random.Random) -> str:
    """Run one command, ended at some moment; return how it ended."""
    usual, words = dice.choice(_COMMANDS)
    number, moment = dice.choice(_SIGNALS), dice.uniform(0.05, usual)
    folder = Path(checkout.environment["TMPDIR"]).parent
    before = _peers(checkout)
    running = checkout.start(*(word.format(folder=folder) for word in words))
    try:
        running.wait(moment if number else None)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.kill(running.pid, number or 0)
    name = signal.Signals(number).name if number else "no signal"
    try:
        status = running.wait(_ENDS_WITHIN)
        if number == signal.SIGKILL and not _is_whole(words, before, after := _peers(checkout)):
            return f"{words[0]}, {name}: {_HALF_DONE} of {len(before)} peers it left {len(after)}"
        return f"{words[0]}, {name}: status {status}"
    except subprocess.TimeoutExpired:
        running.kill()
        return f"{words[0]}, {name}: DID NOT END"


def _last(checkouts: list[Checkout]) -> Iterator[str]:
    """Run the last commands; yield a line for all that they fail to do or leave behind."""
    for one in checkouts:
        folder = Path(one.environment["TMPDIR"]).parent
        for words in (("run", _HELLO, "--runs", f"{folder}/runs"), ("down",)):
            done = one.peerlab(*words)
            if done.returncode:
                yield f"{words[0]} ended with status {done.returncode}: {done.stderr}"
    for one in checkouts:
        folder = Path(one.environment["TMPDIR"]).parent
        names = [path.name for path in (folder / "temporary").iterdir()]
        names += [path.name for path in (folder / "state").rglob("*.json")]
        if names:
            yield f"files: {names}"
        for kind in ("container", "network", "volume"):
            if found := _of_mesh(one, kind):
                yield f"{kind}s of the mesh: {found}"


if __name__ == "__main__":
    trials.run(main)

"""`python -m tests.stalled --times 3`: Docker stalls or dies at random moments of every command.

Docker is reached through a socket that the test holds up or cuts. After a stall comes a Ctrl-C,
after which the command must end within two seconds; after a cut it must end by itself. Either way
it names Docker or has done its work, and shows no traceback. Then one last command removes what is
left. The mesh commands start a mesh and remove it. Exit status 0 only if all of it was so.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests import interrupt_clock, trials
from tests.docker_proxy import DockerProxy

ROOT = Path(__file__).parents[1]
PEERLAB = str(Path(sys.executable).with_name("peerlab"))
_PYTEST = [
    sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", interrupt_clock.NAME,
]  # fmt: skip
_PROGRAM = str(ROOT / "examples/peers/by-the-book")
_LATEST = 6.0  # seconds after which the moment comes
_STALLED_FOR = 8.0  # seconds at most until Ctrl-C
_OBEYS_WITHIN = 2.0 + 1.0  # seconds; the second one is for a busy machine
_ENDS_WITHIN = 60.0  # seconds after a cut
_WITH_MESH = ("up", "faults", "fault", "heal", "ps", "down")


def commands(folder: Path) -> dict[str, list[str]]:
    """Return every command that uses Docker, but for `attach`, which needs a terminal."""
    docker = ["--engine", "docker"]
    grades, matrix = str(folder / "grades"), str(folder / "matrix")
    return {
        "run": ["run", str(ROOT / "scenarios"), *docker, "--jobs", "2", "--runs", str(folder)],
        "grade": ["grade", _PROGRAM, *docker, "--jobs", "2", "--output", grades, "--again"],
        "interop": ["interop", _PROGRAM, "peerlab", *docker, "--output", matrix, "--again"],
        "profile new": ["profile", "new", _PROGRAM, *docker, "--force", "--output",
                        str(folder / "new.yaml")],
        "profile check": ["profile", "check", f"{_PROGRAM}/profile.yaml", *docker],
        "pytest": ["--peerlab-engine", "docker", str(ROOT / "scenarios/hello.yaml")],
        "pytest lab": ["--peerlab-engine", "docker", str(_lab_test(folder))],
        "up": ["up"],
        "ps": ["ps"],
        "fault": ["fault", "isolate", "alice"],
        "faults": ["faults"],
        "heal": ["heal"],
        "down": ["down"],
        "image": ["image"],
    }  # fmt: skip


def _lab_test(folder: Path) -> Path:
    """Return a test that drives peers by the fixture `lab`."""
    path = folder / "test_lab.py"
    path.write_text(
        "def test_hello(lab):\n"
        "    alice, bob = lab.peers('alice', 'bob')\n"
        "    alice.connect(bob)\n"
        "    bob.expect_line('never', within=10)\n"
    )
    return path


def _started(words: list[str], folder: str, proxy: DockerProxy) -> subprocess.Popen[str]:
    own = {"DOCKER_HOST": proxy.url, "CLOCK": f"{folder}/clock", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env=os.environ | own,
    )


def attempt(name: str, words: list[str], moment: float, wait: float, *, cuts: bool) -> str:
    """Run a command through a socket that fails at a moment; return what was wrong, if anything.

    Args:
        name: the command's name.
        words: its arguments.
        moment: seconds from its start.
        wait: seconds from a stall to Ctrl-C.
        cuts: whether the socket is cut; else it stalls.
    """
    by_pytest = name.startswith("pytest")
    with TemporaryDirectory() as folder, DockerProxy(Path(folder, "docker.sock")) as proxy:
        command = _started([*(_PYTEST if by_pytest else [PEERLAB]), *words], folder, proxy)
        try:
            command.wait(moment)
        except subprocess.TimeoutExpired:
            proxy.end() if cuts else proxy.stall()
        if not cuts and command.poll() is None:
            time.sleep(wait)  # so that it waits for Docker, as it would
            command.send_signal(signal.SIGINT)
        began = time.monotonic()
        try:
            said, _ = command.communicate(timeout=_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            command.kill()
            command.communicate()
            return f"still there after {_ENDS_WITHIN:g} s"
        took = time.monotonic() - began
        if by_pytest and not cuts:
            took = interrupt_clock.seconds(Path(folder, "clock"), began, took)
    if not cuts and took > _OBEYS_WITHIN:
        return f"ended only after {took:.1f} s:\n{said}"
    if "Traceback" in said and not (by_pytest and (cuts or "/orchestrator/" not in said)):
        return said  # a test that fails shows one, and so does pytest before its session begins
    interrupted = 2 if by_pytest and not cuts else 130
    return (
        "" if command.returncode in (0, 1, interrupted) or "Docker" in said else said or "no word"
    )


def main(
    times: Annotated[int, typer.Option(min=1, max=100)] = 3,
    seed: int = 1,
    only: Annotated[list[str] | None, typer.Option(help="A command.")] = None,
) -> None:
    """Try every command at random moments; print what was wrong."""
    console, dice, wrong = trials.console(), random.Random(seed), 0
    with TemporaryDirectory() as folder:
        chosen = commands(Path(folder))
        for name, words in chosen.items():
            for cuts in (False, True) * times if name in (only or chosen) else ():
                if name in _WITH_MESH:
                    subprocess.run([PEERLAB, "up"], check=True, capture_output=True)
                moment = dice.uniform(0.3, _LATEST if name not in _WITH_MESH else 2.0)
                wait = dice.choice([0.3, dice.uniform(0.3, _STALLED_FOR)])
                trouble = attempt(name, words, moment, wait, cuts=cuts)
                how = f"{name}, {'cut' if cuts else 'stalled'} after {moment:.2f} s"
                how += "" if cuts else f", Ctrl-C {wait:.2f} s later"
                console.print(f"{how}: {trouble or 'as it must be'}", soft_wrap=True)
                wrong += bool(trouble)
            if name in _WITH_MESH and name in (only or chosen):
                subprocess.run([PEERLAB, "down"], check=True, capture_output=True)
    subprocess.run([PEERLAB, "ps"], check=True, capture_output=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    trials.run(main)

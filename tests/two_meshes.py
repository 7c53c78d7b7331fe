"""`python -m tests.two_meshes --times 50`: two users' meshes and runs, at the same time.

Each user starts and removes a mesh of a random size again and again, while scenarios run beside.
After each command the user's mesh must be exactly what was asked for, and every run valid. Exit
status 0 only then; 2 if the lab itself failed.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests import trials
from tests.checkouts import Checkout
from tests.orchestrator.support import ROOT

_ANOTHER = "65534"  # the number of a user, for whom root works here; others take two names
_MOST = 5  # peers


def main(
    times: Annotated[int, typer.Option(min=1, help="Commands of each user.")] = 50, seed: int = 1
) -> None:
    """Start and remove meshes side by side, and compare."""
    console = trials.console()
    problems: list[str] = []
    with TemporaryDirectory() as folder, ThreadPoolExecutor(3) as threads:
        over = threading.Event()
        runs = threads.submit(_run_until, over, folder, problems)
        users = [_user(Path(folder, str(number)), number) for number in range(2)]
        work = [
            threads.submit(_use, one, random.Random(f"{seed} {number}"), times, problems)
            for number, one in enumerate(users)
        ]
        counts = [one.result() for one in work]
        over.set()
        console.print(f"{counts[0]} and {counts[1]} commands for meshes, {runs.result()} runs")
    for problem in problems:
        console.print(problem, soft_wrap=True)
    console.print("something was wrong" if problems else "each had what it asked for")
    sys.exit(1 if problems else 0)


def _user(state: Path, number: int) -> Checkout:
    """Return this checkout as one of two users has it."""
    caller = _ANOTHER if number and os.geteuid() == 0 else ""
    name = f"two-meshes-{secrets.token_hex(3)}"
    return Checkout(environment={
        "XDG_STATE_HOME": str(state), "PEERLAB_MESH": name, "SUDO_UID": caller,
    })  # fmt: skip


def _use(one: Checkout, dice: random.Random, times: int, problems: list[str]) -> int:
    """Start, change and remove one user's mesh; return the number of commands."""
    for number in range(times):
        wanted = dice.choice([0, 0, *range(1, _MOST + 1)]) if number < times - 1 else 0
        words = ("up", "--peers", str(wanted)) if wanted else ("down",)
        done = one.peerlab(*words)
        shown = one.peerlab("ps", "--json")
        rows = json.loads(shown.stdout)["peers"] if shown.stdout else []
        states = [row["state"] for row in rows]
        if done.returncode or shown.returncode or states != ["running"] * wanted:
            problems.append(f"{' '.join(words)}: {done.stderr}{shown.stderr}{states}")
        elif wanted and f"docker attach {rows[0]['container']} " not in done.stdout:
            problems.append(f"{' '.join(words)}: {done.stdout}: not {rows[0]['container']}")
    return times


def _run_until(over: threading.Event, folder: str, problems: list[str]) -> int:
    """Run scenarios until it is over; return how many."""
    count = 0
    while not over.is_set():
        words = ("run", str(ROOT / "scenarios/hello.yaml"), "--engine", "docker", "--runs", folder)
        done = Checkout().peerlab(*words)
        count += 1
        if done.returncode:
            problems.append(f"run: {done.stdout}{done.stderr}")
    return count


if __name__ == "__main__":
    trials.run(main)

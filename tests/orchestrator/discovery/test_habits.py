"""Threads that never rest hold up no wait, and what they print is awaited all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.discovery import habits, rest
from orchestrator.discovery import trio as trios
from orchestrator.discovery.habits import HabitTrial
from orchestrator.discovery.trio import Trio
from tests.orchestrator.discovery.learning import needs_kernel, running
from tests.waiting import until

NEVER = 600.0  # seconds; no test lasts as long

# `late` is answered by the thread that never rests; `work` and `stop` end all answers.
COMMON = """\
import collections, select, socket, sys, threading, time

asked = collections.deque()
later = 0.0

def reply(line):
    global later
    if line == "hello":
        print("hi", flush=True)
    elif line == "late":
        later = time.monotonic() + LATER
        asked.append("late words")
    while line == "work":
        pass
    if line == "stop":
        threading.Event().wait()

def answer():
    if asked and time.monotonic() >= later:
        print(asked.popleft(), flush=True)

def read():
    for line in sys.stdin:
        reply(line.strip())
"""

# The other end has gone, and `recv` returns at once.
SPINS = (
    COMMON.replace("LATER", "0")
    + """\
def spin():
    one, other = socket.socketpair()
    other.close()
    while not one.recv(1):
        answer()

threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
read()
"""
)

WAKES = (
    COMMON.replace("LATER", "0.4")
    + """\
def wake():
    while True:
        time.sleep(0.05)
        answer()

threading.Thread(target=wake, daemon=True).start()
print("ready", flush=True)
read()
"""
)

LOOKS = (
    COMMON.replace("LATER", "0.4")
    + """\
print("ready", flush=True)
while True:
    if select.select([sys.stdin], [], [], 0.05)[0]:
        reply(sys.stdin.readline().strip())
    answer()
"""
)

PROGRAMS = {"spins": SPINS, "wakes": WAKES, "looks": LOOKS}


@pytest.fixture(params=PROGRAMS)
def alice(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trio]:
    """A program with a habit that is known, and has been tried."""
    monkeypatch.setattr(habits, "_TRIALS", 0)
    monkeypatch.setattr(habits, "_LONG", 0.1)
    monkeypatch.setattr(rest, "_LATEST", 0.0)
    monkeypatch.setattr(trios, "_PATIENT", 0.1)
    with running(tmp_path, PROGRAMS[request.param], "{address}", names=["alice"]) as trio:

        def is_known() -> bool:
            trio.type("alice", "nothing", [])
            return trio._rest.seconds() > 0

        until(is_known)
        yield trio


@needs_kernel
def test_a_thread_that_never_rests_holds_up_no_wait(
    alice: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trios, "_PATIENT", NEVER)
    monkeypatch.setattr(rest, "_HABITUAL", NEVER * NEVER)
    assert alice.type("alice", "nothing", []).lines == ()
    assert alice.type("alice", "hello", []).lines == ("hi",)


@needs_kernel
def test_what_a_thread_that_never_rests_prints_is_awaited(
    alice: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "_LATEST", 0.6)
    monkeypatch.setattr(trios, "_PATIENT", 1.2)
    assert alice.type("alice", "late", []).lines == ("late words",)


@needs_kernel
def test_a_habit_ends_no_wait_for_news(alice: Trio) -> None:
    assert alice._rest.seconds() > 0
    assert alice._rest.seconds(by_habit=False) == 0


@needs_kernel
def test_a_thread_that_works_on_a_reply_has_more_time(tmp_path: Path) -> None:
    with running(tmp_path, SPINS, "{address}", names=["alice"]) as trio:
        console, found = trio._consoles["alice"], trio._rest

        def runs_on() -> bool:
            found.seconds()
            return found.counted(1e-6) == 1e-6

        found.watch([console])
        until(runs_on)  # it was not asked anything
        found.watch([console], [console])
        console.type("work")
        until(lambda: not found.seconds() and found.counted(1.0) == 0.25)


# Threads of the Java VM's own have names by which they are known.
VIRTUAL = (
    COMMON
    + """\
def name():
    with open("/proc/thread-self/comm", "w") as file:
        file.write("VM Thread")
    threading.Event().wait()

threading.Thread(target=name, daemon=True).start()
print("ready", flush=True)
read()
"""
)


@needs_kernel
def test_a_virtual_machine_that_reads_nothing_any_more_is_not_awaited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, VIRTUAL, "{address}", names=["alice"]) as trio:
        assert trio.type("alice", "hello", []).lines == ("hi",)
        monkeypatch.setattr(trios, "_PATIENT", 0.1)
        assert trio.type("alice", "stop", []).lines == ()
        monkeypatch.setattr(trios, "_PATIENT", NEVER)
        assert trio.type("alice", "hello", []).lines == ()


def test_a_habit_is_tried_a_few_times_before_it_counts() -> None:
    trial = HabitTrial()
    for passed in (False, False, False, True):
        assert trial.is_passed == passed
        trial.note(0.5, {"alice": 3})
        trial.note(1.0, {"alice": 3})
        trial.end({"alice": 3})


@pytest.mark.parametrize("times", [0, 3])
def test_a_program_that_prints_late_is_always_awaited(times: int) -> None:
    trial = HabitTrial()
    for _ in range(times):
        trial.note(1.0, {"alice": 3})
        trial.end({"alice": 3})
    trial.note(0.5, {"alice": 3})
    trial.check({"alice": 9})
    for _ in range(9):
        trial.note(1.0, {"alice": 9})
        trial.end({"alice": 9})
    assert not trial.is_passed


def test_what_comes_soon_is_not_late() -> None:
    trial = HabitTrial()
    for size in range(3):
        trial.note(0.1, {"alice": size})
        trial.check({"alice": size + 1})
        trial.note(1.0, {"alice": size + 1})
        trial.end({"alice": size + 1})
    assert trial.is_passed

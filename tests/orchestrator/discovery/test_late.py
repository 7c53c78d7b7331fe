"""Programs that get no processor for a while: their replies belong to what was typed before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from orchestrator.discovery import trio as trios
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording
from orchestrator.engines import thread_waits
from tests.orchestrator.discovery.learning import running
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    not thread_waits.IS_KNOWN_HERE, reason="the kernel of this machine does not say it"
)

STOPPED = 0.8  # seconds; longer than any wait for a program that rests
SPINNERS = 6  # processes; what needs 0.1 seconds takes longer than a reply may be silent

# `work` is done by another thread, which needs a processor for so many seconds.
PROGRAM = """\
import os, sys, threading, time

def work():
    end = time.thread_time() + 0.1
    while time.thread_time() < end:
        pass
    print("done", flush=True)

print("ready", flush=True)
for line in sys.stdin:
    word = line.strip()
    if word == "pid":
        print(os.getpid(), flush=True)
    elif word == "slow":
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        print("on one processor", flush=True)
    elif word == "work":
        print("working", flush=True)
        threading.Thread(target=work).start()
    else:
        print("got", word, flush=True)
"""

SPINNER = """\
import os

os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
print("ready", flush=True)
while True:
    pass
"""


@pytest.fixture
def alice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trio]:
    """Start one program; waits for it are short while it rests."""
    with running(tmp_path, PROGRAM, names=["alice"]) as trio:
        for name in ("_PATIENT", "_UNPROMPTED"):
            monkeypatch.setattr(trios, name, 0.05)
        yield trio


def stop(trio: Trio) -> int:
    """Stop the program; return its process once it has stopped, so that it takes no more lines."""
    pid = int(trio.type("alice", "pid", []).lines[0])
    os.kill(pid, signal.SIGSTOP)
    until(lambda: _state(pid) == "T", lambda: f"it is in state {_state(pid)}")
    return pid


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]


@contextmanager
def busy_processor() -> Iterator[None]:
    """Keep the processor busy that a slow program may use."""
    with ExitStack() as stack:
        for _ in range(SPINNERS):
            command = [sys.executable, "-c", SPINNER]
            spinner = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
            stack.callback(spinner.kill)
            assert spinner.stdout
            assert spinner.stdout.readline()
        yield


def test_a_reply_is_awaited_until_the_line_was_taken(alice: Trio) -> None:
    timer = threading.Timer(STOPPED, os.kill, (stop(alice), signal.SIGCONT))
    timer.start()
    assert alice.type("alice", "one", []).lines == ("got one",)
    assert alice.type("alice", "two", []).lines == ("got two",)
    timer.join()
    assert not alice.take_late()


def test_a_line_that_was_taken_after_its_wait_makes_replies_doubtful(
    alice: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = stop(alice)
    monkeypatch.setattr(trios, "_QUIET", 0.02)
    typist = Typist(alice)

    def lines(verb: str, line: str) -> tuple[str, ...]:
        return typist.enter(verb, Wording((line,)), "alice")[0].lines

    assert lines("help", "one") == lines("list", "two") == ()
    assert not typist.late, "it may have hung"
    os.kill(pid, signal.SIGCONT)
    lines("connect", "three")
    lines("send", "four")
    lines("exit", "five")
    assert typist.late & {"connect", "send"}
    assert typist.late <= {"list", "connect", "send"}


def test_a_reply_goes_on_while_a_thread_waits_for_a_processor(alice: Trio) -> None:
    assert alice.type("alice", "slow", []).lines == ("on one processor",)
    with busy_processor():
        assert alice.type("alice", "work", []).lines == ("working", "done")
        assert alice.type("alice", "hello", []).lines == ("got hello",)

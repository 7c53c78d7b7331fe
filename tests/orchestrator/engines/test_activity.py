"""What the kernel says that a program does: real programs that wait in every way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engines import thread_waits
from orchestrator.engines.activity import Activity, activity_of
from orchestrator.engines.endpoints import TcpSocket
from orchestrator.engines.kernel_sockets import KernelSocket
from tests.waiting import let_pass, until

Run = Callable[[str], subprocess.Popen[bytes]]

POLL_SOCKET = (
    "import select, socket; a, b = socket.socketpair(); p = select.poll();"
    " p.register(a, select.POLLIN)"
)

pytestmark = pytest.mark.skipif(
    not thread_waits.IS_KNOWN_HERE, reason="the kernel of this machine does not say it"
)


@pytest.fixture
def run() -> Iterator[Run]:
    """Return what starts a Python program and waits until it has begun."""
    started = []

    def start(text: str) -> subprocess.Popen[bytes]:
        program = f"print('begun', flush=True)\n{text}"
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def seen(process: subprocess.Popen[bytes], *sockets: KernelSocket) -> Activity:
    found = activity_of(process.pid, lambda: sockets)
    assert found
    return found


def until_it_is(process: subprocess.Popen[bytes], is_so: Callable[[Activity], bool]) -> Activity:
    until(lambda: is_so(seen(process)), lambda: str(seen(process)))
    return seen(process)


@pytest.mark.parametrize(
    ("program", "reads"),
    [
        ("import sys; sys.stdin.readline()", True),
        ("import select; select.select([0], [], [])", True),
        ("import select; p = select.poll(); p.register(0); p.poll()", True),
        ("import select; p = select.epoll(); p.register(0); p.poll()", True),
        ("import socket; socket.create_server(('127.0.0.1', 0)).accept()", False),
        ("import socket; a, b = socket.socketpair(); a.recv(1)", False),
        ("import socket, os; a, b = socket.socketpair(); os.read(a.fileno(), 1)", False),
        (f"{POLL_SOCKET}; p.poll()", False),
        (f"{POLL_SOCKET}; p.register(0); p.poll()", True),
        ("import threading; threading.Event().wait()", False),
        ("import signal; signal.pause()", False),
    ],
)
def test_a_program_that_only_input_wakes_waits_for_ever(
    run: Run, program: str, *, reads: bool
) -> None:
    found = until_it_is(run(program), lambda it: it.waits and bool(it.readers) == reads)
    assert not found.deadlines


@pytest.mark.parametrize(
    "program",
    [
        "import select; select.select([0], [], [], 600)",
        "import select; p = select.poll(); p.register(0, select.POLLPRI); p.poll(600_000)",
        "import select; p = select.epoll(); p.register(0); p.poll(600)",
        "import signal; signal.sigtimedwait([signal.SIGUSR1], 600)",
    ],
)
def test_a_deadline_is_known(run: Run, program: str) -> None:
    found = until_it_is(run(program), lambda it: bool(it.deadlines))
    assert found.waits
    assert [*found.deadlines.values()] == [pytest.approx(600, abs=0.1)]


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(600)",
        "import subprocess; subprocess.run(['sleep', '600'])",
        "import threading; threading.Event().wait(600)",
        "import threading as t, time; t.Timer(600, print).start(); input()",
    ],
)
def test_the_end_of_a_sleep_is_known(run: Run, program: str) -> None:
    found = until_it_is(run(program), lambda it: bool(it.sleeps))
    assert [*found.sleeps.values()] == [pytest.approx(600, abs=30)]
    assert not found.deadlines


@pytest.mark.parametrize(
    ("program", "threads"),
    [
        ("import time; time.sleep(600)", 1),
        ("import threading; threading.Event().wait(600)", 1),
        ("import subprocess; subprocess.run(['sleep', '600'])", 2),
        (
            "import threading as t, time; t.Thread(target=time.sleep, args=[600]).start(); input()",
            2,
        ),
    ],
)
def test_a_program_that_goes_on_by_itself_does_not_wait(
    run: Run, program: str, threads: int
) -> None:
    process = run(program)

    def is_still() -> bool:
        before = seen(process)
        let_pass(0.05)
        return seen(process) == before and len(before.threads) == threads

    until(is_still)
    assert not seen(process).waits


def test_a_program_that_runs_does_not_wait(run: Run) -> None:
    process = run("while True: pass")
    before = seen(process)
    until_it_is(process, lambda it: it.threads != before.threads and not it.waits)


def test_what_is_underway_in_the_network_is_awaited(run: Run) -> None:
    process = run("input()")
    until_it_is(process, lambda it: it.waits)
    ends = ("10.0.0.2", 5000), ("10.0.0.3", 40_002)
    dialling = KernelSocket(TcpSocket(*ends, "SYN_SENT"), 0, 1)
    unsent = KernelSocket(TcpSocket(*ends, "ESTABLISHED", unsent=3), 0, 1)
    idle = KernelSocket(TcpSocket(*ends, "ESTABLISHED", unread=3), 0, 1)
    assert [seen(process, one).waits for one in (dialling, unsent, idle)] == [False, False, True]


def test_it_shows_what_was_read_and_written(run: Run) -> None:
    process = run("while True: print('got', input(), flush=True)")
    before = until_it_is(process, lambda it: it.waits and bool(it.readers))
    assert not seen(process).is_done(before)
    assert process.stdin
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    after = until_it_is(process, lambda it: it.waits and it.is_done(before))
    assert after.written - before.written == len("got hello\n")


def test_a_program_that_has_stopped_reading_is_done_unless_a_virtual_machine_may_end_it(
    run: Run,
) -> None:
    process = run("import signal; input(); signal.pause()")
    before = until_it_is(process, lambda it: it.waits and bool(it.readers))
    assert process.stdin
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    after = until_it_is(process, lambda it: it.waits and not it.readers)
    assert after.is_done(before)
    assert after.is_done(after), "no one is there to read"
    waiting = {number: replace(it, is_virtual=True) for number, it in after.threads.items()}
    assert not replace(after, threads=waiting).is_done(before)


def test_nothing_is_said_of_a_program_that_has_ended(run: Run) -> None:
    process = run("")
    process.wait()
    assert activity_of(process.pid, list) is None


def test_descendants_count(run: Run) -> None:
    process = run("import subprocess; subprocess.run(['cat'])")
    found = until_it_is(process, lambda it: it.waits and len(it.threads) == 2)
    assert found.readers == found.threads.keys() - {process.pid}


def test_a_child_that_has_ended_does_nothing_any_more(run: Run) -> None:
    process = run("import os; os.fork() or os._exit(0); input()")
    until_it_is(process, lambda it: it.waits and len(it.threads) == 1)


def test_a_program_that_has_ended_does_nothing_before_its_status_is_taken(run: Run) -> None:
    process = run("")
    until(lambda: activity_of(process.pid, list) is None)
    assert Path(f"/proc/{process.pid}").exists()

"""Programs at rest are not waited for; those that may still print something are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.discovery import trio as trios
from orchestrator.discovery.trio import Trio
from orchestrator.engines import thread_waits
from tests.orchestrator.discovery.learning import running

pytestmark = pytest.mark.skipif(
    not thread_waits.IS_KNOWN_HERE, reason="the kernel of this machine does not say it"
)

NEVER = 600.0  # seconds; no test lasts as long

COMMON = """\
import select, socket, sys, threading, time

def reply(line):
    if line == "hello":
        print("hi")
    elif line == "slow":
        time.sleep(0.15)
        print("slow words")
    elif line == "late":
        threading.Timer(0.15, print, ["late words"]).start()
    elif line.startswith("say "):
        _, address, port, text = line.split(" ", 3)
        with socket.create_connection((address, int(port))) as it:
            it.sendall(text.encode())

def hear(server):
    with server.accept()[0] as it:
        heard = it.recv(100).decode()
    if heard != "hush":
        print("heard", heard, flush=True)

server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
"""

THREADS = (
    COMMON
    + """\
def listen():
    while True:
        hear(server)

threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    reply(line.strip())
    sys.stdout.flush()
"""
)

EVENTS = (
    COMMON
    + """\
while True:
    for one in select.select([sys.stdin, server], [], [])[0]:
        if one is server:
            hear(server)
        else:
            reply(sys.stdin.readline().strip())
            sys.stdout.flush()
"""
)

HEARTBEAT = EVENTS.replace("[], [])[0]", "[], [], 0.1)[0]")


PROGRAMS = {"threads": THREADS, "events": EVENTS, "heartbeat": HEARTBEAT}


def started(program: str, folder: Path) -> Iterator[Trio]:
    """Start three programs that have no prompt."""
    with running(folder, program, "{address}", "{port}") as trio:
        yield trio


@pytest.fixture(scope="module", params=["threads", "events"])
def trio(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trio]:
    yield from started(PROGRAMS[request.param], tmp_path_factory.mktemp("program"))


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no wait end by its deadline."""
    for name in ("_PATIENT", "_UNPROMPTED", "_TOLD_WITHIN", "_CHANGES_WITHIN"):
        monkeypatch.setattr(trios, name, NEVER)


def say(trio: Trio, text: str) -> str:
    """Return the line by which alice says something to bob."""
    bob = trio.peer("bob")
    return f"say {bob.address} {bob.port} {text}"


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize(
    ("line", "words"), [("hello", ("hi",)), ("slow", ("slow words",)), ("nothing", ())]
)
def test_a_reply_ends_when_all_programs_rest(trio: Trio, line: str, words: tuple[str, ...]) -> None:
    assert trio.type("alice", line, []).lines == words


@pytest.mark.usefixtures("endless")
def test_what_the_other_peer_prints_has_come_when_all_programs_rest(trio: Trio) -> None:
    trio.type("alice", say(trio, "something"), [])
    trio.await_output("bob", news=True)
    assert trio.take("bob", []).lines == ("heard something",)


@pytest.mark.usefixtures("endless")
def test_nothing_is_awaited_once_all_programs_rest(trio: Trio) -> None:
    trio.type("alice", say(trio, "hush"), [])
    trio.await_output("bob", news=True)
    assert not trio.take("bob", []).lines
    assert trio.await_change("alice", "bob", trio.links("alice", "bob")) == 0
    assert not trio.await_end("alice")


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_another_thread_prints_later_is_awaited(tmp_path: Path, name: str) -> None:
    for trio in started(PROGRAMS[name], tmp_path):
        for line, words in (("late", "late words"), ("slow", "slow words"), ("hello", "hi")):
            assert trio.type("alice", line, []).lines == (words,)
        trio.type("alice", say(trio, "something"), [])
        trio.await_output("bob")
        assert trio.take("bob", []).lines == ("heard something",)

"""What a program sees is the same on every engine: terminal, signals, addresses, keys, files."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from orchestrator import profile
from orchestrator.console.session import Session
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process import peer as process_peer
from orchestrator.engines.starting import folder_of
from orchestrator.engines.status import Status
from orchestrator.errors import BuildError
from orchestrator.profile import Profile
from tests.orchestrator.support import PROGRAMS, ROOT, LivePeers

SEEN = """
import json, os, signal, sys, termios
mode = termios.tcgetattr(0)
mode[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, mode)
print("READY", flush=True)
for number, line in enumerate(sys.stdin, 1):
    line = line.rstrip("\\n")
    if line == "terminal":
        line = json.dumps([termios.tcgetwinsize(0), mode[:4], [key[0] for key in mode[6]]])
    if line == "words":
        line = json.dumps(sys.argv[1:])
    if line == "signals":
        line = json.dumps([n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN])
    if line == "exit":
        sys.exit(7)
    print(f"got {ascii(line)[1:-1]} as {number}", flush=True)
"""
SIZE = [24, 80]
IGNORED_BY_PYTHON = [13, 25]  # SIGPIPE, SIGXFSZ


def seen_by(*words: str, code: str = SEEN) -> Profile:
    """Return the profile of a program that says what it sees."""
    plain = profile.load(str(PROGRAMS / "profile.yaml"))
    literal = code.replace("{", "{{").replace("}", "}}")
    start = profile.Start(command=["{python}", "-c", literal, *words])
    return plain.model_copy(update={"start": start, "ready_within": 20.0})


@pytest.fixture(scope="module")
def seen(one_engine: LivePeers) -> Iterator[Session]:
    """A program that says what it sees and reads; it stays when the peers of other tests go."""
    words = ("{address}", "{bind}", "{port}", "{name}")
    (session,) = one_engine.start(["dave"], seen_by(*words))
    del one_engine.sessions["dave"]
    yield session
    session.close()


def said(session: Session, line: str) -> Any:
    """Return what the program says about a line."""
    return session.ask("say", text=line).fields["text"]


def test_every_terminal_has_one_size_and_one_set_of_modes(seen: Session) -> None:
    master, console = pty.openpty()
    modes = termios.tcgetattr(console)
    modes[3] &= ~termios.ECHO
    plain = [modes[:4], [key[0] for key in modes[6]]]
    os.close(master)
    os.close(console)
    assert json.loads(said(seen, "terminal")) == [SIZE, *plain]


def test_a_program_without_a_handler_ends_at_once_when_asked_to(shared_engine: LivePeers) -> None:
    (session,) = shared_engine.start(["alice"], seen_by())
    assert json.loads(said(session, "signals")) == IGNORED_BY_PYTHON
    session.peer.stop()
    assert session.peer.await_end(5) == Status("exited", 128 + 15)


def test_a_program_that_ignores_it_is_killed(shared_engine: LivePeers) -> None:
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SEEN}"
    (session,) = shared_engine.start(["alice"], seen_by(code=code))
    session.peer.stop()
    assert session.peer.await_end(5) == Status("exited", 128 + 9)


ENDS_SLOWLY = f"""
import os, signal, time

def end(*_):
    time.sleep(0.4)
    os._exit(3)

signal.signal(signal.SIGTERM, end)
{SEEN}"""


@pytest.mark.parametrize(("slowness", "status"), [(1.0, 128 + 9), (20.0, 3)])
def test_a_slow_machine_has_more_time_to_end_a_program(
    process_place: Callable[[], LivePeers],
    monkeypatch: pytest.MonkeyPatch,
    slowness: float,
    status: int,
) -> None:
    monkeypatch.setattr(process_peer, "_POLITE", 0.1)
    (session,) = process_place().start(["alice"], seen_by(code=ENDS_SLOWLY))
    session.peer.stop(slowness)
    assert session.peer.await_end(5) == Status("exited", status)


@pytest.mark.parametrize(("slowness", "timeout"), [(1.0, None), (2.4, 5)])
def test_the_grace_period_of_a_container_is_stretched(slowness: float, timeout: int | None) -> None:
    api = MagicMock()
    api.inspect_container.return_value = {"Config": {"StopTimeout": 2}}
    client: Any = SimpleNamespace(api=api)
    DockerPeer(client, "alice", "1a2b", "alice").stop(slowness)
    api.stop.assert_called_once_with("1a2b", timeout)


def test_exit_statuses(shared_engine: LivePeers) -> None:
    one, other = shared_engine.start(["alice", "bob"], seen_by())
    one._console.type("exit", 5)
    assert one.peer.await_end(5) == Status("exited", 7)
    other.peer.kill()
    assert other.peer.await_end(5) == Status("exited", 128 + 9)


def test_a_terminal_does_not_echo_what_is_typed(shared_engine: LivePeers) -> None:
    code = "import termios\nprint('READY', termios.tcgetattr(0)[3] & termios.ECHO)\ninput()"
    program = seen_by(code=code).model_copy(update={"ready": r"^READY (?P<text>\d+)$", "sync": ""})
    (peer,) = shared_engine.engine.start(["alice"], program, lambda _: None)
    session = shared_engine.sessions["alice"] = Session(peer, program)
    assert session.await_ready()["text"] == "0"


def test_an_address_is_the_one_that_others_dial_and_bind_the_one_to_listen_on(
    seen: Session,
) -> None:
    address, bind, *rest = json.loads(said(seen, "words"))
    assert address == seen.peer.address
    assert bind in ("0.0.0.0", address)
    assert rest == [str(seen.peer.port), "dave"]


@pytest.mark.parametrize(
    ("one_engine", "words"),
    [
        ("process", ["{port}"]),
        ("process", ["{port}", "{address}"]),  # here the address in the command matters
        pytest.param("docker", ["{port}", "{address}"], marks=pytest.mark.docker),
    ],
    indirect=["one_engine"],
)
def test_peers_may_have_ports_of_their_own(shared_engine: LivePeers, words: list[str]) -> None:
    own = seen_by(*words).model_copy(update={"own_ports": True})
    sessions = [*shared_engine.start(["alice", "bob"], own), *shared_engine.start(["carol"], own)]
    ports = [session.peer.port for session in sessions]
    assert len(set(ports)) == 3
    for session, port in zip(sessions, ports, strict=True):
        assert json.loads(said(session, "words"))[0] == str(port)


@pytest.mark.parametrize("key", [*"\x01\x02\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x14\x18\x1b", "\t"])
def test_control_characters_are_typed_as_they_are(seen: Session, key: str) -> None:
    text = f"a{key}b{key}"
    assert said(seen, f"{text}.") == ascii(f"{text}.")[1:-1]


# Each engine by itself


@pytest.mark.parametrize("shebang", ["/bin/sh", "/usr/bin/env python3"])
def test_a_script_with_windows_line_ends_is_refused_before_it_starts(
    tmp_path: Path, shebang: str
) -> None:
    (tmp_path / "chat.sh").write_bytes(f"#!{shebang}\r\necho READY\r\n".encode())
    for start in (
        profile.Start(command=["./chat.sh"], folder=str(tmp_path)),
        profile.Start(command=["{folder}/chat.sh"], folder=str(tmp_path)),
        profile.Start(command=["x"], build=[["./chat.sh"]], folder=str(tmp_path)),
    ):
        chat = seen_by().model_copy(update={"start": start})
        with pytest.raises(
            BuildError, match=r"the first line of \./chat\.sh ends in CRLF"
        ) as caught:
            folder_of(chat)
        assert "Unix line ends" in caught.value.hint
    fine = profile.Start(command=["sh", "chat.sh"], folder=str(tmp_path))
    assert folder_of(seen_by().model_copy(update={"start": fine})) == tmp_path


ALONE = """
import sys
from orchestrator import profile
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import EngineError
names = sys.argv[1:]
with ProcessEngine() as engine:
    try:
        peers = engine.start(names, profile.load("peerlab"), lambda _: None)
        print("started", *sorted(peer.address for peer in peers))
    except EngineError as error:
        print(error.what, error.hint)
"""


@pytest.mark.parametrize(
    ("added", "names", "says"),
    [
        ([], ["alice"], "started 127.0.0.1"),
        ([], ["alice", "bob"], "this machine has 127.0.0.1: 127.0.0.2 is missing"),
        pytest.param(
            ["127.0.0.7"],
            ["alice", "bob"],
            "started 127.0.0.1 127.0.0.7",
            marks=pytest.mark.thorough,
        ),
        (["127.0.0.2"], ["alice", "bob", "carol"], "127.0.0.1, 127.0.0.2: 127.0.0.3 is missing"),
    ],
)
def test_a_machine_with_few_loopback_addresses_says_which_are_missing(
    added: list[str], names: list[str], says: str
) -> None:
    """A namespace of the network whose loopback interface has single addresses, as on macOS."""
    ip = ["ip link set lo up", "ip address flush dev lo"]
    ip += [f"ip address add {address}/32 dev lo" for address in ("127.0.0.1", *added)]
    ip += ["ip route del local 127.0.0.0/8 table local 2>/dev/null"]
    script = f'{"; ".join(ip)}; exec {sys.executable} -c "$0" {" ".join(names)}'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script, ALONE],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=30,
    )  # fmt: skip
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert says in done.stdout, done.stderr
    assert ("lo0 alias" in done.stdout) is ("missing" in says)

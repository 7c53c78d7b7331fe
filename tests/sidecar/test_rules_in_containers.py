"""Rules do in real networks what they say and nothing else, and leave nothing behind."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from tests.orchestrator.support import until
from tests.repeats import times
from tests.sidecar.support import NET_ADMIN, STRICT, Data, Host, docker, probe_packets, probe_stream

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

Hosts = tuple[Host, Host]

ECHO = """
import socket, sys
listener = socket.create_server(("0.0.0.0", 5000), reuse_port=True)
print("ready")
while True:
    stream, _ = listener.accept()
    while data := stream.recv(4096):
        stream.sendall(data)
    stream.close()
"""

TALK = """
import socket, sys
stream = socket.create_connection((sys.argv[1], 5000), 20)
stream.settimeout(30)
print("connected", stream.getpeername()[0])
for line in sys.stdin:
    stream.sendall(line.encode())
    print(stream.recv(4096).decode().strip())
"""


def cut(host: Host) -> Data:
    return {"arrive": [{"from": [host.address], "cut": True}]}


def slow(host: Host, bandwidth: int) -> Data:
    return {"leave": [{"to": [host.address], "bandwidth": bandwidth}]}


def relayed(host: Host, **shapes: Data) -> Data:
    return {"relay": [{"to": host.address, **shapes}]}


def arrived(source: Host, target: Host) -> int:
    """Return how many of five packets arrive."""
    return int(probe_packets(source, target, count=5)["arrived"])


def until_in(least: float, most: float, measure: Callable[[], Any]) -> None:
    """Measure until it is within limits, as the lab does: a busy machine makes a figure wrong."""
    found: list[float] = []

    def fits() -> bool:
        found.append(float(measure()))
        return least <= found[-1] < most

    try:
        until(fits, f"{least:g} to {most:g}")
    except AssertionError as error:
        error.add_note(f"measured: {found}")
        raise


TRACES = """
import json, subprocess
def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout
print(json.dumps([
    run("nft", "list", "tables").splitlines(), json.loads(run("tc", "-j", "qdisc", "show"))
]))
"""


def traces(host: Host) -> list[str]:
    """Return the tables and devices in a host's network that only a sidecar adds to."""
    tables, qdiscs = json.loads(host.admin("python3", "-c", TRACES))
    found = [table for table in tables if "peerlab" in table]
    return found + [qdisc["dev"] for qdisc in qdiscs if qdisc["kind"] != "noqueue"]


def test_capabilities_are_tried_and_leave_nothing(hosts: Hosts) -> None:
    able = hosts[0].sidecar.ask("capabilities")
    assert able["unsupported"] == {}
    delay = "relay" if able["notes"] else "tc netem"
    firm = {"cut": "nftables", "loss": "nftables", "bandwidth": "tc htb", "stream": "relay"}
    assert able["mechanisms"] == firm | {"delay": delay}
    assert all("no netem here" in note for note in able["notes"].values())
    assert "trial" not in hosts[0].admin("nft", "list", "tables")
    assert [trace for trace in traces(hosts[0]) if "table" not in trace] == []


def test_a_cut_drops_one_direction_from_one_address(hosts: Hosts) -> None:
    alice, bob = hosts
    assert (arrived(alice, bob), arrived(bob, alice)) == (5, 5)
    bob.sidecar.set_rules(**cut(alice))
    assert (arrived(alice, bob), arrived(bob, alice)) == (0, 5)
    state = bob.sidecar.ask("state")
    assert (state["dropped"], state["lapses"]) == ({"cut": 5, "loss": 0}, 0)
    bob.sidecar.set_rules(arrive=[{"from": ["10.99.99.99"], "cut": True}])
    assert arrived(alice, bob) == 5
    assert bob.sidecar.ask("state")["dropped"] == {"cut": 5, "loss": 0}


def test_a_cut_lasts_beyond_its_lease(hosts: Hosts) -> None:
    alice, bob = hosts
    bob.sidecar.set_rules(lease=1.5, **cut(alice))
    begun = time.monotonic()
    while time.monotonic() - begun < 3.5:
        assert arrived(alice, bob) == 0
    assert bob.sidecar.ask("state")["lapses"] == 0


def test_a_share_of_packets_is_lost(hosts: Hosts) -> None:
    alice, bob = hosts
    bob.sidecar.set_rules(arrive=[{"from": [alice.address], "loss": 0.5}])
    before = bob.sidecar.ask("state")["dropped"]["loss"]
    found = probe_packets(alice, bob, count=1000, interval=0.0005)["arrived"]
    assert 400 < found < 600  # six deviations to either side
    assert bob.sidecar.ask("state")["dropped"]["loss"] - before == 1000 - found
    bob.sidecar.set_rules(arrive=[{"from": [alice.address], "loss": 1.0}])
    assert arrived(alice, bob) == 0


def test_connections_stall_and_recover(hosts: Hosts) -> None:
    alice, bob = hosts
    with talking(alice, bob) as say:
        assert say("before") == "before"
        bob.sidecar.set_rules(**cut(alice))
        dropped = bob.sidecar.ask("state")["dropped"]["cut"]
        answer = say.begin("during")
        until(lambda: bob.sidecar.ask("state")["dropped"]["cut"] >= dropped + 2, "two tries")
        bob.sidecar.set_rules()
        assert answer() == "during"


RATES = [(16_000, 20), (1_000_000, 600), (64_000, 60)]


@pytest.mark.parametrize(("rate", "count"), RATES[: times(2, 3)])
def test_bandwidth_is_limited_in_one_direction(hosts: Hosts, rate: int, count: int) -> None:
    alice, bob = hosts
    alice.sidecar.set_rules(**slow(bob, rate))
    burst: Data = {"count": count, "size": 1000, "interval": 0.0, "patience": 5}
    assert probe_packets(alice, bob, **burst)["arrived"] == count
    until_in(0.8 * rate, 1.15 * rate, lambda: probe_packets(alice, bob, **burst)["rate"])
    until_in(2 * rate, inf, lambda: probe_packets(bob, alice, **burst)["rate"])
    # At twice the rate, not at once: the kernel makes one packet of all that is unsent, and a limit
    # lets the first packet pass as a whole. At 16 kB/s that alone was half of the stream.
    stream: Data = {"count": rate // 1000, "size": 1000, "interval": 500 / rate, "patience": 15}
    sent, heard = probe_stream(alice, bob, **stream)
    assert (sent["error"], heard["arrived"]) == ("", rate)
    until_in(0.8 * rate, 1.3 * rate, lambda: probe_stream(alice, bob, **stream)[1]["rate"])


def test_bandwidth_of_another_address_changes_nothing(hosts: Hosts) -> None:
    alice, bob = hosts
    gateway = alice.address.rpartition(".")[0] + ".1"
    alice.sidecar.set_rules(leave=[{"to": [gateway], "bandwidth": 16_000}])
    burst: Data = {"count": 70, "size": 1000, "interval": 0.0}
    until_in(1_000_000, inf, lambda: probe_packets(alice, bob, **burst)["rate"])


def test_the_relay_delays_as_long_as_asked(hosts: Hosts) -> None:
    alice, bob = hosts
    alice.sidecar.set_rules(**relayed(bob, out={"lag": 0.2}))
    assert probe_stream(alice, bob)[1]["delay"] >= 0.2
    until_in(0.2, 0.6, lambda: probe_stream(alice, bob)[1]["delay"])
    until_in(0, 0.15, lambda: probe_stream(bob, alice)[1]["delay"])
    alice.sidecar.set_rules()
    until_in(0, 0.15, lambda: probe_stream(alice, bob)[1]["delay"])


def test_streams_are_cut_into_pieces_glued_and_reset(hosts: Hosts) -> None:
    alice, bob = hosts
    alice.sidecar.set_rules(**relayed(bob, out={"pieces": 1}))
    # Of 80: a reader that sleeps reads several at once.
    until_in(30, 81, lambda: probe_stream(alice, bob)[1]["reads"])
    alice.sidecar.set_rules(**relayed(bob, out={"hold": 0.5}))
    _, heard = probe_stream(alice, bob)
    assert heard["reads"] == 1
    assert heard["delay"] >= 0.45
    alice.sidecar.set_rules(**relayed(bob, out={"reset": 60}))
    sent, heard = probe_stream(alice, bob, count=20)
    assert (sent["error"], heard["error"]) == ("reset", "reset")
    assert heard["arrived"] == 60 - 9 - 32  # those that a stream begins with name its probe


def test_a_refusal_a_reset_and_silence_are_distinguished(hosts: Hosts) -> None:
    alice, bob = hosts
    to = {"to": bob.address, "port": 9, "probe": "x", "count": 1, "size": 16, "interval": 0}
    assert alice.sidecar.ask("stream", **to)["error"] == "refused"
    alice.sidecar.set_rules(**relayed(bob))
    assert alice.sidecar.ask("stream", **to)["error"] == "reset"
    bob.sidecar.set_rules(**cut(alice))
    alice.sidecar.set_rules()
    assert alice.sidecar.ask("stream", **to, patience=0.5)["error"] == "no answer"


def test_open_connections_are_not_relayed_and_relayed_ones_go_on(hosts: Hosts) -> None:
    alice, bob = hosts
    with talking(alice, bob) as say:
        assert say("clear") == "clear"
        alice.sidecar.set_rules(**relayed(bob, out={"lag": 1.5}))
        assert say("at once") == "at once"
        assert alice.sidecar.ask("state")["carried"] == 0
    with talking(alice, bob) as say:
        begun = time.monotonic()
        assert say("later") == "later"
        assert time.monotonic() - begun >= 1.5
        assert alice.sidecar.ask("state")["carried"] == 1
        alice.sidecar.set_rules()
        begun = time.monotonic()
        assert say("clear again") == "clear again"
        assert time.monotonic() - begun < 1.4


def test_the_acceptor_sees_the_diallers_address(hosts: Hosts) -> None:
    alice, bob = hosts
    accept_one = """
import socket
listener = socket.create_server(("0.0.0.0", 5001))
print("ready")
print(listener.accept()[1][0])
"""
    alice.sidecar.set_rules(**relayed(bob))
    accepting = bob.begin_python(accept_one)
    assert accepting.stdout
    assert accepting.stdout.readline() == "ready\n"
    alice.python(
        "import socket, sys; socket.create_connection((sys.argv[1], 5001), 20)", bob.address
    )
    assert accepting.communicate(timeout=20)[0] == f"{alice.address}\n"


def test_names_resolve_and_loopback_is_untouched(hosts: Hosts) -> None:
    alice, bob = hosts
    relay = [{"to": address, "out": {"lag": 5}} for address in (alice.address, bob.address)]
    alice.sidecar.set_rules(**cut(bob), **slow(bob, 1000), relay=relay)
    find = "import socket, sys; print(socket.gethostbyname(sys.argv[1]))"
    assert alice.python(find, bob.name) == bob.address
    for address in ("127.0.0.1", alice.address):
        loopback = f"""
import socket, time
listener = socket.create_server(("{address}", 0))
begun = time.monotonic()
a = socket.create_connection(listener.getsockname(), 20)
b, _ = listener.accept()
a.sendall(b"x" * 30000)
size = 0
while size < 30000: size += len(b.recv(65536))
assert time.monotonic() - begun < 4.5
"""
        alice.python(loopback)


def test_rules_for_loopback_are_refused_and_the_previous_ones_stay(hosts: Hosts) -> None:
    alice, bob = hosts
    alice.sidecar.set_rules(**slow(bob, 16_000))
    for address in ("127.0.0.1", alice.address):
        rules = {"leave": [{"to": [address], "bandwidth": 1000}]}
        assert "loopback is never touched" in alice.sidecar.refused("set", rules=rules)
    assert probe_packets(alice, bob, count=20, size=1000, interval=0.0, patience=3)["rate"] < 20_000


def test_a_foreign_root_is_never_touched(hosts: Hosts) -> None:
    alice, bob = hosts
    tbf = "rate 100mbit burst 100k latency 100ms"
    alice.admin("tc", "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "tbf", *tbf.split())
    try:
        said = alice.sidecar.refused("set", rules=slow(bob, 1000))
        assert said == "eth0 has a root qdisc that is not ours (tbf 1:): it stays as it is"
        alice.sidecar.set_rules(**cut(bob))
        alice.sidecar.set_rules()
        assert "tbf 1:" in alice.admin("tc", "qdisc", "show", "dev", "eth0")
    finally:
        alice.admin("tc", "qdisc", "del", "dev", "eth0", "root")


def test_without_net_admin_nothing_is_supported(hosts: Hosts) -> None:
    alice, bob = hosts
    words = ["docker", "run", "--rm", "--interactive", "--network", f"container:{bob.name}"]
    weak = type(bob.sidecar)(*words, *STRICT, alice.image)
    try:
        able = weak.ask("capabilities")
        assert able["mechanisms"] == {}
        assert "Operation not permitted" in able["unsupported"]["cut"]
        assert "Operation not permitted" in weak.refused("set", rules=cut(alice))
    finally:
        weak.close()


def apply_everything(host: Host, other: Host, lease: float = 3.0) -> None:
    host.sidecar.set_rules(lease=lease, **cut(other), **slow(other, 5000), **relayed(other))
    assert arrived(other, host) == 0
    assert [trace for trace in traces(host) if "peerlab" in trace or trace == "eth0"] != []


def by_signal(host: Host) -> None:
    docker("kill", "--signal", "TERM", host.sidecar_name)


def by_bye(host: Host) -> None:
    assert host.sidecar.ask("bye") == {}


def by_end_of_input(host: Host) -> None:
    host.sidecar.close_input()


@pytest.mark.parametrize(
    "leave", [pytest.param(by_signal, marks=pytest.mark.thorough), by_bye, by_end_of_input]
)
def test_a_sidecar_that_leaves_removes_all_at_once(
    hosts: Hosts, leave: Callable[[Host], None]
) -> None:
    alice, bob = hosts
    apply_everything(bob, alice)
    leave(bob)
    assert bob.sidecar.process.wait(20) == 0
    assert traces(bob) == []
    bob.start_sidecar()
    assert arrived(alice, bob) == 5


def test_rules_of_a_killed_sidecar_end_with_the_lease(hosts: Hosts) -> None:
    alice, bob = hosts
    apply_everything(bob, alice, lease=6.0)  # in which a new one starts on a busy machine
    docker("kill", "--signal", "KILL", bob.sidecar_name)
    bob.sidecar.process.wait(20)
    bob.start_sidecar()  # which does nothing yet
    assert arrived(alice, bob) == 0
    until(lambda: arrived(alice, bob) == 5, "packets to pass again", 20)
    burst: Data = {"count": 70, "size": 1000, "interval": 0.0}
    until_in(1_000_000, inf, lambda: probe_packets(bob, alice, **burst)["rate"])
    bob.sidecar.set_rules()
    assert [trace for trace in traces(bob) if trace != "table ip peerlab"] == []


def test_this_machines_own_network_is_untouched(hosts: Hosts) -> None:
    def outside() -> tuple[str, str]:
        words = ("docker", "run", "--rm", "--network", "host", *NET_ADMIN, alice.image)

        def run(*what: str) -> str:
            done = subprocess.run((*words, *what), capture_output=True, text=True, check=True)
            return done.stdout

        return run("nft", "list", "tables"), run("tc", "qdisc", "show", "dev", "lo")

    alice, bob = hosts
    before = outside()
    alice.sidecar.set_rules(**cut(bob), **slow(bob, 5000), **relayed(bob))
    assert outside() == before
    assert "peerlab" not in before[0]


class talking(contextlib.AbstractContextManager["talking"]):  # noqa: N801 - reads as a word
    """A connection between two programs; called with a line, it returns its echo."""

    def __init__(self, source: Host, target: Host) -> None:
        self._echo = target.begin_python(ECHO)
        self._expect(self._echo, "ready")
        self._talk = source.begin_python(TALK, target.address)
        self._expect(self._talk, f"connected {target.address}")

    def _expect(self, program: subprocess.Popen[str], line: str) -> None:
        assert program.stdout
        assert program.stdout.readline() == f"{line}\n"

    def begin(self, line: str) -> Callable[[], str]:
        assert self._talk.stdin
        self._talk.stdin.write(f"{line}\n")
        self._talk.stdin.flush()
        echoed = self._talk.stdout
        assert echoed
        return lambda: echoed.readline().strip()

    def __call__(self, line: str) -> str:
        return self.begin(line)()

    def __exit__(self, *_: object) -> None:
        for program in (self._talk, self._echo):
            program.kill()
            program.communicate(timeout=20)

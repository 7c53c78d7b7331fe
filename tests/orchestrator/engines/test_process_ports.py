"""Ports: taken ones, and those of programs that listen on every address."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from orchestrator import profile
from orchestrator.engines.process import ports
from orchestrator.engines.process.ports import PortClaim, claim_port
from orchestrator.errors import EngineError
from orchestrator.paths import ROOT
from tests.orchestrator.support import LivePeers, processes_of

ELSEWHERE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from orchestrator.engines.process.ports import claim_port
claim = claim_port()
print(claim.port, flush=True)
sys.stdin.read()
"""


def test_a_port_is_claimed_once_though_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    first = claim_port()
    first.release()
    monkeypatch.setattr(ports, "_PORTS", (first.port, first.port))
    again = claim_port()
    assert again.port == first.port
    with pytest.raises(EngineError, match=f"^no port is free between {first.port} and"):
        claim_port()
    again.release()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows claims to other processes")
def test_the_claim_of_another_process_ends_with_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        port = int(other.stdout.readline())
        with pytest.raises(OSError, match="in use"):
            PortClaim(port)
        other.kill()
        other.wait()
    PortClaim(port).release()


def test_engines_share_no_port_and_give_it_back(process_place: Callable[[], LivePeers]) -> None:
    shipped = profile.load("peerlab")
    start = profile.Start(command=["{python}", "-m", "peer", "{port}"])
    everywhere = shipped.model_copy(update={"start": start})
    one, other = process_place(), process_place()
    taken = [
        session.peer.port
        for place in (one, other)
        for session in place.start(["alice"], everywhere)
    ]
    assert len(set(taken)) == 2
    for port in taken:
        with pytest.raises(OSError, match="in use"):
            PortClaim(port)
    one.discard_all()
    other.close()
    for port in taken:
        PortClaim(port).release()


def test_an_address_with_a_taken_port_is_skipped(process_place: Callable[[], LivePeers]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (session,) = process_place().start(
            ["alice"], profile.load("peerlab").model_copy(update={"port": port})
        )
        assert session.peer.address != "127.0.0.1"
        assert session.ask("myport").fields["port"] == str(port)


def test_a_port_that_is_taken_on_all_addresses_is_an_error(
    process_place: Callable[[], LivePeers],
) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        chat = profile.load("peerlab").model_copy(update={"port": taken.getsockname()[1]})
        place = process_place()
        with pytest.raises(EngineError, match="taken on every loopback address") as caught:
            place.start(["alice"], chat)
    assert "ss -ltnp" in caught.value.hint
    assert processes_of(place.run) == []

"""A sidecar answers requests line by line, several at a time; no line ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from orchestrator.paths import ROOT
from tests.sidecar.support import SECONDS, SidecarProcess, without_kernel

NOTHING = {"lease": 10.0, "arrive": [], "leave": [], "relay": []}


def test_a_line_that_is_no_request_is_answered_without_an_id(sidecar: SidecarProcess) -> None:
    for line in (b"hello", b"[1]", b'{"do": "state"}', b"\xff"):
        sidecar.write(line)
        answer = sidecar.queue(None).get(timeout=SECONDS)
        assert set(answer) == {"id", "error"}
    sidecar.write(b"")
    assert sidecar.ask("state")["carried"] == 0


def test_errors_are_answered_with_the_id(sidecar: SidecarProcess) -> None:
    assert sidecar.refused("fly") == "unknown request 'fly'"
    assert sidecar.refused("state", really=1) == "a request has an unknown key: 'really'"
    assert sidecar.refused("set", rules={"lease": "long"}).endswith("'lease' must be a number")


def test_state_shows_the_rules(sidecar: SidecarProcess) -> None:
    none = {"lapses": 0, "dropped": {"cut": 0, "loss": 0}, "carried": 0}
    assert sidecar.ask("state") == none | {"rules": NOTHING}
    rule = {"to": "127.0.0.5", "port": 5000, "from": "127.0.0.4", "out": {"lag": 1}}
    sidecar.set_rules(relay=[rule])
    relay = sidecar.ask("state")["rules"]["relay"]
    assert relay[0]["out"] == {"lag": 1, "jitter": 0, "pieces": None, "hold": 0, "reset": None}


def test_packets_are_not_touched_without_a_kernel(sidecar: SidecarProcess) -> None:
    said = "packets cannot be touched here, only streams"
    assert sidecar.refused("capabilities") == said, "they are not even tried"
    for rules in ({"arrive": [{"from": ["127.0.0.5"]}]}, {"leave": [{"to": ["127.0.0.5"]}]}):
        assert sidecar.refused("set", rules=rules) == said


def test_several_requests_are_answered_at_once(sidecar: SidecarProcess) -> None:
    listening = sidecar.ask("listen")
    waiting = sidecar.begin("heard", probe="late", count=3, patience=15)
    begun = time.monotonic()
    to = {"to": "127.0.0.1", "port": listening["packets"], "probe": "late", "size": 64}
    assert sidecar.ask("packets", **to, count=3, interval=0.001) == {"sent": 3}
    heard = waiting()
    assert heard["arrived"] == 3
    assert time.monotonic() - begun < 10
    assert sidecar.ask("listen") == listening


def test_a_probe_is_reported_once_and_forgotten(sidecar: SidecarProcess) -> None:
    port = sidecar.ask("listen")["packets"]
    to = {"to": "127.0.0.1", "port": port, "probe": "p", "size": 100, "interval": 0.002}
    assert sidecar.ask("packets", **to, count=20) == {"sent": 20}
    heard = sidecar.ask("heard", probe="p", count=20, patience=5)
    assert (heard["arrived"], heard["reads"], heard["error"]) == (20, 20, "")
    assert 0 < heard["delay"] < 0.5
    assert 0 < heard["rate"] <= 100 / 0.0015
    nothing = {"arrived": 0, "delay": None, "rate": None, "spread": None, "reads": 0, "error": ""}
    assert sidecar.ask("heard", probe="p", count=20, patience=0) == nothing
    assert "no room" in sidecar.refused("packets", **(to | {"size": 16}), count=1)


def test_a_stream_is_reported_at_its_end(sidecar: SidecarProcess) -> None:
    port = sidecar.ask("listen")["stream"]
    to = {"to": "127.0.0.1", "port": port, "probe": "s", "size": 32}
    assert sidecar.ask("stream", **to, count=5, interval=0.02) == {"sent": 5, "error": ""}
    heard = sidecar.ask("heard", probe="s", count=5, patience=5)
    assert (heard["arrived"], heard["error"]) == (160, "")
    assert 1 <= heard["reads"] <= 5
    assert 0 < heard["delay"] < 0.5


def test_a_stream_that_goes_on_is_reported_so_far(sidecar: SidecarProcess) -> None:
    port = sidecar.ask("listen")["stream"]
    to = {"to": "127.0.0.1", "port": port, "probe": "s", "size": 32}
    sending = sidecar.begin("stream", **to, count=2, interval=0.8)
    heard = sidecar.ask("heard", probe="s", count=2, patience=0.4)
    assert (heard["arrived"], heard["reads"], heard["error"]) == (32, 1, "")
    assert sending() == {"ok": True, "sent": 2, "error": ""}


def test_a_stream_to_a_closed_port_is_refused(sidecar: SidecarProcess) -> None:
    to = {"to": "127.0.0.1", "port": 1, "probe": "s", "size": 32, "interval": 0}
    assert sidecar.ask("stream", **to, count=5) == {"sent": 0, "error": "refused"}


def ends(sidecar: SidecarProcess) -> int:
    return sidecar.process.wait(SECONDS)


def test_it_ends_on_bye_on_a_signal_and_at_the_end_of_input() -> None:
    ways: list[Callable[[SidecarProcess], object]] = [
        lambda one: one.ask("bye"),
        lambda one: one.process.send_signal(signal.SIGTERM),
        lambda one: one.process.send_signal(signal.SIGINT),
        lambda one: one.close_input(),
    ]
    for leave in ways:
        sidecar = without_kernel()
        leave(sidecar)
        assert ends(sidecar) == 0
        sidecar.close()


@pytest.mark.parametrize("given", [b"", b'{"id": "1", "do": "bye"}'])
def test_it_needs_no_pipe(given: bytes) -> None:
    words = (sys.executable, "-m", "sidecar", "--no-kernel")
    done = subprocess.run(
        words, input=given, capture_output=True, cwd=ROOT, timeout=SECONDS, check=False
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.startswith(b'{"ready": true}\n')

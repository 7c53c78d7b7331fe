"""Services reach each other as their networks say: before, while and after faults."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.engines.docker.mesh_changes import MESH
from orchestrator.engines.docker.stack_networks import COMPOSE_NETWORK
from orchestrator.errors import EngineError
from orchestrator.mesh.mesh import Mesh
from orchestrator.scenario import services
from tests.orchestrator.harness import QUIET, Harness, ended, judged, outcomes
from tests.orchestrator.support import things_of, write_stack

pytestmark = pytest.mark.docker

# `back` and `db` share two networks, `front` and `db` none, and `lone` is on none at all.
COMPOSE = """
x-it: &it
  image: IMAGE
  stop_grace_period: 0s
  healthcheck: {disable: true}
  entrypoint:
    - python3
    - -uc
    - |
      import socket
      server = socket.create_server(("", 7000))
      while True:
          server.accept()
services:
  front: {<<: *it, networks: [outer]}
  back: {<<: *it, networks: {outer: {aliases: [api]}, inner: {aliases: [cache]}, second: {}}}
  db: {<<: *it, networks: [inner, second]}
  lone: {<<: *it, network_mode: none}
networks: {outer: {}, inner: {internal: true}, second: {}}
"""
ASKS = """
name: asks
summary: tries to reach a host, at each of its addresses
sync: hello
answer_within: 10
console:
  prompt: '? '
  exec:
    - python3
    - -uc
    - |
      import socket
      while True:
          host = input("? ")
          if host == "hello":
              print("yes")
              continue
          try:
              socket.create_connection((host, 7000), 0.5).close()
              print("there")
          except OSError as error:
              print("away:", error)
operations:
  hello: {send: hello, ok: '^yes$'}
  reach: {takes: {host: text}, send: '{host}', ok: '^there$', fail: '^away: .*$'}
"""
SCENARIO = """
compose: compose.yaml
profiles: {front: asks.yaml, back: asks.yaml, db: asks.yaml, lone: asks.yaml}
steps:
  - reach: {at: front, host: back}
  - reach: {at: front, host: api}
  - reach: {at: front, host: cache, refused: ''}
  - reach: {at: front, host: db, refused: ''}
  - reach: {at: front, host: '{db.address}', refused: ''}
  - reach: {at: back, host: db}
  - reach: {at: back, host: front}
  - reach: {at: lone, host: '{db.address}', refused: ''}
  - partition:
      groups: [[front, back], [db, lone]]
      during:
        - reach: {at: back, host: db, refused: ''}
        - reach: {at: db, host: back, refused: ''}
        - reach: {at: front, host: back}
  - reach: {at: back, host: db}
  - isolate: {at: front, during: [{reach: {at: front, host: back, refused: ''}}]}
  - impair: {at: all, loss: 30%, for: 0.2}
  - kill: db
  - start: db
  - reach: {at: back, host: db, within: 5}
  - reach: {at: front, host: db, refused: ''}
  - reach: {at: front, host: '{db.address}', refused: ''}
"""


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """The folder of the stack; skips where there is no Compose."""
    return write_stack(tmp_path, COMPOSE, asks=ASKS)


@pytest.fixture
def lab(stack: Path) -> Iterator[Harness]:
    """An engine of the test's own."""
    with Harness("docker", stack) as one:
        yield one


def test_what_the_file_keeps_apart_stays_apart(lab: Harness, client: Any) -> None:
    done = lab.run(SCENARIO)
    assert done.error is None
    assert judged(done)["expectations"] == "valid"
    for fault in ("partition", "isolate", "impair", "kill", "start", "heal", "restore"):
        assert {*ended(done, fault)} == {"ok"}, fault
    assert not things_of(client, lambda one: one.run == lab.owner, COMPOSE_NETWORK)


def test_a_fault_between_services_that_share_no_network_breaks_nothing(lab: Harness) -> None:
    """A file with one is refused; by other ways the lab says so, and does not try to prove it."""
    done = lab.run(
        "compose: compose.yaml\nsteps: [{impair: {from: front, to: db, loss: 100%, for: 1}}]\n"
    )
    assert done.error
    assert done.error.what.endswith("there is no link: these peers share no network")


def up(mesh: Mesh, stack: Path) -> list[str]:
    """Start the services by hand; return their containers."""
    found = services.load(stack / "compose.yaml")
    profiles = dict.fromkeys(found.by_peer, profile.load(str(stack / "asks.yaml")))
    return [peer.container for peer in mesh.up_stack(found, profiles, QUIET)]


def test_a_mesh_by_hand_has_the_networks_too(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(stack / "state"))
    mesh = Mesh(profile.load("peerlab"), "networks")
    label = {"label": f"{MESH}={mesh._id.label}"}
    try:
        with mesh.locked():
            first = up(mesh, stack)
            assert up(mesh, stack) == first
        with contextlib.closing(mesh.faults()) as faults:
            with pytest.raises(EngineError, match="share no network"):
                faults.apply("partition", groups=[["front"], ["db", "lone"]])
            applied = faults.apply("partition", groups=[["front", "back"], ["db"]])
            assert applied.finding.doubts == []
            assert applied.active.fault.links == {("back", "db"), ("db", "back")}
        with contextlib.closing(mesh.faults()) as faults:
            assert [one.finding.doubts for one in faults.heal("all")] == [[]]
        assert len(mesh._client.api.networks(filters=label)) == 3
    finally:
        with mesh.locked():
            assert mesh.down(QUIET) == 4
    assert not mesh._client.api.networks(filters=label)
    mesh._client.close()


@pytest.mark.parametrize(
    ("fault", "least"),
    [("partition: {groups: [[back], [db]], for: 0.2}", {"arrived": 0}),
     ("impair: {from: back, to: db, delay: 0.1, for: 0.2}", {"arrived": 1, "delay": 0.1})],
)  # fmt: skip
def test_a_fault_is_proven_on_every_network(
    lab: Harness, fault: str, least: dict[str, float]
) -> None:
    """`back` and `db` reach each other over two networks: either could be left out."""
    done = lab.run(
        f"compose: compose.yaml\nprofiles: {{back: asks.yaml, db: asks.yaml}}\nsteps: [{fault}]\n"
    )
    assert done.error is None
    first = outcomes(done, fault.partition(":")[0])[0]
    rows = [row for row in first.fields["proof"] if row["link"] == ["back", "db"]]
    names = {row["network"] for row in rows}
    assert first.type == "ok"
    assert len(names) == 2
    for name in names:
        (during,) = [row["during"] for row in rows if row["network"] == name]
        assert all(during[key] >= value for key, value in least.items())
        assert bool(during["arrived"]) == bool(least["arrived"])

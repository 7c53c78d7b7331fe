"""Stacks of a Compose file on Docker: in order, in a network of their own, and gone afterwards."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.engines.docker.mesh_changes import MESH
from orchestrator.engines.docker.peer import logs
from orchestrator.history import runs, transcript
from orchestrator.image import ensure_image
from orchestrator.mesh.mesh import Mesh
from orchestrator.scenario import load, services
from tests.orchestrator.harness import QUIET, Harness, ended, judged, marks, write
from tests.orchestrator.support import ROOT, things_of, write_stack

pytestmark = pytest.mark.docker

# `migrate` writes what `web` serves; `web` has several containers, and is asked at a terminal.
COMPOSE = """
services:
  migrate:
    image: IMAGE
    entrypoint: [python3, -uc, "open('/data/rows', 'a').write('x'); print('migrated')"]
    user: "0"
    tty: true
    volumes: ["rows:/data"]
    healthcheck: {disable: true}
  web:
    image: IMAGE
    container_name: the-web
    user: "0"
    volumes: ["rows:/data"]
    ports: ["47391:7000"]
    restart: always
    entrypoint:
      - python3
      - -uc
      - |
        import os, socket
        server = socket.create_server(("", 7000))
        print("serving", len(open("/data/rows").read()), flush=True)
        while True:
            link, _ = server.accept()
            link.close()
    depends_on: {migrate: {condition: service_completed_successfully}}
    healthcheck:
      test: [CMD, python3, -c, "import socket; socket.create_connection(('localhost', 7000))"]
      interval: 1s
      retries: 20
  shell:
    image: IMAGE
    stop_grace_period: 0s
    entrypoint:
      - python3
      - -uc
      - |
        import socket
        while True:
            host = input("? ")
            try:
                socket.create_connection((host, 7000), 1).close()
                print("there")
            except OSError as error:
                print("away")
    depends_on: {web: {condition: service_healthy}}
    healthcheck: {disable: true}
volumes: {rows: {name: precious}}
"""
SHELL = """
name: shell
summary: tries to reach a host
console: {prompt: '? '}
sync: self
operations:
  self: {send: localhost, ok: '^away$'}
  reach: {takes: {host: text}, send: '{host}', ok: '^there$', fail: '^away$'}
"""
LOG = """
name: web
summary: a server that is watched
port: 7000
ready: '^serving'
console: none
notices: {serving: '^serving (?P<rows>\\d+)$'}
"""


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """The folder of a stack; skips where there is no Compose."""
    return write_stack(tmp_path, COMPOSE, shell=SHELL, web=LOG)


@pytest.fixture
def lab(stack: Path) -> Iterator[Harness]:
    """An engine of the test's own."""
    with Harness("docker", stack) as one:
        yield one


def scenario(steps: str, **more: str) -> str:
    """Return a scenario of the stack."""
    keys = "".join(f"{key}: {value}\n" for key, value in more.items())
    profiles = "profiles: {shell: shell.yaml, web: web.yaml}\n"
    return f"compose: compose.yaml\n{profiles}{keys}steps:\n{textwrap.dedent(steps)}"


def left(client: Any, lab: Harness) -> list[str]:
    """Return the containers and volumes of an engine's stacks."""
    found = things_of(client, lambda owner: owner.run == lab.owner, "com.docker.compose.project")
    return [name.removeprefix("/") for name in found]


def staged(lab: Harness, client: Any) -> dict[str, Any]:
    """Create the containers of the stack, and return what Docker says of that of `web`."""
    given = load(write(lab.folder, scenario("- kill: web\n")))
    profiles = {name: profile.load(given.profiles.get(name, "log")) for name in given.peers}
    assert given.stack
    lab.engine.stage(given.stack, profiles, lambda _: None)
    (found,) = (name for name in left(client, lab) if "web" in name)
    inspected: dict[str, Any] = client.api.inspect_container(found)
    return inspected


def test_a_stack_is_started_in_order_broken_and_removed(lab: Harness, client: Any) -> None:
    done = lab.run(
        scenario("""\
            - reach: {at: shell, host: web}
            - expect: {at: web, notice: serving, fields: {rows: '1'}}
            - partition:
                groups: [[web], [shell]]
                during: [{reach: {at: shell, host: web, refused: ''}}]
            - reach: {at: shell, host: web, within: 5}
            - kill: {at: web, during: [{reach: {at: shell, host: web, refused: ''}}]}
            - reach: {at: shell, host: web}
            - pause: {at: web, for: 0.2}
            - stop: {at: shell, during: [{expect: {at: web, line: serving, may_fail: true}}]}
            - reach: {at: shell, host: web}
            """)
    )
    assert done.error is None
    verdicts = judged(done)
    assert {verdicts[check] for check in ("expectations", "end states", "crashes")} == {"valid"}
    assert {*ended(done, "partition"), *ended(done, "kill"), *ended(done, "start")} == {"ok"}
    states = {mark["peer"]: (mark["state"], mark["status"]) for mark in marks(done, "ended")}
    assert states == {
        "migrate": ("exited", 0), "shell": ("running", None), "web": ("running", None)
    }  # fmt: skip
    log = transcript.screen(transcript.read(runs.transcript(done.folder, "migrate")))
    assert [line.text for line in log if line.text] == ["migrated"]  # on the terminal that it has
    log = transcript.screen(transcript.read(runs.transcript(done.folder, "web")))
    assert [line.text for line in log if line.text] == ["serving 1", "serving 1"]  # without one
    assert left(client, lab) == []


def test_two_runs_of_a_file_have_nothing_in_common(lab: Harness, client: Any) -> None:
    with Harness("docker", lab.folder) as other:
        both = staged(lab, client), staged(other, client)
        for found in both:
            host = found["HostConfig"]
            assert not host["PortBindings"]
            assert host["RestartPolicy"]["Name"] in ("", "no")
            assert found["Name"] != "/the-web"
        one, two = ({mount["Name"] for mount in found["Mounts"]} for found in both)
        assert one.isdisjoint(two)
        assert "precious" not in one | two
    assert left(client, other) == []
    assert len(left(client, lab)) == 4


def test_a_job_that_fails_is_quoted(lab: Harness, client: Any) -> None:
    path = lab.folder / "compose.yaml"
    path.write_text(path.read_text().replace("print('migrated')", "exit('no such table')"))
    done = lab.run(scenario("- reach: {at: shell, host: web}\n"))
    assert done.error
    what, *_, quoted = done.error.what.splitlines()
    assert what.startswith("web cannot be started: it waits for migrate (service_completed_")
    assert "exited with status 1" in what
    assert quoted.endswith("no such table")
    assert left(client, lab) == []


def test_images_that_are_nowhere_are_named(lab: Harness) -> None:
    """Each with its services, and no other: version 2 of Compose says only which service."""
    path = lab.folder / "compose.yaml"
    here = ensure_image(lambda _: None, ROOT)
    path.write_text(
        f"services: {{db: {{image: 'peerlab-nowhere:1'}}, other: {{image: 'peerlab-nowhere:1'}},"
        f" cache: {{image: peerlab-nowhere-either}}, fine: {{image: '{here}'}}}}\n"
    )
    done = lab.run("compose: compose.yaml\nsteps: []\n")
    assert done.error
    assert done.error.what.splitlines()[0] == (
        f"Compose cannot create the services of {path}; not on Docker's machine: the image"
        " 'peerlab-nowhere-either' of cache, the image 'peerlab-nowhere:1' of db and other:"
    )
    assert "docker load" in done.error.hint


def test_what_docker_refuses_to_create_is_quoted_without_talk_of_images(lab: Harness) -> None:
    here = ensure_image(lambda _: None, ROOT)
    (lab.folder / "compose.yaml").write_text(
        f"services: {{db: {{image: '{here}', cap_add: [NO_SUCH_RIGHT]}}}}\n"
    )
    done = lab.run("compose: compose.yaml\nsteps: []\n")
    assert done.error
    assert "NO_SUCH_RIGHT" in done.error.what
    assert "image" not in done.error.what + done.error.hint


def test_a_stack_is_a_mesh_by_hand_too(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by later commands, goes on with the same containers, and leaves nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(stack / "state"))
    found = services.load(stack / "compose.yaml")
    profiles = dict.fromkeys(found.by_peer, profile.load("log"))
    profiles |= {name: profile.load(str(stack / f"{name}.yaml")) for name in ("shell", "web")}
    mesh = Mesh(profile.load("peerlab"), "stack")
    label = {"label": f"{MESH}={mesh._id.label}"}
    try:
        with mesh.locked():
            first = mesh.up_stack(found, profiles, QUIET)
            assert [peer.name for peer in first] == ["migrate", "shell", "web"]
            mesh.peer("web").kill()
            mesh.peer("web").await_end(10)
            again = mesh.up_stack(found, profiles, QUIET)
        assert [peer.container for peer in again] == [peer.container for peer in first]
        states = {peer.name: (peer.status().phrase, peer.port, peer.console) for peer in again}
        assert states == {
            "migrate": ("exited with status 0", 0, []),  # its file gives it a terminal
            "shell": ("running", 0, []),
            "web": ("running", 7000, None),
        }
        assert "serving 1" in logs(mesh.peer("web"))  # the job was not done again
        with contextlib.closing(mesh.faults()) as faults:
            applied = faults.apply("partition", groups=[["shell"], ["web"]])
        assert applied.finding.doubts == []
        assert mesh._client.api.volumes(filters=label)["Volumes"]
    finally:
        with mesh.locked():
            assert mesh.down(QUIET) == 3
    api = mesh._client.api
    assert not api.containers(all=True, filters=label)
    assert not api.networks(filters=label)
    assert not api.volumes(filters=label)["Volumes"]
    mesh._client.close()

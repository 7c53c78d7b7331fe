"""Every way of reaching a Docker engine, and the lab in use on one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.second_engine.engine import HOST, PORT, Environment, call

ROOT = Path(__file__).parents[2]
PEERLAB = str(Path(sys.executable).with_name("peerlab"))
PROFILE = ROOT / "examples/peers/by-the-book/profile.yaml"
SCENARIOS = ("hello", "partition-of-a-pair")
WITHOUT_TLS = {"DOCKER_HOST": f"tcp://{HOST}:{PORT}"}
"""Variables for an engine that asks for no certificate."""
_SSH_PORT = 22_376


@contextlib.contextmanager
def ssh_server(folder: Path) -> Iterator[dict[str, str]]:
    """Start an ssh server on a loopback port; yield variables with which `ssh` logs in there."""
    home = folder / "ssh"
    home.mkdir(mode=0o700)
    for name in ("host", "user"):
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name))
    shutil.copy(home / "user.pub", home / "authorized")
    (home / "server").write_text(
        f"Port {_SSH_PORT}\nListenAddress 127.0.0.1\nHostKey {home}/host\nPidFile none\n"
        f"AuthorizedKeysFile {home}/authorized\nStrictModes no\nPermitRootLogin yes\n"
        "UsePAM no\nMaxStartups 100\nMaxSessions 100\n"
    )
    (home / "client").write_text(
        f"IdentityFile {home}/user\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"
    )
    (home / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {home}/client "$@"\n')
    (home / "ssh").chmod(0o755)
    Path("/run/sshd").mkdir(exist_ok=True)
    words = ["/usr/sbin/sshd", "-D", "-f", str(home / "server")]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        yield {"PATH": f"{home}:{os.environ['PATH']}"}
    finally:
        server.terminate()
        server.wait(10)


def context(folder: Path, name: str, host: str, certificates: Path | None = None) -> None:
    """Create a Docker context, with a configuration folder of its own."""
    where = f"host={host}"
    if certificates:
        files = {"ca": "ca", "cert": "cert", "key": "key"}
        where += "".join(f",{key}={certificates}/{file}.pem" for key, file in files.items())
    environment = {"DOCKER_CONFIG": str(folder)}
    call("docker", "context", "create", name, "--docker", where, environment=environment)


def ways(folder: Path, socket: str, ssh: Environment | None) -> dict[str, dict[str, str]]:
    """Return variables for each way of reaching an engine that asks for a certificate."""
    config, current, client = folder / "config", folder / "current", folder / "client"
    tcp = f"tcp://{HOST}:{PORT}"
    context(config, "two", socket)
    context(config, "safe", tcp, client)
    context(current, "two", socket)
    call("docker", "context", "use", "two", environment={"DOCKER_CONFIG": str(current)})
    found = {
        "DOCKER_HOST=unix://": {"DOCKER_HOST": socket},
        "DOCKER_CONTEXT, a socket": {"DOCKER_CONFIG": str(config), "DOCKER_CONTEXT": "two"},
        "the current context": {"DOCKER_CONFIG": str(current)},
        "DOCKER_HOST=tcp:// with TLS": {
            "DOCKER_HOST": tcp, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(client),
        },
        "DOCKER_CONTEXT with TLS": {"DOCKER_CONFIG": str(config), "DOCKER_CONTEXT": "safe"},
    }  # fmt: skip
    if ssh:
        path = socket.removeprefix("unix://")
        host = f"ssh://root@127.0.0.1:{_SSH_PORT}{path}"
        found["DOCKER_HOST=ssh://"] = {"DOCKER_HOST": host, **ssh}
    return found


def use(way: Environment, folder: Path) -> None:
    """Use the lab on an engine: runs, the mesh, its faults, a build."""
    runs = ("--runs", str(folder / "runs"))
    files = [str(ROOT / f"scenarios/{name}.yaml") for name in SCENARIOS]

    def lab(*words: str) -> str:
        return call(PEERLAB, *words, environment=way)

    lab("run", *files, "--engine", "docker", "--jobs", "2", *runs)
    lab("up", "--peers", "2")
    try:
        shown = json.loads(lab("ps", "--json"))["peers"]
        assert [(peer["peer"], peer["state"]) for peer in shown] == [
            ("alice", "running"), ("bob", "running")
        ], shown  # fmt: skip
        lab("fault", "partition", "alice", "/", "bob")
        lab("heal")
    finally:
        lab("down")
    lab("profile", "check", str(PROFILE), "--engine", "docker")

"""Connections to a Docker engine, each of them a plain socket of this machine.

A console needs a descriptor that carries nothing but the program's bytes. TLS has none, and ssh
has two; so what reaches such an engine sits at the other end of a pair of sockets.
"""

from __future__ import annotations

import socket
import subprocess
import threading

from orchestrator.docker_host.endpoint import Endpoint

_SSH_SAYS_WITHIN = 20.0  # seconds
_SSH = ("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30")
"""As `docker` calls it, but without asking for passwords in the middle of a run."""


def dial(endpoint: Endpoint, timeout: float) -> socket.socket:
    """Return a connection to an engine.

    Args:
        endpoint: the engine.
        timeout: seconds, for connecting and for each later wait.

    Raises:
        OSError: it cannot be reached.
    """
    if endpoint.parts.scheme == "unix":
        return _dial_unix(endpoint.parts.path, timeout)
    if endpoint.parts.scheme == "ssh":
        return _dial_ssh(endpoint, timeout)
    remote = socket.create_connection((endpoint.parts.hostname or "", endpoint.port), timeout)
    remote.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if endpoint.tls is None:
        return remote
    # asyncio takes 60 ms, and few commands need it.
    from orchestrator.docker_host.tls import through_tls  # noqa: PLC0415

    return through_tls(remote, endpoint.tls, endpoint.parts.hostname or "", timeout)


def _dial_unix(path: str, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def ssh_words(endpoint: Endpoint) -> list[str]:
    """Return the command that connects its standard streams to an engine behind ssh."""
    parts = endpoint.parts
    words = [*_SSH]
    if parts.username:
        words += ["-l", parts.username]
    if parts.port:
        words += ["-p", str(parts.port)]
    elsewhere = ["--host", f"unix://{parts.path}"] if parts.path.strip("/") else []
    return [*words, "--", parts.hostname or "", "docker", *elsewhere, "system", "dial-stdio"]


def _dial_ssh(endpoint: Endpoint, timeout: float) -> socket.socket:
    ours, theirs = socket.socketpair()
    ours.settimeout(timeout)
    with theirs:
        try:
            program = subprocess.Popen(
                ssh_words(endpoint),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the lab: ssh ends with its connection
            )
        except BaseException:
            ours.close()
            raise
    threading.Thread(target=program.wait, name="ssh", daemon=True).start()
    return ours


def ssh_refusal(endpoint: Endpoint) -> str:
    """Return what ssh says when it cannot reach an engine; empty if it says nothing."""
    try:
        done = subprocess.run(
            ssh_words(endpoint),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            errors="replace",
            timeout=_SSH_SAYS_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines and done.returncode else ""

"""Connections to an engine: whatever carries them, they are plain sockets."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from orchestrator.docker_host.dialling import dial, ssh_refusal
from orchestrator.docker_host.endpoint import Certificates, Endpoint
from orchestrator.docker_host.health import EngineHealth
from orchestrator.engines.docker.adapter import DialledAdapter


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate that is its own authority, for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]  # fmt: skip
    subprocess.run(words, check=True, capture_output=True)
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


@pytest.fixture
def server(certificates: Path) -> Iterator[str]:
    """Run a TLS server that wants a certificate, and sends everything back in capitals."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with contextlib.suppress(OSError), context.wrap_socket(plain, True) as one:
                    while data := one.recv(65_536):
                        one.sendall(data.upper())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_a_connection_through_tls_carries_the_bare_bytes(server: str, certificates: Path) -> None:
    with dial(Endpoint(server, Certificates(certificates)), 5.0) as one:
        one.settimeout(None)
        os.write(one.fileno(), b"attach\n")
        assert os.read(one.fileno(), 100) == b"ATTACH\n", "consoles use the bare descriptor"
        sent = b"x" * 1_000_000
        threading.Thread(target=one.sendall, args=(sent,), daemon=True).start()
        came = 0
        while came < len(sent):
            came += len(one.recv(65_536))
        assert came == len(sent)
        one.shutdown(socket.SHUT_RDWR)
    # The next one works as well: the server has seen the end of the first.
    with dial(Endpoint(server, Certificates(certificates)), 5.0) as one:
        one.sendall(b"again")
        assert one.recv(100) == b"AGAIN"


def test_a_server_that_no_authority_knows_is_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        dial(Endpoint(server, Certificates(tmp_path)), 5.0)


def test_ssh_carries_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with dial(Endpoint("ssh://far"), 5.0) as one:
        one.sendall(b"attach")
        assert one.recv(100) == b"attach"


def test_what_ssh_says_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert ssh_refusal(Endpoint("ssh://far")) == "Permission denied (publickey)."


def test_a_request_that_may_take_any_time_still_has_some_to_connect() -> None:
    given: list[float] = []

    class Refusing(EngineHealth):
        def dial(self, timeout: float) -> socket.socket:
            given.append(timeout)
            raise ConnectionRefusedError

    session = requests.Session()
    session.mount("http://", DialledAdapter(Refusing(Endpoint("tcp://127.0.0.1:1")), 5.0))
    for own in (None, 2.0):
        with pytest.raises(requests.ConnectionError):
            session.post("http://docker/containers/alice/attach", timeout=own)
    assert given == [5.0, 2.0], "with 0 seconds, all but the fastest connections would fail"

"""Podman answers on a socket like Docker's, and cannot do all that the lab needs."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from orchestrator.engines import choose
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import EngineError
from orchestrator.scenario import EngineName

_VERSION = {"ApiVersion": "1.41", "Components": [{"Name": "Podman Engine", "Version": "4.3.1"}]}


class Answers(BaseHTTPRequestHandler):
    """Answers every request as Podman answers `/version`."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps(_VERSION).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(autouse=True)
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the lab find Podman instead of Docker."""
    path = tmp_path / "podman.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with socketserver.ThreadingUnixStreamServer(str(path), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


def test_podman_is_refused_in_one_sentence() -> None:
    with pytest.raises(EngineError, match=r"podman\.sock is Podman, which cannot limit") as caught:
        docker_client.connect()
    assert caught.value.hint == (
        "set DOCKER_HOST to a Docker engine; `--engine process` does without it"
    )


def test_auto_takes_processes_instead_and_says_why() -> None:
    said: list[str] = []
    assert choose.available(said.append) is EngineName.PROCESS
    (line,) = said
    assert "is Podman" in line

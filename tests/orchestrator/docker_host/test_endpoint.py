"""The engine that the lab uses is the one that the `docker` command would use."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import command
from orchestrator.docker_host import endpoint, health
from orchestrator.docker_host.dialling import ssh_words
from orchestrator.docker_host.endpoint import DEFAULT, Certificates, Endpoint, current
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import EngineError


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Docker's configuration, which is empty; no variable says otherwise."""
    for name in endpoint._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def write_context(config: Path, name: str, *, tls: bool = False, **fields: Any) -> Path:
    """Write a context as `docker context create` does; return where its certificates are."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    folder = config / "contexts/meta" / digest
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": fields}}
    (folder / "meta.json").write_text(json.dumps(meta))
    certificates = config / "contexts/tls" / digest / "docker"
    if tls:
        certificates.mkdir(parents=True)
    return certificates


def test_without_any_choice_it_is_this_machines_socket() -> None:
    assert current() == Endpoint(DEFAULT)
    assert str(current()) == "/var/run/docker.sock"


def test_the_current_context_is_used(config: Path) -> None:
    write_context(config, "two", Host="unix:///two.sock", SkipTLSVerify=False)
    (config / "config.json").write_text('{"currentContext": "two"}')
    assert current() == Endpoint("unix:///two.sock")


def test_a_context_in_the_environment_comes_before_the_current_one(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_context(config, "two", Host="unix:///two.sock")
    certificates = write_context(config, "far", Host="tcp://far:2376", tls=True)
    (config / "config.json").write_text('{"currentContext": "two"}')
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert current() == Endpoint("tcp://far:2376", Certificates(certificates))
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert current() == Endpoint(DEFAULT)


def test_a_host_in_the_environment_comes_before_every_context(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_context(config, "two", Host="unix:///two.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    monkeypatch.setenv("DOCKER_HOST", "tcp://far:2375")
    assert current() == Endpoint("tcp://far:2375")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert current() == Endpoint("tcp://far:2375", Certificates(config))
    monkeypatch.setenv("DOCKER_CERT_PATH", "/certificates")
    assert current() == Endpoint("tcp://far:2375", Certificates(Path("/certificates")))


def test_a_broken_configuration_counts_as_none(config: Path) -> None:
    (config / "config.json").write_text("{")
    assert current() == Endpoint(DEFAULT)


def test_certificates_that_are_not_to_be_verified(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = write_context(config, "lax", Host="tcp://far", SkipTLSVerify=True)
    monkeypatch.setenv("DOCKER_CONTEXT", "lax")
    assert current() == Endpoint("tcp://far", Certificates(certificates, verify=False))
    assert current().port == 2376


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("DOCKER_CONTEXT", "gone", "the Docker context 'gone' does not exist"),
        ("DOCKER_HOST", "npipe:////./pipe/docker", "DOCKER_HOST names npipe:////./pipe/docker"),
        ("DOCKER_HOST", "tcp://far:port", "DOCKER_HOST names tcp://far:port"),
        ("DOCKER_HOST", "unix://", "DOCKER_HOST names unix://"),
    ],
)
def test_what_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(EngineError) as caught:
        current()
    assert caught.value.what.startswith(says)
    assert caught.value.hint


def test_a_context_that_cannot_be_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_context(config, "bad")
    path = next(config.glob("contexts/meta/*/meta.json"))
    path.write_text('{"Endpoints": {}}')
    monkeypatch.setenv("DOCKER_CONTEXT", "bad")
    with pytest.raises(EngineError, match="'bad' cannot be read"):
        current()


def test_commands_get_the_same_engine_and_no_other() -> None:
    given = {"DOCKER_CONTEXT": "two", "DOCKER_TLS_VERIFY": "1", "HOME": "/h"}
    local = Endpoint("unix:///two.sock").environment(given)
    assert local == {"HOME": "/h", "DOCKER_HOST": "unix:///two.sock"}
    far = Endpoint("tcp://far:1", Certificates(Path("/c"))).environment(given)
    assert far == {"HOME": "/h", "DOCKER_HOST": "tcp://far:1", "DOCKER_TLS_VERIFY": "1",
                   "DOCKER_CERT_PATH": "/c"}  # fmt: skip


def test_images_and_containers_are_of_one_engine(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The `docker` command has the images, a connection of the lab's own the containers."""
    write_context(config, "two", Host="unix:///two.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\necho "$DOCKER_HOST$DOCKER_CONTEXT"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert command.docker("docker", "image", "ls") == "unix:///two.sock\n"
    asked: list[str] = []

    def refuse(given: Endpoint, _: float) -> None:
        asked.append(given.url)
        raise ConnectionRefusedError

    monkeypatch.setattr(health, "dial", refuse)
    with pytest.raises(EngineError, match="Docker does not answer"):
        docker_client.connect()
    assert {*asked} == {"unix:///two.sock"}


def test_ssh_is_called_as_docker_calls_it() -> None:
    words = ssh_words(Endpoint("ssh://ada@far:2222/run/docker.sock"))
    assert words[-11:] == ["-l", "ada", "-p", "2222", "--", "far", "docker", "--host",
                           "unix:///run/docker.sock", "system", "dial-stdio"]  # fmt: skip
    assert ssh_words(Endpoint("ssh://far"))[-5:] == ["--", "far", "docker", "system", "dial-stdio"]

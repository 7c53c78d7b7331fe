"""The Docker engine that the `docker` command would use, found as that command finds it.

`DOCKER_HOST` comes first, then `DOCKER_CONTEXT`, then the current context in Docker's
config.json, then the socket of this machine.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from orchestrator.errors import EngineError

DEFAULT = "unix:///var/run/docker.sock"

_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_TLS",
              "DOCKER_CERT_PATH", "HOME")  # fmt: skip
_OWN_CONTEXT = "default"  # the name of the context that is no file
_PLAIN_PORT, _TLS_PORT = 2375, 2376


@dataclass(frozen=True, slots=True)
class Certificates:
    """What TLS needs."""

    folder: Path  # holds ca.pem, cert.pem and key.pem; one that is not there is not used
    verify: bool = True  # whether the engine's certificate is checked

    def file(self, name: str) -> Path | None:
        """Return one of the files, if it is there."""
        path = self.folder / f"{name}.pem"
        return path if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A Docker engine's address."""

    url: str  # such as ``unix:///var/run/docker.sock``, ``tcp://host:2376`` or ``ssh://user@host``
    tls: Certificates | None = None  # the certificates; None without TLS

    def __str__(self) -> str:
        return self.parts.path if self.parts.scheme == "unix" else self.url

    @property
    def parts(self) -> SplitResult:
        """The parts of the URL."""
        return urlsplit(self.url)

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.parts.port or (_TLS_PORT if self.tls else _PLAIN_PORT)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return variables with which `docker` and Compose use this engine and no other."""
        kept = {key: value for key, value in given.items() if key not in _REPLACED}
        kept["DOCKER_HOST"] = self.url
        if self.tls:
            kept["DOCKER_CERT_PATH"] = str(self.tls.folder)
            kept["DOCKER_TLS_VERIFY" if self.tls.verify else "DOCKER_TLS"] = "1"
            # Compose v1 would trust these authorities instead of the engine's own.
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                kept.pop(name, None)
        return kept


_REPLACED = ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def current() -> Endpoint:
    """Return the engine to use. It stays the same while the environment does.

    Raises:
        EngineError: the context does not exist, or the address cannot be used.
    """
    return _find(tuple(os.environ.get(name, "") for name in _VARIABLES))


@functools.lru_cache
def _find(values: tuple[str, ...]) -> Endpoint:
    given = dict(zip(_VARIABLES, values, strict=True))
    folder = Path(given["DOCKER_CONFIG"] or Path(given["HOME"] or "~").expanduser() / ".docker")
    if given["DOCKER_HOST"]:
        tls = None
        if given["DOCKER_TLS_VERIFY"] or given["DOCKER_TLS"]:
            certificates = Path(given["DOCKER_CERT_PATH"] or folder)
            tls = Certificates(certificates, bool(given["DOCKER_TLS_VERIFY"]))
        return _checked(given["DOCKER_HOST"], tls, "DOCKER_HOST")
    name = given["DOCKER_CONTEXT"] or _current_context(folder)
    return Endpoint(DEFAULT) if name == _OWN_CONTEXT else _of_context(folder, name)


def _current_context(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_bytes()).get("currentContext", "")
                   or _OWN_CONTEXT)  # fmt: skip
    except (OSError, ValueError, AttributeError):
        return _OWN_CONTEXT  # as `docker` does, with a warning


def _of_context(folder: Path, name: str) -> Endpoint:
    """Return the engine of a context."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts/meta" / digest / "meta.json"
    where = f"the Docker context {name!r}"
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())["Endpoints"]["docker"]
    except FileNotFoundError:
        hint = "`docker context ls` lists those that do"
        raise EngineError(f"{where} does not exist", hint=hint) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{where} cannot be read: {path}", hint="create it again") from error
    certificates = folder / "contexts/tls" / digest / "docker"
    skips = bool(found.get("SkipTLSVerify"))
    tls = Certificates(certificates, not skips) if certificates.is_dir() or skips else None
    return _checked(str(found.get("Host") or DEFAULT), tls, where)


def _checked(url: str, tls: Certificates | None, source: str) -> Endpoint:
    """Return an endpoint if the lab can use it."""
    url = url if "://" in url else f"tcp://{url}"
    parts = urlsplit(url)
    try:
        is_usable = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        is_usable = False
    if parts.scheme not in ("unix", "tcp", "ssh") or not is_usable:
        raise EngineError(
            f"{source} names {url}, which the lab cannot use",
            hint="it can use unix:///path, tcp://host:port and ssh://user@host",
        )
    return Endpoint(url, tls if parts.scheme == "tcp" else None)

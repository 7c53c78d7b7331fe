"""What carries the Docker SDK's requests: every connection is dialled by the lab.

So one mechanism reaches each kind of engine, and a stalled one can be left: see `docker_host`.
"""

from __future__ import annotations

from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from orchestrator.docker_host.health import EngineHealth

_KEPT = 10  # idle connections


class _Connection(HTTPConnection):
    health: EngineHealth
    most: float  # seconds to connect, for a request that may take any time, such as an attach

    def connect(self) -> None:
        self.sock = self.health.dial(float(self.timeout or self.most))


class _Pool(HTTPConnectionPool):
    def __init__(self, health: EngineHealth, timeout: float) -> None:
        super().__init__("docker", timeout=timeout, maxsize=_KEPT)
        self._health, self._seconds = health, timeout

    def _new_conn(self) -> Any:
        connection = _Connection("docker", timeout=self._seconds)
        connection.health, connection.most = self._health, self._seconds
        return connection


class DialledAdapter(HTTPAdapter):
    """Sends requests over connections to one engine.

    Args:
        health: dials them.
        timeout: seconds for each wait, unless a request has its own.
    """

    def __init__(self, health: EngineHealth, timeout: float) -> None:
        super().__init__()
        self._health, self._seconds = health, timeout
        self._pool = _Pool(health, timeout)

    def send(self, *given: Any, **options: Any) -> Any:
        """Send a request and return the response.

        Raises:
            OSError: it failed; an `EngineStalledError` if its connection was cut for that.
        """
        try:
            return super().send(*given, **options)
        except OSError:
            self._health.check()
            raise

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        """Return the pool of all connections."""
        return self._pool

    def request_url(self, request: Any, _proxies: Any) -> str:
        """Return the path of a request: no proxy is between the lab and its engine."""
        return str(request.path_url)

    def close(self) -> None:
        """Close every idle connection; a later request dials again."""
        super().close()
        closing, self._pool = self._pool, _Pool(self._health, self._seconds)
        closing.close()

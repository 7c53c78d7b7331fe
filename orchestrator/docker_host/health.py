"""Whether a Docker engine still answers.

An engine that ends refuses connections, and every call fails at once. One that stalls, such as on
a full disk or a dead network, accepts them and never answers. A thread asks every few seconds; if
no answer comes, every connection is cut, so that whatever waits for one of them fails too.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import threading
import time
import weakref

from orchestrator.docker_host.dialling import dial
from orchestrator.docker_host.endpoint import Endpoint

ONCE_IT_ANSWERS = "once Docker answers, run the command again"
"""The hint for a command during which Docker ended or stalled."""

_EVERY = 5.0  # seconds between two pings
_ANSWERS_WITHIN = 10.0  # seconds; a ping takes a millisecond, on a busy machine a few hundred
_LEFT_AFTER = 1.0  # seconds that an engine has, once the user wants to leave


class EngineStalledError(OSError):
    """The engine accepts connections, and does not answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(f"{endpoint} accepts connections, but has stalled")


class EngineHealth:
    """The connections of this process to one engine, and whether it answers. Thread-safe."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._stalled = False
        self._asking: http.client.HTTPConnection | None = None
        self._is_watched = False

    @property
    def has_stalled(self) -> bool:
        """Whether it accepted connections and did not answer when it was last looked at."""
        return self._stalled

    def check(self) -> None:
        """Return unless the engine has stalled.

        Raises:
            EngineStalledError: it has.
        """
        if self._stalled:
            raise EngineStalledError(self.endpoint)

    def dial(self, timeout: float) -> socket.socket:
        """Return a connection, which is cut if the engine stalls; `timeout` is in seconds.

        Raises:
            OSError: the engine cannot be reached, or has stalled.
        """
        self.check()
        connection = dial(self.endpoint, timeout)
        with self._lock:
            self._open.add(connection)
        return connection

    def look(self, timeout: float | None = None) -> None:
        """See whether the engine answers; cut every connection if not.

        Args:
            timeout: seconds that it has; ten by default.
        """
        within = timeout or _ANSWERS_WITHIN
        if not self._looking.acquire(timeout=within):
            self._leave()  # another thread's ping has got no answer for as long
            return
        try:
            self._ping(within)
        except TimeoutError:
            self._leave()
        except (OSError, http.client.HTTPException):
            self._stalled = False  # it is gone or restarts, so that calls fail by themselves
        else:
            self._stalled = False
        finally:
            self._looking.release()

    def _ping(self, timeout: float) -> None:
        """Ask on a connection that stays open: a new one costs a process behind ssh."""
        kept, self._asking = self._asking, None
        if kept and kept.sock:
            try:
                return self._ask(kept, timeout)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                pass  # Docker was restarted
        return self._ask(self._connected(timeout), timeout)

    def _ask(self, connection: http.client.HTTPConnection, timeout: float) -> None:
        try:
            connection.sock.settimeout(timeout)
            connection.request("GET", "/_ping")
            connection.getresponse().read()
        except BaseException:
            connection.close()
            raise
        self._asking = connection

    def _connected(self, timeout: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("docker")
        connection.auto_open = 0  # `docker` is not the name of a host to connect to again
        connection.sock = dial(self.endpoint, timeout)
        return connection

    def _leave(self) -> None:
        """Cut every connection of an engine that does not answer, and refuse new ones."""
        self._stalled = True
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def watch(self) -> None:
        """Look every few seconds from now on, in a thread that ends with the process."""
        with self._lock:
            if self._is_watched:
                return
            self._is_watched = True
        threading.Thread(target=self._watch, name="Docker's health", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(_EVERY)
            self.look()


@functools.lru_cache
def health_of(endpoint: Endpoint) -> EngineHealth:
    """Return the health of an engine, one for the whole process."""
    _KNOWN.append(health := EngineHealth(endpoint))
    return health


_KNOWN: list[EngineHealth] = []


def leave_stalled() -> None:
    """Have nothing wait for an engine that does not answer soon: the user wants to leave."""
    for health in [*_KNOWN]:
        health.look(_LEFT_AFTER)

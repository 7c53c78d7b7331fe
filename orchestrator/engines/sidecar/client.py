"""One running sidecar and the conversation with it over any carrier.

Every request and every answer is one line of JSON; answers come in any order. Other clients may
use the same sidecar: answers to them are ignored.
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from orchestrator.errors import QUOTED_LINES, EngineError, quote

Answer = dict[str, Any]
TIMEOUT = 15.0  # seconds for an answer that takes no time of its own


class SidecarGoneError(EngineError):
    """The sidecar ended."""


class Carrier(ABC):
    """What carries the conversation: a container's stream, or a process's pipes."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Write all of `data` to the sidecar's standard input.

        Raises:
            OSError: it no longer reads.
        """

    @abstractmethod
    def chunks(self) -> Iterator[bytes]:
        """Yield the sidecar's output until it ends or `close` is called."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect, which ends `chunks`; harmless when done twice."""

    @abstractmethod
    def free(self) -> None:
        """Close the descriptor, once nothing reads it."""


class Pending:
    """A request without an answer yet."""

    def __init__(self, sidecar: Sidecar, do: str) -> None:
        self._sidecar, self._do = sidecar, do
        self._future: Future[Answer] = Future()

    def resolve(self, answer: Answer) -> None:
        """Hand over the answer."""
        self._future.set_result(answer)

    def answer(self, timeout: float = TIMEOUT) -> Answer:
        """Wait for the answer, for at most `timeout` seconds.

        Raises:
            SidecarGoneError: it ended before it answered.
            EngineError: it failed, or did not answer in time.
        """
        who = f"the sidecar of {self._sidecar.name}"
        try:
            answer = self._future.result(timeout)
        except TimeoutError:
            raise EngineError(f"{who}: no answer to {self._do} within {timeout:g} s") from None
        if not answer:
            raise SidecarGoneError(f"{who} ended{self._sidecar.last_words}")
        if "error" in answer and not answer.get("ok"):
            raise EngineError(f"{who}: {self._do}: {answer['error']}")
        return answer


class Sidecar:
    """A running sidecar. Thread-safe.

    Args:
        name: whose sidecar it is, for messages.
        carrier: what carries the conversation; closed by `close`.
    """

    def __init__(self, name: str, carrier: Carrier) -> None:
        self.name = name
        self._carrier = carrier
        self._own = secrets.token_hex(4)
        self._serials = itertools.count(1)
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._pending: dict[str, Pending] = {}
        self._said: deque[str] = deque(maxlen=QUOTED_LINES)
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read, name=f"sidecar of {name}", daemon=True)
        self._reader.start()

    @property
    def ended(self) -> bool:
        """Whether it has ended, or was closed."""
        return self._over.is_set()

    @property
    def last_words(self) -> str:
        """What it printed beside its answers, as the end of a sentence; may be empty."""
        return quote(self._said)

    def request(self, do: str, **fields: object) -> Pending:
        """Send a request without waiting for its answer."""
        pending = Pending(self, do)
        number = f"{self._own}-{next(self._serials)}"
        with self._lock:
            if self.ended:
                pending.resolve({})
                return pending
            self._pending[number] = pending
        line = json.dumps({"id": number, "do": do} | fields)
        try:
            with self._sending:
                self._carrier.send(line.encode() + b"\n")
        except OSError:
            self._drop(number)
        return pending

    def ask(self, do: str, timeout: float = TIMEOUT, **fields: object) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            SidecarGoneError: it ended before it answered.
            EngineError: it failed, or did not answer in time.
        """
        return self.request(do, **fields).answer(timeout)

    def await_end(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until it has ended. Returns whether it has."""
        return self._over.wait(timeout)

    def close(self) -> None:
        """Disconnect. Requests without an answer fail as if it had ended."""
        self._carrier.close()
        if threading.current_thread() is not self._reader:
            self._reader.join()

    def _drop(self, number: str) -> None:
        with self._lock:
            pending = self._pending.pop(number, None)
        if pending:
            pending.resolve({})

    def _read(self) -> None:
        rest = b""
        try:
            for chunk in self._carrier.chunks():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line)
        except OSError:
            pass  # the same as its end
        finally:
            with self._lock:
                self._over.set()
                left, self._pending = self._pending, {}
            for pending in left.values():
                pending.resolve({})

    def _take(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
            number = answer["id"]
        except (ValueError, TypeError, KeyError):
            if not line.startswith(b'{"ready"'):
                self._said.append(line.decode("utf-8", "replace"))
            return
        with self._lock:
            pending = self._pending.pop(str(number), None)
        if pending:
            pending.resolve(answer)

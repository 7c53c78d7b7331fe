"""What a sidecar is asked: one JSON object in a line, read strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.errors import RequestError
from sidecar.fields import Fields
from sidecar.rules import Rules, read_rules

_DAY = 86_400.0
_MANY = 1_000_000
_NAME = 60  # characters of a probe's name: at most 240 bytes
_PATIENCE = 10.0

STREAM_BYTES = 1 << 24
"""Of a probe's stream, at most: the far end keeps them all until it is asked."""


@dataclass(frozen=True, slots=True)
class Simple:
    """One that has no more to say than what is to be done."""

    do: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Let rules hold in place of those before."""

    rules: Rules


@dataclass(frozen=True, slots=True)
class Send:
    """Send a probe.

    Attributes:
        what: ``packets`` or ``stream``.
        to: the address.
        port: the port.
        probe: its name, which no other probe has.
        count: packets, or writes.
        size: bytes of each.
        interval: seconds between two; 0 for as fast as they go.
        patience: seconds for a stream to be connected, and to end.
    """

    what: str
    to: str
    port: int
    probe: str
    count: int
    size: int
    interval: float
    patience: float


@dataclass(frozen=True, slots=True)
class Heard:
    """Tell what has come of a probe.

    Attributes:
        probe: its name.
        count: how many packets are waited for.
        patience: seconds to wait at most.
    """

    probe: str
    count: int
    patience: float


Request = Simple | Hold | Send | Heard


def name_of(line: bytes) -> tuple[str, dict[str, object]]:
    """Return a request's id and all the rest of it, unread.

    Raises:
        RequestError: it is no JSON object with an id.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise RequestError("a request must be one JSON object in a line") from None
    fields = Fields(data, "a request")
    name = fields.text("id", most=1000)
    return name, {key: value for key, value in data.items() if key != "id"}


def read_request(data: dict[str, object], *, with_kernel: bool) -> Request:
    """Read what is asked.

    Args:
        data: the request without its id.
        with_kernel: whether packets can be touched here.

    Raises:
        RequestError: it is not what a request must be.
    """
    fields = Fields(data, "a request")
    do = fields.text("do", most=100)
    if do == "set":
        request: Request = Hold(read_rules(fields.inner("rules"), with_kernel=with_kernel))
    elif do in _READERS:
        request = _READERS[do](fields, do)
    else:
        raise RequestError(f"nothing is called {do!r}")
    fields.done()
    return request


def _simple(_: Fields, do: str) -> Request:
    return Simple(do)


def _send(fields: Fields, do: str) -> Request:
    send = Send(
        do,
        fields.address("to"),
        fields.whole("port", 1, 65535),
        fields.text("probe", most=_NAME),
        fields.whole("count", 0, _MANY),
        fields.whole("size", 16, 65_507),
        fields.number("interval", 0, _DAY),
        fields.number("patience", 0, _DAY, _PATIENCE) if do == "stream" else 0.0,
    )
    if do == "stream" and send.count * send.size > STREAM_BYTES:
        raise RequestError(f"a stream has at most {STREAM_BYTES} bytes")
    return send


def _heard(fields: Fields, _: str) -> Request:
    count = fields.whole("count", 0, _MANY)
    return Heard(fields.text("probe", most=_NAME), count, fields.number("patience", 0, _DAY))


_READERS: dict[str, Callable[[Fields, str], Request]] = {
    **dict.fromkeys(("abilities", "listen", "state", "bye"), _simple),
    **dict.fromkeys(("packets", "stream"), _send),
    "heard": _heard,
}

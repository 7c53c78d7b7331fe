"""Reads requests strictly: one JSON object a line, and a mistake is reported with its place."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any, NamedTuple

from sidecar.errors import RequestError
from sidecar.ruleset import LEASE, ArriveRule, LeaveRule, RelayRule, Rules, Shape

_HOUR = 3600.0
_DAY = 86_400.0
_MANY = 1_000_000
_MANY_BYTES = 1 << 40
_NAME = 60  # characters of a probe's name: at most 240 bytes
_PATIENCE = 10.0

STREAM_BYTES = 1 << 24
"""Bytes of a probe's stream, at most: the receiver keeps them all until it is asked."""


class Simple(NamedTuple):
    """A request without arguments."""

    do: str


class SetRules(NamedTuple):
    """Replace all rules."""

    rules: Rules


@dataclass(frozen=True, slots=True)
class SendProbe:
    """Send a probe.

    Attributes:
        what: ``packets`` or ``stream``.
        to: the address.
        port: the port.
        probe: its name, which no other probe has.
        count: packets, or writes.
        size: bytes of each.
        interval: seconds between two; 0 for as fast as possible.
        patience: seconds for a stream to connect, and to end.
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
class ReportProbe:
    """Report what arrived of a probe.

    Attributes:
        probe: its name.
        count: how many packets to wait for.
        patience: seconds to wait at most.
    """

    probe: str
    count: int
    patience: float


Request = Simple | SetRules | SendProbe | ReportProbe


def split_id(line: bytes) -> tuple[str, dict[str, object]]:
    """Return a request's id, and the rest of it unread.

    Raises:
        RequestError: it is not a JSON object with an id.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise RequestError("a request must be one JSON object in a line") from None
    fields = Fields(data, "a request")
    name = fields.text("id", most=1000)
    return name, {key: value for key, value in data.items() if key != "id"}


def read_request(data: dict[str, object], *, with_kernel: bool) -> Request:
    """Return the request that an object describes.

    Args:
        data: the request without its id.
        with_kernel: whether packets can be touched here.

    Raises:
        RequestError: it is malformed.
    """
    fields = Fields(data, "a request")
    do = fields.text("do", most=100)
    if do == "set":
        request: Request = SetRules(_rules(fields.inner("rules"), with_kernel=with_kernel))
    elif do in _READERS:
        request = _READERS[do](fields, do)
    else:
        raise RequestError(f"unknown request {do!r}")
    fields.done()
    return request


def _simple(_: Fields, do: str) -> Request:
    return Simple(do)


def _send(fields: Fields, do: str) -> Request:
    send = SendProbe(
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


def _report(fields: Fields, _: str) -> Request:
    count = fields.whole("count", 0, _MANY)
    return ReportProbe(fields.text("probe", most=_NAME), count, fields.number("patience", 0, _DAY))


_READERS: dict[str, Callable[[Fields, str], Request]] = {
    **dict.fromkeys(("capabilities", "listen", "state", "bye"), _simple),
    **dict.fromkeys(("packets", "stream"), _send),
    "heard": _report,
}


# Rules


def _rules(fields: Fields, *, with_kernel: bool) -> Rules:
    """Read rules. Without a kernel that may be touched, a relayed stream names both its ends."""
    rules = Rules(
        lease=fields.number("lease", 0.5, _HOUR, LEASE),
        arrive=tuple(map(_arrive, fields.objects("arrive"))),
        leave=tuple(map(_leave, fields.objects("leave"))),
        relay=tuple(_relay(inner, with_kernel=with_kernel) for inner in fields.objects("relay")),
    )
    fields.done()
    _refuse_doubles("arrive", (source for rule in rules.arrive for source in rule.sources))
    _refuse_doubles("leave", (target for rule in rules.leave for target in rule.targets))
    _refuse_doubles("relay", (rule.key for rule in rules.relay))
    return rules


def _refuse_doubles(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RequestError(f"{where} has {name} twice")
        seen.add(name)


def _arrive(fields: Fields) -> ArriveRule:
    sources = fields.addresses("from")
    rule = ArriveRule(sources, fields.flag("cut", default=False), fields.number("loss", 0, 1, 0.0))
    fields.done()
    return rule


def _leave(fields: Fields) -> LeaveRule:
    rule = LeaveRule(
        fields.addresses("to"),
        fields.whole_or_none("bandwidth", 1, _MANY_BYTES),
        fields.number("delay", 0, _HOUR, 0.0),
        fields.number("jitter", 0, _HOUR, 0.0),
    )
    fields.done()
    return rule


def _relay(fields: Fields, *, with_kernel: bool) -> RelayRule:
    rule = RelayRule(
        fields.address("to"),
        _shape(fields.inner("out", {})),
        _shape(fields.inner("back", {})),
        0 if with_kernel else fields.whole("port", 1, 65535),
        "" if with_kernel else fields.address("from"),
    )
    fields.done()
    return rule


def _shape(fields: Fields) -> Shape:
    shape = Shape(
        fields.number("lag", 0, _HOUR, 0.0),
        fields.number("jitter", 0, _HOUR, 0.0),
        fields.whole_or_none("pieces", 1, _MANY_BYTES),
        fields.number("hold", 0, _HOUR, 0.0),
        fields.whole_or_none("reset", 0, _MANY_BYTES),
    )
    fields.done()
    return shape


# One object

_MISSING = object()


class Fields:
    """The values of one object, each taken once; `done` refuses those that are left."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise RequestError(f"{where} is not an object")
        self._left = dict(data)
        self._where = where

    def done(self) -> None:
        """Refuse what is left.

        Raises:
            RequestError: there are unknown keys.
        """
        if self._left:
            raise RequestError(f"{self._where} has an unknown key: {next(iter(self._left))!r}")

    def any(self, key: str, default: Any = _MISSING) -> Any:
        """Return a value of any type."""
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise RequestError(f"{self._where} lacks {key!r}")
        return value

    def text(self, key: str, *, most: int = 1_000_000) -> str:
        """Return a text of at most that many characters."""
        value = self.any(key)
        if not isinstance(value, str) or len(value) > most:
            raise self._wrong(key, f"a text of at most {most} characters")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.any(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def number(self, key: str, least: float, most: float, default: Any = _MISSING) -> float:
        """Return a number of a range, both ends included."""
        value = self.any(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        if not (math.isfinite(value) and least <= value <= most):
            raise self._wrong(key, f"a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, key: str, least: int, most: int) -> int:
        """Return a whole number of a range, both ends included."""
        value = self.any(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(key, f"a whole number from {least} to {most}")
        return value

    def whole_or_none(self, key: str, least: int, most: int) -> int | None:
        """Return a whole number of a range, or None if it is null or left out."""
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        return self.whole(key, least, most)

    def address(self, key: str) -> str:
        """Return an IPv4 address."""
        return _address(self.any(key), f"{self._where}: {key!r}")

    def addresses(self, key: str) -> tuple[str, ...]:
        """Return one or more IPv4 addresses."""
        values = self._list(key)
        if not values:
            raise self._wrong(key, "a list of addresses, not an empty one")
        return tuple(_address(value, f"{self._where}: {key!r}") for value in values)

    def objects(self, key: str) -> list[Fields]:
        """Return the objects of a list, none if it is left out."""
        values = self._list(key, [])
        return [Fields(value, f"{key}[{index}]") for index, value in enumerate(values)]

    def inner(self, key: str, default: Any = _MISSING) -> Fields:
        """Return an object."""
        return Fields(self.any(key, default), f"{self._where}: {key!r}")

    def _list(self, key: str, default: Any = _MISSING) -> list[object]:
        values = self.any(key, default)
        if not isinstance(values, list):
            raise self._wrong(key, "a list")
        return values

    def _wrong(self, key: str, wanted: str) -> RequestError:
        return RequestError(f"{self._where}: {key!r} must be {wanted}")


def _address(value: object, where: str) -> str:
    """Return an address in its canonical form, so that equal addresses are equal texts."""
    if not isinstance(value, str):
        raise RequestError(f"{where} must be an IPv4 address")
    try:
        return str(IPv4Address(value))
    except AddressValueError:
        raise RequestError(f"{where} must be an IPv4 address, not {value[:40]!r}") from None

"""Reads the values of a JSON object strictly; whoever wrote it learns where it is wrong."""

from __future__ import annotations

import math
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from sidecar.errors import RequestError

_MISSING = object()


class Fields:
    """The values of one object, each taken once; `done` finds those that nobody took."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise RequestError(f"{where} is not an object")
        self._left = dict(data)
        self._where = where

    def done(self) -> None:
        """See that nothing is left.

        Raises:
            RequestError: there are keys that mean nothing here.
        """
        if self._left:
            raise RequestError(f"{self._where} has an unknown key: {next(iter(self._left))!r}")

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def whatever(self, key: str, default: Any = _MISSING) -> Any:
        """Return a value as it stands."""
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise RequestError(f"{self._where} lacks {key!r}")
        return value

    def text(self, key: str, *, most: int = 1_000_000) -> str:
        """Return a text of so many characters at most."""
        value = self.whatever(key)
        if not isinstance(value, str) or len(value) > most:
            raise self._wrong(key, f"a text of at most {most} characters")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.whatever(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def number(self, key: str, least: float, most: float, default: Any = _MISSING) -> float:
        """Return a number of a range, both ends included."""
        value = self.whatever(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        if not (math.isfinite(value) and least <= value <= most):
            raise self._wrong(key, f"a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, key: str, least: int, most: int) -> int:
        """Return a whole number of a range, both ends included."""
        value = self.whatever(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(key, f"a whole number from {least} to {most}")
        return value

    def whole_or_none(self, key: str, least: int, most: int) -> int | None:
        """Return a whole number of a range, or None where it is null or left out."""
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        return self.whole(key, least, most)

    def address(self, key: str) -> str:
        """Return an IPv4 address."""
        return _address(self.whatever(key), f"{self._where}: {key!r}")

    def addresses(self, key: str) -> tuple[str, ...]:
        """Return IPv4 addresses, one at least."""
        values = self._list(key)
        if not values:
            raise self._wrong(key, "a list of addresses, not an empty one")
        return tuple(_address(value, f"{self._where}: {key!r}") for value in values)

    def objects(self, key: str) -> list[Fields]:
        """Return the objects of a list, none where it is left out."""
        values = self._list(key, [])
        return [Fields(value, f"{key}[{place}]") for place, value in enumerate(values)]

    def inner(self, key: str, default: Any = _MISSING) -> Fields:
        """Return an object."""
        return Fields(self.whatever(key, default), f"{self._where}: {key!r}")

    def _list(self, key: str, default: Any = _MISSING) -> list[object]:
        values = self.whatever(key, default)
        if not isinstance(values, list):
            raise self._wrong(key, "a list")
        return values

    def _wrong(self, key: str, wanted: str) -> RequestError:
        return RequestError(f"{self._where}: {key!r} must be {wanted}")


def _address(value: object, where: str) -> str:
    """Return an address in the one way it is written, so that equal ones are equal texts."""
    if not isinstance(value, str):
        raise RequestError(f"{where} must be an IPv4 address")
    try:
        return str(IPv4Address(value))
    except AddressValueError:
        raise RequestError(f"{where} must be an IPv4 address, not {value[:40]!r}") from None

"""Choose the arguments of operations that are tried. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator import document
from orchestrator.errors import LabError
from orchestrator.profile import ConsoleOperation, Profile, Value, converted

Given = Mapping[tuple[str, str], str]
"""Values that the user gives, by operation and argument; any operation is the empty text."""

_HOSTS = ("address", "host", "hostname", "addr", "ip")
_PORT = "port"
_NAMES = ("peer", "node", "member")


def given(profile: Profile, texts: Sequence[str]) -> Given:
    """Return what `--with` gives: `put.key=x`, or `key=x` for each operation that takes a key.

    Raises:
        LabError: there is no such operation or argument, or the value is not of its type.
    """
    found = {}
    for text in texts:
        place, equals, value = text.partition("=")
        name, _, argument = place.rpartition(".")
        if not (equals and argument):
            raise LabError(f"--with {text}: write OPERATION.ARGUMENT=VALUE, or ARGUMENT=VALUE")
        if name and name not in profile.operations:
            near = document.nearest(name, profile.operations)
            raise LabError(f"--with {text}: no operation {name!r} here{near}")
        taking = [profile.operations[name]] if name else [*profile.operations.values()]
        takes = {key: it.type for one in taking for key, it in one.takes.items()}
        if argument not in takes:
            near = document.nearest(argument, takes)
            what = f"{name} takes no" if name else "no operation takes"
            raise LabError(f"--with {text}: {what} {argument!r}{near}")
        if "{" not in value:  # of a peer, as in {bob.address}: known once it has started
            try:
                converted(takes[argument], value)
            except ValueError as error:
                what = f"a value of the type {takes[argument]} is expected"
                raise LabError(f"--with {text}: {what}") from error
        found[name, argument] = value
    return found


def is_about_a_peer(operation: ConsoleOperation) -> bool:
    """Return whether an operation takes the address of another peer, or its name."""
    return any(name in (*_HOSTS, *_NAMES) for name in operation.takes)


class Values:
    """Chooses arguments: given ones, results of earlier replies, or new ones of the right type.

    An argument has the same value in all operations, so that `get` asks for what `put` stored.

    Args:
        given: by the user.
        other: the peer that an operation is about if it takes an address, a port or a name.
    """

    def __init__(self, given: Given, other: str) -> None:
        self._given, self._other = given, other
        self._chosen: dict[str, Value] = {}
        self._results: dict[str, Value] = {}
        self._stored: Value | None = None

    def arguments(self, name: str, operation: ConsoleOperation, *, all_: bool) -> dict[str, Value]:
        """Return the arguments for an operation; with those that are optional if `all_`."""
        return {
            key: self._value(name, key, it.type, operation)
            for key, it in operation.takes.items()
            if all_ or not it.optional
        }

    def unknown(self, name: str, operation: ConsoleOperation) -> dict[str, Value]:
        """Return arguments of which the program knows nothing; none if the user gives them all."""
        free = [key for key, it in operation.takes.items() if it.type == "text"
                and not {(name, key), ("", key)} & self._given.keys()]  # fmt: skip
        new: dict[str, Value] = {
            key: f"{key[0]}0" for key in free if not self._of_other(key, operation)
        }
        return self.arguments(name, operation, all_=True) | new if new else {}

    def learn(
        self, operation: ConsoleOperation, typed: Mapping[str, Value], results: Mapping[str, Value]
    ) -> None:
        """Note what a successful operation was given and returned."""
        self._results |= results
        if operation.means in ("write", "cas"):
            self._stored = typed.get("value", typed.get("new"))

    def _value(self, name: str, key: str, kind: str, operation: ConsoleOperation) -> Value:
        for place in ((name, key), ("", key)):
            if place in self._given:
                return self._given[place]
        if operation.means == "cas" and key == "old" and self._stored is not None:
            return self._stored  # any other value would be refused
        about = self._of_other(key, operation)
        if about:
            return about
        if key in self._results and key not in self._chosen:
            return self._results[key]  # such as the id that another operation returned
        return self._chosen.setdefault(key, self._new(key, kind))

    def _of_other(self, key: str, operation: ConsoleOperation) -> str:
        if key in _HOSTS or (key == _PORT and is_about_a_peer(operation)):
            return f"{{{self._other}.{_PORT if key == _PORT else 'address'}}}"
        return self._other if key in _NAMES else ""

    def _new(self, key: str, kind: str) -> Value:
        number = len(self._chosen) + 1
        if kind == "text":
            return f"{key[0]}{number}"  # as workloads do: k1, v2
        return number if kind == "integer" else number + 0.5

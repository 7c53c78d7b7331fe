"""What Tab completes: verbs, ids, hosts and ports. Touches no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from peer import commands
from peer.render import Row

_HOSTS = "/etc/hosts"
_MOST_HOSTS = 512


class Completer:
    """Completes the word at the cursor by what this peer knows.

    Args:
        rows: returns the connections.
    """

    def __init__(self, rows: Callable[[], Sequence[Row]]) -> None:
        self._rows = rows
        self._ports: dict[str, str] = {}  # by host, once met; the last ones met come last

    def met(self, host: str, port: int) -> None:
        """Remember where a peer listens."""
        self._ports.pop(host, None)
        self._ports[host] = str(port)
        if len(self._ports) > _MOST_HOSTS:  # strangers may give themselves any names
            del self._ports[next(iter(self._ports))]

    def meet_all(self) -> None:
        """Remember every peer that is connected now."""
        for row in self._rows():
            if row.name:  # a plain program that dialled does not say where it listens
                self.met(row.name, row.port)
                self.met(row.address, row.port)

    def complete(self, before: str, word: str) -> list[str]:
        """Return what `word` behind `before` may become, with the blank that then follows."""
        words = before.split()
        if words[:1] == ["send"] and len(words) > 1:
            return [f"{word}\t"]  # a message may have tabs
        known = self._candidates(words)
        return sorted(one for one in set(known) if one.startswith(word))

    def _candidates(self, words: Sequence[str]) -> Iterable[str]:
        match words:
            case []:
                return (f"{e.verb} " if " " in e.usage else e.verb for e in commands.TABLE.values())
            case ["help"]:
                return commands.TABLE
            case ["send"]:
                return (f"{row.id} " for row in self._rows())
            case ["terminate"]:
                return (str(row.id) for row in self._rows())
            case ["connect", *rest] if len(rest) <= 1:
                self.meet_all()
                if rest:
                    its = self._ports.get(rest[0])
                    return [its] if its else self._ports.values()
                return (f"{host} " for host in {*self._ports, *_host_names()})
        return ()


def _host_names() -> list[str]:
    """Return the names that this host's own table has."""
    try:
        # To import pathlib for this would take a fifteenth of the start.
        with open(_HOSTS, encoding="utf-8", errors="replace") as table:  # noqa: PTH123
            return [name for line in table for name in line.partition("#")[0].split()[1:]]
    except OSError:
        return []

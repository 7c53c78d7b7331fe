"""Reading the lists of three peers while nothing is known of their rows."""

from __future__ import annotations

from orchestrator.discovery import rows
from orchestrator.discovery.evidence import Exchange, Facts
from orchestrator.discovery.finding import Finder
from orchestrator.discovery.talking import Talker
from orchestrator.discovery.trio import NAMES


class Lists:
    """What each peer lists, and the ids in it.

    Args:
        talker: types.
        finder: knows how `list` is typed.

    Attributes:
        empty: what `list` shows when nobody is connected.
        first_id: of the first row of a list without ids.
        seen: rows of all lists that were read.
    """

    def __init__(self, talker: Talker, finder: Finder) -> None:
        self._talker, self._finder = talker, finder
        self.empty: tuple[str, ...] = ()
        self.first_id = 1
        self.seen: list[list[str]] = []
        self._owners: dict[str, dict[str, str]] = {}
        self._links: list[frozenset[str]] = []

    @property
    def is_known(self) -> bool:
        """Whether the program has lists."""
        return "list" in self._finder.wordings

    def facts(self) -> Facts:
        """Return where the three are."""
        those = [self._talker.trio.peer(name) for name in NAMES]
        return Facts(frozenset(p.address for p in those), frozenset(p.port for p in those))

    def rows(self, name: str) -> list[str]:
        """Ask a peer for its list, and return its rows."""
        if not self.is_known:
            return []
        found: Exchange = self._finder.ask("list", name)
        return rows.rows(found.lines, self.empty, self.facts())

    def look(self, *peers: str) -> None:
        """Read the lists of peers, and from them the ids of connections."""
        for name in peers:
            several = self.rows(name)
            self.seen += [several] if several else []
            self._assign(name, several)

    def _assign(self, name: str, several: list[str]) -> None:
        trio, facts = self._talker.trio, self.facts()
        before = dict(self._owners.get(name, {}))
        owners: dict[str, str] = {}
        for other in (each for each in NAMES if each != name):
            if frozenset((name, other)) not in self._links:
                self._talker.ids.pop((name, other), None)
                continue
            taken = [row for one, row in (before | owners).items() if one != other]
            peer = trio.peer(other)
            row = rows.row_of(several, peer.address, peer.port, taken)
            if row:
                owners[other] = row
                found = rows.id_of(row, rows.column(self.seen, facts), facts)
                self._talker.ids[name, other] = (
                    found if found is not None else self.first_id + several.index(row)
                )
        self._owners[name] = owners

    def link(self, one: str, other: str) -> None:
        """Note that two are connected."""
        self._links.append(frozenset((one, other)))

    def unlink(self, one: str, other: str = "") -> None:
        """Note that two are not connected any more, or one with nobody."""
        self._links = [
            each for each in self._links if not (one in each and (not other or other in each))
        ]
        for pair in list(self._talker.ids):
            if one in pair and (not other or other in pair):
                self._talker.ids.pop(pair)

    def lowest(self) -> int:
        """Return the id of the first connection that anybody had."""
        facts = self.facts()
        column = rows.column(self.seen, facts)
        found = [rows.id_of(row, column, facts) for one in self.seen[:2] for row in one]
        ids = [each for each in found if each is not None]
        return min(ids) if ids else self.first_id

"""The lists of three peers: which connection has which id."""

from __future__ import annotations

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.list_patterns import find_rows, id_column, id_of, row_of
from orchestrator.discovery.trio import NAMES
from orchestrator.discovery.typist import Typist


class ListTracker:
    """The lists of three peers and the connection ids in them."""

    def __init__(self, typist: Typist, finder: WordFinder) -> None:
        self._typist, self._finder = typist, finder
        self.empty: tuple[str, ...] = ()  # the output of `list` without connections
        self.first_id = 1  # the id of the first row, for lists without ids
        self.seen: list[list[str]] = []  # the rows of every list
        self._owners: dict[str, dict[str, str]] = {}  # the row of each other peer, by peer
        self._links: list[frozenset[str]] = []

    @property
    def is_known(self) -> bool:
        """Whether a word for `list` was found."""
        return "list" in self._finder.wordings

    def known(self) -> KnownValues:
        """Return the addresses and ports of all peers."""
        peers = [self._typist.trio.peer(name) for name in NAMES]
        return KnownValues(
            frozenset(peer.address for peer in peers), frozenset(peer.port for peer in peers)
        )

    def rows(self, name: str) -> list[str]:
        """Return the rows of a peer's list."""
        if not self.is_known:
            return []
        return find_rows(self._finder.enter("list", name).lines, self.empty, self.known())

    def update(self, *names: str) -> None:
        """Read the lists of peers, and update the ids of their connections."""
        for name in names:
            rows = self.rows(name)
            self.seen += [rows] if rows else []
            self._assign(name, rows)

    def _assign(self, name: str, rows: list[str]) -> None:
        known, ids = self.known(), self._typist.ids
        before = self._owners.get(name, {})
        owners: dict[str, str] = {}
        for other in (peer for peer in NAMES if peer != name):
            if frozenset((name, other)) not in self._links:
                ids.pop((name, other), None)
                continue
            taken = [row for owner, row in (before | owners).items() if owner != other]
            peer = self._typist.trio.peer(other)
            row = row_of(rows, peer.address, peer.port, taken)
            if row:
                owners[other] = row
                found = id_of(row, id_column(self.seen, known), known)
                ids[name, other] = self.first_id + rows.index(row) if found is None else found
        self._owners[name] = owners

    def are_linked(self, one: str, other: str) -> bool:
        """Return whether two peers are connected, as far as was noted."""
        return frozenset((one, other)) in self._links

    def link(self, one: str, other: str) -> None:
        """Note that two peers are connected."""
        self._links.append(frozenset((one, other)))

    def unlink(self, one: str, other: str = "") -> None:
        """Note that a peer is no longer connected to another one, or to any."""
        self._links = [
            link for link in self._links if not (one in link and (not other or other in link))
        ]
        for pair in list(self._typist.ids):
            if one in pair and (not other or other in pair):
                self._typist.ids.pop(pair)

    def lowest(self) -> int:
        """Return the lowest id in the first lists."""
        known = self.known()
        column = id_column(self.seen, known)
        ids = [id_of(row, column, known) for rows in self.seen[:2] for row in rows]
        return min((it for it in ids if it is not None), default=self.first_id)

"""The lists of three peers: which connection has which id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.list_patterns import Column, find_rows, id_columns, id_of, row_of
from orchestrator.discovery.row_blocks import BREAK, own_line
from orchestrator.discovery.row_items import RowForm, find_form
from orchestrator.discovery.trio import NAMES
from orchestrator.discovery.typist import Typist

_K = TypeVar("_K")


class ListTracker:
    """The lists of three peers and the connection ids in them."""

    def __init__(self, typist: Typist, finder: WordFinder) -> None:
        self._typist, self._finder = typist, finder
        self.empty: tuple[str, ...] = ()  # the output of `list` without connections
        self.first_id = 1  # the id of the first row, for lists without ids
        self.form: RowForm | None = None  # how rows stand on one line; None if they do not
        self._are_lines = False  # whether each row is a line by itself, as two of a list show
        self._lines: list[list[str]] = []  # the lines of every list that have rows
        self._refuted: set[Column] = set()  # where the ids are not
        self._counts: dict[str, int] = {}  # how many rows each peer's last list had
        self._owners: dict[str, dict[str, str]] = {}  # the row of each other peer, by peer
        self._last: dict[str, list[str]] = {}  # the rows of each peer's last list
        self._places: dict[tuple[str, str], int] = {}  # the place of its row
        self._links: list[frozenset[str]] = []
        self._addresses: set[str] = set()  # of peers, so far
        self._ports: set[int] = set()  # on which they listen
        self._link_ports: set[int] = set()  # of all connections when lists were read

    @property
    def is_known(self) -> bool:
        """Whether a word for `list` was found."""
        return "list" in self._finder.wordings

    def find_word_again(self, name: str) -> None:
        """Try words for `list` once a peer has a connection, if some printed nothing without one.

        A program may be as silent about a word that it does not know as about an empty list.
        """
        tried = [it for it in self._typist.exchanges if it.verb == "list"]
        if self.is_known or not tried or all(it.lines for it in tried):
            return
        found = self._finder.find(
            "list", name, lambda it: bool(it.lines) and not self._finder.is_unknown(it)
        )
        for exchange in tried:
            if found and exchange.typed == found.typed:
                self._typist.replace(exchange, right=True)

    def known(self) -> KnownValues:
        """Return the addresses and ports of all peers, also of those that were replaced."""
        for peer in map(self._typist.trio.peer, NAMES):
            self._addresses.add(peer.address)
            self._ports.add(peer.port)
        addresses, ports = frozenset(self._addresses), frozenset(self._ports)
        return KnownValues(addresses, ports, links=frozenset(self._link_ports))

    @property
    def seen(self) -> list[list[str]]:
        """The rows of every list."""
        return [self._split(lines) for lines in self._lines]

    def rows(self, name: str) -> list[str]:
        """Return the rows of a peer's list."""
        return self._split(self._read(name))

    def _read(self, name: str) -> list[str]:
        """Return the lines of a peer's list that have rows."""
        if not self.is_known:
            return []
        return find_rows(self._finder.enter("list", name).lines, self.empty, self.known(), name)

    def _split(self, rows: Iterable[str]) -> list[str]:
        """Return each row by itself: without a heading, and if there are several on a line."""
        if self._are_lines:  # a heading is taken for a part of the only row of a list
            rows = [own_line(row, self.known()) if BREAK in row else row for row in rows]
        if self.form is None:
            return [*rows]
        return [row for line in rows for row in self.form.split(line, self.known())]

    def _note_form(self, lines: list[str]) -> None:
        """Find out from the lines of a further list how rows stand on one line."""
        self._lines += [lines] if lines else []
        self._are_lines |= len(lines) > 1 and not any(BREAK in row for row in lines)
        self.form = find_form(self._lines, self.known())
        self._last = {name: self._split(rows) for name, rows in self._last.items()}
        self._owners = {
            name: {other: self._split([row])[0] for other, row in owners.items()}
            for name, owners in self._owners.items()
        }

    def update(self, *names: str) -> None:
        """Read the lists of peers, and update the ids of their connections."""
        for name in names:
            lines = self._read(name)
            self._note_form(lines)
            rows = self._split(lines)
            self._assign(name, rows)
            self._counts[name] = len(rows)
        self._number()

    def is_shorter(self, name: str) -> bool:
        """Return whether a peer's list has fewer rows than when it was last read."""
        return len(self.rows(name)) < self._counts.get(name, 0)

    def _assign(self, name: str, rows: list[str]) -> None:
        """Find the row of each other peer in a list."""
        before, last = self._owners.get(name, {}), self._last.get(name, ())
        new = [row for row in rows if row not in last]
        owners: dict[str, str] = {}
        for other in (peer for peer in NAMES if peer != name):
            if frozenset((name, other)) not in self._links:
                continue
            taken = [row for owner, row in (before | owners).items() if owner != other]
            peer = self._typist.trio.peer(other)
            links = self._typist.trio.link_ports(name, other)
            self._link_ports |= links
            ports = {peer.port} | links
            likely = [before[other]] if other in before else new
            row = row_of(rows, peer.address, ports, taken, likely, other)
            if row:
                owners[other] = row
                self._places[name, other] = rows.index(row)
        self._owners[name], self._last[name] = owners, rows

    def _number(self) -> None:
        """Read the ids of all connections from their rows, by what is known of those by now."""
        typist = self._typist
        typist.rows = {
            (name, other): (row, self._places[name, other])
            for name, owners in self._owners.items()
            for other, row in owners.items()
            if self.are_linked(name, other)
        }
        typist.ids = self.ids_in(typist.rows, self.column)

    def ids_in(self, rows: Mapping[_K, tuple[str, int]], column: Column | None) -> dict[_K, str]:
        """Return the ids in a column of rows; without a column, or an id there, their places."""
        known = self.known()
        return {
            key: id_of(self._split([row])[0], column, known) or str(self.first_id + place)
            for key, (row, place) in rows.items()
        }

    def are_linked(self, one: str, other: str) -> bool:
        """Return whether two peers are connected, as far as was noted."""
        return frozenset((one, other)) in self._links

    def link(self, one: str, other: str) -> None:
        """Note that two peers are connected, perhaps once more."""
        self._links.append(frozenset((one, other)))
        self._forget_rows(one, other)

    def unlink(self, one: str, other: str = "") -> None:
        """Note that a peer is no longer connected to another one, or to any."""
        for link in [it for it in self._links if one in it and (not other or other in it)]:
            self._links.remove(link)
            self._forget_rows(*link)
        self._number()

    def _forget_rows(self, one: str, other: str) -> None:
        """Take the next new rows for those of the connection between two peers."""
        self._owners.get(one, {}).pop(other, None)
        self._owners.get(other, {}).pop(one, None)

    @property
    def column(self) -> Column | None:
        """Where in a row the id is, as far as is known; None if rows show none."""
        return next(iter(self._columns()), None)

    def _columns(self) -> list[Column]:
        found = id_columns(self.seen, self.known())
        return [column for column in found if column not in self._refuted]

    def choices(self, name: str, other: str) -> list[str]:
        """Return what may be a peer's id of its connection to another one, the likeliest first.

        Where rows show nothing that looks like an id, it is the place of the row.
        """
        found = [*self._shown(name, other).values(), self._typist.ids.get((name, other))]
        return list(dict.fromkeys(filter(None, found)))

    @property
    def is_ambiguous(self) -> bool:
        """Whether more than one column may hold the id."""
        return len(self._columns()) > 1

    def _shown(self, name: str, other: str) -> dict[Column, str]:
        row, known = self._owners.get(name, {}).get(other, ""), self.known()
        return {it: id_of(row, it, known) or "" for it in self._columns()} if row else {}

    def settle(self, name: str, other: str, right: str) -> None:
        """Note what turned out to be the id of a connection."""
        shown = self._shown(name, other)
        self._refuted |= {column for column, value in shown.items() if value != right}
        if right.isdigit() and not set(shown) - self._refuted:
            self.first_id = int(right) - self._places.get((name, other), 0)
        self._number()

    def lowest(self) -> int:
        """Return the lowest id in the first lists."""
        known, column = self.known(), self.column
        ids = [id_of(row, column, known) or "" for rows in self.seen[:2] for row in rows]
        return min((int(it) for it in ids if it.isdigit()), default=self.first_id)

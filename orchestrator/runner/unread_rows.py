"""Lines of a list that its profile does not read: what may be a row, and what plainly is one.

A profile reads a list by one pattern. If it reads some rows and not others, as those of peers that
dialled or are not greeted yet, nothing that is judged by this list may pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from orchestrator import chat
from orchestrator.console.reply import Reply
from orchestrator.runner.peers import ADDRESS, PORT, PeerGroup, Row

_PLACE = re.compile(rf"{ADDRESS.pattern}|localhost|{PORT.pattern}", re.I)
"""An address or a port; each row of a list has one."""

_TOKEN = re.compile(rf"{ADDRESS.pattern}|\d+|\w+", re.I)
_ALIKE = 0.6  # of the words of two lines that both have
_LABELLED = 2  # words of a line that has a label and what it is for
_DEEPER = 2  # blanks by which the further lines of a row of several lines are indented


class UnreadRows:
    """Finds lines of lists that are rows and that no pattern reads.

    Args:
        peers: those of the run.
    """

    def __init__(self, peers: PeerGroup) -> None:
        self._peers = peers

    def possible(self, at: str, reply: Reply, certain: Iterable[str]) -> str:
        """Return the lines of a peer's list that may be rows, the `certain` ones among them."""
        own = self._peers.sessions[at].peer
        lines = possible_rows(reply, own.address, own.port).split("\n")
        return "\n".join(dict.fromkeys(filter(None, [*lines, *certain])))

    def certain(self, at: str, reply: Reply, rows: Sequence[Row]) -> list[str]:
        """Return the lines of a peer's list that plainly are rows beside those that were read.

        Each names one other peer: in the form of a row that was read, or one that no row shows, or
        by its address and a port, or by a port that no row shows. A summary, a heading with the
        peer's own address, and what is indented below a row are none.

        Args:
            at: the peer.
            reply: its list.
            rows: those that were read.
        """
        unread = [line for line in reply.lines if line in reply.unread]
        read = [line for line in reply.lines if line not in reply.unread] if unread else []
        read = [line for line in read if ADDRESS.search(line) or self._peers.named_in(line)]
        return [line for line in unread if self._is_row(at, line, read, rows)]

    def _is_row(self, at: str, line: str, read: Sequence[str], rows: Sequence[Row]) -> bool:
        named = self._peers.named_in(line) - {at}
        if len(named) != 1:
            return False
        (other,) = named
        leading = [row for row in rows if other in (row["peer"], self._peers.behind(at, row))]
        if leading and read and _indent(line) >= max(map(_indent, read)) + _DEEPER:
            return False
        if any(self._are_alike(line, row) for row in read):
            return True
        if not leading:
            return self._peers.has_endpoint(other, line) or self._shows_names(at)
        shown = {row["port"] for row in leading if row.get("port")}
        known = () if ADDRESS.search(line) else shown  # an address and a port are a row's
        return bool(shown) and self._peers.has_port(other, line, but=known)

    def _shows_names(self, at: str) -> bool:
        """Return whether the rows of a program name peers by their host names."""
        operation = self._peers.sessions[at].profile.operations.get(chat.LIST)
        return "(?P<name>" in ((operation and operation.row) or "")

    def _are_alike(self, line: str, row: str) -> bool:
        """Return whether two lines have one form: a word more or another one, as for a status."""
        one, other = self._shape(line), self._shape(row)
        if len(one) == len(other):
            differing = [
                place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b
            ]
            is_label = differing == [0] and len(one) <= _LABELLED
            return len(differing) <= 1 and not is_label
        return SequenceMatcher(None, one, other, autojunk=False).ratio() > _ALIKE

    def _shape(self, line: str) -> list[str]:
        """Return the words of a line, addresses, numbers and peers alike."""
        return [self._kind(token) for token in (it[0] for it in _TOKEN.finditer(line))]

    def _kind(self, token: str) -> str:
        if ADDRESS.fullmatch(token):
            return "<address>"
        if token in self._peers.sessions:
            return "<peer>"
        return "<number>" if token.isdigit() else token.casefold()


def possible_rows(reply: Reply, address: str, port: int) -> str:
    """Return the lines of a list that the profile cannot read but that may be rows.

    They name an address or a port other than the program's own; a header does not.
    """
    own = re.compile(rf"(?<![\w.])(?:{re.escape(address)}|{port})(?![\w.])")
    return "\n".join(line for line in reply.unread if _PLACE.search(own.sub("", line)))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def again(lines: Sequence[str], later: Iterable[str]) -> list[str]:
    """Return those lines that are there later as well, but for their numbers.

    What came only once is a notice that stood in the answer by chance.
    """
    kinds = {re.sub(r"\d+", "0", line) for line in later}
    return [line for line in lines if re.sub(r"\d+", "0", line) in kinds]

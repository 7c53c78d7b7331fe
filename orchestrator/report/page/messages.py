"""Messages as the checks see them: every `send` with its showing, and every further showing.

The states, and the check that decides each:

- `shown`: it arrived, and nothing is wrong with that;
- `late`: it arrived, but took over a second, and ten times as long as most do without a fault; no
  check judges that;
- `lost`: never shown, and it should have been (`delivery`);
- `undelivered`: never shown, as its sender was told (`delivery`);
- `killed`: never shown, because it was under way when the lab killed a peer (`delivery`);
- `open`: not shown, and no one knows whether it should have been;
- `twice`: shown again (`duplicates`);
- `out of order`: shown behind one that was sent later (`order`);
- `changed`: shown with another text (`changes`);
- `astray`: shown to another peer (`invention`), or as from another (`senders`);
- `invented`: no one had sent it (`invention`).

What a program does not promise, or what is not certain, is not held against it: such a message is
`shown`, or `open`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from orchestrator.checks import changes, delivery, duplicates, invention, order, senders
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.fault_windows import FaultWindow
from orchestrator.checks.index.messages import Match, SentMessage, ShownMessage
from orchestrator.report.page.rows import NO_OPERATION, MessageRow
from orchestrator.report.page.view import View
from orchestrator.report.page.wording import at_length, moment

_LATE = 1.0  # seconds
_LONGER = 10  # times the median

_UNSHOWN: Mapping[delivery.Lost, str] = {
    "wrong": "lost", "unsure": "open", "reported": "undelivered", "killed": "killed",
}  # fmt: skip

_STATES: Mapping[Match, tuple[str, str]] = {
    "again": ("twice", duplicates.NAME),
    "changed": ("changed", changes.NAME),
    "piece": ("changed", changes.NAME),
    "elsewhere": ("astray", invention.NAME),
    "other sender": ("astray", senders.NAME),
    "unknown": ("invented", invention.NAME),
}
"""What a message is that is not right, and the check that says so."""


def message_rows(view: View) -> list[MessageRow]:
    """Return every message of a chat, in the order in which they were sent or shown."""
    rows = [row for row in _Messages(view).rows() if any(map(view.focus.has, _times(row)))]
    return sorted(rows, key=lambda row: min(_times(row)))


def _times(row: MessageRow) -> list[float]:
    return [at for at in (row.sent, row.shown) if at is not None]


def _undisturbed(index: HistoryIndex) -> Iterator[float]:
    """Yield how many seconds each message took that arrived while there was no fault."""
    for shown in index.shown:
        if shown.send and shown.match == "right":
            sent = shown.send.at
            if not any(_overlaps(fault, sent, shown.at) for fault in index.faults):
                yield shown.at - sent


def _overlaps(fault: FaultWindow, since: float, until: float) -> bool:
    return fault.began <= until and (fault.until is None or fault.until >= since)


class _Messages:
    """Gives each message of a run its state."""

    def __init__(self, view: View) -> None:
        self._view, self._index = view, view.index
        index = view.index
        behind = order.out_of_order(index) if order.NAME in index.promises else ()
        self._behind = {late for late, _, is_certain in behind if is_certain}
        self._doubtful = {shown for shown, is_certain in invention.strange(index) if not is_certain}
        took = [*_undisturbed(index)]
        self._late = max(_LATE, _LONGER * median(took)) if took else _LATE

    def rows(self) -> Iterator[MessageRow]:
        for send, state in self._unshown():
            yield self._row(send, None, state)
        for send in self._index.sends:
            if send.shown and send.shown.send is not send:  # one of several that were shown as one
                yield self._row(send, send.shown, self._state(send.shown))
        for shown in self._index.shown:
            if "text" in self._index.entries[shown.position].fields:
                yield self._row(shown.send, shown, self._state(shown))

    def _unshown(self) -> Iterator[tuple[SentMessage, str]]:
        index = self._index
        is_judged = delivery.NAME in index.promises and index.reads("message")
        judged = {send: loss for send, loss, _ in delivery.losses(index)} if is_judged else {}
        for send in index.sends:
            is_chat = "arguments" not in send.operation.invoked.fields
            if is_chat and not send.shown and send.operation.status != "fail":
                yield send, _UNSHOWN[judged[send]] if send in judged else "open"

    def _state(self, shown: ShownMessage) -> str:
        state, check = _STATES.get(shown.match, ("", ""))
        if check in self._index.promises and shown not in self._doubtful:
            return state
        send = shown.send
        if send in self._behind and send.shown is shown:
            return "out of order"
        is_late = send and shown.match == "right" and shown.at - send.at > self._late
        return "late" if is_late else "shown"

    def _row(self, send: SentMessage | None, shown: ShownMessage | None, state: str) -> MessageRow:
        sender = send.sender if send else shown.sender if shown else ""
        receiver = shown.receiver if shown else send.receiver if send else ""
        text = shown.text if shown else send.text if send else ""
        return MessageRow(
            self._view.peer(sender),
            self._view.peer(receiver),
            moment(send.at) if send else None,
            moment(shown.at) if shown else None,
            state,
            at_length(text),
            self._view.place(send.operation) if send else NO_OPERATION,
        )

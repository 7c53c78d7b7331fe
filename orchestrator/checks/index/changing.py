"""Which message shown is what became of which `send`: its text was changed on the way."""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, takewhile

from orchestrator.checks.index.likeness import glued, is_rest, likeness
from orchestrator.checks.index.messages import Send, Shown

_NEAR = 2  # sends behind the last one that was shown: the likeliest
_FRONT = 3  # sends that are compared whatever their texts
_EDGE = 8  # characters at both edges by which a likely one is looked up
_MOST_GLUED = 64

Pair = tuple[str, str]
"""A sender, empty when none was named, and a receiver."""


def match(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """Give every open message the send that it looks like, if there is one."""
    open_pairs = {(m.sender, m.receiver) for m in shown if not m.how}
    messages: dict[Pair, list[Shown]] = {pair: [] for pair in open_pairs}
    for message in shown:
        if (pair := (message.sender, message.receiver)) in messages:
            messages[pair].append(message)
    among: dict[Pair, list[Send]] = {pair: [] for pair in open_pairs}
    for send in sends:
        for pair in ((send.sender, send.receiver), ("", send.receiver)):
            if pair in among:
                among[pair].append(send)
    for pair, several in messages.items():
        _Group(among[pair]).follow(several)


def match_all_in_place(sends: Sequence[Send], shown: Sequence[Shown]) -> bool:
    """Match as many messages as were sent, if all are right or the rest of what was sent there.

    Only where that means fewer faults than to call some of them lost and as many shown again.
    """
    texts = [(send.text, message.text) for send, message in zip(sends, shown, strict=False)]
    changed = sum(one != other for one, other in texts)
    if not changed or len(sends) != len(shown):
        return False
    if not all(one == other or is_rest(one, other) for one, other in texts):
        return False
    equal = Counter(one for one, _ in texts) & Counter(other for _, other in texts)
    if changed > 2 * (len(texts) - equal.total()):
        return False
    for send, message in zip(sends, shown, strict=True):
        message.comes_from(send, "right" if send.text == message.text else "changed")
    return True


def match_in_place(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """Give open messages the sends that stand in their place and of which they may be the rest.

    That is where between two messages that are right as many were shown as were sent, and none
    of these is known to be any of those. One fault explains that then: a text that was cut may
    well be equal to another. A loss and a message shown twice would be two.

    Args:
        sends: those from one peer to another, in order.
        shown: the messages that were shown of them, in order.
    """
    places = {send: place for place, send in enumerate(sends)}
    nowhere = len(sends) + 1
    s = t = 0  # behind the last one that was right
    for end, message in enumerate([*shown, None]):
        if message and not message.how:
            continue
        place = len(sends)
        if message:
            place = places.get(message.send, nowhere) if message.send else nowhere
        if t < end and place - s == end - t and place != nowhere:
            _change(sends[s:place], shown[t:end])
        s, t = place + 1, end + 1


def _change(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    pairs = [*zip(sends, shown, strict=True)]
    if all(not send.shown and is_rest(send.text, message.text) for send, message in pairs):
        for send, message in pairs:
            message.comes_from(send, "changed")


class _Group:
    """The sends from one peer to another.

    Args:
        sends: they, in order.
    """

    def __init__(self, sends: Sequence[Send]) -> None:
        self._sends = sends
        self._indexes = [each.position for each in sends]
        self._next = 0
        left = [each for each in sends if not each.shown]
        self._queue = deque(sorted(left, key=lambda s: not s.is_accepted))

    @cached_property
    def _edges(self) -> dict[tuple[str, str], deque[Send]]:
        """What is still open, by what a changed text is likely to have kept."""
        edges: dict[tuple[str, str], deque[Send]] = defaultdict(deque)
        for send in self._queue:
            for edge in _edges(send.text):
                edges[edge].append(send)
        return edges

    def follow(self, messages: Iterable[Shown]) -> None:
        """Go through what was shown, in order, and match what is open."""
        for message in messages:
            if not message.how:
                self._match(message)
            if message.send:
                self._next = bisect(self._indexes, message.send.position)

    def _match(self, message: Shown) -> None:
        if self._match_glued(message):
            return
        if best := self._likeliest(message.text):
            message.comes_from(best, "changed")
            return
        last = self._sends[self._next - 1] if self._next else None
        if last and _is_piece(message, last):
            message.comes_from(last, "piece")

    def _match_glued(self, message: Shown) -> bool:
        ahead = self._sends[self._next : self._next + _MOST_GLUED]
        texts = (send.text for send in takewhile(lambda s: not s.shown, ahead))
        count = glued(message.text, texts)
        for send in ahead[:count]:
            message.comes_from(send, "changed")
        return bool(count)

    def _likeliest(self, text: str) -> Send | None:
        """Return the send that kept most; look no further where one near by kept all."""
        kept: dict[Send, int] = {}
        best: Send | None = None
        for likely in (self._near(), self._further(text)):
            for send in likely:
                if send not in kept:
                    kept[send] = likeness(send.text, text)
            best = max((s for s in kept if kept[s]), key=lambda s: kept[s], default=None)
            if best and kept[best] >= len(best.text):
                break
        return best

    def _near(self) -> Iterator[Send]:
        """Yield what was sent behind the last message that was shown."""
        return _still_open(self._sends[self._next : self._next + _NEAR])

    def _further(self, text: str) -> Iterator[Send]:
        """Yield what has an edge in common, and what was sent first."""
        for edge in _edges(text):
            if send := _first(self._edges.get(edge)):
                yield send
        _first(self._queue)
        yield from _still_open(islice(self._queue, _FRONT))


def _is_piece(message: Shown, send: Send) -> bool:
    """Tell whether a message is a further part of one that was shown in parts."""
    changed = send.shown and send.shown.how == "changed"
    return bool(changed and message.text.strip() and message.text in send.text)


def _edges(text: str) -> list[tuple[str, str]]:
    """Return what a changed text is likely to have kept."""
    squeezed = "".join(text.split()).casefold()
    return [("all", squeezed), ("start", text[:_EDGE]), ("end", text[-_EDGE:])]


def _first(queue: deque[Send] | None) -> Send | None:
    """Return the first send that nothing shown comes from yet."""
    while queue and queue[0].shown:
        queue.popleft()
    return queue[0] if queue else None


def _still_open(sends: Iterable[Send]) -> Iterator[Send]:
    return (send for send in sends if not send.shown)

"""Which message shown is a changed text that was sent."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, takewhile

from orchestrator.checks.index.messages import Send, Shown

_NEAR = 2  # sends behind the last one that was shown: the likeliest
_FRONT = 3  # sends that are compared whatever their texts
_EDGE = 8  # characters at both ends by which a likely one is looked up
_MOST_GLUED = 64
_BETWEEN = 4  # characters that may stand between messages that were shown as one


def match_changed(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """Match every open message with the send that it is most like, if there is one."""
    open_directions = {(m.sender, m.receiver) for m in shown if not m.match}
    messages: dict[tuple[str, str], list[Shown]] = {key: [] for key in open_directions}
    for message in shown:
        if (key := (message.sender, message.receiver)) in messages:
            messages[key].append(message)
    among: dict[tuple[str, str], list[Send]] = {key: [] for key in open_directions}
    for send in sends:
        for key in ((send.sender, send.receiver), ("", send.receiver)):
            if key in among:
                among[key].append(send)
    for key, several in messages.items():
        _Direction(among[key]).match(several)


class _Direction:
    """The sends from one peer to another, in order."""

    def __init__(self, sends: Sequence[Send]) -> None:
        self._sends = sends
        self._positions = [send.position for send in sends]
        self._next = 0  # behind the send whose message was shown last
        left = [send for send in sends if not send.shown]
        self._queue = deque(sorted(left, key=lambda send: not send.is_accepted))

    @cached_property
    def _by_edge(self) -> dict[tuple[str, str], deque[Send]]:
        """What is still open, by what a changed text is likely to have kept."""
        by_edge: dict[tuple[str, str], deque[Send]] = defaultdict(deque)
        for send in self._queue:
            for edge in _edges(send.text):
                by_edge[edge].append(send)
        return by_edge

    def match(self, messages: Iterable[Shown]) -> None:
        """Go through what was shown, in order, and match what is open."""
        for message in messages:
            if not message.match:
                self._match(message)
            if message.send:
                self._next = bisect(self._positions, message.send.position)

    def _match(self, message: Shown) -> None:
        ahead = self._sends[self._next : self._next + _MOST_GLUED]
        texts = (send.text for send in takewhile(lambda send: not send.shown, ahead))
        if count := glued(message.text, texts):
            for send in ahead[:count]:
                message.comes_from(send, "changed")
        elif best := self._likeliest(message.text):
            message.comes_from(best, "changed")
        elif self._next and _is_piece(message, last := self._sends[self._next - 1]):
            message.comes_from(last, "piece")

    def _likeliest(self, text: str) -> Send | None:
        """Return the send that kept most; look no further if one near by kept all."""
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
        return _unmatched(self._sends[self._next : self._next + _NEAR])

    def _further(self, text: str) -> Iterator[Send]:
        """Yield what has an edge in common, and what was sent first."""
        for edge in _edges(text):
            if send := _first(self._by_edge.get(edge)):
                yield send
        _first(self._queue)
        yield from _unmatched(islice(self._queue, _FRONT))


def _edges(text: str) -> list[tuple[str, str]]:
    squeezed = "".join(text.split()).casefold()
    return [("all", squeezed), ("start", text[:_EDGE]), ("end", text[-_EDGE:])]


def _first(queue: deque[Send] | None) -> Send | None:
    """Return the first send that has no message yet."""
    while queue and queue[0].shown:
        queue.popleft()
    return queue[0] if queue else None


def _unmatched(sends: Iterable[Send]) -> Iterator[Send]:
    return (send for send in sends if not send.shown)


def _is_piece(message: Shown, send: Send) -> bool:
    """Return whether a message is a further part of one that was shown in parts."""
    changed = send.shown and send.shown.match == "changed"
    return bool(changed and message.text.strip() and message.text in send.text)


# Texts


def likeness(sent: str, shown: str) -> int:
    """Return how many characters `shown` has kept of `sent`; 0 if it looks unlike it.

    It looks like it if one contains the other, if at least half of the longer is the same at
    the beginning and the end, or if they differ in blanks and case only.
    """
    if not sent.strip():
        return int(not shown.strip())
    less, more = sorted((len(sent), len(shown)))
    same = common_start(sent, shown)
    if same < less and sent[-1] == shown[-1]:
        same += common_start(sent[same:][::-1], shown[same:][::-1])
    if 2 * same >= more:
        return same
    contained = sent in shown or shown in sent
    return max(1, less) if contained or _equal_but_for_blanks(sent, shown) else 0


def is_rest(sent: str, shown: str) -> bool:
    """Return whether `shown` may be left of `sent`: cut, or blanks and case changed."""
    if not sent.strip():
        return not shown.strip()
    return shown in sent or _equal_but_for_blanks(sent, shown)


def _equal_but_for_blanks(one: str, other: str) -> bool:
    """Return whether two texts differ in blanks and case only."""
    if one.lstrip()[:1].casefold() != other.lstrip()[:1].casefold():
        return False  # the usual case, and texts may be long
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def common_start(one: str, other: str) -> int:
    """Return how many characters two texts have in common at the beginning."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    if one[0] != other[0]:
        return 0
    while low < high:  # slices are compared much faster than characters one by one
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def glued(shown: str, sent: Iterable[str]) -> int:
    """Return how many of the texts sent stand in `shown` one behind the other; 0 for one."""
    place = count = 0
    for text in sent:
        start = shown.find(text, place, place + len(text) + _BETWEEN) if text else -1
        if start < 0:
            break
        place, count = start + len(text), count + 1
    return count if count > 1 and len(shown) - place <= _BETWEEN else 0

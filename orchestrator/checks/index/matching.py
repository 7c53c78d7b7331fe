"""Which message shown comes from which `send`.

Exact matches go first: by sender, receiver and text, on the same connection if both its ends
are known. What is left was unnamed, misnamed, doubled, misdirected, changed, typed by hand or
invented. The explanations are tried in this order, and each message shown gets one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.incarnations import Incarnation
from orchestrator.checks.index.invocations import TOLERANCE, Typed
from orchestrator.checks.index.likeness import is_rest, match_changed
from orchestrator.checks.index.messages import Direction, Match, SentMessage, ShownMessage

Pair = tuple[int, int]  # an index into what was sent, and one into what was shown

M = TypeVar("M", SentMessage, ShownMessage)


def match(
    sends: Sequence[SentMessage],
    shown: Sequence[ShownMessage],
    typed: Mapping[str, Sequence[Typed]],
) -> None:
    """Give every message shown its explanation."""
    sent = [send for send in sends if send.operation.status != "fail"]
    timely = _timely(sent, shown)
    _match_exactly(sent, timely)
    if all(message.match for message in shown):
        return
    # Messages without a sender, and sends without a receiver, go by the rest.
    _take(sent, (m for m in _open(timely) if not m.sender), _receiver, "right")
    _take((s for s in sent if not s.receiver), _open(timely), _sender, "right")
    _match_typed(shown, typed)
    # What a sender sent before it was started again it cannot send now.
    from_known = (m for m in _open(timely) if m.sender and _sender_incarnation(m))
    _take((s for s in sent if s.receiver), from_known, _direction, "elsewhere")
    _take(sent, _open(timely), _receiver, "other sender")
    _match_in_place(sent, timely)
    _match_again(sent, timely)
    _take(sent, _open(timely), _sender, "elsewhere")
    match_changed(sent, timely)
    for message in _open(shown):
        message.match = "unknown"


def _timely(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> list[ShownMessage]:
    """Return what was not shown before its text was first sent; one clock stamps both."""
    first: dict[str, float] = {}
    for send in sends:
        first[send.text] = min(send.at, first.get(send.text, send.at))
    return [m for m in shown if m.at >= first.get(m.text, m.at) - TOLERANCE]


def _open(shown: Iterable[ShownMessage]) -> Iterator[ShownMessage]:
    return (message for message in shown if not message.match)


def _sender(one: SentMessage | ShownMessage) -> str:
    return one.sender


def _receiver(one: SentMessage | ShownMessage) -> str:
    return one.receiver


def _direction(one: SentMessage | ShownMessage) -> Direction:
    return one.direction


def _path(one: SentMessage | ShownMessage) -> Hashable:
    """Return the connection and the direction, or else the two peers."""
    end = one.end
    if not end or not end.twin or not one.sender or not one.receiver:
        return one.direction
    first = end if end.peer == one.sender else end.twin
    return (id(first), one.sender, one.receiver)


def _sender_incarnation(message: ShownMessage) -> Incarnation | None:
    """Return the sender's incarnation, by the connection that the message was shown on."""
    end: ConnectionEnd | None = message.end
    return end.twin.incarnation if end and end.twin and end.twin.role != "implied" else None


def _grouped(items: Iterable[M], key: Callable[[M], Hashable]) -> dict[Hashable, list[M]]:
    groups: dict[Hashable, list[M]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


# The explanations


def _match_exactly(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> None:
    on_path = _grouped(sends, _path)
    for path, messages in _grouped(shown, _path).items():
        group = on_path.get(path, [])
        if not _match_all_in_place(group, messages):
            _align(group, messages)
    between = _grouped((s for s in sends if not s.shown), _direction)
    for direction, messages in _grouped((m for m in _open(shown) if m.sender), _direction).items():
        left = between.get(direction, [])
        # Nothing is left of a program once it was killed.
        by_incarnation = _grouped(messages, _sender_incarnation)
        unknown = by_incarnation.pop(None, [])
        for incarnation, those in by_incarnation.items():
            _align([s for s in left if s.incarnation is incarnation], those)
        _align([s for s in left if not s.shown], unknown)


def _align(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> None:
    for i, j in align([send.text for send in sends], [message.text for message in shown]):
        shown[j].comes_from(sends[i], "right")


def _take(
    sends: Iterable[SentMessage],
    shown: Iterable[ShownMessage],
    key: Callable[[SentMessage | ShownMessage], Hashable],
    match: Match,
) -> None:
    """Match messages with what is left of equal sends, accepted ones first."""
    messages = [*shown]
    texts = {message.text for message in messages}
    fitting = [send for send in sends if not send.shown and send.text in texts]
    left: dict[Hashable, deque[SentMessage]] = defaultdict(deque)
    for send in sorted(fitting, key=lambda send: not send.is_accepted):
        left[key(send), send.text].append(send)
    for message in messages:
        if queue := left.get((key(message), message.text)):
            message.comes_from(queue.popleft(), match)


def _match_typed(shown: Sequence[ShownMessage], typed: Mapping[str, Sequence[Typed]]) -> None:
    for message in _open(shown):
        senders = [message.sender] if message.sender else list(typed)
        lines = (line for sender in senders for line in typed.get(sender, ()))
        if any(message.text in one.line for one in lines if one.is_before(message.at)):
            message.match = "typed"


def _match_again(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> None:
    """Match what equals a message that was shown already."""
    first: dict[tuple[str, str, str], SentMessage] = {}
    texts = {message.text for message in _open(shown)}
    for send in sends:
        if send.text in texts and send.shown and send.shown.match == "right":
            first.setdefault(send.key, send)
            first.setdefault(("", send.receiver, send.text), send)
    for message in _open(shown):
        if before := first.get((message.sender, message.receiver, message.text)):
            message.comes_from(before, "again")


def _match_all_in_place(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> bool:
    """Match as many messages as were sent, if each is right or the rest of what was sent there.

    Not if that means more faults than a few lost, and as many shown again.
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


def _match_in_place(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> None:
    """Match what stands in the place of a text of which it may be the rest.

    That is if between two messages that are right as many were shown as were sent, and none of
    these is known to be any of those. One fault explains that then, for a text that was cut may
    well equal another. A loss and a message shown twice would be two.
    """
    on_path = _grouped(sends, _path)
    for path, messages in _grouped(shown, _path).items():
        if any(_open(messages)):
            _match_gaps(on_path.get(path, []), messages)


def _match_gaps(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> None:
    places = {send: place for place, send in enumerate(sends)}
    nowhere = len(sends) + 1
    s = t = 0  # behind the last one that was right
    for end, message in enumerate([*shown, None]):
        if message and not message.match:
            continue
        place = len(sends)
        if message:
            place = places.get(message.send, nowhere) if message.send else nowhere
        if t < end and place - s == end - t and place != nowhere:
            gap = [*zip(sends[s:place], shown[t:end], strict=True)]
            if all(not send.shown and is_rest(send.text, other.text) for send, other in gap):
                for send, other in gap:
                    other.comes_from(send, "changed")
        s, t = place + 1, end + 1


# Equal texts


def align(sent: Sequence[str], shown: Sequence[str]) -> list[Pair]:
    """Return which text shown is which text sent: as many as possible, each at most once.

    Those in order are found by a patience diff, so one message lost, doubled or moved among
    equal ones is reported as just that. What did not keep its order is counted.
    """
    if set(sent).isdisjoint(shown):
        return []
    pairs = _first_of_equals(sent, dict(_in_order(sent, shown)))
    used, done = {i for i, _ in pairs}, {j for _, j in pairs}
    left: dict[str, deque[int]] = defaultdict(deque)
    for i, text in enumerate(sent):
        if i not in used:
            left[text].append(i)
    for j, text in enumerate(shown):
        if j not in done and left.get(text):
            pairs.append((left[text].popleft(), j))
    return pairs


def _first_of_equals(sent: Sequence[str], pairs: Mapping[int, int]) -> list[Pair]:
    """Return pairs in which, of equal texts sent in a row, the last ones are those not shown.

    That is what a connection that ends loses, and what receipts say then.
    """
    found: list[Pair] = []
    for _, row in groupby(range(len(sent)), key=sent.__getitem__):
        places = [*row]
        found += zip(places, (pairs[i] for i in places if i in pairs), strict=False)
    return found


def _in_order(sent: Sequence[str], shown: Sequence[str]) -> Iterator[Pair]:
    first = _common_start(sent, shown)
    sent, shown = sent[first:], shown[first:]
    last = _common_start(sent[::-1], shown[::-1])
    yield from ((n, n) for n in range(first))
    yield from ((first + len(sent) - n, first + len(shown) - n) for n in range(1, last + 1))
    sent, shown = sent[: len(sent) - last], shown[: len(shown) - last]
    s = t = 0
    if anchors := _anchors(sent, shown):
        for i, j in [*anchors, (len(sent), len(shown))]:
            for a, b in _in_order(sent[s:i], shown[t:j]):
                yield first + s + a, first + t + b
            if i < len(sent):
                yield first + i, first + j
            s, t = i + 1, j + 1
    else:
        next_equal = [*_next_equal(sent, shown)]
        pairs = enumerate(zip(sent, shown, strict=False))
        in_place = [(n, n) for n, (one, other) in pairs if one == other]
        is_even = len(sent) == len(shown)
        best = in_place if is_even and len(in_place) >= len(next_equal) else next_equal
        yield from ((first + i, first + j) for i, j in best)


def _common_start(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _anchors(sent: Sequence[str], shown: Sequence[str]) -> list[Pair]:
    """Return texts that are there once each: the longest row of them that kept its order."""
    times, there = Counter(sent), Counter(shown)
    places = {text: i for i, text in enumerate(sent) if times[text] == 1}
    once = [(places[t], j) for j, t in enumerate(shown) if there[t] == 1 and t in places]
    tails: list[int] = []
    ends: list[int] = []  # which pair ends the best row of each length
    before: list[int] = []
    for number, (place, _) in enumerate(once):
        length = bisect_left(tails, place)
        tails[length : length + 1] = [place]
        ends[length : length + 1] = [number]
        before.append(ends[length - 1] if length else -1)
    row, number = [], ends[-1] if ends else -1
    while number >= 0:
        row.append(once[number])
        number = before[number]
    return row[::-1]


def _next_equal(sent: Sequence[str], shown: Sequence[str]) -> Iterator[Pair]:
    """Yield each text shown with the next equal one sent."""
    next_place = 0
    places: dict[str, deque[int]] = defaultdict(deque)
    for i, text in enumerate(sent):
        places[text].append(i)
    for j, text in enumerate(shown):
        equal = places.get(text)
        while equal and equal[0] < next_place:
            equal.popleft()
        if equal:
            next_place = equal.popleft() + 1
            yield next_place - 1, j

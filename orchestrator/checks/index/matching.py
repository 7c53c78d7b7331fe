"""Which message shown comes from which `send`.

Exact matches go first: by sender, receiver and text, on the same connection where both ends
of it are known. What is left was unnamed, misnamed, doubled, misdirected, changed, typed by
hand, or invented; in this order, each message that was shown gets one explanation.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from orchestrator.checks.index import changing
from orchestrator.checks.index.alignment import align
from orchestrator.checks.index.connections import End
from orchestrator.checks.index.incarnations import Incarnation
from orchestrator.checks.index.messages import How, Send, Shown
from orchestrator.checks.index.operations import TOLERANCE, Typed

Key = TypeVar("Key", bound=Hashable)


def match(
    sends: Sequence[Send], shown: Sequence[Shown], typed: Mapping[str, Sequence[Typed]]
) -> None:
    """Give every message that was shown its explanation.

    Args:
        sends: every `send`, in order.
        shown: every message that was shown, in order.
        typed: what was typed by hand, by peer.
    """
    sent = [each for each in sends if each.operation.status != "fail"]
    timely = _timely(sent, shown)
    _match_exactly(sent, timely)
    if all(each.how for each in shown):
        return
    _match_unnamed(sent, timely)
    _match_typed(shown, typed)
    _match_earlier_lives(sent, timely)
    _match_other_senders(sent, timely)
    _match_in_place(sent, timely)
    _match_again(sent, timely)
    _match_elsewhere(sent, timely)
    changing.match(sent, timely)
    for each in _open(shown):
        each.how = "unknown"


def _timely(sends: Sequence[Send], shown: Sequence[Shown]) -> list[Shown]:
    """Return what was not shown before anybody had sent its text; one clock stamps both."""
    first: dict[str, float] = {}
    for send in sends:
        first[send.text] = min(send.at, first.get(send.text, send.at))
    return [m for m in shown if m.at >= first.get(m.text, m.at) - TOLERANCE]


def _open(shown: Iterable[Shown]) -> Iterator[Shown]:
    return (each for each in shown if not each.how)


def _match_exactly(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    on_one = _grouped(sends, lambda s: _way(s.end, s.sender, s.receiver))
    there = _grouped(shown, lambda m: _way(m.end, m.sender, m.receiver))
    for key, messages in there.items():
        group = on_one.get(key, [])
        if not changing.match_all_in_place(group, messages):
            _align(group, messages)
    between = _grouped((s for s in sends if not s.shown), lambda s: (s.sender, s.receiver))
    rest = _grouped(_open(shown), lambda m: (m.sender, m.receiver) if m.sender else None)
    for key, messages in rest.items():
        for sent, those in _by_life(between.get(key, []), messages):
            _align(sent, those)


def _by_life(
    sends: Sequence[Send], shown: Sequence[Shown]
) -> Iterator[tuple[Sequence[Send], Sequence[Shown]]]:
    """Yield what may belong together: nothing is left of a program once it was killed.

    Where nobody knows in which of its lives the sender was, whatever is left.
    """
    incarnations = _grouped(shown, _sender_life)
    if incarnations:
        sent = _grouped(sends, lambda s: s.life)
        for life, messages in incarnations.items():
            yield sent.get(life, []), messages
    yield [s for s in sends if not s.shown], [m for m in shown if _sender_life(m) is None]


def _sender_life(message: Shown) -> Incarnation | None:
    """Return in which life its sender sent a message, by the connection that it was shown on."""
    end = message.end
    return end.twin.life if end and end.twin and end.twin.role != "implied" else None


def _connection(end: End | None, sender: str, receiver: str) -> Hashable:
    """Return what both directions of one connection at both of its ends have in common."""
    if not end or not end.twin or not sender or not receiver:
        return None
    first = end if end.peer == sender else end.twin
    return (id(first), sender, receiver)


Item = TypeVar("Item", Send, Shown)


def _grouped(items: Iterable[Item], key: Callable[[Item], Hashable]) -> dict[Hashable, list[Item]]:
    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        if (found := key(item)) is not None:
            groups[found].append(item)
    return groups


def _align(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    for i, j in align([s.text for s in sends], [m.text for m in shown]):
        shown[j].comes_from(sends[i], "right")


def _take(
    sends: Iterable[Send],
    shown: Iterable[Shown],
    peer_of: Callable[[Send | Shown], str],
    how: How,
) -> None:
    """Give messages what is left of the sends with the same peer and text, accepted ones first."""
    messages = [*shown]
    wanted = {message.text for message in messages}
    fitting = [send for send in sends if not send.shown and send.text in wanted]
    left: dict[Hashable, deque[Send]] = defaultdict(deque)
    for send in sorted(fitting, key=lambda s: not s.is_accepted):
        left[peer_of(send), send.text].append(send)
    for message in messages:
        if queue := left.get((peer_of(message), message.text)):
            message.comes_from(queue.popleft(), how)


def _match_unnamed(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """Messages without a sender, and sends without a receiver, go by the rest."""
    _take(sends, (m for m in _open(shown) if not m.sender), _receiver, "right")
    _take((s for s in sends if not s.receiver), _open(shown), _sender, "right")


def _match_typed(shown: Sequence[Shown], typed: Mapping[str, Sequence[Typed]]) -> None:
    for message in _open(shown):
        senders = [message.sender] if message.sender else list(typed)
        lines = (each for sender in senders for each in typed.get(sender, ()))
        if any(message.text in each.line for each in lines if each.is_before(message.at)):
            message.how = "typed"


def _match_earlier_lives(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """What the sender sent before it was started again is nothing that it can send now."""
    known = (m for m in _open(shown) if m.sender and _sender_life(m))
    _take((s for s in sends if s.receiver), known, _both, "elsewhere")


def _both(one: Send | Shown) -> str:
    return f"{one.sender} {one.receiver}"


def _match_other_senders(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    _take(sends, _open(shown), _receiver, "other sender")


def _match_in_place(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """What stands in the place of a text that was sent may have been made of it."""
    among = _grouped(sends, lambda s: _way(s.end, s.sender, s.receiver))
    for key, messages in _grouped(shown, lambda m: _way(m.end, m.sender, m.receiver)).items():
        if any(_open(messages)):
            changing.match_in_place(among.get(key, []), messages)


def _way(end: End | None, sender: str, receiver: str) -> Hashable:
    """Return the connection and the direction, or else the two peers."""
    return _connection(end, sender, receiver) or (sender, receiver)


def _match_again(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    """What is equal to a message that was shown already was shown again."""
    first: dict[tuple[str, str, str], Send] = {}
    wanted = {message.text for message in _open(shown)}
    for send in sends:
        if send.text in wanted and send.shown and send.shown.how == "right":
            first.setdefault((send.sender, send.receiver, send.text), send)
            first.setdefault(("", send.receiver, send.text), send)
    for message in _open(shown):
        if before := first.get((message.sender, message.receiver, message.text)):
            message.comes_from(before, "again")


def _match_elsewhere(sends: Sequence[Send], shown: Sequence[Shown]) -> None:
    _take(sends, _open(shown), _sender, "elsewhere")


def _sender(one: Send | Shown) -> str:
    return one.sender


def _receiver(one: Send | Shown) -> str:
    return one.receiver

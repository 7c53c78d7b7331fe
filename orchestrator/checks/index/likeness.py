"""Which message shown is a changed text that was sent."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from string import whitespace

from orchestrator.checks.index.messages import Direction, SentMessage, ShownMessage

_WINDOW = 64  # sends before and behind the last one shown, to compare a changed text with
_QUOTES = "\"'`\\"
_BEFORE_WORDS = _QUOTES + whitespace
_NO_QUOTES = dict.fromkeys(map(ord, _QUOTES))
_ESCAPE = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(["'\\/]))""")
_BETWEEN = 4  # characters that may stand between messages that were shown as one
_MOST_CUTS = 64  # places to try at which a text may have been cut


def match_changed(sends: Sequence[SentMessage], shown: Sequence[ShownMessage]) -> None:
    """Match every open message with the send that it is most like, if there is one.

    What was shown before something was sent does not come from there, however like it is: a piece
    of one message often is a part of the next one as well.
    """
    open_directions = {message.direction for message in shown if not message.match}
    messages: dict[Direction, list[ShownMessage]] = defaultdict(list)
    for message in shown:
        messages[message.direction].append(message)
    among: dict[Direction, list[SentMessage]] = defaultdict(list)
    for send in sends:
        among[send.direction].append(send)
        among["", send.receiver].append(send)
    for direction in open_directions:
        _match_direction(among[direction], messages[direction])


def _match_direction(sends: Sequence[SentMessage], shown: Iterable[ShownMessage]) -> None:
    """Go through the messages of one direction, in order, and match the open ones."""
    positions = [send.position for send in sends]
    place = 0  # in `sends`, behind the one that was shown last
    for message in shown:
        if not message.match:
            _match_open(sends, place, message)
        if message.send and message.match != "piece":  # the next one may have begun before it
            place = bisect(positions, message.send.position)


def _match_open(sends: Sequence[SentMessage], place: int, message: ShownMessage) -> None:
    before, later = sends[max(0, place - _WINDOW) : place], sends[place : place + _WINDOW]
    behind = [*takewhile(lambda send: send.at <= message.at, later)]
    texts = (send.text for send in takewhile(lambda send: not send.shown, behind))
    rest = _rest_of(before[-1], message.text) if before else ""
    if count := glued(message.text.removeprefix(rest), texts, least=1 if rest else 2):
        for send in behind[:count]:
            message.comes_from(send, "changed")
        return
    kept = {
        send: likeness(send.text, message.text) for send in [*behind, *before] if not send.shown
    }

    def preference(send: SentMessage) -> tuple[int, bool, bool]:
        on_same = bool(send.end and message.end and send.end.twin is message.end)
        return kept[send], on_same, send.is_accepted

    best = max(kept, key=preference, default=None)
    if best and kept[best]:
        message.comes_from(best, "changed")
    elif whole := next((send for send in reversed(before) if _is_piece(message, send)), None):
        message.comes_from(whole, "piece")


def _rest_of(send: SentMessage, shown: str) -> str:
    """Return the rest of a text if `shown` begins with it; its beginning was shown before."""
    if not send.shown or send.shown.match != "changed" or not shown:
        return ""
    sent, before = send.text, send.shown.text
    for place in islice(_cuts(sent, shown), _MOST_CUTS):
        if shown.startswith(sent[place:]) and before.endswith(sent[:place]):
            return sent[place:]
    return ""


def _cuts(sent: str, shown: str) -> Iterator[int]:
    """Yield the places in a text behind which `shown` may go on with it."""
    yield from range(max(1, len(sent) - _BETWEEN), len(sent))
    place = sent.find(shown[:_BETWEEN], 1)
    while place > 0:
        yield place
        place = sent.find(shown[:_BETWEEN], place + 1)


def _is_piece(message: ShownMessage, send: SentMessage) -> bool:
    """Return whether a message is a further part of one that was shown in parts."""
    changed = send.shown and send.shown.match == "changed"
    return bool(changed and message.text and message.text in send.text)


# Texts


def likeness(sent: str, shown: str) -> int:
    """Return how many characters `shown` has kept of `sent`; 0 if it looks unlike it.

    It looks like it if one contains the other, if at least half of the longer is the same at
    the beginning and the end, or if they differ in blanks, case, quotes and backslashes only. So
    does a text with escapes, such as a string of JSON.
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
    if (
        contained
        or _equal_but_for_quotes(sent, shown)
        or any(sent in it for it in _unescaped(shown))
    ):
        return max(1, less)
    return 0


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


def _equal_but_for_quotes(one: str, other: str) -> bool:
    """Return whether two texts differ only in blanks, case, and what a shell takes for quoting."""
    if _first(one) != _first(other):
        return False
    return _unquoted(one) == _unquoted(other) != ""


def _unescaped(text: str) -> Iterator[str]:
    """Yield what a text may have been before it was shown with escapes, if it has any.

    In JSON and most programming languages, an emoji needs two escapes; where a program shows bytes,
    any character beyond ASCII needs several.
    """
    if "\\" in text:
        plain = _ESCAPE.sub(lambda it: it[3] or chr(int(it[1] or it[2], 16)), text)
        yield plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        with contextlib.suppress(UnicodeError):
            yield plain.encode("latin-1").decode()


def _first(text: str) -> str:
    return text.lstrip(_BEFORE_WORDS)[:1].casefold()


def _unquoted(text: str) -> str:
    return "".join(text.split()).translate(_NO_QUOTES).casefold()


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


def glued(shown: str, sent: Iterable[str], least: int = 2) -> int:
    """Return how many of the texts sent stand in `shown` one behind the other; 0 if too few.

    Of the last one only the beginning may be there: a stream of bytes is cut anywhere.

    Args:
        shown: what was shown as one.
        sent: the texts, in the order in which they were sent.
        least: how many are enough.
    """
    place = count = 0
    for text in sent:
        start = shown.find(text, place, place + len(text) + _BETWEEN) if text else -1
        if start < 0:
            left = shown[place:].lstrip()
            is_cut = bool(left) and (count > 1 or len(left) > _BETWEEN) and text.startswith(left)
            if count and is_cut:
                place, count = len(shown), count + 1
            break
        place, count = start + len(text), count + 1
    return count if count >= least and len(shown) - place <= _BETWEEN else 0

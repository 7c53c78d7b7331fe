"""What is typed at a console: keys, lines, and what no person types."""

from __future__ import annotations

import random
from collections import Counter

from peer.console import LONGEST_LINE
from tests.fuzz.mutation import mutated, text
from tests.keystrokes import keystroke

_KEYS = 200  # in a row
_LINES = 12  # in a row
_LATELY = 40  # connections that `send` and `terminate` mean
_BARE = (b"help", b"help send", b"myip", b"myport", b"list", b"", b" \t ")
_NO_TEXT = (b"\xff\xfe\x80", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\0\0")


class Typist:
    """Chooses what to type.

    Args:
        chance: decides.
        terminal: whether it is a terminal, which has keys.
        dials: the port at which a `connect` gets an answer.
    """

    def __init__(self, chance: random.Random, dials: int, *, terminal: bool) -> None:
        self._chance, self._dials, self._terminal = chance, dials, terminal
        self.typed = Counter[str]()

    def batch(self, newest: int) -> bytes:
        """Return what to type next.

        Args:
            newest: the id of the newest connection.
        """
        chance = self._chance
        if self._terminal and chance.random() < 0.5:
            self.typed["keys"] += _KEYS
            return b"".join(keystroke(chance) for _ in range(_KEYS))
        lines = [self._line(newest) for _ in range(chance.randint(1, _LINES))]
        return b"".join(line + (b"\r" if self._terminal else b"\n") for line in lines)

    def _line(self, newest: int) -> bytes:
        chance, kind = self._chance, self._chance.random()
        if kind < 0.45:
            self.typed["valid lines"] += 1
            return self._valid(newest)
        if kind < 0.75:
            self.typed["mutated lines"] += 1
            return mutated(chance, self._valid(newest))
        if kind < 0.85:
            self.typed["random lines"] += 1
            return chance.randbytes(chance.randrange(300))
        if kind < 0.98:
            self.typed["lines of invalid UTF-8"] += 1
            return self._valid(newest) + chance.choice(_NO_TEXT)
        self.typed["huge lines"] += 1
        return b"send 1 " + b"x" * (LONGEST_LINE - 7 + chance.randint(-1, 1))

    def _valid(self, newest: int) -> bytes:
        chance = self._chance
        number = max(1, newest - chance.randrange(_LATELY))
        match chance.randrange(6):
            case 0 | 1:
                return b"send %d %s" % (number, text(chance))
            case 2 if chance.random() < 0.3:
                return b"terminate %d" % number
            case 3 if chance.random() < 0.4:
                return b"connect 127.0.0.1 %d" % chance.choice((self._dials, self._dials, 1))
            case 4 if chance.random() < 0.03:
                return b"exit"
        return chance.choice(_BARE)

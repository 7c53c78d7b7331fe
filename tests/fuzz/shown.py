"""What a peer's console shows, looked at as it comes, and thrown away. Pure."""

from __future__ import annotations

import re

_OVERLAP = 400  # bytes that are looked at once more, with what follows
_MOST_WRONG = 5
_CONTROLS = re.compile(rb"[\0-\x09\x0b-\x1f\x7f]")
_DRAWS = re.compile(rb"\x1b\[\d*(?:;\d+)?[A-DHJKP@]|[\r\t\a\b]|\x1b\[\?1034h")  # as readline does
_CUT = re.compile(rb"\x1b(?:\[[?\d;]*)?\Z")
_LINE = rb"(?:\n|\r\x1b\[K)"  # what a line of the peer's own begins behind
_IN_A_LINE = re.compile(
    _LINE + rb"(?:\* |ok: |error: )[^\r\n]*?(?:[\0-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f])"
)
_CONNECTED = re.compile(_LINE + rb"\* connected (\d+) ")
_WORDS = ((b"Traceback (most recent", "a traceback"), (b"error: internal: ", "an internal error"))


class Shown:
    """Finds what must never be shown.

    Args:
        terminal: whether readline draws there, with control characters of its own.

    Attributes:
        newest: the id of the newest connection.
        tail: the last of it.
        wrong: what must not be, in words, with the bytes around it.
    """

    def __init__(self, *, terminal: bool) -> None:
        self.newest, self.tail, self.wrong = 0, b"\n", list[str]()
        self._terminal = terminal

    def add(self, chunk: bytes) -> bytes:
        """Look at what is shown next; return it, with the end of what came before."""
        shown = self.tail + chunk
        for found in _CONNECTED.finditer(shown):
            self.newest = max(self.newest, int(found.group(1)))
        for word, what in _WORDS:
            if word in shown:
                self._note(what, shown, shown.index(word))
        self._find_controls(shown)
        self.tail = shown[-_OVERLAP:]
        return shown

    def _find_controls(self, shown: bytes) -> None:
        left = shown
        if self._terminal:
            if raw := _IN_A_LINE.search(shown):
                self._note("a control character in a line", shown, raw.end())
            cut = _CUT.search(shown)  # the rest comes with the next chunk
            left = _DRAWS.sub(b"", shown[: cut.start()] if cut else shown)
        if control := _CONTROLS.search(left):
            self._note("a control character", left, control.start())

    def _note(self, what: str, shown: bytes, at: int) -> None:
        if len(self.wrong) < _MOST_WRONG:
            self.wrong.append(f"{what}: {shown[max(0, at - 200) : at + 200]!r}")

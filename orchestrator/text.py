r"""Text as consoles show it and people read it: stripped, made harmless, cut, escapes read back."""

from __future__ import annotations

import re

_ESCAPE_SEQUENCES = re.compile(  # ECMA-48 control sequences, OSC strings, two-byte escapes
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])"
)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""A control character."""

MOVE = "\0"
"""What `moves` puts where the cursor moved."""

_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]+")
_BACKSLASH_ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{2})|u\{((?:10|0?[0-9a-f])?[0-9a-f]{1,4})\}|\\)"  # up to U+10FFFF
)


def flat(raw: str) -> str:
    """Return everything printable in a line, even what was drawn over."""
    return _ESCAPE_SEQUENCES.sub("", raw)


def moves(raw: str) -> str:
    """Return a line with a mark in place of whatever moves the cursor or erases."""
    return CONTROL.sub(MOVE, _ESCAPE_SEQUENCES.sub(MOVE, raw))


def shown(raw: str) -> str:
    """Return a line as it stands on the screen once it is complete.

    What precedes a carriage return was drawn over: a prompt and a half-typed line give
    way to a notice.
    """
    return flat(raw).rstrip("\r\n").rpartition("\r")[2]


def squeeze(text: str) -> str:
    """Return `text` without blanks and controls, for comparing an echo that was wrapped."""
    return _BLANK_OR_CONTROL.sub("", text)


def is_blank(character: str) -> bool:
    """Tell whether `squeeze` would drop a character."""
    return character.isspace() or character < " " or character == "\x7f"


def caret(text: str) -> str:
    """Return `text` with its control characters as line editors echo them: ``^[``."""
    return CONTROL.sub(
        lambda found: " " if found.group() == "\t" else f"^{chr(ord(found.group()) ^ 64)}", text
    )


def printable(text: str) -> str:
    """Return `text` so that no terminal is harmed by it: controls become U+FFFD."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def cut(text: str, longest: int) -> str:
    """Return a text of so many characters at most, with a mark where it was cut."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 peer`, `2 peers`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def unescape(text: str) -> str:
    r"""Return what a console with backslash escapes meant by `text`.

    ``\xNN`` is a byte, ``\u{N}`` a character and ``\\`` a backslash. Bytes that are not
    UTF-8 come out as lone surrogates, as Python's surrogateescape has it.
    """

    def one(match: re.Match[str]) -> bytes:
        byte, code = match.groups()
        if byte is not None:
            return bytes([int(byte, 16)])
        return b"\\" if code is None else chr(int(code, 16)).encode("utf-8", "surrogatepass")

    parts: list[bytes] = []
    end = 0
    for match in _BACKSLASH_ESCAPE.finditer(text):
        parts += [text[end : match.start()].encode("utf-8", "surrogateescape"), one(match)]
        end = match.end()
    parts.append(text[end:].encode("utf-8", "surrogateescape"))
    return b"".join(parts).decode("utf-8", "surrogateescape")

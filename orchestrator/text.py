"""Text as consoles show it and people read it: stripped, made harmless, cut, unescaped."""

from __future__ import annotations

import re
import unicodedata

_ESCAPE_SEQUENCES = re.compile(  # ECMA-48 control sequences, OSC strings, two-byte escapes
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])"
)
_REDRAW = re.compile(r"(?:\x1b\[1?G|\r)\x1b\[0?J")  # from column 1, everything anew
_STYLE = re.compile(r"\x1b\[[\d;:]*m")  # colours and the like, which move nothing
CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # a control character
# NUL, line breaks, and the keys that a terminal acts on itself: Ctrl-C, Ctrl-Q, Ctrl-S, Ctrl-Z
# and Ctrl-\. None of them can be typed as text.
_UNTYPABLE = re.compile(r"[\x00\n\r\x03\x11\x13\x1a\x1c]")
_EDITS = re.compile(r"[\x04\x12\x15-\x17\x7f]")  # a terminal ends, shows or empties a line by them
_SURROGATE = re.compile(r"[\ud800-\udfff]")
MOVE = "\0"  # what `moves` puts in place of a cursor movement
_MISSED_BLANKS = re.compile(r"^ +| +$| {2,}")  # one between two words is not missed
_UNSEEN = re.compile(r"[\x7f-\xa0\xad\u034f\u061c\u1680\u180b-\u180e\u2000-\u200f\u2028-\u202f"
                     r"\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")  # fmt: skip
_QUOTED = 60  # characters of a command that an error quotes
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]+")
_BACKSLASH_ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{2})|u\{((?:10|0?[0-9a-f])?[0-9a-f]{1,4})\}|\\)"  # up to U+10FFFF
)


def flat(raw: str) -> str:
    """Return a line without escape sequences, with what was overwritten."""
    return _ESCAPE_SEQUENCES.sub("", raw)


def moves(raw: str) -> str:
    """Return a line with `MOVE` in place of everything that moves the cursor or erases."""
    return CONTROL.sub(MOVE, _ESCAPE_SEQUENCES.sub(MOVE, _STYLE.sub("", raw)))


def shown(raw: str) -> str:
    """Return a line as it stands on the screen once it is complete.

    What precedes a carriage return was overwritten: a notice replaces a prompt and a
    half-typed line, and a line editor redraws a long line for each row that it fills. A bell is
    heard, not seen.
    """
    seen = flat(_REDRAW.sub("\r", raw)).replace("\a", "")
    return seen.rstrip("\r\n").rpartition("\r")[2]


def squeeze(text: str) -> str:
    """Return `text` without blanks and control characters, to compare it with a wrapped echo."""
    return _BLANK_OR_CONTROL.sub("", text)


def is_blank(character: str) -> bool:
    """Return whether `squeeze` would drop a character."""
    return character.isspace() or character < " " or character == "\x7f"


def caret(text: str) -> str:
    """Return `text` with its control characters as line editors echo them: ``^[``."""
    return CONTROL.sub(
        lambda found: " " if found.group() == "\t" else f"^{chr(ord(found.group()) ^ 64)}", text
    )


def not_typable(text: str) -> str:
    """Return why a text cannot be typed as part of a line; empty if it can."""
    if found := _UNTYPABLE.search(text):
        return f"{found.group()!r} cannot be typed as part of a line"
    if found := _SURROGATE.search(text):
        return f"{found.group()!r} is half a character and cannot be typed"
    return ""


def editing(text: str) -> str:
    """Return the first key in a text that edits the line at a terminal; empty without one."""
    found = _EDITS.search(text)
    return found.group() if found else ""


def printable(text: str) -> str:
    """Return `text` safe for any terminal: control characters become U+FFFD."""
    if text.isprintable():  # nearly always, and looking at each character takes long
        return text
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def visible(text: str) -> str:
    r"""Return a text quoted, with what a reader would not see made visible.

    Blanks that are easily missed become ``·``, control characters escapes such as ``\x1b``, and
    characters that are invisible or join others their Unicode names: ``<zero width joiner>``.
    """
    named = _UNSEEN.sub(lambda found: _named(found.group()), text)
    return repr(_MISSED_BLANKS.sub(lambda found: "·" * len(found.group()), named))


def _named(character: str) -> str:
    name = unicodedata.name(character, "")  # control characters have none
    return f"<{name.lower()}>" if name else character


def quoted(command: str) -> str:
    """Return a command or a line as an error quotes it, without what is too long for one."""
    return visible(cut(command, _QUOTED))


def cut(text: str, longest: int) -> str:
    """Return at most `longest` characters of a text, with an ellipsis if it was cut."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 peer`, `2 peers`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def unescape(text: str) -> str:
    r"""Return what a console with backslash escapes meant by `text`.

    ``\xNN`` is a byte, ``\u{N}`` a character and ``\\`` a backslash. Bytes that are not
    UTF-8 become lone surrogates, like with Python's ``surrogateescape``.
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

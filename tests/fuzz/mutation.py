"""Random bytes, texts and lines, and what becomes of valid ones."""

from __future__ import annotations

import random
from collections.abc import Callable

from peer.wire import MAX_TEXT

_NUMBERS = (b"0", b"-1", b"007", b"18446744073709551616", b"9" * 400, b"1e3", "\u0663".encode())
_TEXTS = (
    b"", b"hello", b"x" * MAX_TEXT, b"x" * (MAX_TEXT - 1), b"\xf0\x9f\x98\x80" * (MAX_TEXT // 4),
    b"\x1b]0;owned\x07", b"\x1b[2J\x1b[31mred", b"\x9b31m", "\u202eright to left\u2066".encode(),
    b"\r\x00\x08\x7f", b"ok: 0 connections", b"* closed 1", rb"\x1b \u{202e} \\", b"e\xcc\x81" * 40,
)  # fmt: skip


def text(chance: random.Random) -> bytes:
    """Return the text of a message: harmless, at a limit, or meant for a terminal."""
    if chance.random() < 0.3:
        return chance.randbytes(chance.randrange(200)).replace(b"\n", b"")
    return chance.choice(_TEXTS)


def mutated(chance: random.Random, line: bytes) -> bytes:
    """Return a line with one to three things changed in it."""
    for _ in range(chance.randint(1, 3)):
        line = chance.choice(_MUTATIONS)(chance, line)
    return line


def _flip(chance: random.Random, line: bytes) -> bytes:
    if not line:
        return b"\x80"
    at = chance.randrange(len(line))
    return line[:at] + bytes([line[at] ^ 1 << chance.randrange(8)]) + line[at + 1 :]


def _cut(chance: random.Random, line: bytes) -> bytes:
    start, end = _slice(chance, line)
    return line[:start] + line[end:]


def _repeat(chance: random.Random, line: bytes) -> bytes:
    start, end = _slice(chance, line)
    return line[:end] + line[start:]


def _insert(chance: random.Random, line: bytes) -> bytes:
    at = chance.randint(0, len(line))
    return line[:at] + chance.randbytes(chance.randint(1, 8)) + line[at:]


def _change_word(chance: random.Random, line: bytes) -> bytes:
    words = line.split(b" ")
    words[chance.randrange(len(words))] = chance.choice((*_NUMBERS, *words, b""))
    return b" ".join(words)


def _slice(chance: random.Random, line: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(line))
    return start, min(len(line), start + chance.randint(0, 20))


_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _cut, _repeat, _insert, _change_word,
)  # fmt: skip

"""The page's terminal emulator shows what pyte shows, piece by piece, however bytes are split."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import pyte
import pytest
from wcwidth import wcwidth

from tests.orchestrator.report.page.browser import Browser, sources
from tests.repeats import times

_SCRIPTS = ("dom.js", "widths.js", "styles.js", "screen.js", "terminal.js")
_SCREENS = """
return arguments[0].map((pieces) => {
  const terminal = new Terminal();
  pieces.forEach((piece) => terminal.feed(piece));
  const { lines, x, y, modes } = terminal.screen;
  const styles = lines.map((row) => row.styles.map((style, x) => row.chars[x].trim() && style));
  return [lines.map((row) => row.text), [x, y, modes.cursor], styles];
});
"""
_COLOURS = ["black", "red", "green", "brown", "blue", "magenta", "cyan", "white"]
_NUMBERS = {name: number for number, name in enumerate(_COLOURS)} | {
    f"bright{name}": number + 8 for number, name in enumerate(_COLOURS)
}


def shown(browser: Browser, cases: Sequence[Sequence[bytes]]) -> list[Any]:
    """Return the screen of each case: its lines, its cursor and the styles of its cells."""
    given = [[piece.decode("latin-1") for piece in pieces] for pieces in cases]
    return list(browser.run(sources(*_SCRIPTS) + _SCREENS, given))


class PyteScreen(pyte.Screen):
    """Pyte without what differs from xterm: what comes behind a full line, and rows not drawn yet.

    Behind the last column pyte keeps the cursor outside the screen for everything but text; a
    terminal has it on the last column. Pyte leaves a row as it is if one that was never drawn
    moves to its place.
    """

    def prepare(self) -> None:
        for y in range(self.lines):
            self.buffer[y]

    def on_screen(self) -> None:
        self.cursor.x = min(self.cursor.x, self.columns - 1)


def _on_screen(name: str) -> Callable[..., None]:
    def act(self: PyteScreen, *given: Any, **named: Any) -> None:
        self.prepare()
        self.on_screen()
        getattr(pyte.Screen, name)(self, *given, **named)
        for row in self.buffer.values():
            row.pop(self.columns, None)  # where pyte puts what was moved off the screen

    return act


for _name in (
    "cursor_up", "cursor_down", "erase_in_line", "erase_in_display", "erase_characters",
    "insert_characters", "delete_characters", "insert_lines", "delete_lines", "reverse_index",
    "cursor_to_line",
):  # fmt: skip
    setattr(PyteScreen, _name, _on_screen(_name))


def by_pyte(pieces: Sequence[bytes]) -> PyteScreen:
    screen = PyteScreen(80, 24)
    stream = pyte.ByteStream(screen)
    for piece in pieces:
        stream.feed(piece)
    return screen


def same(found: Any, screen: PyteScreen) -> None:
    lines, (x, y, is_visible), styles = found
    assert lines == screen.display
    assert (x, y) == (min(screen.cursor.x, screen.columns - 1), screen.cursor.y)
    assert is_visible is not screen.cursor.hidden
    for row, cells in screen.buffer.items():
        for column, cell in cells.items():
            if cell.data.strip() and column < screen.columns:
                assert style_of(styles[row][column]) == pyte_style(cell), (row, column)


def style_of(style: dict[str, Any]) -> list[Any]:
    keys = ("fg", "bg", "bold", "italic", "underline", "blink", "inverse", "strike")
    return [style[key] for key in keys]


def pyte_style(cell: Any) -> list[Any]:
    marks = (cell.bold, cell.italics, cell.underscore, cell.blink, cell.reverse, cell.strikethrough)
    return [_colour(cell.fg), _colour(cell.bg), *marks]


def _colour(name: str) -> int | str | None:
    """Return a colour as the page has it; pyte has those of 256 as red, green and blue."""
    return None if name == "default" else _NUMBERS.get(name, f"#{name}")


CORPUS = {
    "lines": [b"one\r\ntwo\r\n\r\nthree"],
    "a bare line feed keeps the column": [b"one\ntwo"],
    "a carriage return is overwritten": [b"prompt> half a li\r\x1b[Knotice\r\nprompt> "],
    "backspaces": [b"abc\b\bX", b"\b\b\b\b\bY"],
    "tabs": [b"a\tb\tc\r\n\t\t\t\t\t\t\t\t\t\t\t\tz"],
    "tab stops of one's own": [b"\x1b[3g\x1b[5G\x1bH\r\tx\r\x1b[5G\x1b[g\r\ty"],
    "a line longer than the screen": [b"x" * 200],
    "exactly as long": [b"x" * 80, b"\r\n", b"y"],
    "exactly as long, then up": [b"\r\n" + b"x" * 80 + b"\x1b[Ay"],
    "more lines than rows": [b"".join(b"line %d\r\n" % n for n in range(60))],
    "colours": [b"\x1b[31mred\x1b[1;42mbold\x1b[0m plain \x1b[95;104mbright\x1b[39;49m none"],
    "true colours": [b"\x1b[38;2;1;200;30mtrue\x1b[48;2;255;0;9mback"],
    "every mark": [b"\x1b[1;3;4;5;7;9mall\x1b[22;23;24;25;27;29mnone\x1b[m"],
    "cursor": [b"\x1b[10;20Hhere\x1b[3A^\x1b[2B\x1b[4D_\x1b[6C|\x1b[1;1Htop\x1b[24;80Hz"],
    "beyond the edges": [b"\x1b[99;99Hx\x1b[999D\x1b[999Ay\x1b[99B\x1b[99Cz"],
    "columns and rows": [b"\x1b[7Gseven\x1b[9dnine\x1b[2Enext\x1b[3Fbeforefour"],
    "erase": [b"".join(b"%d" % (n % 10) * 80 for n in range(24)),
              b"\x1b[5;5H\x1b[K\x1b[7;7H\x1b[1K",
              b"\x1b[9;9H\x1b[2K\x1b[20;20H\x1b[J\x1b[3;3H\x1b[1J"],
    "erase all": [b"something\x1b[2Jelse"],
    "insert and delete characters": [b"abcdefghij\x1b[3G\x1b[2@XY\x1b[8G\x1b[3P\x1b[2G\x1b[4X"],
    "insert and delete lines": [b"".join(b"%d\r\n" % n for n in range(20)), b"\x1b[5;3H\x1b[2L",
                                b"new\x1b[12;1H\x1b[3Mgone"],
    "a scroll region": [b"".join(b"%d\r\n" % n for n in range(20)), b"\x1b[5;9r\x1b[9;1H\n\n\nx",
                        b"\x1b[5;1H\x1bM\x1bMy"],
    "index and reverse index": [b"\x1bM\x1bMtop\x1bDdown\x1b[24;1H\x1bDend"],
    "save and restore": [b"\x1b[5;5H\x1b[31m\x1b7\x1b[10;10H\x1b[0maway\x1b8back"],
    "the cursor hidden": [b"\x1b[?25lx"],
    "the cursor shown again": [b"\x1b[?25lx\x1b[?25h"],
    "no wrapping": [b"\x1b[?7l" + b"a" * 79 + b"bc"],
    "insert mode": [b"world\r\x1b[4hhello \x1b[4l!"],
    "line feeds with returns": [b"\x1b[20hone\ntwo"],
    "titles": [b"\x1b]0;a title\x07x\x1b]2;another\x1b\\y"],
    "reset": [b"\x1b[31mabc\x1b[5;9r\x1bcnew"],
    "all E": [b"\x1b#8\x1b[2;2Hx"],
    "unknown sequences": [b"a\x1b[?2004hbc\x1b[6nd\x1b=e"],
    "controls in a sequence": [b"abc\x1b[2\rCd\x1b[3\x18e"],
    "wide characters": ["日本語 한국어\r\nabc\r\n👍 ok\r\n".encode()],
    "combining characters": ["e\u0301 o\u0308 a\u0328\u0301 n\u0303o\r\n".encode()],
    "UTF-8 split anywhere": [bytes([byte]) for byte in "größe → 日本 👍\r\nü".encode()],
    "bytes that are not UTF-8": [b"a\xffb\xc3(c\xe2\x82d\xf0\x9f\x91e\xed\xa0\x80f"],
    "a character cut off at the end of everything": [b"a\xe2\x82"],
    "sequences split anywhere": [bytes([byte]) for byte in b"\x1b[31;1mred\x1b[2;3Hx\x1b]0;t\x07y"],
}  # fmt: skip


def test_the_corpus_is_shown_as_pyte_shows_it(browser: Browser) -> None:
    for name, found in zip(CORPUS, shown(browser, [*CORPUS.values()]), strict=True):
        try:
            same(found, by_pyte(CORPUS[name]))
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def test_random_sequences_are_shown_as_pyte_shows_them(browser: Browser) -> None:
    seeds = range(times(60, 1_500))
    cases = [random_pieces(random.Random(seed)) for seed in seeds]
    for seed, pieces, found in zip(seeds, cases, shown(browser, cases), strict=True):
        try:
            same(found, by_pyte(pieces))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {pieces!r}: {error}") from error


_MOVES = "ABCDEFGHdfae"
_EDITS = "JKLMPX@"


def random_pieces(draw: random.Random) -> list[bytes]:
    """Return text, controls and sequences in random order, cut into pieces anywhere."""
    data = b"".join(_random_part(draw) for _ in range(draw.randint(5, 80)))
    cuts = sorted(draw.sample(range(len(data) + 1), min(len(data), draw.randint(0, 6))))
    return [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _random_part(draw: random.Random) -> bytes:
    number, other = draw.randint(0, 30), draw.randint(0, 90)
    match draw.randint(0, 7):
        case 0:
            return bytes(draw.choices(b"abcdefgh 0123", k=draw.randint(1, 100)))
        case 1:
            return draw.choice([b"\r", b"\n", b"\r\n", b"\b", b"\t", b"\x1bD", b"\x1bM", b"\x07"])
        case 2 | 3:
            return f"\x1b[{number}{draw.choice(_MOVES)}".encode()
        case 4:
            return f"\x1b[{number};{other}H".encode()
        case 5:
            how = draw.choice(_EDITS)
            return f"\x1b[{draw.randint(0, 2) if how in 'JK' else number}{how}".encode()
        case 6:
            codes = draw.choices([0, 1, 3, 4, 7, 9, 22, 27, 31, 36, 39, 44, 49, 93, 106], k=2)
            return f"\x1b[{codes[0]};{codes[1]}m".encode()
        case _:
            return draw.choice(["größer ", "ÄÖÜ", "é", "naïve ", "→ "]).encode()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"shell$ \x1b[?1049h\x1b[Hfull screen"], ["full screen"]),
        ([b"shell$ \x1b[?1049h\x1b[Hfull screen\x1b[?1049l"], ["shell$"]),
        ([b"\x1b(0lqqk\x1b(B lqqk"], ["┌──┐ lqqk"]),
        ([b"a\x1b[3b!"], ["aaaa!"]),
        ([b"\x1b[2;9rabc\x1b[rd"], ["dbc"]),
        ([b"abcdef\x1b[3`X"], ["abXdef"]),
        ([b"x" * 79 + "日".encode()], ["x" * 79, "日"]),
        (["日本".encode() + b"\x1b[2GX"], [" X本"]),
        ([b"1\r\n2\r\n3\x1b[2S"], ["3"]),
        ([b"\x1b]0;no end of this title\x1b[31mx"], ["x"]),
        (["a\u202eb\u2066c\u200fd".encode()], ["abcd"]),
        (["o" + "\u0301" * 1_000 + "k"], None),
    ],
)  # fmt: skip
def test_what_pyte_does_not_know(
    browser: Browser, pieces: list[bytes | str], expected: list[str] | None
) -> None:
    given = [piece if isinstance(piece, bytes) else piece.encode() for piece in pieces]
    [(lines, _, _)] = shown(browser, [given])
    if expected is None:
        assert len(lines[0]) < 200
        assert lines[0].rstrip().endswith("k")
    else:
        assert [line.rstrip() for line in lines if line.strip()] == expected


def test_colours_and_underlines_with_colons(browser: Browser) -> None:
    given = [b"\x1b[38:2::1:2:3;4:3;48:5:9mx\x1b[4:0my\x1b[1;38:2:4:5:6mz"]
    [(_, _, styles)] = shown(browser, [given])
    first, second, third = (style_of(style) for style in styles[0][:3])
    assert first == ["#010203", 9, False, False, True, False, False, False]
    assert second == ["#010203", 9, False, False, False, False, False, False]
    assert third == ["#040506", 9, True, False, False, False, False, False]


def test_widths_are_those_of_every_character_that_unicode_has(browser: Browser) -> None:
    script = """
      const [from, to] = arguments;
      return Array.from({length: to - from}, (_, i) => widthOf(String.fromCodePoint(from + i)));
    """
    different = [
        f"{code:04x}: {width}"
        for start, end in ((0x20, 0xD800), (0xE000, 0xFFFE), (0x10000, 0x20000))
        for code, width in enumerate(browser.run(sources("widths.js") + script, start, end), start)
        if wcwidth(chr(code)) not in (-1, width) and unicodedata.category(chr(code)) != "Cn"
    ]
    assert different == []

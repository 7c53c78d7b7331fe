"""Lines, greetings and frames."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import wire

ME = wire.Identity("0123456789abcdef", 5000, "alice")
NONCES = st.text("0123456789abcdef", min_size=16, max_size=16)
NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,63}", fullmatch=True)
IDENTITIES = st.builds(wire.Identity, NONCES, st.integers(1, 65_535), NAMES)
GREETINGS = st.one_of(
    st.builds(wire.Hello, IDENTITIES, NONCES),
    st.builds(wire.Welcome, IDENTITIES, NONCES, NONCES),
    st.builds(wire.Ready, NONCES),
    st.builds(wire.Refuse, st.sampled_from(["self", "duplicate", "full"]), NONCES | st.just("-")),
    st.just(wire.Probe()),
    st.just(wire.Alive()),
)
TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=50)
NUMBERS = st.integers(1, 10**18 - 1)
FRAMES = st.one_of(
    st.builds(wire.Message, NUMBERS, TEXTS),
    st.builds(wire.Receipt, NUMBERS),
    st.just(wire.Ping()),
    st.just(wire.Pong()),
    st.builds(wire.Bye, st.sampled_from(["terminate", "exit"])),
)
A, B = "a" * 16, "b" * 16
LINES = [
    (wire.Hello(ME, A), b"PEERLAB/1 hello 5000 0123456789abcdef " + b"a" * 16 + b" alice"),
    (
        wire.Welcome(ME, A, B),
        b"PEERLAB/1 welcome 5000 0123456789abcdef " + b"a" * 16 + b" " + b"b" * 16 + b" alice",
    ),
    (wire.Ready(A), b"PEERLAB/1 ready " + b"a" * 16),
    (wire.Refuse("full", "-"), b"PEERLAB/1 refuse full -"),
    (wire.Probe(), b"PEERLAB/1 probe"),
    (wire.Alive(), b"PEERLAB/1 alive"),
    (wire.Message(7, "  two blanks "), b"msg 7   two blanks "),
    (wire.Message(1, ""), b"msg 1 "),
    (wire.Message(1, "b\xe9 \U0001f44b"), "msg 1 b\xe9 \U0001f44b".encode()),
    (wire.Receipt(12), b"got 12"),
    (wire.Ping(), b"ping"),
    (wire.Pong(), b"pong"),
    (wire.Bye("exit"), b"bye exit"),
    (wire.Bye("terminate"), b"bye terminate"),
]


def parse(line: bytes) -> object:
    return wire.parse_greeting(line) or wire.parse_frame(line)


@pytest.mark.parametrize(("item", "line"), LINES, ids=lambda value: type(value).__name__)
class TestEveryLine:
    def test_whole(self, item: wire.Frame, line: bytes) -> None:
        assert wire.encode(item) == line + b"\n"
        assert list(wire.LineDecoder().receive_data(line + b"\n")) == [line]
        assert parse(line) == item

    def test_byte_by_byte(self, item: wire.Frame, line: bytes) -> None:
        decoder = wire.LineDecoder()
        seen = [got for byte in line + b"\n" for got in decoder.receive_data(bytes([byte]))]
        assert [parse(got) for got in seen] == [item]
        assert decoder.receive_eof() == b""

    def test_with_trailing_data(self, item: wire.Frame, line: bytes) -> None:
        decoder = wire.LineDecoder()
        first, second = decoder.receive_data(line + b"\n\nrest")
        assert (parse(first), second, decoder.receive_eof()) == (item, b"", b"rest")

    def test_nothing_may_follow_on_the_line(self, item: wire.Frame, line: bytes) -> None:
        if isinstance(item, wire.Message):
            assert parse(line + b" x") == wire.Message(item.number, item.text + " x")
            return
        assert wire.parse_greeting(line + b" ") is None
        with pytest.raises(wire.FrameError):
            wire.parse_frame(line + b" ")


@given(GREETINGS)
def test_greetings_survive_the_wire(greeting: wire.Greeting) -> None:
    assert wire.parse_greeting(wire.encode(greeting)[:-1]) == greeting


@given(FRAMES)
def test_frames_survive_the_wire(frame: wire.Frame) -> None:
    line = wire.encode(frame)
    assert line.count(b"\n") == 1
    assert wire.parse_frame(line[:-1]) == frame


@given(st.lists(st.binary(max_size=20)), st.data())
def test_segments_mean_nothing(chunks: list[bytes], data: st.DataObject) -> None:
    stream = b"\n".join(chunks)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10))
    edges = [0, *sorted(cuts), len(stream)]
    decoder = wire.LineDecoder()
    lines = [
        line
        for start, end in itertools.pairwise(edges)
        for line in decoder.receive_data(stream[start:end])
    ]
    assert [*lines, decoder.receive_eof()] == stream.split(b"\n")


@given(st.binary())
def test_no_bytes_raise_anything_but_a_frame_error(line: bytes) -> None:
    wire.parse_greeting(line)
    with contextlib.suppress(wire.FrameError):
        assert wire.parse_frame(line)


@pytest.mark.parametrize(
    "line",
    [
        b"PEERLAB/1", b"PEERLAB/2 probe", b"peerlab/1 probe", b" PEERLAB/1 probe",
        b"PEERLAB/1 hello 0 0123456789abcdef aaaaaaaaaaaaaaaa x",
        b"PEERLAB/1 hello 65536 0123456789abcdef aaaaaaaaaaaaaaaa x",
        b"PEERLAB/1 hello 05000 0123456789abcdef aaaaaaaaaaaaaaaa x",
        b"PEERLAB/1 hello 5000 0123456789ABCDEF aaaaaaaaaaaaaaaa x",
        b"PEERLAB/1 hello 5000 0123456789abcdef aaaaaaaaaaaaaaaa ",
        b"PEERLAB/1 hello 5000 0123456789abcdef aaaaaaaaaaaaaaaa a b",
        b"PEERLAB/1 hello 5000 0123456789abcdef aaaaaaaaaaaaaaaa \xc3\xa9",
        b"PEERLAB/1 hello 5000 0123456789abcdef aaaaaaaaaaaaaaaa x\r",
        b"PEERLAB/1 hello 5000 0123456789abcdef aaaaaaaaaaaaaaaa " + b"x" * 64,
        b"PEERLAB/1 refuse rude -", b"PEERLAB/1 ready -", b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_greeting(line: bytes) -> None:
    assert wire.parse_greeting(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"", b"msg", b"msg 1", b"msg 0 x", b"msg 01 x", b"msg -1 x", b"msg x y", b"msg  1 x",
        b"msg 1000000000000000000 x", "msg \u0661 x".encode(), b"msg 1 \xff", b"got", b"got 0",
        b"got 1 ", b"got +1", b"ping ", b"PING", b"pong x", b"bye", b"bye now", b" msg 1 x",
        b"ping\r",
    ],
)  # fmt: skip
def test_what_is_no_frame(line: bytes) -> None:
    with pytest.raises(wire.FrameError):
        wire.parse_frame(line)


class TestLongLines:
    def test_the_longest_text_fits(self) -> None:
        line = wire.encode(wire.Message(10**18 - 1, "x" * wire.MAX_TEXT))
        assert [len(got) + 1 for got in wire.LineDecoder().receive_data(line)] == [len(line)]

    def test_the_longest_line_is_taken(self) -> None:
        line = b"x" * wire.MAX_LINE
        assert list(wire.LineDecoder().receive_data(line + b"\n")) == [line]

    @pytest.mark.parametrize("end", [b"", b"\n"])
    def test_a_longer_one_is_not(self, end: bytes) -> None:
        decoder = wire.LineDecoder()
        lines = decoder.receive_data(b"before\n" + b"x" * (wire.MAX_LINE + 1) + end)
        assert next(lines) == b"before"
        with pytest.raises(wire.LineTooLongError):
            next(lines)

    def test_it_is_noticed_before_it_ends(self) -> None:
        decoder = wire.LineDecoder()
        assert list(decoder.receive_data(b"x" * wire.MAX_LINE)) == []
        with pytest.raises(wire.LineTooLongError):
            list(decoder.receive_data(b"x"))

"""One connection's protocol: greetings, messages, time and ends."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import wire
from peer.events import Closed, Delivered, EndReason, Leaving, Opened, Received, Sent
from peer.outbox import NotOpenError, WindowFullError
from peer.protocol import Protocol, Role, State
from tests.peer.protocols import (
    ALICE,
    BOB,
    HELLO,
    LIMITS,
    NEVER,
    READY,
    WELCOME,
    acceptor,
    dialler,
    line,
    named,
    opened,
    talk,
    texts,
    written,
)


class TestGreeting:
    def test_who_says_what(self) -> None:
        one, other = dialler(), acceptor()
        assert written(other) == b""
        assert written(one) == HELLO
        other.receive_data(HELLO, 0.0)
        assert written(other) == WELCOME
        assert other.state is State.WELCOMED
        assert other.events_received() == []
        one.receive_data(WELCOME, 0.0)
        assert (one.state, written(one)) == (State.OPEN, READY)
        other.receive_data(READY, 0.0)
        opened = named([Opened(ALICE)])
        assert (other.state, named(other.events_received())) == (State.OPEN, opened)

    def test_nothing_can_be_sent_before(self) -> None:
        with pytest.raises(NotOpenError):
            dialler().send_message("early")

    def test_probe(self) -> None:
        one = acceptor()
        one.receive_data(b"PEERLAB/1 probe\n", 0.0)
        assert written(one) == b"PEERLAB/1 alive\n"
        assert one.half_close
        assert one.events_received() == [Closed(EndReason.PROBED)]
        one.receive_eof(0.0)
        assert one.over

    @pytest.mark.parametrize("reason", ["self", "duplicate"])
    def test_acceptor_refuses(self, reason: str) -> None:
        one, other = dialler(), acceptor(refusal=reason)
        talk(one, other)
        assert one.events_received() == [Closed(EndReason.REFUSED, (), reason)]
        assert other.events_received() == [Closed(EndReason.REFUSED, (), reason)]
        assert one.over
        assert other.half_close

    def test_dialler_refuses(self) -> None:
        one, other = dialler(refusal="duplicate"), acceptor()
        talk(one, other)
        assert one.events_received() == [Closed(EndReason.REFUSED, (), "duplicate")]
        assert other.events_received() == [Closed(EndReason.REFUSED, (), "duplicate")]

    def test_full(self) -> None:
        one = dialler()
        one.receive_data(b"PEERLAB/1 refuse full -\n", 0.0)
        assert one.events_received() == [Closed(EndReason.REFUSED, (), "full")]

    def test_a_refusal_for_somebody_else_is_a_text(self) -> None:
        one = dialler()
        one.receive_data(line(wire.Refuse("duplicate", "e" * 16)), 0.0)
        assert named(one.events_received())[:1] == named([Opened(None)])

    @pytest.mark.parametrize("ending", [EndReason.TERMINATED_HERE, EndReason.EXITED_HERE])
    def test_ended_before_it_was_over(self, ending: EndReason) -> None:
        one = dialler()
        one.end(ending, 0.0)
        assert one.over
        assert one.events_received() == [Closed(ending)]

    def test_welcomed_and_then_silence(self) -> None:
        one = acceptor()
        one.receive_data(HELLO, 1.0)
        assert one.deadline() == 1.0 + LIMITS.silence
        one.tick(7.0)
        assert one.events_received() == [Closed(EndReason.NEVER_GREETED)]

    def test_closed_without_a_word(self) -> None:
        one = acceptor()
        one.receive_eof(0.0)
        assert one.events_received() == [Closed(EndReason.NOTHING_SAID)]

    def test_closed_between_hello_and_ready(self) -> None:
        one = acceptor()
        one.receive_data(HELLO, 0.0)
        one.receive_eof(0.0)
        assert one.events_received() == [Closed(EndReason.NEVER_GREETED)]


STREAM = HELLO + READY + b"msg 1 one\nmsg 2 two\nping\nmsg 3 \nbye exit\nmsg 4 after\n"


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_segments_mean_nothing(cuts: list[int]) -> None:
    def run(edges: list[int]) -> list[object]:
        one = acceptor()
        for start, end in itertools.pairwise(edges):
            one.receive_data(STREAM[start:end], 0.0)
        return [one.events_received(), one.state]

    assert run([0, *sorted(cuts), len(STREAM)]) == run([0, len(STREAM)])


class TestMessages:
    def test_both_ways_confirmed(self) -> None:
        one, other = opened()
        assert [one.send_message("hi"), one.send_message(""), other.send_message("ho")] == [1, 2, 1]
        talk(one, other)
        assert one.events_received() == [Received(b"ho"), Delivered(1, 2)]
        assert other.events_received() == [Received(b"hi"), Received(b""), Delivered(1, 1)]

    def test_a_text_cannot_be_a_frame(self) -> None:
        one, other = opened()
        for text in ("bye exit", "got 7", "msg 1 x", "ping", "PEERLAB/1 refuse full -"):
            one.send_message(text)
        talk(one, other)
        assert texts(other) == [
            b"bye exit", b"got 7", b"msg 1 x", b"ping", b"PEERLAB/1 refuse full -"
        ]  # fmt: skip
        assert not one.leaving

    @pytest.mark.parametrize(
        "frame",
        ["msg 2 x", "msg 1", "got 1", "nonsense", "", "PEERLAB/1 probe", "bye maybe"],
    )
    def test_bad_frames_end_it(self, frame: str) -> None:
        one, _ = opened()
        one.receive_data(frame.encode() + b"\n", 0.0)
        assert one.events_received() == [Closed(EndReason.BAD_FRAME)]
        assert one.over

    def test_a_message_twice_ends_it(self) -> None:
        one, _ = opened()
        one.receive_data(b"msg 1 x\nmsg 1 x\n", 0.0)
        assert one.events_received() == [Received(b"x"), Closed(EndReason.BAD_FRAME)]

    def test_a_second_goodbye_ends_it(self) -> None:
        one, _ = opened()
        one.send_message("waits")
        one.receive_data(b"bye exit\nbye exit\n", 0.0)
        assert one.events_received()[-1] == Closed(EndReason.BAD_FRAME, (Sent(1, "waits"),))

    def test_a_receipt_twice_is_harmless(self) -> None:
        one, _ = opened()
        one.send_message("x")
        one.receive_data(b"got 1\ngot 1\n", 0.0)
        assert one.events_received() == [Delivered(1, 1)]

    def test_a_line_without_end(self) -> None:
        one, _ = opened()
        one.receive_data(b"msg 1 " + b"x" * 20_000, 0.0)
        assert one.events_received() == [Closed(EndReason.LINE_TOO_LONG)]

    def test_window(self) -> None:
        one, other = opened()
        fitting = LIMITS.window // (wire.MAX_TEXT + 256)
        for _ in range(fitting):
            one.send_message("x" * wire.MAX_TEXT)
        with pytest.raises(WindowFullError):
            one.send_message("x" * wire.MAX_TEXT)
        talk(one, other)
        one.send_message("fits again")

    def test_receipts_and_signs_of_life_do_not_pile_up(self) -> None:
        one, _ = opened()
        for number in range(1, 1_000):
            one.receive_data(b"msg %d x\nping\n" % number, 0.0)
            assert len(one.data_to_send()) < 2 * 1024
        one.events_received()
        other_way, _ = opened()
        other_way.receive_data(b"".join(b"msg %d x\n" % n for n in range(1, 1_000)), 0.0)
        assert written(other_way) == b"got 999\n"


class TestTime:
    def test_signs_of_life(self) -> None:
        one, other = opened()
        assert one.deadline() == LIMITS.heartbeat
        one.tick(2.0)
        assert written(one) == b"ping\n"
        assert one.deadline() == 4.0
        other.receive_data(b"ping\n", 2.0)
        one.receive_data(written(other), 2.5)
        assert one.deadline() == 4.5

    def test_too_early_is_nothing(self) -> None:
        one, _ = opened()
        one.tick(1.9)
        assert written(one) == b""

    def test_silence(self) -> None:
        one, _ = opened()
        one.send_message("lost")
        for now in (2.0, 4.0, 6.0):
            one.tick(now)
        assert one.events_received() == [Closed(EndReason.SILENT, (Sent(1, "lost"),))]
        assert one.over

    def test_that_was_not_looked_at_for_long(self) -> None:
        one, _ = opened()
        one.tick(60.0)
        assert written(one) == b"ping\n"
        one.tick(62.0)
        assert not one.over
        one.tick(64.0)
        assert one.events_received() == [Closed(EndReason.SILENT)]

    def test_a_sign_of_life_at_once(self) -> None:
        one, other = opened()
        assert one.ask()
        talk(one, other, 1.0)
        assert one.quiet_for(1.0) == 0.0
        one.end(EndReason.TERMINATED_HERE, 1.0)
        assert not one.ask()
        assert not dialler().ask()

    def test_whether_the_other_end_took_it_for_established(self) -> None:
        one, other = opened()
        assert other.settled  # the `ready` said so
        assert not one.settled
        other.send_message("x")
        talk(one, other)
        assert one.settled

    def test_not_wanted_any_more_at_its_ready(self) -> None:
        answers = iter([None, "duplicate"])
        other = Protocol(Role.ACCEPTOR, BOB, "c" * 16, lambda _: next(answers), LIMITS, 0.0)
        other.receive_data(HELLO, 0.0)
        other.receive_data(READY, 0.0)
        assert other.events_received() == [Closed(EndReason.REFUSED, refusal="duplicate")]
        assert other.over

    @given(st.floats(0, 100), st.integers(0, 4))
    def test_a_tick_never_leaves_its_deadline_behind(self, now: float, steps: int) -> None:
        one, other = dialler(), acceptor()
        for _ in range(steps):
            other.receive_data(written(one), 0.0)
            one.receive_data(written(other), 0.0)
        for protocol in (one, other):
            for _ in range(4):
                protocol.tick(now)
            assert protocol.over or protocol.deadline() > now or protocol.deadline() == NEVER


class TestEnds:
    @pytest.mark.parametrize(
        ("ending", "heard"),
        [
            (EndReason.TERMINATED_HERE, EndReason.TERMINATED_THERE),
            (EndReason.EXITED_HERE, EndReason.EXITED_THERE),
        ],
    )
    def test_what_was_sent_just_before_arrives(self, ending: EndReason, heard: EndReason) -> None:
        one, other = opened()
        one.send_message("to the last")
        other.send_message("me too")
        one.end(ending, 1.0)
        with pytest.raises(NotOpenError):
            one.send_message("too late")
        talk(one, other, 1.0)
        happened = [Leaving(), Received(b"me too"), Delivered(1, 1), Closed(ending)]
        assert one.events_received() == happened
        assert other.events_received() == [
            Received(b"to the last"),
            Leaving(),
            Delivered(1, 1),
            Closed(heard),
        ]
        for protocol in (one, other):
            assert protocol.half_close
            protocol.receive_eof(1.0)
            assert protocol.over

    def test_from_both_sides_at_once(self) -> None:
        one, other = opened()
        for protocol in (one, other):
            protocol.send_message("x")
            protocol.end(EndReason.TERMINATED_HERE, 1.0)
        talk(one, other, 1.0)
        for protocol in (one, other):
            assert protocol.events_received()[-1] == Closed(EndReason.TERMINATED_HERE)

    def test_not_settled_in_time(self) -> None:
        one, _ = opened()
        one.send_message("nobody listens")
        one.end(EndReason.TERMINATED_HERE, 1.0)
        assert one.deadline() == 1.0 + LIMITS.linger
        one.tick(one.deadline())
        last = Closed(EndReason.TERMINATED_HERE, (Sent(1, "nobody listens"),))
        assert one.events_received()[-1] == last
        assert one.over

    def test_the_stream_ends_without_a_goodbye(self) -> None:
        one, _ = opened()
        one.send_message("x")
        one.receive_eof(1.0)
        assert one.events_received() == [Closed(EndReason.END_OF_STREAM, (Sent(1, "x"),))]

    def test_told_once(self) -> None:
        one, _ = opened()
        one.abort(EndReason.RESET)
        one.abort(EndReason.RESET)
        one.end(EndReason.TERMINATED_HERE, 1.0)
        one.receive_eof(1.0)
        one.tick(100.0)
        one.receive_data(b"msg 1 x\n", 1.0)
        assert one.events_received() == [Closed(EndReason.RESET)]
        assert written(one) == b""


@given(st.binary(max_size=200), st.integers(1, 50), st.booleans())
def test_no_bytes_raise(noise: bytes, size: int, is_open: bool) -> None:
    one = opened()[0] if is_open else acceptor()
    for start in range(0, len(noise), size):
        one.receive_data(noise[start : start + size], 1.0)
        written(one, 1.0)
    one.receive_eof(1.0)
    one.tick(100.0)
    assert one.over

"""One connection's protocol with programs that do not greet, or greet late."""

from __future__ import annotations

import pytest

from peer import wire
from peer.events import Closed, Delivered, EndReason, Odd, Opened, Received, Sent, Upgraded
from peer.limits import Limits
from peer.protocol import Role, State
from tests.peer.protocols import (
    ALICE,
    BOB,
    HELLO,
    NEVER,
    READY,
    WELCOME,
    acceptor,
    dialler,
    line,
    make,
    named,
    talk,
    texts,
    written,
)


class TestPlain:
    def test_a_line_that_is_no_hello(self) -> None:
        one = acceptor()
        one.receive_data(b"hello?\r\n", 0.0)
        assert named(one.events_received()) == named([Opened(None), Received(b"hello?")])
        one.send_message("yes")
        assert written(one) == b"yes\n"

    def test_silence(self) -> None:
        one = acceptor()
        one.tick(2.0)
        assert named(one.events_received()) == named([Opened(None)])
        assert one.deadline() == NEVER

    def test_the_rest_without_a_newline_counts(self) -> None:
        one = acceptor()
        one.receive_data(b"one\ntwo", 0.0)
        one.receive_eof(0.0)
        assert texts(one) == [b"one", b"two"]
        assert one.half_close

    def test_what_is_not_utf_8_is_explained_once(self) -> None:
        one = acceptor()
        one.receive_data(b"\xff\n\xfe\n", 0.0)
        happened = one.events_received()
        assert [event for event in happened if isinstance(event, Received)] == [
            Received(b"\xff"),
            Received(b"\xfe"),
        ]
        assert sum(isinstance(event, Odd) for event in happened) == 1

    def test_a_line_without_end_is_explained(self) -> None:
        one = acceptor()
        one.receive_data(b"x" * 20_000, 0.0)
        assert named(one.events_received()) == named(
            [Opened(None), Closed(EndReason.LINE_TOO_LONG)]
        )

    def test_a_hello_too_late_is_a_text(self) -> None:
        one = acceptor()
        one.receive_data(b"first\n" + HELLO, 0.0)
        assert texts(one) == [b"first", HELLO.rstrip()]

    def test_terminate_sends_what_waits(self) -> None:
        one = acceptor()
        one.tick(2.0)
        one.send_message("last")
        one.end(EndReason.TERMINATED_HERE, 2.0)
        assert not one.over
        assert written(one, 2.0) == b"last\n"
        assert one.half_close
        assert one.events_received()[-1] == Closed(EndReason.TERMINATED_HERE)

    def test_a_broken_one_that_spoke_leaves_only_the_unwritten(self) -> None:
        one = acceptor()
        one.receive_data(b"hi\n", 0.0)
        one.send_message("written")
        written(one)
        one.send_message("not")
        one.abort(EndReason.RESET)
        assert one.events_received()[-1] == Closed(EndReason.RESET, (Sent(2, "not"),))

    def test_no_end_of_messages_for_one_that_says_nothing(self) -> None:
        one = acceptor(limits=Limits(window=10_000))
        one.tick(2.0)
        for number in range(1, 200):
            assert one.send_message("x" * 100) == number
            written(one)


class TestLateGreetings:
    def test_late_hello(self) -> None:
        one, other = dialler(), acceptor()
        other.tick(2.0)
        assert other.send_message("are you there?") == 1
        bare = written(other, 2.0)
        assert bare == b"are you there?\n"
        other.receive_data(written(one), 3.0)
        one.receive_data(bare, 3.0)
        assert named(one.events_received()) == named([Opened(None), Received(b"are you there?")])
        talk(one, other, 3.0)
        assert named(one.events_received()) == named([Upgraded(BOB)])
        assert named(other.events_received()) == named(
            [Opened(None), Upgraded(ALICE), Delivered(1, 1)]
        )

    def test_late_welcome(self) -> None:
        one, other = dialler(), acceptor()
        hello = written(one)
        one.tick(2.0)
        one.send_message("one")
        one.send_message("two")
        other.receive_data(hello + written(one, 2.0), 3.0)
        assert named(other.events_received()) == named(
            [Opened(None), Received(b"one"), Received(b"two")]
        )
        assert other.send_message("framed, it will understand") == 1
        talk(one, other, 3.0)
        assert named(one.events_received()) == named(
            [
                Opened(None),
                Upgraded(BOB),
                Received(b"framed, it will understand"),
                Delivered(1, 2),
            ]
        )
        assert named(other.events_received()) == named([Upgraded(ALICE), Delivered(1, 1)])

    def test_both_late_and_both_talking(self) -> None:
        one, other = dialler(), acceptor()
        hello = written(one)
        for late in (one, other):
            late.tick(2.0)
            late.send_message("meantime")
        there, back = hello + written(one, 2.0), written(other, 2.0)
        one.receive_data(back, 3.0)
        one.send_message("still bare")
        other.receive_data(there + written(one, 3.0), 3.0)
        talk(one, other, 3.0)
        assert [e for e in one.events_received() if isinstance(e, Delivered)] == [Delivered(1, 2)]
        assert [e for e in other.events_received() if isinstance(e, Delivered)] == [Delivered(1, 1)]

    def test_terminate_while_the_ready_is_under_way(self) -> None:
        one, other = dialler(), acceptor()
        other.tick(2.0)
        other.receive_data(written(one), 2.5)
        other.send_message("last")
        other.end(EndReason.TERMINATED_HERE, 2.5)
        talk(one, other, 2.5)
        assert texts(one) == [b"last"]
        assert Delivered(1, 1) in other.events_received()

    def test_a_late_duplicate_is_refused_and_told(self) -> None:
        one, other = dialler(refusal="duplicate"), acceptor()
        one.tick(2.0)
        one.send_message("waits")
        talk(one, other, 3.0)
        closed = Closed(EndReason.REFUSED, (Sent(1, "waits"),), "duplicate")
        assert named(one.events_received()) == named([Opened(None), closed])

    @pytest.mark.parametrize(
        "text", [HELLO, WELCOME, READY, line(wire.Ready("e" * 16)), b"PEERLAB/1 alive\n"]
    )
    def test_no_text_can_pass_for_the_ready_of_a_stranger(self, text: bytes) -> None:
        other = make(Role.ACCEPTOR, BOB, "f" * 16)
        other.receive_data(HELLO + text, 0.0)
        assert other.state is State.WELCOMED
        assert texts(other) == [text.rstrip()]

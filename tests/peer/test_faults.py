"""Real peers with a relay between them, or stopped, killed, started again: what was promised."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.peer.relay import Relay
from tests.peer.support import AT_ONCE, Peer, until
from tests.peer.test_dial import fill_backlog
from tests.repeats import times
from tests.waiting import let_pass

Start = Callable[..., Peer]
Between = Callable[..., Relay]

QUICK = ("--silence", "1", "--greeting-timeout", "1.5", "--connect-timeout", "1")
PATIENT = ("--silence", "60", *QUICK[2:])
SLACK = 4.5  # seconds that a busy machine may add; with them less than a peer's own silence, 6


@pytest.fixture
def relay() -> Iterator[Between]:
    """Put relays in front of peers."""
    relays: list[Relay] = []

    def make(one: Peer, other: Peer) -> Relay:
        relays.append(Relay("127.0.0.1", (other.bind, other.port), source=one.bind))
        return relays[-1]

    yield make
    for each in relays:
        each.close()


def couple(
    peer: Start, relay: Between, *arguments: str, other_s: tuple[str, ...] = ()
) -> tuple[Peer, Peer, Relay]:
    """Return two peers, the first of which dialled the second through the relay."""
    one = peer("0", "--name", "one", *(arguments or QUICK))
    other = peer("0", "--name", "other", *(other_s or arguments or QUICK))
    between = relay(one, other)
    connect(one, between, 1)
    other.expect(r"^\* connected 1 .*\(one\)$")
    return one, other, between


def connect(one: Peer, between: Relay, number: int) -> None:
    reply = one.command(f"connect {between.bind} {between.port}")
    assert reply == f"ok: connected {number} {between.bind}:{between.port} (other)"


def only_row(end: Peer) -> int:
    """Wait for the one connection that `list` shows; return its id."""
    until(lambda: end.command("list") == "ok: 1 connection", what="one connection")
    return int(next(x for x in reversed(end.lines) if re.match(r"  \d", x)).split()[0])


def talk(one: Peer, other: Peer) -> None:
    """Send a message each way on the only connection, and see it arrive and confirmed."""
    for sender, receiver in ((one, other), (other, one)):
        number, start = only_row(sender), (len(sender.lines), len(receiver.lines))
        assert sender.command(f"send {number} still here").startswith("ok")
        sender.expect(rf"^\* delivered {number} ", start=start[0])
        receiver.expect(r"^\* message .*: still here$", start=start[1])


def reported(one: Peer, connection: int = 1) -> tuple[list[int], list[int]]:
    """Return the numbers of the messages told delivered, and of those told undelivered."""
    spans = [
        (int(found[1]), int(found[2] or found[1]))
        for line in list(one.lines)
        if (found := re.match(rf"\* delivered {connection} #(\d+)(?:-(\d+))?$", line))
    ]
    delivered = [number for first, last in spans for number in range(first, last + 1)]
    lost = (re.match(rf"\* undelivered {connection} #(\d+):", line) for line in list(one.lines))
    return delivered, [int(found[1]) for found in lost if found]


class TestPartition:
    def test_both_ends_notice(self, peer: Start, relay: Between) -> None:
        one, other, between = couple(peer, relay)
        one.command("send 1 before")
        one.expect("^.* delivered 1 #1")
        between.stall()
        begun = time.monotonic()
        for end in (one, other):
            assert end.command("send 1 into the dead link").startswith("ok: sent 1")
        for end in (one, other):
            end.expect(r"^\* undelivered 1 #\d: into the dead link$")
            end.expect(r"^\* closed 1 .*: no sign of life for 1 s$")
        assert time.monotonic() - begun < 1 + SLACK
        assert one.command("list") == other.command("list") == "ok: 0 connections"

    def test_with_full_buffers(self, peer: Start, relay: Between) -> None:
        one, _, between = couple(peer, relay)
        between.stall()
        one.write(b"".join(b"send 1 %s\n" % (b"x" * 16_000) for _ in range(400)))
        one.expect(r"^error: 1 does not read")
        one.expect(r"^\* closed 1 .*: no sign of life", timeout=1 + SLACK)
        accepted = [line for line in one.lines if line.startswith("ok: sent")]
        assert reported(one) == ([], list(range(1, len(accepted) + 1)))

    @pytest.mark.parametrize("direction", ["there", "back"])
    def test_one_way(self, peer: Start, relay: Between, direction: str) -> None:
        one, other, between = couple(peer, relay)
        between.stall(direction)
        begun = time.monotonic()
        for end in (one, other):
            end.command("send 1 x")
        deaf, heard = (other, one) if direction == "there" else (one, other)
        deaf.expect(r"^\* closed 1 .*: no sign of life for 1 s$")
        heard.expect(r"^\* closed 1 .*: (reset|closed) by the other end")
        assert time.monotonic() - begun < 1 + SLACK
        assert reported(one) == reported(other) == ([], [1])

    def test_shorter_than_the_silence(self, peer: Start, relay: Between) -> None:
        # After 3 s a sign of life is asked for.
        one, other, between = couple(peer, relay, "--silence", "9")
        between.stall()
        texts = [f"text {number}" for number in range(1, 51)]
        for end in (one, other):
            for text in texts:
                end.command(f"send 1 {text}")
        let_pass(3.5)
        between.heal()
        for end in (one, other):
            end.expect(r"^\* delivered 1 #(\d+-)?50$")
            end.expect_texts(texts)
            assert end.find("closed|undelivered") is None

    @pytest.mark.parametrize("turned", [False, True])
    def test_made_again(self, peer: Start, relay: Between, turned: bool) -> None:
        one, other, between = couple(peer, relay)
        between.stall()
        for end in (one, other):
            end.expect("^.* closed 1 ")
        between.heal()
        if turned:
            assert other.connect(one).startswith("ok: connected 2 ")
        else:
            connect(one, between, 2)
        talk(one, other)


class TestOneEndHasNotNoticed:
    """The first lost the connection in a partition, and nothing told the second of it."""

    @pytest.fixture
    def ends(self, peer: Start, relay: Between) -> tuple[Peer, Peer, Relay]:
        one, other, between = couple(peer, relay, other_s=PATIENT)
        between.lose()
        other.command("send 1 nobody hears this")
        one.expect("^.* closed 1 ")
        assert other.find("closed 1") is None
        return one, other, between

    def test_the_one_that_did_dials(self, ends: tuple[Peer, Peer, Relay]) -> None:
        one, other, between = ends
        connect(one, between, 2)
        other.expect(r"^\* connected 2 .*\(one\)$")
        told = [line[:13] for line in other.lines if line.startswith(("* undeliv", "* c"))][1:]
        assert told == ["* undelivered", "* closed 1 12", "* connected 2"]
        other.expect(r"^\* closed 1 .*: it was dead: the peer came back on a new connection$")
        assert (only_row(one), only_row(other)) == (2, 2)
        talk(one, other)

    def test_at_once_after_a_terminate(self, peer: Start, relay: Between) -> None:
        """Too soon for anything to look dead at the other end."""
        for _ in range(3):  # either end is the arbiter, some time
            one, other, between = couple(peer, relay, *PATIENT)
            talk(one, other)
            between.lose()
            one.command("terminate 1")
            connect(one, between, 2)
            other.expect("^.* closed 1 .*came back")
            assert (only_row(one), only_row(other)) == (2, 2)
            talk(one, other)

    def test_the_other_dials(self, ends: tuple[Peer, Peer, Relay]) -> None:
        one, other, between = ends
        begun = time.monotonic()
        assert other.connect(one).startswith("error: already connected to ")
        assert 0.9 < time.monotonic() - begun < 1 + SLACK  # it asked, and waited for an answer
        other.write(f"connect {one.bind} {one.port}\n".encode())
        between.reset()  # as the end that lost it would, as soon as it is reached
        other.expect("^ok: connected 2 ")
        talk(one, other)

    def test_ctrl_c_while_it_asks(self, peer: Start, relay: Between) -> None:
        one, other, between = couple(peer, relay, "--silence", "60", "--connect-timeout", "60")
        between.lose()
        before = between.taken
        other.write(f"connect {one.bind} {one.port}\n".encode())
        until(lambda: between.taken > before, what="it to ask")
        begun = time.monotonic()
        other.process.send_signal(signal.SIGINT)
        other.expect("^error: already connected")
        assert time.monotonic() - begun < SLACK


def test_connected_and_well(peer: Start, relay: Between) -> None:
    one, other, between = couple(peer, relay, *PATIENT)
    begun = time.monotonic()
    for _ in range(3):
        assert "already connected" in other.connect(one)
        assert "already connected" in one.command(f"connect {between.bind} {between.port}")
        assert "already connected" in one.connect(other)  # past the relay
    assert time.monotonic() - begun < SLACK
    talk(one, other)


class TestPause:
    def test_both_for_longer_than_the_silence(self, peer: Start, relay: Between) -> None:
        one, other, _ = couple(peer, relay)
        for end in (one, other):
            end.stop()
        let_pass(2.0)
        for end in (one, other):
            end.resume()
        talk(one, other)
        assert one.find("closed") is other.find("closed") is None

    def test_the_impatient_one(self, peer: Start, relay: Between) -> None:
        """Nothing waits in its socket when it wakes, since the other had no reason to write."""
        one, other, _ = couple(peer, relay, *QUICK, other_s=PATIENT)
        one.stop()
        let_pass(2.0)
        one.resume()
        talk(one, other)
        assert one.find("closed") is other.find("closed") is None

    def test_then_the_link_is_dead_indeed(self, peer: Start, relay: Between) -> None:
        one, _, between = couple(peer, relay, *QUICK, other_s=PATIENT)
        one.stop()
        between.lose()
        let_pass(2.0)
        one.resume()
        one.expect("closed 1 .*no sign of life", timeout=1 + SLACK)

    @pytest.mark.parametrize("seconds", [0.5, 2.5])
    def test_nothing_is_lost_in_silence(self, peer: Start, relay: Between, seconds: float) -> None:
        one, other, _ = couple(peer, relay)
        for end in (one, other):
            end.write(b"".join(b"send 1 text %d\n" % number for number in range(1, 1_001)))
        one.expect("^ok: sent 1 #500")
        other.stop()
        let_pass(seconds)
        other.resume()
        for end in (one, other):
            await_reports(end)
            delivered, lost = reported(end)
            assert delivered + lost == list(range(1, len(delivered + lost) + 1))
        for sender, receiver in ((one, other), (other, one)):
            texts = receiver.texts()
            assert texts == [f"text {number}" for number in range(1, len(texts) + 1)]
            assert len(texts) >= len(reported(sender)[0])

    def test_while_it_leaves(self, peer: Start, relay: Between) -> None:
        one, _, between = couple(peer, relay, *PATIENT)
        between.stall()
        one.command("send 1 unheard")
        one.process.terminate()
        one.stop()
        let_pass(3.6)
        one.resume()
        assert one.wait(AT_ONCE) == 0
        assert reported(one) == ([], [1])


def sent(one: Peer) -> list[str]:
    """Return the replies to every send, once all are there: a thousand."""
    replies = [line for line in list(one.lines) if line.startswith(("ok: sent", "error: "))]
    return [x for x in replies if x.startswith("ok")] if len(replies) == 1_000 else []


def await_reports(one: Peer) -> None:
    until(lambda: len(sent(one)) == sum(map(len, reported(one))))


class TestStreams:
    @pytest.mark.parametrize("bend", [{"pieces": 1}, {"hold": 0.2}, {"delay": 0.1}, {"pieces": 7}])
    def test_bent(self, peer: Start, relay: Between, bend: dict[str, float]) -> None:
        one, other = (peer("0", "--name", name, *QUICK) for name in ("one", "other"))
        between = relay(one, other)
        between.bent(**bend)  # the greeting as well
        connect(one, between, 1)
        other.expect("^.* connected 1 ")
        texts = [f"{number} \u20ac  " for number in range(1, 101)]
        for end in (one, other):
            end.write("".join(f"send 1 {text}\n" for text in texts).encode())
        for end in (one, other):
            end.expect(r"^\* delivered 1 #(\d+-)?100$")
            end.expect_texts(texts)
            assert end.find("closed|odd") is None

    def test_reset(self, peer: Start, relay: Between) -> None:
        one, other, between = couple(peer, relay)
        for end in (one, other):
            end.write(b"".join(b"send 1 text %d\n" % number for number in range(1, 1_001)))
        one.expect("^.* delivered 1 ")
        between.reset()
        for sender, receiver in ((one, other), (other, one)):
            sender.expect(r"^\* closed 1 .*: (reset|closed) by the other end")
            await_reports(sender)
            texts = receiver.texts()
            assert texts == [f"text {number}" for number in range(1, len(texts) + 1)]
            assert len(texts) >= len(reported(sender)[0])
        connect(one, between, 2)
        talk(one, other)


class TestStartedAgain:
    def test_while_the_others_know_nothing(self, peer: Start, relay: Between) -> None:
        """Killed behind a partition, so that no reset and no end tells of it."""
        one, other, between = couple(peer, relay)
        between.lose()
        one.process.kill()
        one.wait()
        again = peer(str(one.port), "--name", "again", *QUICK, bind=one.bind)
        assert again.connect(other).startswith("ok: connected 1 ")
        other.expect(r"^\* connected 2 .*\(again\)$")
        other.expect("^.* closed 1 .*: no sign of life", timeout=1 + SLACK)
        talk(again, other)

    def test_dialled_back_at_once(self, peer: Start, relay: Between) -> None:
        one, other, between = couple(peer, relay)
        between.lose()
        one.process.kill()
        one.wait()
        again = peer(str(one.port), "--name", "again", *QUICK, bind=one.bind)
        assert again.port == one.port
        begun = time.monotonic()
        until(lambda: other.connect(again).startswith("ok: connected 2 "))
        assert time.monotonic() - begun < 1 + SLACK
        talk(again, other)

    def test_again_and_again(self, peer: Start) -> None:
        other = peer("0", *QUICK)
        port, bind = "0", None
        for number in range(1, times(4, 11)):
            one = peer(port, "--name", "one", *QUICK, bind=bind)
            port, bind = str(one.port), one.bind
            assert other.connect(one).startswith(f"ok: connected {number} ")
            one.process.kill()
            one.wait()
            other.expect(f"^.* closed {number} ")


class TestADialThatNobodyAnswers:
    def test_notices_come_meanwhile(self, peer: Start) -> None:
        one, other = (peer("0", *QUICK) for _ in range(2))
        with contextlib.ExitStack() as stack:
            host, port = fill_backlog(stack).sockaddr[:2]
            assert one.port
            begun = time.monotonic()
            one.write(f"connect {host} {port}\n".encode())
            other.connect(one)
            other.command("send 1 hello")
            one.expect("^.* message 1 .*: hello$")
            assert one.find("^error") is None
            one.expect(rf"^error: timed out \({host}:{port}\)$")
            assert 0.9 < time.monotonic() - begun < 1 + SLACK

    def test_leaving_afterwards(self, peer: Start, relay: Between) -> None:
        """With a dead link and a peer that greeted nobody."""
        one, _, between = couple(peer, relay, *PATIENT)
        between.stall()
        assert one.command("send 1 x") == "ok: sent 1 #1"
        begun = time.monotonic()
        assert one.command("terminate 1").startswith("ok: terminated 1 ")
        assert time.monotonic() - begun < 1 + SLACK
        assert one.command("exit") == "ok: bye"
        assert one.wait() == 0
        assert time.monotonic() - begun < 1 + 2 * SLACK
        assert reported(one) == ([], [1])

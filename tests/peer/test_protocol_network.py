"""Two protocols and a network that cuts, delays and breaks: nothing is lost in silence."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from peer.events import Closed, Delivered, EndReason, Received
from peer.outbox import NotOpenError
from peer.protocol import State
from tests.peer.protocols import acceptor, dialler
from tests.repeats import times


class Network(RuleBasedStateMachine):
    """Every message is confirmed or reported undelivered, in order, once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ends = [dialler(), acceptor()]
        self.wires = [bytearray(), bytearray()]
        self.sent: list[list[str]] = [[], []]
        self.got: list[list[str]] = [[], []]
        self.sure: list[list[int]] = [[], []]
        self.lost: list[list[int]] = [[], []]
        self.closed = [False, False]
        self.count = 0

    @rule(side=st.integers(0, 1))
    def send(self, side: int) -> None:
        self.count += 1
        text = f"text {self.count}"
        try:
            number = self.ends[side].send_message(text)
        except NotOpenError:
            return
        self.sent[side].append(text)
        assert number == len(self.sent[side])

    @rule(side=st.integers(0, 1), size=st.integers(1, 60))
    def write(self, side: int, size: int) -> None:
        data = self.ends[side].data_to_send()[:size]
        self.wires[side] += data
        if data:
            self.ends[side].data_sent(len(data), self.now)

    @rule(side=st.integers(0, 1), size=st.integers(1, 60))
    def carry(self, side: int, size: int) -> None:
        data, self.wires[side] = self.wires[side][:size], self.wires[side][size:]
        if data and not self.ends[1 - side].over:
            self.ends[1 - side].receive_data(bytes(data), self.now)

    @rule(seconds=st.floats(0.1, 3))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for end in self.ends:
            end.tick(self.now)

    @rule(side=st.integers(0, 1))
    @precondition(lambda self: self.count > 3)
    def terminate(self, side: int) -> None:
        self.ends[side].end(EndReason.TERMINATED_HERE, self.now)

    @rule(side=st.integers(0, 1))
    @precondition(lambda self: self.count > 5)
    def reset(self, side: int) -> None:
        self.ends[side].abort(EndReason.RESET)

    @invariant()
    def keep_promises(self) -> None:
        for side in (0, 1):
            self.take_events(side)
            assert self.got[1 - side] == self.sent[side][: len(self.got[1 - side])]
            assert len(self.sure[side]) <= len(self.got[1 - side])

    def take_events(self, side: int) -> None:
        for event in self.ends[side].events_received():
            assert not self.closed[side], f"{event} after the end"
            match event:
                case Received(raw):
                    self.got[side].append(raw.decode())
                case Delivered(first, last):
                    assert first == len(self.sure[side]) + 1
                    self.sure[side] += range(first, last + 1)
                case Closed(_, undelivered):
                    self.closed[side] = True
                    self.lost[side] += [sent.number for sent in undelivered]

    def teardown(self) -> None:
        for _ in range(50):  # let everything settle
            for side in (0, 1):
                self.write(side, 10_000)
                self.carry(side, 10_000)
                self.take_events(side)
        for side in (0, 1):
            upgraded = self.ends[side].state is State.OPEN or self.closed[side]
            self.ends[side].abort(EndReason.RESET)
            self.take_events(side)
            accounted = [*self.sure[side], *self.lost[side]]
            everything = list(range(1, len(self.sent[side]) + 1))
            if upgraded and self.ends[side].remote:
                assert accounted == everything
            assert accounted == everything[: len(accounted)] or not self.ends[side].remote


TestNetwork = Network.TestCase
TestNetwork.settings = settings(max_examples=times(20, 300), stateful_step_count=40, deadline=None)

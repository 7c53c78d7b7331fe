"""One connection's protocol, without I/O: bytes and times in, bytes and events out.

The caller owns the socket and the clock. It hands over what it read
(`receive_data`, `receive_eof`), asks what to write (`data_to_send`, then
`data_sent`) and when to look again (`deadline`, then `tick`), and collects what
happened (`events_received`). PROTOCOL.md in this folder is the specification.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from peer import events, wire
from peer.budget import OUTBOX_ROOM, Budget
from peer.events import EndReason
from peer.limits import Limits
from peer.outbox import NotOpenError, Outbox

Decide = Callable[[wire.Identity], str | None]
"""Is a connection with this peer wanted? None, or the reason of the refusal."""


class Role(Enum):
    """Which end of the connection this is."""

    DIALLER = auto()
    ACCEPTOR = auto()


class State(Enum):
    """Where the connection stands; PROTOCOL.md draws the transitions."""

    GREETING = auto()
    PLAIN = auto()
    WELCOMED = auto()
    OPEN = auto()
    DRAINING = auto()
    CLOSED = auto()


class Protocol:
    """The state of one connection. Not thread-safe: its owner locks.

    Attributes:
        role: which end this is.
        state: where it stands.
        remote: who is at the other end, where that is a peer.
        settled: whether the other end is known to have taken it for established.
        limits: how long it waits, and for how much.
        budget: what it shares with the other connections of the process.
        ending: why it is about to end, or has ended.
    """

    def __init__(
        self, role: Role, me: wire.Identity, nonce: str, decide: Decide, limits: Limits, now: float,
        budget: Budget | None = None,
    ) -> None:  # fmt: skip
        self.role = role
        self.state = State.GREETING
        self.remote: wire.Identity | None = None
        self._me, self._nonce, self._decide, self.limits = me, nonce, decide, limits
        self._decoder = wire.LineDecoder()
        self._events: list[events.Event] = []
        self.budget = budget or Budget()
        self._out = Outbox(limits.window, self.budget)
        self._sent = self._received = self._receipted = 0  # message numbers
        self._signs_due: set[wire.Ping | wire.Pong] = set()  # of life
        self._lines_seen = self._odd_text_seen = False
        self._opened = self._told_plain = self.settled = False
        self._bye_sent = self._bye_received = False
        self.ending = EndReason.END_OF_STREAM
        self._started = self._heard = self._pinged = now
        self._drain_until = float("inf")
        if role is Role.DIALLER:
            self._out.put(wire.Hello(me, nonce))

    # What the owner asks for

    @property
    def leaving(self) -> bool:
        """Whether either end has said goodbye, or all is over."""
        ended = self.state in (State.DRAINING, State.CLOSED)
        return ended or self._bye_sent or self._bye_received

    def quiet_for(self, now: float) -> float:
        """Return the seconds since the other end was last heard."""
        return now - self._heard

    def send_message(self, text: str) -> int:
        """Accept a message and return its number.

        Raises:
            NotOpenError: a goodbye was said, or the greeting is not over.
            WindowFullError: the other end has not confirmed enough of what was sent.
            BudgetSpentError: the other ends of all connections have not.
        """
        if self.leaving or not self._opened:
            raise NotOpenError
        self._out.put_message(self._sent + 1, text, framed=self.state is not State.PLAIN)
        self._sent += 1
        return self._sent

    def ask(self) -> bool:
        """Ask for a sign of life now; return whether one can be asked for."""
        if self.state is not State.OPEN or self.leaving:
            return False
        self._signs_due.add(wire.Ping())
        return True

    def end(self, ending: EndReason, now: float) -> None:
        """Begin an orderly end; messages accepted so far still go out."""
        if self.leaving:
            return
        self.ending = ending
        self._bye_sent = True
        self._drain_until = now + self.limits.linger
        if self.state is State.OPEN or (self.state is State.WELCOMED and self._opened):
            self._out.put(wire.Bye("exit" if ending is EndReason.EXITED_HERE else "terminate"))
            self._events.append(events.Leaving())
        elif self.state is not State.PLAIN:
            self._finish(ending, State.CLOSED)
        self._finish_if_settled(now)

    def abort(self, ending: EndReason) -> None:
        """End at once: the connection broke, or is to be dropped."""
        self._finish(ending, State.CLOSED)

    # Time

    def deadline(self) -> float:
        """Return when `tick` must be called at the latest."""
        if self.leaving:
            return self._drain_until
        if self.state is State.GREETING:
            return self._started + self.limits.greeting
        if self.state is State.PLAIN:
            return float("inf")
        silent = self._heard + self.limits.silence
        if self.state is State.WELCOMED:
            return silent
        return min(silent, max(self._heard, self._pinged) + self.limits.heartbeat)

    def tick(self, now: float) -> None:
        """Act on a deadline that has passed."""
        late = now - self.deadline()
        if late < 0:
            return
        if late > self.limits.heartbeat and self.state in (State.WELCOMED, State.OPEN):
            # This end was not looking, stopped perhaps: the other one is asked first.
            self._heard = max(self._heard, now - self.limits.heartbeat)
        if self.leaving:
            self._finish(self.ending, State.CLOSED)
        elif self.state is State.GREETING:
            self._take_for_plain()
        elif now >= self._heard + self.limits.silence:
            greeted = self.state is State.OPEN
            self._finish(EndReason.SILENT if greeted else EndReason.NEVER_GREETED, State.CLOSED)
        elif self.state is State.OPEN:
            self._pinged = now
            self._signs_due.add(wire.Ping())

    # Bytes out

    def data_to_send(self) -> bytes:
        """Return what to write next, a piece at a time; empty when nothing waits."""
        # What can wait does, so that it cannot pile up.
        if len(self._out) < OUTBOX_ROOM and self.state is State.OPEN:
            if self._receipted < self._received:
                self._receipted = self._received
                self._out.put(wire.Receipt(self._received))
            for sign in self._signs_due:
                self._out.put(sign)
            self._signs_due.clear()
        return self._out.piece()

    def data_sent(self, count: int, now: float) -> None:
        """Take note that the first `count` bytes of `data_to_send` were written."""
        self._out.wrote(count)
        self._finish_if_settled(now)

    def close(self) -> None:
        """Give back what the connection takes of the budget; all has been reported."""
        self._out.close()

    @property
    def over(self) -> bool:
        """Whether the socket can be closed."""
        return self.state is State.CLOSED

    @property
    def half_close(self) -> bool:
        """Whether all has been written and nothing will follow."""
        return self.state is State.DRAINING and not self._out

    # Bytes in

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in bytes that were read, in segments of any size."""
        self._heard = now
        try:
            for line in self._decoder.receive_data(data):
                if self.state in (State.DRAINING, State.CLOSED):
                    return
                self._receive_line(line, now)
        except wire.LineTooLongError:
            self._receive_line_too_long()
        except wire.FrameError:
            self._finish(EndReason.BAD_FRAME, State.CLOSED)

    def receive_eof(self, now: float) -> None:
        """Take note that the other end will send no more."""
        self._heard = now
        rest = self._decoder.receive_eof()
        if rest and self.state in (State.GREETING, State.PLAIN):
            self._receive_plain(rest)
        if self.state is State.GREETING:
            self._finish(EndReason.NOTHING_SAID, State.CLOSED)
        elif self.state is State.WELCOMED and not self._opened:
            self._finish(EndReason.NEVER_GREETED, State.CLOSED)
        elif self.state is State.PLAIN and not self.leaving:
            self.end(EndReason.END_OF_STREAM, now)
        else:
            self._finish(self.ending, State.CLOSED)

    def events_received(self) -> list[events.Event]:
        """Return what happened since the last call, oldest first."""
        happened, self._events = self._events, []
        return happened

    # Lines

    def _receive_line(self, line: bytes, now: float) -> None:
        if self.state is State.OPEN:
            self._receive_frame(wire.parse_frame(line), now)
            return
        match wire.parse_greeting(line):
            case wire.Hello(identity, nonce) if self._expects_hello():
                self._receive_hello(identity, nonce)
            case wire.Welcome(identity, nonce, echo) if self._expects_welcome(echo):
                self._receive_welcome(identity, nonce)
            case wire.Ready(echo) if self.state is State.WELCOMED and echo == self._nonce:
                self._receive_ready()
            case wire.Refuse(reason, echo) if self._expects_refusal(echo):
                self._finish(EndReason.REFUSED, State.CLOSED, reason)
            case wire.Probe() if self._expects_hello() and self.state is State.GREETING:
                self._out.put(wire.Alive())
                self._finish(EndReason.PROBED, State.DRAINING, drain_until=now + self.limits.linger)
            case _:
                self._receive_plain(line)

    def _expects_hello(self) -> bool:
        waiting = self.state in (State.GREETING, State.PLAIN)
        return self.role is Role.ACCEPTOR and waiting and not self._lines_seen

    def _expects_welcome(self, echo: str) -> bool:
        waiting = self.state in (State.GREETING, State.PLAIN)
        return self.role is Role.DIALLER and waiting and echo == self._nonce

    def _expects_refusal(self, echo: str) -> bool:
        first = self.role is Role.DIALLER and not self._lines_seen and echo == "-"
        return first or (self._nonce == echo)

    def _receive_hello(self, identity: wire.Identity, nonce: str) -> None:
        refusal = self._decide(identity)
        self._lines_seen = True
        if refusal:
            self._refuse(refusal, nonce)
            return
        self.remote = identity
        self.state = State.WELCOMED
        self._out.put(wire.Welcome(self._me, self._nonce, nonce))

    def _receive_ready(self) -> None:
        assert self.remote is not None  # noqa: S101 - it was in the hello
        refusal = self._decide(self.remote)
        if refusal:  # another connection was decided on since
            self._finish(EndReason.REFUSED, State.CLOSED, refusal)
            return
        self.settled = True
        self._open()

    def _receive_welcome(self, identity: wire.Identity, nonce: str) -> None:
        refusal = self._decide(identity)
        if refusal:
            self._refuse(refusal, nonce)
            return
        self.remote = identity
        self._out.put(wire.Ready(nonce))
        self._open()

    def _refuse(self, reason: str, nonce: str) -> None:
        self._out.put(wire.Refuse(reason, nonce))
        drain_until = self._heard + self.limits.linger
        self._finish(EndReason.REFUSED, State.DRAINING, reason, drain_until)

    def _open(self) -> None:
        assert self.remote is not None  # noqa: S101 - both callers come from a greeting
        self.state = State.OPEN
        if self._told_plain and not self.leaving:
            self._events.append(events.Upgraded(self.remote))
        elif not self._opened:
            self._announce(self.remote)

    def _announce(self, remote: wire.Identity | None) -> None:
        self._opened = True
        self._events.append(events.Opened(remote))

    def _take_for_plain(self) -> None:
        self.state = State.PLAIN
        self._told_plain = True
        self._announce(None)

    def _receive_plain(self, line: bytes) -> None:
        if self.state is State.GREETING:
            self._take_for_plain()
        elif self.state is State.WELCOMED and not self._opened:
            self._told_plain = True  # established at its `ready` only: it may still refuse
            self._announce(None)
        if self.state is State.PLAIN:
            self._lines_seen = True
            line = line.removesuffix(b"\r")  # telnet ends its lines with CR LF
        self._received += 1
        self._events.append(events.Received(line))
        self._explain_odd_text(line)

    def _receive_line_too_long(self) -> None:
        if self.state is State.DRAINING:
            return
        if self.state is State.GREETING and self.role is Role.ACCEPTOR:
            self._take_for_plain()  # so that there is something to explain
        self._finish(EndReason.LINE_TOO_LONG, State.CLOSED)

    def _explain_odd_text(self, line: bytes) -> None:
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            if not self._odd_text_seen:
                self._odd_text_seen = True
                self._events.append(events.Odd("it sends bytes that are not UTF-8, shown as \\xNN"))

    # Frames

    def _receive_frame(self, frame: wire.Frame, now: float) -> None:
        self.settled = True
        match frame:
            case wire.Message(number, text) if number == self._received + 1:
                self._received = number
                self._events.append(events.Received(text.encode("utf-8")))
            case wire.Receipt(number) if number <= self._sent:
                self._receive_receipt(number)
            case wire.Ping():
                self._signs_due.add(wire.Pong())
            case wire.Pong():
                pass
            case wire.Bye(reason) if not self._bye_received:
                self._receive_bye(reason, now)
            case _:
                raise wire.FrameError("a number out of turn")
        self._finish_if_settled(now)

    def _receive_receipt(self, number: int) -> None:
        first = self._out.confirm(number)
        if first:
            self._events.append(events.Delivered(first, number))

    def _receive_bye(self, reason: str, now: float) -> None:
        if not self.leaving:
            self.ending = EndReason.EXITED_THERE if reason == "exit" else EndReason.TERMINATED_THERE
            self._events.append(events.Leaving())
            self._drain_until = now + self.limits.linger
        self._bye_received = True
        if not self._bye_sent:
            self._bye_sent = True
            self._out.put(wire.Bye("terminate"))

    # Ends

    def _finish_if_settled(self, now: float) -> None:
        if self.state is State.PLAIN and self._bye_sent and not self._out:
            self._out.confirm_written()
            self._finish(self.ending, State.DRAINING, drain_until=now + self.limits.linger)
        settled = self._bye_sent and self._bye_received and not self._out.unconfirmed
        if self.state is State.OPEN and settled and self._receipted == self._received:
            self._finish(self.ending, State.DRAINING, drain_until=self._drain_until)

    def _finish(
        self, ending: EndReason, state: State, refusal: str = "", drain_until: float = 0.0
    ) -> None:
        if self.state in (State.DRAINING, State.CLOSED):
            self.state = state
            return
        self.ending = ending
        if self.state is State.PLAIN and self._lines_seen:
            self._out.confirm_written()  # it is really plain: nothing more can be known
        self.state = state
        self._drain_until = drain_until
        self._events.append(events.Closed(ending, self._out.unconfirmed, refusal))
        if state is State.CLOSED:
            self._out.clear()

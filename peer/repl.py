"""The read-eval-print loop: one reply to each line, until the end."""

from __future__ import annotations

import os
import signal
from types import FrameType

from peer import commands, render
from peer.commands import CommandError
from peer.completion import Completer
from peer.console import LONGEST_LINE, Console, ConsoleGoneError, LineTooLongError
from peer.node import Node, NodeError
from peer.render import Row

_TICK = 0.25  # seconds
_LONGEST_LEAVE = 6  # ticks; then the process ends even if something is stuck
_NEVER_AT_THE_END = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM,
    signal.SIGQUIT, signal.SIGTSTP,  # the terminal gets its keys for these two back
)  # fmt: skip
_DETACH = "Ctrl-P Ctrl-Q to detach from a container"
_INTERRUPTED = f"interrupted: type exit to leave, or {_DETACH}"
_END_OF_INPUT = f"end of input: Ctrl-D again or exit to leave, or {_DETACH}"


class _InterruptedError(Exception):
    """Ctrl-C while a line was being typed."""


class _LeaveError(Exception):
    """SIGTERM or SIGHUP while a line was awaited."""


class Repl:
    """Reads commands from a console and carries them out on a node."""

    def __init__(self, console: Console, node: Node) -> None:
        self._console, self._node = console, node
        self._completer = Completer(node.rows)
        console.complete_with(self._completer.complete)
        self._reading = self._interrupted = self._leave = self._must_leave = False
        self._has_asked = False  # whether to leave, as Ctrl-D seems to say
        self._ticks_left = _LONGEST_LEAVE
        for number, act in (
            (signal.SIGINT, self._on_interrupt),
            (signal.SIGTERM, self._on_leave),
            (signal.SIGHUP, self._on_leave),
            (signal.SIGALRM, self._on_tick),
        ):
            signal.signal(number, act)
        signal.siginterrupt(signal.SIGALRM, not console.buffers_in_c)
        signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)

    def run(self) -> None:
        """Carry out commands until `exit`, end of input, SIGTERM or a console that is gone."""
        while not self._leave:
            try:
                line = self._read()
            except (_InterruptedError, KeyboardInterrupt):
                # The latter `input` raises by itself where it loses what a handler raised,
                # as it may when several signals come at once.
                self._interrupted = self._has_asked = False
                if not self._leave:
                    self._console.reply([render.notice(_INTERRUPTED)])
            except LineTooLongError:
                problem = f"a line may have {LONGEST_LINE:,} bytes at most; nothing was done"
                self._console.reply([render.error(problem)])
            except (_LeaveError, ConsoleGoneError):
                break
            else:
                if line is None and (self._leave or not self._console.interactive):
                    break
                self._take(line)
        self._must_leave = True
        self._node.close()
        # While it ends, Python gives up its handlers, and what comes then would kill it.
        for number in _NEVER_AT_THE_END:
            signal.signal(number, signal.SIG_IGN)

    def _read(self) -> str | None:
        self._reading = True
        try:
            if self._leave:  # asked to between two lines
                return None
            if self._interrupted:  # likewise
                raise _InterruptedError
            return self._console.read()
        finally:
            self._reading = False

    def _take(self, line: str | None) -> None:
        """Carry out a line; at the end of input ask whether to leave, and do so the second time."""
        self._completer.meet_all()
        has_asked, self._has_asked = self._has_asked, line is None
        if line is not None or has_asked:
            self._carry_out("exit" if line is None else line)
        else:
            self._console.reply([render.notice(_END_OF_INPUT)])

    def _on_interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._reading or not self._node.call_off():
            self._interrupted = True
            self._stop_reading()

    def _on_leave(self, _signal: int, _frame: FrameType | None) -> None:
        self._leave = self._must_leave = True
        signal.siginterrupt(signal.SIGALRM, True)
        self._node.call_off()
        self._stop_reading()

    def _on_tick(self, _signal: int, _frame: FrameType | None) -> None:
        """Ask again for what was asked for before.

        A signal that arrives just before the main thread begins to wait wakes no one, an
        exception raised in one of readline's hooks is dropped, and that the console is
        gone may be found out by any thread.
        """
        # Ticks are counted, since a process that is paused has no time to leave.
        self._ticks_left -= self._must_leave
        if self._ticks_left < 0:
            os._exit(0)  # stuck in a write without a reader
        if self._leave:
            self._node.call_off()
        self._leave = self._leave or self._console.gone
        self._stop_reading()

    def _stop_reading(self) -> None:
        """Only a read may be interrupted by an exception: elsewhere it could lose a lock."""
        if self._reading and self._leave:
            self._console.stop_reading(_LeaveError())
        elif self._reading and self._interrupted:
            self._console.stop_reading(_InterruptedError())

    def _carry_out(self, line: str) -> None:
        try:
            command = commands.parse(line)
            if isinstance(command, commands.Connect):
                self._node.connect(command.destination, command.port, self._connected)
                self._completer.met(command.destination, command.port)
            elif isinstance(command, commands.Send):
                with self._console.hold():  # the receipt must not overtake the reply
                    self._console.reply(self._reply(command))
            else:
                self._console.reply(self._reply(command))
        except (CommandError, NodeError) as problem:
            self._console.reply([render.error(str(problem))])
        except Exception as bug:  # noqa: BLE001 - no input may end the peer
            self._console.reply([render.error(f"internal: {type(bug).__name__}: {bug}")])

    def _connected(self, row: Row) -> None:
        self._console.reply([render.connected_reply(row)])

    def _reply(self, command: commands.Answered) -> list[str]:
        match command:
            case commands.Help(topic):
                return render.help_lines(topic, self._console.columns)
            case commands.MyIp():
                return [self._own_address()]
            case commands.MyPort():
                return [render.ok(str(self._node.port))]
            case commands.List():
                return render.list_lines(self._node.rows())
            case commands.Terminate(number):
                return [render.terminated_reply(self._node.terminate(number))]
            case commands.Send(number, text):
                return [render.sent_reply(*self._node.send(number, text))]
            case commands.Exit():
                self._leave = self._must_leave = True
                self._node.close()
                return [render.ok("bye")]

    def _own_address(self) -> str:
        address = self._node.address
        if address is None:
            raise NodeError("this host has no address but loopback")
        return render.ok(address)

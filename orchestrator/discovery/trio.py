"""Three copies of a program of which nothing is known: start them, type at them, collect output."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from orchestrator.discovery.evidence import (
    PEER_NAMES,
    ConsoleOutput,
    ends_in_prompt,
    is_printed_over,
    read_output,
    read_screen,
)
from orchestrator.discovery.raw_console import FloodError, Floods, RawConsole, wait_until_quiet
from orchestrator.discovery.rest import Rest
from orchestrator.discovery.traces import shows_trace
from orchestrator.discovery.wording import asked_at_start, parse_menu, wants_a_key
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.engines.endpoints import held, shared, shared_ports
from orchestrator.profile import InputLine, Profile

NAMES = PEER_NAMES
UNKNOWN_ID = 97  # of no connection
CLOSED_PORT = 1  # no peer listens here

_QUIET = 0.3  # seconds of silence after which a reply is complete
_START_QUIET = 0.7
_START_MOST = 12.0  # seconds until the first output; a JVM takes several
_SILENT_START = 3.0  # seconds after which a program is taken for a silent one
_PATIENT = 1.2  # seconds to wait for the first output of a reply
_TOLD_WITHIN = 3.0  # seconds to wait for what another peer is told
_LAG = 0.1  # seconds between two looks at another console
_UNPROMPTED = 2.5  # seconds to wait for the prompt
_BUSY = 6.0  # the same if an answer may be slow, and for all consoles to be quiet
_KILL_WITHIN = 3.0
_MOST_ANSWERS = 4  # questions at the start
_LISTENS_WITHIN = 2.0  # seconds; some programs greet first and listen later
_CHANGES_WITHIN = 0.8  # seconds; some programs end a connection in another thread
_POLL = 0.02  # seconds between two looks at the sockets


class NotStartedError(Exception):
    """A program exited at its start."""

    def __init__(self, said: Sequence[str]) -> None:
        super().__init__("\n".join(said))
        self.said = tuple(said)  # the lines that it printed


class Trio:
    """Three peers and their consoles."""

    def __init__(self, engine: Engine, profile: Profile, say: Say) -> None:
        self._engine, self._profile, self._say = engine, profile, say
        self._consoles: dict[str, RawConsole] = {}
        # the questions that the program asks at its start, and the answers
        self.answers: list[InputLine] = []
        self.greeting: dict[str, str] = {}  # what each peer printed at its start
        self._is_silent = False  # whether all started without a word
        self._floods = Floods()
        self._rest = Rest(lambda: self._patience(1.0), lambda: _QUIET)
        self._waited = 0.0  # seconds so far, as they count

    def _patience(self, seconds: float) -> float:
        """Return how long to wait now for what usually takes at most so many seconds."""
        return seconds * self._engine.slowness

    def _await(self, done: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, as long as it may take; no longer if all rest so long."""
        most, pause = self._patience(seconds), threading.Event()
        waited, since = 0.0, time.monotonic()
        while not (done() or self._rests(most)) and waited < most:
            pause.wait(_POLL)
            now = time.monotonic()
            waited, since = waited + self._rest.counted(now - since), now

    def _wait(
        self,
        consoles: Sequence[RawConsole],
        quiet: float,
        most: float,
        is_over: Callable[[], bool],
    ) -> bool:
        """Wait until consoles are quiet, see `wait_until_quiet`: longer while programs work."""

        def counted(waited: float) -> float:
            count = self._rest.counted(waited)
            self._waited += count
            return count

        return wait_until_quiet(consoles, quiet, most, is_over, counted)

    def _rests(self, seconds: float, *, by_habit: bool = True) -> bool:
        """Return whether it is sure that nothing more happens within so many seconds."""
        return self._rest.seconds(by_habit=by_habit) >= seconds

    def start(self, names: Sequence[str] = NAMES) -> None:
        """Start peers, and answer their questions.

        Raises:
            NotStartedError: one of them exited.
        """
        self._engine.bring_canary()
        for peer in self._engine.start(names, self._profile, self._say):
            self._consoles[peer.name] = RawConsole(peer)
        self._rest.watch(self._consoles[name] for name in names)
        self._read_greetings(names, _START_MOST)
        for number in range(max(_MOST_ANSWERS, len(self._profile.start.answers))):
            if not self._answer(names, number):
                break
        for name in names:
            if self.ended(name):
                raise NotStartedError(read_output(self.greeting[name]).lines)
        self._is_silent = not any(map(str.strip, self.greeting.values()))
        peers = [self.peer(name) for name in names]
        self._await(lambda: all(it.listens() is not False for it in peers), _LISTENS_WITHIN)

    def _read_greetings(self, names: Sequence[str], most: float) -> None:
        consoles = [self._consoles[name] for name in names]
        silent = self._patience(_SILENT_START)
        self._wait(consoles, _START_QUIET, silent, lambda: self._rests(silent))
        if self._is_silent:  # it is ready when it listens
            self._await(lambda: all(map(_has_begun, consoles)), _SILENT_START)
        elif not all(it.has_output or it.ended for it in consoles):
            self._await_greetings(consoles, silent, self._patience(most))
        for name in names:
            self.greeting[name] = self.greeting.get(name, "") + self._consoles[name].take()

    def _await_greetings(self, consoles: Sequence[RawConsole], silent: float, most: float) -> None:
        """Wait until all have greeted, and are quiet then; a silent program has to listen."""

        def is_over() -> bool:
            if all(it.has_output or it.is_closed for it in consoles) or self._rests(silent):
                return True
            are_silent = all(it.silence >= silent for it in consoles)
            return are_silent and all(it.peer.listens() is not False for it in consoles)

        if self._wait(consoles, most, most, is_over):
            self._wait(consoles, _START_QUIET, silent, lambda: self._rests(silent))

    def _answer(self, names: Sequence[str], number: int) -> bool:
        """Answer one question of each peer; return whether there was one."""
        output = read_output(self.greeting[names[0]])
        question = output.rest if output.rest.strip() else (output.lines or ("",))[-1]
        if number < len(self.answers):
            answer = self.answers[number].type
        elif number < len(self._profile.start.answers):  # the user's own
            answer = self._profile.start.answers[number].type
            self.answers.append(InputLine(type=answer, after=self._sign(names[0], question)))
        elif wants_a_key(question) and all(known.type for known in self.answers):
            answer = ""
            self.answers.append(InputLine(type=answer, after=self._without_answered(question)))
        elif not question.rstrip().endswith((":", "?", ">", "=")) or parse_menu(output.lines):
            return False
        else:
            argument = asked_at_start(question)
            answer = f"{{{argument}}}"
            if not argument or any(known.type == answer for known in self.answers):
                return False
            self.answers.append(InputLine(type=answer, after=self._without_answered(question)))
        consoles = [self._consoles[name] for name in names]
        self._rest.watch(consoles, consoles)
        for name in names:
            peer = self.peer(name)
            values = {"port": peer.port, "name": name, "address": peer.address}
            self._consoles[name].type(answer.format_map(values))
        self._read_greetings(names, _SILENT_START)
        return True

    def add_answer(self, question: str) -> bool:
        """Answer a question with the peer's name at the next start; return False after too many.

        For one that turned out to be a question, whatever its words.
        """
        if len(self.answers) >= _MOST_ANSWERS:
            return False
        after = self._without_answered(question) if self._sign(NAMES[0], question) else None
        self.answers.append(InputLine(type="{name}", after=after))
        return True

    def _sign(self, name: str, question: str) -> str | None:
        """Return what is the same in a question for all peers; None if it names one of them."""
        question = self._without_answered(question).strip()
        peer = self.peer(name)
        is_ones = any(value in question for value in (name, peer.address, str(peer.port)))
        return None if is_ones or not question else question

    def _without_answered(self, question: str) -> str:
        """Return a question alone: without an echo, it follows earlier ones on the same line."""
        for known in self.answers:
            question = question.lstrip().removeprefix(known.after or "").lstrip()
        return question

    def peer(self, name: str) -> Peer:
        """Return a peer by its name."""
        return self._consoles[name].peer

    def port_of_its_own(self) -> int | None:
        """Return the port that all listen on, if it is not the one that they were told."""
        listening = [
            {it.local[1] for it in self.peer(name).sockets() or () if it.state == "LISTEN"}
            for name in NAMES
        ]
        ports = set[int]().union(*listening)
        is_one = len(ports) == 1 and all(listening)
        told = {self.peer(name).port for name in NAMES}
        return ports.pop() if is_one and not ports & told else None

    def ended(self, name: str) -> bool:
        """Return whether a peer has exited."""
        return self._consoles[name].ended or self._rest.is_gone(self._consoles[name])

    def await_end(self, name: str, *, is_leaving: bool = False) -> bool:
        """Return whether a peer has exited, or does so in a moment, or later if it says so."""
        self._await(lambda: self.ended(name), _PATIENT)
        if is_leaving and not self.ended(name):  # a virtual machine seems to rest meanwhile
            self.peer(name).await_end(self._patience(_KILL_WITHIN))
        return self.ended(name)

    def clear(self) -> None:
        """Discard all output.

        Raises:
            FloodError: a peer prints without end, since something was done at another one.
        """
        self._floods.check(*self._consoles)
        for console in self._consoles.values():
            console.take()

    def type(
        self, name: str, line: str, prompts: Iterable[str], *, slow: bool = False
    ) -> ConsoleOutput:
        """Type a line, wait until all consoles are quiet and return the output.

        A program that has a prompt and does not print it again gets a while, a longer one if what
        was typed may be `slow`, such as the look-up of an address, and little if it has crashed.
        If a peer prints without end from now on, that counts once all of this is over.

        Raises:
            FloodError: the peer prints without end since an earlier line.
        """
        self._floods.check(name)
        console, known = self._consoles[name], list(prompts)
        self._rest.watch(self._consoles.values(), [console])
        if not console.type(line):
            return ConsoleOutput()
        has_prompt = any(map(str.strip, known))
        most = self._patience(_PATIENT if not has_prompt else _BUSY if slow else _UNPROMPTED)

        def is_complete() -> bool:
            said = console.peek()
            if _is_complete(read_output(said, line, known), known) or name in self._floods.peers:
                return True
            return ends_in_prompt(said, known) or is_printed_over(said, line, known)

        def is_over() -> bool:
            return self._rests(_QUIET if is_complete() else most)

        is_sure = self._wait_for_all(name, _QUIET, _BUSY, is_over)
        output = read_output(console.peek(), line, known)
        began = self._waited
        while not (is_sure or self._waited - began >= most or is_complete() or console.ended):
            if shows_trace(output.lines):
                most = min(most, self._patience(_PATIENT))
            is_sure = self._wait_for_all(name, _QUIET, _QUIET * 4, is_over)
            output = read_output(console.peek(), line, known)
        if not (is_sure or console.ended):
            self._rest.give_up()
        console.take()
        return output.without_flood() if name in self._floods.peers else output

    def _wait_for_all(
        self, asked: str, quiet: float, most: float, is_over: Callable[[], bool]
    ) -> bool:
        """Wait until all consoles are quiet but those of peers that print without end."""
        every = self._consoles.values()
        return self._floods.wait(asked, every, lambda calm: self._wait(calm, quiet, most, is_over))

    def has_output(self, name: str) -> bool:
        """Return whether a peer has printed something that was not taken yet."""
        return self._consoles[name].has_output

    def take_late(self) -> bool:
        """Return whether a line was taken after the wait for its reply, since the last call."""
        return self._rest.take_late()

    def await_output(self, name: str, *, news: bool = False) -> None:
        """Wait for output of a peer, which may lag behind on a busy machine.

        For `news` of a connection, or of its end, it waits as long as any program may take: one
        that wakes up all the time may count how often it has done so, and tell only then.
        """
        console = self._consoles[name]
        if name in self._floods.peers or (console.has_output and console.silence >= _QUIET):
            return
        began, most = self._waited, self._patience(_TOLD_WITHIN if news else _PATIENT)
        try:
            while not (console.has_output or console.ended or self._waited - began >= most):
                if self._wait([console], _LAG, _LAG, lambda: self._rests(most, by_habit=not news)):
                    return
            self._wait([console], _QUIET, _BUSY, lambda: self._rests(_QUIET))
        except FloodError:
            self._floods.peers.add(name)

    def take(self, name: str, prompts: Iterable[str]) -> ConsoleOutput:
        """Take what a peer has printed since its last reply, if it comes to an end."""
        if name in self._floods.peers:
            return ConsoleOutput()
        return read_output(self._consoles[name].take(), "", list(prompts))

    def others(
        self, name: str, prompts: Iterable[str], message: str = ""
    ) -> dict[str, ConsoleOutput]:
        """Take the output of all other peers, to which a message may have been sent.

        What one prints without end says nothing.
        """
        known = list(prompts)
        shown = {other: it.take() for other, it in self._consoles.items() if other != name}
        return {
            other: read_screen(text, known, message)
            for other, text in shown.items()
            if other not in self._floods.peers
        }

    def links(self, one: str, other: str) -> int | None:
        """Return how many connections two peers have, by the kernel; None if that is unknown."""
        ours, theirs = (self.peer(name).sockets() for name in (one, other))
        return None if ours is None or theirs is None else shared(ours, theirs)

    def held(self, name: str) -> int | None:
        """Return how many ends of connections a peer has, with anyone; None if that is unknown."""
        sockets = self.peer(name).sockets()
        return None if sockets is None else held(sockets)

    def link_ports(self, one: str, other: str) -> set[int]:
        """Return the ports, at both ends, of the connections between two peers."""
        ours, theirs = (self.peer(name).sockets() for name in (one, other))
        return set() if ours is None or theirs is None else shared_ports(ours, theirs)

    def await_change(self, one: str, other: str, before: int | None) -> int | None:
        """Return how many connections two peers have, once that has changed or after a moment."""
        if before is not None:
            self._await(lambda: self.links(one, other) != before, _CHANGES_WITHIN)
        return self.links(one, other)

    def kill(self, name: str) -> None:
        """Kill a peer, and wait until the others are quiet."""
        self._rest.watch(self._consoles.values())
        self._consoles[name].peer.kill()
        self._consoles[name].peer.await_end(_KILL_WITHIN)
        others = [console for other, console in self._consoles.items() if other != name]
        self._wait(others, _QUIET * 2, _BUSY, lambda: self._rests(_QUIET))

    def wait_until_quiet(self) -> None:
        """Wait until all consoles are quiet."""
        consoles = list(self._consoles.values())
        self._wait(consoles, _QUIET, _BUSY, lambda: self._rests(_QUIET))

    def restart(self, *names: str) -> None:
        """Replace peers with new ones.

        Raises:
            NotStartedError: one of them exited.
        """
        self._discard(names)
        for name in names:
            self.greeting.pop(name, None)
        self.start(names)

    def use_port(self, port: int) -> None:
        """Replace all peers with new ones that are told to listen on another port.

        Raises:
            NotStartedError: one of them exited.
        """
        self._profile = self._profile.model_copy(update={"port": port})
        self.restart(*NAMES)

    def _discard(self, names: Iterable[str]) -> None:
        self._floods.peers -= {*names}
        consoles = [self._consoles.pop(name) for name in names]
        for console in consoles:
            console.close()
        self._engine.discard([console.peer for console in consoles])

    def close(self) -> None:
        """Discard all peers."""
        self._discard(list(self._consoles))


def _has_begun(console: RawConsole) -> bool:
    return console.has_output or console.ended or console.peer.listens() is not False


def _is_complete(output: ConsoleOutput, prompts: Sequence[str]) -> bool:
    return bool(output.rest.strip()) or bool(output.lines and not prompts)

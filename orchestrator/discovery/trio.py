"""Three copies of a program of which nothing is known: start them, type at them, collect output."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.discovery.evidence import ConsoleOutput, Exchange, KnownValues, read_output
from orchestrator.discovery.raw_console import RawConsole, wait_until_quiet
from orchestrator.discovery.wording import (
    ARGUMENTS,
    Wording,
    asked_argument,
    asked_at_start,
    parse_menu,
)
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.profile import InputLine, Profile

NAMES = ("alice", "bob", "carol")

_QUIET = 0.3  # seconds of silence after which a reply is complete
_START_QUIET = 0.7
_START_MOST = 12.0  # seconds until the first output; a JVM takes several
_SILENT_START = 3.0  # seconds after which a program is taken for a silent one
_PATIENT = 1.2  # seconds to wait for the first output of a reply
_LAG = 0.1  # seconds between two looks at another console
_BUSY = 6.0  # seconds to wait for the prompt
_KILL_WITHIN = 3.0
_MOST_ANSWERS = 4  # questions at the start
_MOST_QUESTIONS = 5  # questions of one verb


class NotStartedError(Exception):
    """A program exited at its start.

    Attributes:
        said: the lines that it printed.
    """

    def __init__(self, said: Sequence[str]) -> None:
        super().__init__("\n".join(said))
        self.said = tuple(said)


class Trio:
    """Three peers and their consoles.

    Args:
        engine: where to start them.
        profile: how to start them; the rest of it is not used.
        say: reports progress.

    Attributes:
        answers: the questions that the program asks at its start, and the answers.
        greeting: what each peer printed at its start.
    """

    def __init__(self, engine: Engine, profile: Profile, say: Say) -> None:
        self._engine, self._profile, self._say = engine, profile, say
        self._consoles: dict[str, RawConsole] = {}
        self.answers: list[InputLine] = []
        self.greeting: dict[str, str] = {}

    def start(self, names: Sequence[str] = NAMES) -> None:
        """Start peers, and answer their questions.

        Raises:
            NotStartedError: one of them exited.
        """
        for peer in self._engine.start(names, self._profile, self._say):
            self._consoles[peer.name] = RawConsole(peer)
        self._read_greetings(names, _START_MOST)
        for number in range(_MOST_ANSWERS):
            if not self._answer(names, number):
                break
        for name in names:
            if self.ended(name):
                raise NotStartedError(read_output(self.greeting[name]).lines)

    def _read_greetings(self, names: Sequence[str], most: float) -> None:
        consoles = [self._consoles[name] for name in names]
        wait_until_quiet(consoles, _START_QUIET, _SILENT_START)
        if not all(console.has_output or console.ended for console in consoles):
            wait_until_quiet(consoles, _SILENT_START, most)
        for name in names:
            self.greeting[name] = self.greeting.get(name, "") + self._consoles[name].take()

    def _answer(self, names: Sequence[str], number: int) -> bool:
        """Answer one question of each peer; return whether there was one."""
        output = read_output(self.greeting[names[0]])
        question = output.rest if output.rest.strip() else (output.lines or ("",))[-1]
        if number < len(self.answers):
            answer = self.answers[number].type
        elif not question.rstrip().endswith((":", "?", ">", "=")) or parse_menu(output.lines):
            return False
        else:
            argument = asked_at_start(question)
            answer = f"{{{argument}}}"
            if not argument or any(known.type == answer for known in self.answers):
                return False
            self.answers.append(InputLine(type=answer, after=question))
        for name in names:
            peer = self.peer(name)
            values = {"port": peer.port, "name": name, "address": peer.address}
            self._consoles[name].type(answer.format_map(values))
        self._read_greetings(names, _SILENT_START)
        return True

    def peer(self, name: str) -> Peer:
        """Return a peer by its name."""
        return self._consoles[name].peer

    def ended(self, name: str) -> bool:
        """Return whether a peer has exited."""
        return self._consoles[name].ended

    def await_end(self, name: str) -> bool:
        """Return whether a peer has exited, or does so in a moment."""
        self._consoles[name].peer.await_end(_PATIENT)
        return self.ended(name)

    def clear(self) -> None:
        """Discard all output."""
        for console in self._consoles.values():
            console.take()

    def type(self, name: str, line: str, prompts: Iterable[str]) -> ConsoleOutput:
        """Type a line, wait until all consoles are quiet and return the output."""
        console, known = self._consoles[name], list(prompts)
        if not console.type(line):
            return ConsoleOutput()
        consoles = list(self._consoles.values())
        wait_until_quiet(consoles, _QUIET, _BUSY)
        output = read_output(console.peek(), line, known)
        most = _BUSY if any(map(str.strip, known)) else _PATIENT
        waited = 0.0
        while waited < most and not _is_complete(output, known) and not console.ended:
            wait_until_quiet(consoles, _QUIET, _QUIET * 4)
            waited += _QUIET
            output = read_output(console.peek(), line, known)
        console.take()
        return output

    def await_output(self, name: str) -> None:
        """Wait for output of a peer, which may lag behind on a busy machine."""
        console = self._consoles[name]
        waited = 0.0
        while not console.has_output and not console.ended and waited < _PATIENT:
            wait_until_quiet([console], _LAG, _LAG)
            waited += _LAG
        wait_until_quiet([console], _QUIET, _BUSY)

    def others(self, name: str, prompts: Iterable[str]) -> dict[str, ConsoleOutput]:
        """Take the output of all other peers."""
        known = list(prompts)
        return {
            other: read_output(console.take(), "", known)
            for other, console in self._consoles.items()
            if other != name
        }

    def kill(self, name: str) -> None:
        """Kill a peer, and wait until the others are quiet."""
        self._consoles[name].peer.kill()
        self._consoles[name].peer.await_end(_KILL_WITHIN)
        others = [console for other, console in self._consoles.items() if other != name]
        wait_until_quiet(others, _QUIET * 2, _BUSY)

    def wait_until_quiet(self) -> None:
        """Wait until all consoles are quiet."""
        wait_until_quiet(list(self._consoles.values()), _QUIET, _BUSY)

    def restart(self, name: str) -> None:
        """Replace a peer with a new one.

        Raises:
            NotStartedError: it exited.
        """
        self._discard([name])
        self.greeting.pop(name, None)
        self.start([name])

    def _discard(self, names: Iterable[str]) -> None:
        consoles = [self._consoles.pop(name) for name in names]
        for console in consoles:
            console.close()
        self._engine.discard([console.peer for console in consoles])

    def close(self) -> None:
        """Discard all peers."""
        self._discard(list(self._consoles))


def _is_complete(output: ConsoleOutput, prompts: Sequence[str]) -> bool:
    return bool(output.rest.strip()) or bool(output.lines and not prompts)


class Typist:
    """Types verbs at three peers, answers questions, and records every exchange.

    Attributes:
        trio: the peers.
        exchanges: all exchanges, in order.
        prompts: what is printed when the program waits for input.
        ids: ids of connections, by the peer that has it and the peer at the other end.
    """

    def __init__(self, trio: Trio) -> None:
        self.trio = trio
        self.exchanges: list[Exchange] = []
        self.prompts: list[str] = []
        self.ids: dict[tuple[str, str], int] = {}

    def enter(
        self,
        verb: str,
        wording: Wording,
        at: str,
        given: Mapping[str, object] | None = None,
        *,
        to: str = "",
        right: bool | None = True,
    ) -> tuple[Exchange, Wording]:
        """Type a verb at a peer; return the exchange, and the wording with further questions.

        Args:
            verb: the lab's name for it.
            wording: how to type it, as far as is known.
            at: the peer.
            given: the arguments.
            to: the other peer.
            right: whether it should succeed.
        """
        arguments = {name: str(value) for name, value in (given or {}).items()}
        template = "".join(wording.lines)
        left = [name for name in ARGUMENTS.get(verb, ())
                if name in arguments and f"{{{name}}}" not in template]  # fmt: skip
        lines = list(wording.lines)
        after = list(wording.after) or [""] * len(lines)
        steps, typed = list[ConsoleOutput](), list[str]()
        self.trio.clear()
        while len(typed) < len(lines):
            line = lines[len(typed)].format_map(_Arguments(arguments))
            typed.append(line)
            steps.append(self.trio.type(at, line, self.prompts))
            question = self._question(steps[-1])
            if len(typed) == len(lines) and question and left and len(typed) < _MOST_QUESTIONS:
                argument = asked_argument(question, left)
                left.remove(argument)
                lines.append(f"{{{argument}}}")
                after.append(question)
        self._dismiss_questions(at, steps[-1])
        if to and right is not False:
            self.trio.await_output(to)
        known = self._known(at, to, arguments.get("text", ""), _repeatable(typed, arguments))
        others = self.trio.others(at, self.prompts)
        exchange = Exchange(
            verb, right, at, to, tuple(typed), tuple(steps), others, known, self.trio.ended(at)
        )
        self.exchanges.append(exchange)
        return exchange, Wording(tuple(lines), tuple(after))

    def kill(self, name: str, to: str) -> None:
        """Kill a peer that is connected to another one, and record what the others print."""
        self.trio.wait_until_quiet()
        self.trio.clear()
        known = self._known(name, to)
        self.trio.kill(name)
        others = self.trio.others(name, self.prompts)
        self.exchanges.append(Exchange("kill", None, name, to, (), (), others, known, ended=True))

    def replace(self, exchange: Exchange, **changes: object) -> Exchange:
        """Change a recorded exchange; return the new one."""
        changed = dataclasses.replace(exchange, **changes)  # type: ignore[arg-type]
        self.exchanges[self.exchanges.index(exchange)] = changed
        return changed

    def update_ids(self, exchange: Exchange) -> None:
        """Add the connection ids that are known by now to a recorded exchange."""
        ids = self._known(exchange.at, exchange.to).ids
        self.replace(exchange, known=dataclasses.replace(exchange.known, ids=ids))

    def _known(
        self, at: str, to: str = "", text: str = "", words: Iterable[str] = ()
    ) -> KnownValues:
        """Return the values to recognise in an exchange of two peers."""
        peers = [self.trio.peer(name) for name in (at, to) if name]
        ids = {one: self.ids[one, other] for one, other in ((at, to), (to, at))
               if (one, other) in self.ids}  # fmt: skip
        addresses = frozenset(peer.address for peer in peers)
        return KnownValues(addresses, frozenset(peer.port for peer in peers), text, ids,
                           tuple(words))  # fmt: skip

    def _question(self, output: ConsoleOutput) -> str:
        """Return the question after the last line break; empty if it is the prompt."""
        if not self.prompts or not output.rest.strip() or output.rest in self.prompts:
            return ""
        return output.rest

    def _dismiss_questions(self, at: str, output: ConsoleOutput) -> None:
        """Answer questions that have no argument with empty lines, until the prompt is back."""
        for _ in range(_MOST_QUESTIONS):
            if not self._question(output) or self.trio.ended(at):
                return
            output = self.trio.type(at, "", self.prompts)


class _Arguments(dict[str, str]):
    """Arguments, empty if they are missing."""

    def __missing__(self, key: str) -> str:
        return ""


def _repeatable(typed: Sequence[str], arguments: Mapping[str, str]) -> list[str]:
    """Return the typed words that a reply may repeat and that have no group of their own."""
    words = [word for line in typed for word in line.split()]
    text = arguments.get("text", "").split()
    return [
        word
        for word in dict.fromkeys(words[1:])
        if word.strip('"') not in text and not re.fullmatch(r"[\d.:]+", word)
    ]

"""Three of a program that is not known yet, on an engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.discovery import wording
from orchestrator.discovery.raw import RawConsole, settle
from orchestrator.discovery.screen import Shown, read
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.profile import InputLine, Profile

NAMES = ("alice", "bob", "carol")

_QUIET = 0.3  # seconds of silence after which nothing more is expected
_START_QUIET = 0.7
_START_MOST = 12.0  # seconds until the first thing is said; a JVM takes several
_SILENT_START = 3.0  # seconds after which a program is taken for one that says nothing
_PATIENT = 1.2  # seconds for a program that has said nothing yet
_LAG = 0.1  # seconds between two looks at another console
_BUSY = 6.0  # seconds for one whose prompt has not come back
_MOST_ANSWERS = 4  # questions at the start


class NotStartedError(Exception):
    """A program ended at its start; what it said."""

    def __init__(self, said: Sequence[str]) -> None:
        super().__init__("\n".join(said))
        self.said = tuple(said)


class Trio:
    """Three peers and their consoles.

    Args:
        engine: where they run.
        profile: how they are started, and no more.
        say: told what takes a while.

    Attributes:
        answers: what it asks for once it is started, and what to answer.
        greeting: what each said at its start.
    """

    def __init__(self, engine: Engine, profile: Profile, say: Say) -> None:
        self._engine, self._profile, self._say = engine, profile, say
        self._consoles: dict[str, RawConsole] = {}
        self._shown: dict[str, str] = {}
        self.answers: list[InputLine] = []
        self.greeting: dict[str, str] = {}

    def start(self) -> None:
        """Start all three, and answer what they ask.

        Raises:
            NotStartedError: one ended.
        """
        self._start(NAMES)

    def _start(self, names: Sequence[str]) -> None:
        for peer in self._engine.start(names, self._profile, self._say):
            self._consoles[peer.name] = RawConsole(peer)
        self._greet(names, _START_MOST)
        for number in range(_MOST_ANSWERS):
            if not self._answer(names, number):
                break
        for name in names:
            if self.ended(name):
                raise NotStartedError(read(self.greeting[name]).lines)

    def _greet(self, names: Sequence[str], most: float) -> None:
        consoles = [self._consoles[name] for name in names]
        settle(consoles, _START_QUIET, _SILENT_START)
        if not all(each.pending or each.ended for each in consoles):
            settle(consoles, _SILENT_START, most)
        for name in names:
            self.greeting[name] = self.greeting.get(name, "") + self._consoles[name].take()

    def _answer(self, names: Sequence[str], number: int) -> bool:
        """Answer one question of each; return whether there was one."""
        shown = read(self.greeting[names[0]])
        question = shown.rest if shown.rest.strip() else (shown.lines or ("",))[-1]
        if number < len(self.answers):
            argument = self.answers[number].type
        elif not question.rstrip().endswith((":", "?", ">", "=")) or wording.menu(shown.lines):
            return False
        else:
            argument = wording.asked_at_start(question)
            argument = f"{{{argument}}}" if argument else ""
            if not argument or any(each.type == argument for each in self.answers):
                return False
            self.answers.append(InputLine(type=argument, after=question))
        for name in names:
            peer = self.peer(name)
            words = {"port": peer.port, "name": name, "address": peer.address}
            self._consoles[name].type(argument.format_map(words))
        self._greet(names, _SILENT_START)
        return True

    def peer(self, name: str) -> Peer:
        """Return one of them."""
        return self._consoles[name].peer

    def ended(self, name: str) -> bool:
        """Tell whether one has ended."""
        return self._consoles[name].ended

    def await_end(self, name: str) -> bool:
        """Tell whether one has ended, or does so in a moment."""
        self._consoles[name].peer.await_end(_PATIENT)
        return self.ended(name)

    def clear(self) -> None:
        """Forget what has come by now."""
        for each in self._consoles.values():
            each.take()

    def ask(self, name: str, line: str, prompts: Iterable[str]) -> Shown:
        """Type a line, and return what came when all are quiet again."""
        console, known = self._consoles[name], list(prompts)
        if not console.type(line):
            return Shown()
        every = list(self._consoles.values())
        settle(every, _QUIET, _BUSY)
        shown = read(console.peek(), line, known)
        if not self._is_back(shown, known) and not console.ended:
            waits = _BUSY if any(map(str.strip, known)) else _PATIENT
            waited = 0.0
            while waited < waits and not self._is_back(shown, known) and not console.ended:
                settle(every, _QUIET, _QUIET * 4)
                waited += _QUIET
                shown = read(console.peek(), line, known)
        console.take()
        return shown

    def _is_back(self, shown: Shown, prompts: Sequence[str]) -> bool:
        return bool(shown.rest.strip()) or (shown.anything and not prompts)

    def await_other(self, name: str) -> None:
        """Wait a while until something has come at one: news may lag behind on a busy machine."""
        console = self._consoles[name]
        waited = 0.0
        while not console.pending and not console.ended and waited < _PATIENT:
            settle([console], _LAG, _LAG)
            waited += _LAG
        settle([console], _QUIET, _BUSY)

    def others(self, name: str, prompts: Iterable[str]) -> dict[str, Shown]:
        """Return what came at the others."""
        return {
            other: read(console.take(), "", prompts)
            for other, console in self._consoles.items()
            if other != name
        }

    def kill(self, name: str) -> None:
        """End one without warning, and wait until the others are quiet."""
        self._consoles[name].peer.kill()
        self._consoles[name].peer.await_end(3.0)
        settle([one for other, one in self._consoles.items() if other != name], _QUIET * 2, _BUSY)

    def settle(self) -> None:
        """Wait until all are quiet."""
        settle(list(self._consoles.values()), _QUIET, _BUSY)

    def restart(self, name: str) -> None:
        """Put a new one in the place of one.

        Raises:
            NotStartedError: it ended.
        """
        self._discard([name])
        self.greeting.pop(name, None)
        self._start([name])

    def _discard(self, names: Iterable[str]) -> None:
        going = [self._consoles.pop(name) for name in names]
        for each in going:
            each.close()
        self._engine.discard([each.peer for each in going])

    def close(self) -> None:
        """End all three."""
        self._discard(list(self._consoles))

"""Type a program's commands with words that are used once, and keep what it says."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from orchestrator.discovery.commands.replies import Said
from orchestrator.discovery.commands.results import (
    has_mark,
    refusal_mark,
    results_of,
    returns_stored,
)
from orchestrator.discovery.commands.sorting import Sorted, sort_replies
from orchestrator.discovery.commands.usage import Usage, read_usages
from orchestrator.discovery.evidence import ConsoleOutput, Exchange, KnownValues, find_prompts
from orchestrator.discovery.trio import NAMES, Trio
from orchestrator.discovery.wording import WORDS, removes, sounds_like_error, unmarked
from orchestrator.engines.base import Say

_AT, _OTHER, _LAST = NAMES
NONSENSE = ("qwxz", "vkbj")  # no program understands these
_HELP = (*WORDS["help"], "/help", "HELP")
_ROUNDS = 3
_SAD = re.compile(r"\b(unavailable|time(d )?out|try again|busy|not ready)\b", re.I)
"""Words of a refusal besides those that any program uses."""

_HOSTS = ("address", "host", "hostname", "addr", "ip")
_PEERS = ("peer", "node", "member")
_MOST_RESULTS = 8  # attempts with results of other commands


def is_exit(usage: Usage) -> bool:
    """Return whether a command is called like one that ends a program."""
    return unmarked(usage.word).lower() in WORDS["exit"]


def is_help(usage: Usage) -> bool:
    """Return whether a command is called like one that names all commands."""
    return unmarked(usage.word).lower() in WORDS["help"]


class CommandSession:
    """Types commands at one of three peers.

    Args:
        trio: the peers, which have started.
        say: hears what is being tried.
    """

    def __init__(self, trio: Trio, say: Say) -> None:
        self._trio, self._say = trio, say
        self._random = random.Random(7)  # noqa: S311 - the same words each time
        self.prompts: list[str] = []
        self.exchanges: list[Exchange] = []  # everything that was typed
        self.help: tuple[str, tuple[str, ...]] = "", ()  # what was typed for help, and the reply
        self.complaints: list[str] = []  # replies to mistakes
        self.nonsense: list[tuple[str, ...]] = []  # those to words that no program knows
        self.successes: dict[str, list[Said]] = {}  # by operation
        self.failures: dict[str, list[Said]] = {}
        self.kinds: dict[str, str] = {}  # of arguments, by name
        self.nothing: dict[str, list[Said]] = {}  # replies about words that were not used before
        self.told: list[tuple[str, Said]] = []  # what other peers showed, with its operation
        self.ended: dict[str, bool] = {}  # whether commands ended the program
        # what an argument is called that takes a result of another command, by the result's name
        self.taken: dict[str, str] = {}
        self._known: dict[str, str] = {}
        for name in NAMES if len(trio.greeting) > 1 else ():
            self._known |= {name: "member", trio.peer(name).address: "address",
                            str(trio.peer(name).port): "port"}  # fmt: skip

    def type(self, line: str, at: str = _AT) -> ConsoleOutput:
        """Type a line and return the output."""
        self._trio.clear()
        output = self._trio.type(at, line, self.prompts)
        known = KnownValues()
        self.exchanges.append(Exchange("raw", None, at, "", (line,), (output,), {}, known))
        return output

    def probe(self) -> None:
        """Learn the prompt, and the reply to words that no program knows."""
        rests = [self._trio.greeting[_AT].rpartition("\n")[2]]
        outputs = []
        for word in (*NONSENSE, NONSENSE[0]):
            outputs.append(self.type(word))
            rests.append(outputs[-1].rest)
        self.prompts = find_prompts(rests, [])
        for output in outputs[:2]:
            self.complaints += output.lines
            self.nonsense.append(output.lines)

    def ask_for_help(self) -> list[str]:
        """Return every line that may name commands: of the greeting, of the help, of errors."""
        lines = [*self._trio.greeting[_AT].splitlines(), *self.complaints]
        for word in _HELP:
            output = self.type(word)
            if not self._is_unknown(output.lines, word) and read_usages(output.lines):
                self.help = word, output.lines
                return [*output.lines]
            if self._trio.ended(_AT):
                self._trio.restart(_AT)
        return lines

    def refined(self, usages: Sequence[Usage]) -> list[Usage]:
        """Return commands with what they take, if only a complaint about their absence says so."""
        made = []
        for usage in usages:
            if not usage.takes and not is_exit(usage) and not is_help(usage):
                lines = self.type(usage.word).lines
                same = [it for it in read_usages(lines) if it.name == usage.name and it.takes]
                self._restart_if_silent()
                made.append(replace(same[0], word=usage.word) if same else usage)
            else:
                made.append(usage)
        return made

    def _restart_if_silent(self) -> None:
        """Start the program again if it has ended, or waits for something else than a command."""
        if self._trio.ended(_AT) or self.type(NONSENSE[0]).lines != self.nonsense[0]:
            self._trio.restart(_AT)

    def _is_unknown(self, lines: Sequence[str], typed: str) -> bool:
        return any(
            [it.replace(typed, "?") for it in lines] == [it.replace(word, "?") for it in known]
            for word, known in zip(NONSENSE, self.nonsense, strict=False)
        )

    def nonsense_said(self) -> list[Said]:
        """Return the replies to words that no program knows."""
        pairs = zip(NONSENSE, self.nonsense, strict=False)
        return [Said(tuple(lines), {}, {word: "word"}) for word, lines in pairs]

    def sorted_replies(self, name: str) -> Sorted:
        """Return the replies to an operation by what they say."""
        kinds = (self.successes, self.nothing, self.failures)
        successes, asked, failures = (it.get(name, []) for it in kinds)
        return sort_replies(successes, asked, failures)

    # Experiments

    def experiment(self, usages: Sequence[Usage]) -> None:
        """Type each command several times, those that end the program last."""
        plain = [it for it in usages if not is_exit(it) and not is_help(it)]
        for usage in plain:
            self._find_kinds(usage)
        for number in range(_ROUNDS):
            self._say(f"typing each command, {number + 1} of {_ROUNDS} times")
            values = self._new_values(plain)
            # those that remove come last, so that others find something
            ordered = sorted(plain, key=lambda it: removes(it.name))
            order = plain[::-1] if number % 2 else ordered  # with something there, and without
            failed = [it for it in order if not self._attempt(it, values)]
            for usage in ordered:
                if usage in failed:
                    self._attempt(usage, values)
            self._sort_by_mark()
        self._try_results(plain)
        self._ask_about_unknown(plain)
        for usage in plain:
            if any(not it.optional for it in usage.takes) and usage.name not in self.ended:
                self._note_mistake(usage.word)
        for usage in filter(is_exit, usages):
            self._end(usage)

    def _note_mistake(self, word: str) -> None:
        """Type a command without its arguments, and note the complaint, if it is one."""
        lines = self.type(word).lines
        if sounds_like_error(lines):
            self.complaints += lines
        self._restart_if_silent()  # it may be waiting for the rest

    def _find_kinds(self, usage: Usage) -> None:
        """Find out whether arguments must be numbers: text is tried first."""
        names = [it.name for it in usage.takes if not it.optional]
        for kinds in _combinations([it for it in names if it not in self.kinds]):
            given = self._values({**dict.fromkeys(names, "text"), **self.kinds, **kinds})
            if self._works(usage, given):
                self.kinds |= kinds
                return

    def _works(self, usage: Usage, given: Mapping[str, str]) -> bool:
        lines = self.type(_filled(usage, given)).lines
        if self._trio.ended(_AT):
            self._trio.restart(_AT)
            return False
        if failed := self._has_failed(usage, lines, given):
            said = Said(lines, given, dict(self._known))
            self.failures.setdefault(usage.name, []).append(said)
        return not failed

    def _has_failed(self, usage: Usage, lines: Sequence[str], given: Mapping[str, str]) -> bool:
        typed = "|".join(map(re.escape, filter(None, given.values())))  # may look like any word
        own = [re.sub(rf"\b(?:{typed})\b", "…", it) for it in lines] if typed else lines
        is_sad = sounds_like_error(own) or any(map(_SAD.search, own))
        return is_sad or self._is_unknown(lines, usage.word)

    def _sort_by_mark(self) -> None:
        """Put replies among the failures that begin as those to nonsense do."""
        if mark := refusal_mark(self.nonsense, self.successes):
            for name, all_ in self.successes.items():
                refused = [it for it in all_ if has_mark(it, mark)]
                self.failures.setdefault(name, []).extend(refused)
                self.successes[name] = [it for it in all_ if it not in refused]

    def _try_results(self, plain: Sequence[Usage]) -> None:
        """Try commands that refused every word with what other commands have returned."""
        for usage in plain:
            own = [it.name for it in usage.takes
                   if not it.optional and it.name not in (*_HOSTS, *_PEERS, "port")]  # fmt: skip
            if self.successes.get(usage.name) or usage.name in self.ended or not own:
                continue
            for _ in range(_ROUNDS):
                values = self._new_values(plain)
                others = [it for it in plain if it is not usage]
                for other in others:
                    self._attempt(other, values)
                self._sort_by_mark()
                if not self._takes_result(usage, own, others, values):
                    break

    def _takes_result(
        self, usage: Usage, own: Sequence[str], others: Sequence[Usage], values: Mapping[str, str]
    ) -> bool:
        """Return whether a command takes what another one has just returned for an argument."""
        results = dict(pair for it in others if it.name not in self.ended
                       for pair in results_of(self.successes.get(it.name, [])))  # fmt: skip
        pairs = [(result, name) for result in results for name in own]
        pairs.sort(key=lambda pair: (self.taken.get(pair[0]) != pair[1], pair[0] != pair[1]))
        for result, name in pairs[:_MOST_RESULTS]:
            if self._attempt(usage, {**values, name: results[result]}):
                self._sort_by_mark()
                if self.successes.get(usage.name):
                    self.taken[result] = name
                    return True
        return False

    def _attempt(self, usage: Usage, values: Mapping[str, str]) -> bool:
        """Type a command and note its reply; return whether it seems to have succeeded."""
        if usage.name in self.ended:
            return True
        given = {it.name: values[it.name] for it in usage.takes if not it.optional}
        if "old" in given and "value" in values:  # as the last `put` has left it
            given["old"] = values["value"]
        output = self.type(_filled(usage, given))
        said = Said(output.lines, given, dict(self._known))
        if self._trio.ended(_AT):
            self.ended[usage.name] = True
            self._trio.restart(_AT)
            return True
        for other in self._trio.others(_AT, self.prompts).values():
            self.told += [(usage.name, Said((line,), given, said.known)) for line in other.lines]
        failed = self._has_failed(usage, said.lines, given)
        (self.failures if failed else self.successes).setdefault(usage.name, []).append(said)
        return not failed

    def _ask_about_unknown(self, usages: Sequence[Usage]) -> None:
        """Ask about words that were not used before, if a command returns what another stored."""
        for usage in usages:
            said = self.successes.get(usage.name, [])
            if not any(map(returns_stored, said)) or not usage.takes:
                continue
            for _ in range(2):
                given = self._values({it.name: self.kinds.get(it.name, "text")
                                      for it in usage.takes if not it.optional})  # fmt: skip
                lines = self.type(_filled(usage, given)).lines
                self.nothing.setdefault(usage.name, []).append(
                    Said(lines, given, dict(self._known))
                )

    def _end(self, usage: Usage) -> None:
        self.type(_filled(usage, {}), _LAST)
        self.ended[usage.name] = self._trio.await_end(_LAST)
        if self.ended[usage.name]:
            self._trio.restart(_LAST)

    # Values

    def _new_values(self, usages: Sequence[Usage]) -> dict[str, str]:
        names = {it.name: self.kinds.get(it.name, "text") for one in usages for it in one.takes}
        return self._values(names)

    def _values(self, kinds: Mapping[str, str]) -> dict[str, str]:
        """Return new values; addresses, ports and names are those of another peer."""
        other = self._trio.peer(_OTHER)
        about = {**dict.fromkeys(_HOSTS, other.address), **dict.fromkeys(_PEERS, _OTHER),
                 "port": str(other.port)}  # fmt: skip
        values = {name: about.get(name) or self._new(kind) for name, kind in kinds.items()}
        self._known |= {value: name for name, value in values.items() if value not in self._known}
        return values

    def _new(self, kind: str) -> str:
        while True:
            letters = "".join(self._random.choices(string.ascii_lowercase, k=6))
            value = letters if kind == "text" else str(self._random.randint(100, 899))
            if value not in self._known:
                return value


def _combinations(names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield which arguments may be numbers: none, all but the first, all."""
    yield dict.fromkeys(names, "text")
    if len(names) > 1:
        yield dict.fromkeys(names, "integer") | {names[0]: "text"}
    if names:
        yield dict.fromkeys(names, "integer")


def _filled(usage: Usage, given: Mapping[str, str]) -> str:
    values = {it.name: given.get(it.name, "") for it in usage.takes}
    return usage.send.format_map(values).rstrip()

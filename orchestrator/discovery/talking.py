"""Typing at three of a program, questions answered, everything kept as evidence."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.discovery import wording
from orchestrator.discovery.evidence import Exchange, Facts
from orchestrator.discovery.screen import Shown
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.wording import ARGUMENTS, Wording

_MOST_QUESTIONS = 5  # that one verb may ask


class Talker:
    """Types and keeps what came.

    Args:
        trio: three of the program.

    Attributes:
        exchanges: what was done and what came, in order.
        prompts: what is printed when a line is awaited.
        ids: of connections: by who has them, and with whom.
    """

    def __init__(self, trio: Trio) -> None:
        self.trio = trio
        self.exchanges: list[Exchange] = []
        self.prompts: list[str] = []
        self.ids: dict[tuple[str, str], int] = {}

    def facts(self, at: str, to: str = "", text: str = "", words: Iterable[str] = ()) -> Facts:
        """Return what the lab knows of two peers."""
        those = [self.trio.peer(name) for name in (at, to) if name]
        ids = {one: self.ids[one, two] for one, two in ((at, to), (to, at))
               if (one, two) in self.ids}  # fmt: skip
        addresses = frozenset(each.address for each in those)
        return Facts(addresses, frozenset(each.port for each in those), text, ids, tuple(words))

    def say(
        self,
        verb: str,
        how: Wording,
        at: str,
        given: Mapping[str, object] | None = None,
        *,
        to: str = "",
        right: bool | None = True,
    ) -> tuple[Exchange, Wording]:
        """Type a verb at a peer; return what came, and how it was typed with what it asked.

        Args:
            verb: by the lab's names.
            how: it is typed as far as it is known.
            at: the peer.
            given: the arguments.
            to: the peer that it is about.
            right: whether it ought to succeed.
        """
        arguments = {name: str(value) for name, value in (given or {}).items()}
        used = "".join(how.lines)
        left = [name for name in ARGUMENTS.get(verb, ())
                if name in arguments and f"{{{name}}}" not in used]  # fmt: skip
        lines, after = list(how.lines), list(how.after) or [""] * len(how.lines)
        steps, typed = list[Shown](), list[str]()
        self.trio.clear()
        while len(typed) < len(lines):
            line = lines[len(typed)].format_map(_Given(arguments))
            typed.append(line)
            steps.append(self.trio.ask(at, line, self.prompts))
            question = self._question(steps[-1])
            if len(typed) == len(lines) and question and left and len(typed) < _MOST_QUESTIONS:
                argument = wording.asked_for(question, left)
                left.remove(argument)
                lines.append(f"{{{argument}}}")
                after.append(question)
        self._leave(at, steps[-1])
        if to and right is not False:
            self.trio.await_other(to)
        made = self._kept(Exchange(
            verb, right, at, to, tuple(typed), tuple(steps), self.trio.others(at, self.prompts),
            self.facts(at, to, arguments.get("text", ""), _words(typed, arguments)),
            self.trio.ended(at),
        ))  # fmt: skip
        return made, Wording(tuple(lines), tuple(after))

    def _kept(self, exchange: Exchange) -> Exchange:
        self.exchanges.append(exchange)
        return exchange

    def amend(self, exchange: Exchange) -> Exchange:
        """Put into an exchange the ids that are known by now; return it."""
        facts = self.facts(exchange.at, exchange.to)
        made = dataclasses.replace(
            exchange, facts=dataclasses.replace(exchange.facts, ids=facts.ids)
        )
        self.exchanges[self.exchanges.index(exchange)] = made
        return made

    def _question(self, shown: Shown) -> str:
        """Return what is asked behind the last line break; empty where it is the prompt."""
        if not self.prompts or not shown.rest.strip() or shown.rest in self.prompts:
            return ""
        return shown.rest

    def _leave(self, at: str, shown: Shown) -> None:
        """Answer questions for which there is nothing, so that the next command is one."""
        for _ in range(_MOST_QUESTIONS):
            if not self._question(shown) or self.trio.ended(at):
                return
            shown = self.trio.ask(at, "", self.prompts)

    def kill(self, name: str, to: str) -> Exchange:
        """End a peer without warning; return what the others showed."""
        self.trio.settle()
        self.trio.clear()
        facts = self.facts(name, to)
        self.trio.kill(name)
        others = self.trio.others(name, self.prompts)
        return self._kept(Exchange("kill", None, name, to, (), (), others, facts, ended=True))


class _Given(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _words(typed: Sequence[str], arguments: Mapping[str, str]) -> list[str]:
    """Return what was typed that a reply may repeat, where it is nothing that has a name."""
    every = [word for line in typed for word in line.split()]
    text = arguments.get("text", "").split()
    return [
        word
        for word in dict.fromkeys(every[1:])
        if word.strip('"') not in text and not re.fullmatch(r"[\d.:]+", word)
    ]

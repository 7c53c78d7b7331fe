"""Finding the words that a program knows, by trying the common ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from orchestrator.discovery import wording
from orchestrator.discovery.evidence import Exchange, Facts
from orchestrator.discovery.screen import prompts_in, read
from orchestrator.discovery.talking import Talker
from orchestrator.discovery.templates import shape, template
from orchestrator.discovery.wording import Wording
from orchestrator.engines.base import Say

NONSENSE = ("qwxz", "vkbj wyzq")
"""What is no word of any program."""

_MOST_TRIES = 14  # lines that are tried for one verb
_SILENT_TRIES = 1  # lines for one verb of a program that has never printed anything


class Finder:
    """Finds out how verbs are typed.

    Args:
        talker: types them.
        say: told what is tried.

    Attributes:
        wordings: how each verb is typed.
        replies: what came when each was asked first.
    """

    def __init__(self, talker: Talker, say: Say) -> None:
        self._talker, self._say = talker, say
        self.wordings: dict[str, Wording] = {}
        self.replies: dict[str, Exchange] = {}
        self._unknown: set[tuple[str, ...]] = set()
        self._style, self._is_upper = "{}", False
        self._menu: dict[str, str] = {}
        self._said: list[str] = []

    # What comes in reply to nonsense, and the prompt

    def look(self, at: str) -> None:
        """See what the program says at its start and to nonsense."""
        talker = self._talker
        greeting = read(talker.trio.greeting[at])
        self._said += greeting.lines
        self._menu = wording.menu(greeting.lines)
        if greeting.rest.strip():
            talker.prompts = [greeting.rest]
        rests, replies = [greeting.rest], [greeting.lines]
        for line in NONSENSE:
            found, _ = talker.say("unknown", Wording((line,)), at, right=False)
            rests.append(found.steps[0].rest)
            replies.append(found.lines)
            self._said += found.lines
        self._menu = self._menu or wording.menu(self._said)
        ends = prompts_in(rests, replies if self._menu else [])
        talker.prompts = list(dict.fromkeys([*ends, *talker.prompts]))
        for found in talker.exchanges:
            self._unknown |= {self._shape(line, found.typed) for line in found.lines
                              if line not in talker.prompts}  # fmt: skip

    def _shape(self, line: str, typed: Iterable[str]) -> tuple[str, ...]:
        words = [word for each in typed for word in (each, *each.split())]
        return shape(template(line, Facts(words=tuple(words))))

    def is_unknown(self, found: Exchange) -> bool:
        """Tell whether a reply is the one to a word that the program does not know."""
        lines = [line for line in found.lines if line not in self._talker.prompts]
        if not lines:
            return not self._unknown and not found.ended
        return any(self._shape(line, found.typed) in self._unknown for line in lines)

    # Verbs

    def ask(self, verb: str, at: str, given: Mapping[str, object] | None = None, *, to: str = "",
            right: bool | None = True) -> Exchange:  # fmt: skip
        """Type a verb as it was found to be typed."""
        found, _ = self._talker.say(verb, self.wordings[verb], at, given, to=to, right=right)
        return found

    def find(
        self,
        verb: str,
        at: str,
        worked: Callable[[Exchange], bool],
        given: Mapping[str, object] | None = None,
        to: str = "",
    ) -> Exchange | None:
        """Try the words for a verb until one has worked; None where none has.

        Args:
            verb: by the lab's names.
            at: the peer where it is typed.
            worked: tells by what came.
            given: the arguments.
            to: the peer that it is about.
        """
        self._say(f"trying words for {verb}")
        tried: set[str] = set()
        queue = self._candidates(verb)
        while queue and len(tried) < self._tries:
            line = queue.pop(0)
            if line in tried:
                continue
            tried.add(line)
            found, how = self._talker.say(verb, Wording((line,)), at, given, to=to, right=None)
            if found.ended:
                if verb == "exit":
                    return self._learnt(verb, found, how)
                self._talker.trio.restart(at)
            elif worked(found):
                return self._learnt(verb, found, how)
            elif not self.is_unknown(found):
                self._said += found.lines
                queue = [*wording.usages(verb, found.lines), *queue]
        return None

    @property
    def _tries(self) -> int:
        steps = [step for each in self._talker.exchanges for step in each.steps]
        has_spoken = self._said or any(step.lines or step.rest.strip() for step in steps)
        return _MOST_TRIES if has_spoken else _SILENT_TRIES

    def _candidates(self, verb: str) -> list[str]:
        if verb in self._menu:
            return [self._menu[verb]]
        lines = wording.templates(verb, self._style, wording.usages(verb, self._said))
        return [wording.upper(line) for line in lines] if self._is_upper else lines

    def _learnt(self, verb: str, found: Exchange, how: Wording) -> Exchange:
        self.wordings[verb], self.replies[verb] = how, found
        self._said += found.lines
        return found

    def find_style(self, at: str) -> None:
        """Find out how words are written, by the first one that is known."""
        if self._menu:
            return
        for style in wording.STYLES:
            self._style = style
            for verb in ("help", "myport"):
                if self.find(verb, at, self.answered):
                    self._is_upper = self.wordings[verb].lines[0].isupper()
                    return
        self._style = "{}"

    def answered(self, found: Exchange) -> bool:
        """Tell whether a reply is an answer, and no complaint."""
        lines = [line for line in found.lines if line not in self._talker.prompts]
        return bool(lines) and not self.is_unknown(found) and not _is_no(found, lines)

    def accepted(self, found: Exchange) -> bool:
        """Tell whether there is no complaint; where nothing is said, this is no proof."""
        lines = [line for line in found.lines if line not in self._talker.prompts]
        return not (lines and self.is_unknown(found)) and not wording.complains(lines)


def _is_no(found: Exchange, lines: list[str]) -> bool:
    return found.verb not in ("help", "list") and wording.complains(lines)

"""Find the words that a program understands, by trying common ones."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from orchestrator.discovery import wording
from orchestrator.discovery.commands.usage import read_usages
from orchestrator.discovery.evidence import (
    Exchange,
    find_prompts,
    is_prompt,
    read_output,
)
from orchestrator.discovery.frames import (
    has_word,
    heads,
    is_alike,
    is_recognisable,
    last_alike,
    perhaps_closing,
    status_lines,
)
from orchestrator.discovery.repeats import line_shape
from orchestrator.discovery.typed import has_all, question_before, wording_of
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording
from orchestrator.engines.base import Say

_NONSENSE = ("qwxz", "vkbj wyzq")  # no program understands these
NO_ITEMS = ("97", "98")  # the same for a menu that cannot bear what is no number
_MOST_TRIES = 14  # lines to try for one verb
_SILENT_TRIES = 1  # the same for a program that has never printed anything
_TITLED_RULE = re.compile(r"^\W.*[^\S\n]([^\w\s.!?])\1{2,}\W?$")  # such as `+-- news -----+`


class WordFinder:
    """Finds out how verbs are typed."""

    def __init__(self, typist: Typist, say: Say) -> None:
        self._typist, self._say = typist, say
        self.wordings: dict[str, Wording] = {}  # how each verb is typed, as far as is known
        self._unknown: set[tuple[str, ...]] = set()  # shapes of replies to unknown words
        self._rejects_in_words = True  # whether each of these is more than a rule
        self._style = "{}"
        self._example = ""  # a word for a command that is known, in its capitals
        self._menu: dict[str, str] = {}  # the number of each verb
        self._items: list[str] = []  # the numbers of a menu
        self._read: list[str] = []  # lines that may mention usage
        self._last: list[str] = []  # lines that end every reply so far
        self._first: set[tuple[str, ...]] = set()  # shapes of lines that begin every reply

    def probe(self, at: str, nonsense: Sequence[str] = _NONSENSE) -> str:
        """Learn the prompts, a menu and the reply to unknown words from nonsense input.

        Return the question that the first of it answered, if the program waited for that and not
        for a command; then nothing else was learned.

        Raises:
            FloodError: nonsense makes it print without end.
        """
        typist = self._typist
        greeting = read_output(typist.trio.greeting[at])
        self._read += greeting.lines
        self._menu = wording.parse_menu(greeting.lines)
        if greeting.rest.strip():
            typist.prompts = [greeting.rest]
        rests, replies = [greeting.rest], [greeting.lines]
        for line in nonsense:
            exchange, _ = typist.enter("unknown", Wording((line,)), at, right=False)
            rests.append(exchange.steps[0].rest)
            replies.append(exchange.lines)
            self._read += exchange.lines
        if question := question_before(typist.exchanges, greeting.rest):
            self._read, self._menu, typist.prompts = [], {}, []
            typist.exchanges.clear()
            return question
        self._menu = self._menu or wording.parse_menu(self._read)
        self._items = [*wording.menu_items(self._read)] if self._menu else []
        found = find_prompts(rests, replies if self._menu else [])
        typist.prompts = found or typist.prompts
        if typist.prompts and not self._menu:
            for line in status_lines(replies, nonsense):
                typist.add_prompt(line)
        self._first = heads(replies) if not self._menu else set()
        above = [[it for it in reply if not is_prompt(it, typist.prompts)] for reply in replies]
        self._last = perhaps_closing(above if self._menu else replies, nonsense)
        self._note_nonsense()
        return ""

    def _note_nonsense(self) -> None:
        """Note the replies to nonsense, as they are read by now."""
        self._unknown, self._rejects_in_words = set(), True
        nonsense = [it for it in self._typist.exchanges if it.verb == "unknown"]
        for exchange in nonsense:
            self._note_unknown(exchange)
        self._unknown -= self._passing(nonsense)
        if nonsense and (
            not self._typist.control or self._typist.control[0] == nonsense[-1].typed[0]
        ):
            self._set_control(nonsense[-1])

    def _passing(self, nonsense: Sequence[Exchange]) -> set[tuple[str, ...]]:
        """Return shapes of lines that not all nonsense got, if what all got has words.

        Such a line may stand below anything: some programs have another piece of advice each time.
        """
        said = [{line_shape(line, it.typed): line for line in self._reply(it)} for it in nonsense]
        same = set[tuple[str, ...]]().union(*said).intersection(*said)
        is_refusal = any(has_word([line]) for it in said for key, line in it.items() if key in same)
        return {shape for it in said for shape in it} - same if is_refusal else set()

    def _set_control(self, exchange: Exchange) -> None:
        """Take an exchange as the one that shows whether a program still answers."""
        if lines := self._reply(exchange):
            typed = exchange.typed[0]
            self._typist.control = typed, {line_shape(line, [typed]) for line in lines}

    @property
    def has_menu(self) -> bool:
        """Whether it numbers its commands."""
        return bool(self._menu)

    def find_style(self, at: str) -> None:
        """Find out how words are marked as commands, by the first one that is understood.

        That may be marked otherwise than it was tried at first: `try /help`.
        """
        if self._menu:
            if self._last and (found := self.find("myport", at, self.is_answer)):
                self._judge_last_lines(found)
            return
        for style in wording.STYLES:
            self._style = style
            for verb in ("help", "myport"):
                if found := self.find(verb, at, self.is_answer):
                    self._judge_last_lines(found)
                    word = self.wordings[verb].lines[0]
                    self._style = wording.style_of(word)
                    self._example = word
                    self._probe_marked(at)
                    return
        self._style, self._last = "{}", []
        self._note_nonsense()

    def _judge_last_lines(self, exchange: Exchange) -> None:
        """Take the lines that ended every reply for prompts if they end that to a command, too."""
        last, self._last = self._last, []
        bare = [line for line in last if line not in exchange.typed]  # that was read as its echo
        said = [line for line in exchange.lines if line not in exchange.typed]
        replies = [["nonsense", *bare], ["an answer", *said]]
        closing = last_alike(replies, ["", exchange.typed[0]])
        is_whole = bool(bare) and len(closing) == len(bare)
        for line in filter(is_recognisable, last if is_whole else closing):
            self._typist.add_prompt(line)
        self._note_nonsense()

    def _probe_marked(self, at: str) -> None:
        """Learn the reply to unknown words that are marked, which may be another one."""
        if self._style != "{}":
            nonsense = Wording((self._style.format(_NONSENSE[0]),))
            exchange, _ = self._typist.enter("unknown", nonsense, at, right=False)
            self._note_unknown(exchange)

    def _note_unknown(self, exchange: Exchange) -> None:
        lines = self._reply(exchange)
        self._unknown |= {line_shape(line, exchange.typed) for line in lines}
        self._rejects_in_words &= has_word(lines)

    def find(
        self,
        verb: str,
        at: str,
        worked: Callable[[Exchange], bool],
        given: Sequence[Mapping[str, object]] = ({},),
        to: str = "",
        restarted: Callable[[str], None] = lambda _: None,
    ) -> Exchange | None:
        """Try words for a verb until one works; return its exchange, or None.

        Each is tried with all arguments that are `given`, the most likely first. One that ends the
        program costs it its connections: `restarted` is called once it runs again.
        """
        self._say(f"trying words for {verb}")
        tried: set[str] = set()
        queue = self._candidates(verb)
        while queue and len(tried) < self._most_tries():
            line = queue.pop(0)
            if line in tried:
                continue
            tried.add(line)
            for arguments in given:
                exchange, used = self._typist.enter(
                    verb, Wording((line,)), at, arguments, to=to, right=None
                )
                is_gone = exchange.ended or exchange.stuck
                if (is_gone and verb == "exit") or (not is_gone and worked(exchange)):
                    return self._note_wording(verb, used, exchange)
                if is_gone:
                    self._typist.trio.restart(at)
                    restarted(at)
                elif not self.is_unknown(exchange):
                    self._read += exchange.lines
                    queue = [*wording.usages(verb, exchange.lines), *queue]
        return None

    def find_claim(self, verb: str) -> str:
        """Take the answer to a command that help names for success, if nothing came of it.

        Return what was typed; empty if nothing was answered like that.
        """
        claims = [it for it in self._typist.exchanges if it.verb == verb and self._claims(it)]
        if not claims:
            return ""
        for other in claims[1:]:
            self._typist.forget(other)
        claim = self._typist.replace(claims[0], right=True, fact=None)
        self._note_wording(verb, wording_of(claim), claim)
        return " ⏎ ".join(claim.typed)

    def find_useless(self, verb: str) -> str:
        """Take a command that help names, takes nothing, and is always refused or never answered.

        Return what was typed; empty if there is none.
        """
        words = [usage.word for usage in read_usages(self.help()) if not usage.takes]
        for exchange in self._typist.exchanges:
            is_such = exchange.verb == verb and exchange.typed[0] in words
            if is_such and not (exchange.ended or exchange.stuck or self.is_unknown(exchange)):
                fact = False if exchange.lines else None
                useless = self._typist.replace(exchange, right=True, fact=fact)
                self._note_wording(verb, Wording((exchange.typed[0],)), useless)
                return exchange.typed[0]
        return ""

    def _claims(self, exchange: Exchange) -> bool:
        """Return whether a program says that it did what it names as one of its commands.

        It may say so in silence if words that it does not know are answered. Where arguments are
        due, a wrong one may be taken in silence as well.
        """
        word = exchange.typed[0].split()[0]
        is_named = word == self._menu.get(exchange.verb) or any(
            wording.unmarked(word) in re.findall(r"\w+", line) for line in self.help()
        )
        is_gone = exchange.ended or exchange.stuck
        is_taken = self.is_answer(exchange) or not (
            exchange.given or self._reply(exchange) or self.is_unknown(exchange)
        )
        return is_named and not is_gone and has_all(exchange) and is_taken

    def help(self) -> list[str]:
        """Return what the program says when it is asked for help; nothing if it has none."""
        return [line for it in self._typist.exchanges for line in it.lines
                if it.verb == "help" and self.is_answer(it)]  # fmt: skip

    def is_leaving(self, exchange: Exchange) -> bool:
        """Return whether a peer has exited, or says that it will: some programs linger."""
        if exchange.lines and self.is_unknown(exchange):
            return False
        says_so = self.is_answer(exchange)
        return self._typist.trio.await_end(exchange.at, is_leaving=says_so) or says_so

    @property
    def quotes_texts(self) -> bool:
        """Whether the program itself says that a text is typed in quotes."""
        return any('"{text}"' in line for line in wording.usages("send", self._read))

    def find_by_effect(self, at: str) -> None:
        """Try the items of a menu whose labels say nothing: what they print says what they are."""
        peer = self._typist.trio.peer(at)
        for number in [it for it in self._items if it not in self._menu.values()]:
            exchange, used = self._typist.enter("unknown", Wording((number,)), at, right=None)
            said = set(re.findall(r"[\d.]*\d", "\n".join(exchange.lines)))
            signs = {"myip": peer.address in said, "myport": str(peer.port) in said,
                     "help": bool(wording.menu_items(exchange.lines))}  # fmt: skip
            verb = next((it for it, has in signs.items() if has and it not in self.wordings), "")
            if verb and not (exchange.ended or exchange.stuck):
                self._note_wording(verb, used, self._typist.replace(exchange, verb=verb))
                continue
            self._typist.forget(exchange)
            if exchange.ended or exchange.stuck:
                self._typist.trio.restart(at)

    def _note_wording(self, verb: str, used: Wording, exchange: Exchange) -> Exchange:
        """Note how a verb is typed; return its exchange as it is read by then."""
        self.wordings[verb] = used
        exchange = self._without_repetition(exchange)
        self._read += exchange.lines
        if verb == "myport" and len(exchange.typed) == 1:
            self._set_control(exchange)
        return exchange

    def _without_repetition(self, exchange: Exchange) -> Exchange:
        """Return an exchange as it is without the line in which the program repeats what it read.

        Some do so whatever was typed: `>> help`. What stands in front of it is a prompt then.
        """
        nonsense = next(it for it in self._typist.exchanges if it.verb == "unknown")
        front = _front(exchange)
        if not front.strip() or front != _front(nonsense) or len(exchange.lines) == 1:
            return exchange
        self._typist.add_prompt(front)
        changed = next(it for it in self._typist.exchanges if it.typed == exchange.typed)
        self._set_control(changed)
        return changed

    def _candidates(self, verb: str) -> list[str]:
        usage = list(wording.usages(verb, self._read))
        lines = wording.candidates(verb, self._style, usage)
        if verb in self._menu:  # some menus ask for arguments; others only number the commands
            number = self._menu[verb]
            return [number, *(wording.with_first(line, number) for line in lines[:1]), *lines[:2]]
        pairs = ((wording.in_case_of(self._example, line), line) for line in lines)
        return list(dict.fromkeys(itertools.chain(*pairs)))

    def _most_tries(self) -> int:
        steps = [step for exchange in self._typist.exchanges for step in exchange.steps]
        has_spoken = self._read or any(step.lines or step.rest.strip() for step in steps)
        return _MOST_TRIES if has_spoken else _SILENT_TRIES

    def enter(self, verb: str, at: str, given: Mapping[str, object] | None = None, *,
              to: str = "", right: bool | None = True) -> Exchange:  # fmt: skip
        """Type a verb whose wording was found; return the exchange."""
        used = self.wordings[verb]
        exchange, _ = self._typist.enter(verb, used, at, given, to=to, right=right)
        return exchange

    def is_unknown(self, exchange: Exchange) -> bool:
        """Return whether a reply is the one to unknown words."""
        lines = self._reply(exchange)
        if not lines:
            return not self._unknown and not exchange.ended
        said = [line for line in lines if _says_more(line, exchange.typed[0])]
        if self._rejects_in_words and not has_word(lines):
            return False
        return any(
            line_shape(line, typed) in self._unknown
            for line in said or lines
            for typed in (exchange.typed, ())
        )

    def is_answer(self, exchange: Exchange) -> bool:
        """Return whether a reply is an answer, and not an error message."""
        lines = self._reply(exchange)
        is_error = exchange.verb not in ("help", "list") and wording.sounds_like_error(lines)
        return bool(lines) and not self.is_unknown(exchange) and not is_error

    def is_accepted(self, exchange: Exchange) -> bool:
        """Return whether there is no error message. No output counts as accepted."""
        lines = self._reply(exchange)
        return not (lines and self.is_unknown(exchange)) and not wording.sounds_like_error(lines)

    def _reply(self, exchange: Exchange) -> list[str]:
        said = [it for it in exchange.lines if not is_prompt(it, self._typist.prompts)]
        heads = itertools.takewhile(lambda it: line_shape(it, ()) in self._first, said)
        return [
            line
            for line in said[sum(1 for _ in heads) :]
            if not is_alike(line, exchange.typed, self._last)
        ]


def _front(exchange: Exchange) -> str:
    """Return what stands in front of what was typed, if the first line of a reply ends in that."""
    first, typed = (*exchange.lines, "")[0], exchange.typed[0].strip()
    return first.removesuffix(typed) if first.endswith(typed) else ""


def _says_more(line: str, typed: str) -> bool:
    """Return whether a line is more than a rule, and more than what was typed once again.

    A rule may have a title, such as the program's name above each reply.
    """
    front = line.removesuffix(typed.strip())
    repeats = front != line and not wording.sounds_like_error([front])
    return not repeats and has_word([line]) and not _TITLED_RULE.search(line)

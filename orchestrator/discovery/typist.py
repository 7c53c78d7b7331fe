"""Type verbs at three peers, answer questions, and record every exchange with what came of it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from orchestrator import chat
from orchestrator.discovery.evidence import (
    ConsoleOutput,
    Exchange,
    KnownValues,
    find_prompts,
    has_traceback,
    is_prompt,
    prompts_behind_messages,
    recurring_prompts,
    without_echo,
    without_prompts,
)
from orchestrator.discovery.repeats import line_shape, repeatable, shown_part
from orchestrator.discovery.traces import shows_trace
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.wording import (
    ARGUMENTS,
    Wording,
    asked_argument,
    asked_at_start,
    asks,
    confirmation,
    ways_out,
    ways_told,
)

_MOST_QUESTIONS = 5  # questions of one verb
_MOST_CONTROLS = 2  # the first may be taken for something else, such as an argument
_SLOW = ("connect", "help")
_T = TypeVar("_T")
_CHANGE_LINKS = ("connect", "terminate")


class Typist:
    """Types verbs at three peers, answers questions, and records every exchange."""

    def __init__(self, trio: Trio) -> None:
        self.trio = trio  # the peers
        self.exchanges: list[Exchange] = []  # all exchanges, in order
        self.prompts: list[str] = []  # what is printed when the program waits for input
        # ids of connections, by the peer that has it and the peer at the other end
        self.ids: dict[tuple[str, str], str] = {}
        # the row that shows each of them in a list, and its place there
        self.rows: dict[tuple[str, str], tuple[str, int]] = {}
        # a line that is sure to be answered, and the shapes of the lines of its answer
        self.control: tuple[str, set[tuple[str, ...]]] | None = None
        self._has_linked = False  # whether the kernel ever showed a connection
        self._watched: set[str] = set()  # verbs of which it was seen whether others are told
        self.late: set[str] = set()  # verbs whose replies may be those to lines taken too late

    @property
    def has_answered(self) -> bool:
        """Whether anything that was typed has been answered."""
        return any(exchange.lines for exchange in self.exchanges)

    @property
    def has_told_of_an_end(self) -> bool:
        """Whether a peer printed anything when another one ended a connection, or itself."""
        ends = [it for it in self.exchanges if it.to and it.verb in ("terminate", "exit", "kill")]
        return any(it.others[it.to].lines for it in ends if it.to in it.others)

    @property
    def first_id(self) -> str | None:
        """The id that the first peer to connect gave its connection; None if it is not known."""
        ids = (exchange.known.ids[exchange.at] for exchange in self.exchanges
               if exchange.verb == "connect" and exchange.worked
               and exchange.at in exchange.known.ids)  # fmt: skip
        return next(ids, None)

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
        before = self._links(verb, at, to)
        self.trio.clear()
        used, typed, steps = self._type(verb, wording, at, {"name": to or chat.NOBODY, **arguments})
        is_nonsense = verb == "unknown" and right is False
        worked = functools.partial(self._has_worked, verb, at, to, before)
        way, left = self._leave(at, steps[-1], worked, is_nonsense=is_nonsense)
        used = used.followed_by(way) if way else used
        text = arguments.get("text", "")
        links = self._await_effect(verb, at, to, before, right=right)
        if verb == "terminate" and links != before and not any(step.lines for step in steps):
            self.trio.await_output(at)  # some programs say so in another thread
        steps += [*left, self.trio.take(at, self.prompts)]
        others = self.trio.others(at, self.prompts, text)
        shown = shown_part(text, others, to) if text else ""
        exchange = Exchange(
            verb, right, at, to, tuple(typed), tuple(steps), others,
            self._known(at, to, shown or text, repeatable(verb, typed, arguments)),
            self._has_ended(at, steps), self._fact(verb, to, before, links, shown), given=arguments,
            rows=self._of_both(self.rows, at, to),
        )  # fmt: skip
        if verb != "exit" and not exchange.ended and not self._answers(exchange):
            if word := self._escape(exchange):
                used = used.followed_by([(word, exchange.lines[-1])])
            else:
                exchange = dataclasses.replace(exchange, stuck=True)
        self._record(exchange)
        return exchange, used

    def _has_worked(self, verb: str, at: str, to: str, before: int | None) -> bool:
        """Return whether a verb has had its effect on another peer."""
        if not to or verb not in ARGUMENTS:
            return False
        return self.trio.has_output(to) if verb == "send" else self._links(verb, at, to) != before

    def _record(self, exchange: Exchange) -> None:
        if self.trio.take_late():
            self.late |= {exchange.verb, *(it.verb for it in self.exchanges[-1:])}
        self.exchanges.append(exchange)

    def _has_ended(self, at: str, steps: Sequence[ConsoleOutput]) -> bool:
        """Return whether a peer has exited; one that shows a traceback may be about to."""
        is_dying = any(shows_trace(step.lines) for step in steps)
        return self.trio.ended(at) or (is_dying and self.trio.await_end(at))

    def _type(
        self, verb: str, wording: Wording, at: str, arguments: Mapping[str, str]
    ) -> tuple[Wording, list[str], list[ConsoleOutput]]:
        """Type a verb; return its wording with the answers to further questions, and the output."""
        template = "".join(wording.lines)
        left = [name for name in ARGUMENTS.get(verb, ())
                if name in arguments and f"{{{name}}}" not in template]  # fmt: skip
        lines = list(wording.lines)
        after = list(wording.after) or [""] * len(lines)
        steps, typed = list[ConsoleOutput](), list[str]()
        while len(typed) < len(lines):
            if typed and after[len(typed)] and not self._question(steps[-1], is_due=True):
                break  # the program refused before it had everything
            line = lines[len(typed)].format_map(_Arguments(arguments))
            typed.append(line)
            steps.append(self.trio.type(at, line, self.prompts, slow=verb in _SLOW))
            question = self._question(steps[-1], is_due=bool(left))
            if len(typed) < len(lines) or not question or len(typed) >= _MOST_QUESTIONS:
                continue
            if argument := asked_argument(question, left) or _asked_name(verb, question, lines):
                left = [name for name in left if name != argument]
                lines.append(f"{{{argument}}}")
                after.append(question)
        return Wording(tuple(lines), tuple(after)), typed, steps

    def _await_effect(
        self, verb: str, at: str, to: str, before: int | None, *, right: bool | None
    ) -> int | None:
        """Wait until a verb has done something, and the other peer has printed what it prints.

        Return how many connections the two have then.
        """
        links = None if to else self._links(verb, at, to)
        if to and verb in _CHANGE_LINKS:
            links = self.trio.await_change(at, to, before if right is not False else None)
        if to and to != at and right is not False:
            self._await_news(verb, to, has_changed=links != before)
        return links

    def _links(self, verb: str, at: str, to: str) -> int | None:
        """Return how many connections two peers have; without another, all that a verb may change.

        A mistake should connect to no one and end nothing, but may do so all the same.
        """
        if to:
            return self.trio.links(at, to)
        return self.trio.held(at) if verb in _CHANGE_LINKS else None

    def _await_news(self, verb: str, to: str, *, has_changed: bool) -> None:
        """Wait until a peer tells what has happened; once for each verb, as long as it may take."""
        is_first = verb in _CHANGE_LINKS and has_changed and verb not in self._watched
        self._watched |= {verb} if is_first else set()
        self.trio.await_output(to, news=is_first)

    def _fact(
        self, verb: str, to: str, before: int | None, links: int | None, shown: str
    ) -> bool | None:
        """Return whether a verb worked; None if neither sockets nor the other console say so.

        A program that has never held a connection may work without one. What should reach no one
        may do so all the same: some programs take a word for the number 0, or for the last one.
        """
        if verb == "send":
            return bool(shown) if to else bool(shown) or None
        if before is None or links is None:
            return None
        self._has_linked = self._has_linked or links > before
        if verb == "connect" and not to:
            return links > before or None
        if verb == "connect":
            return links > before if self._has_linked else None
        has_ended = links < before if verb == "terminate" and before else None
        return has_ended if to else has_ended or None

    def kill(self, name: str, to: str) -> None:
        """Kill a peer that is connected to another one, and record what the others print."""
        self.trio.wait_until_quiet()
        self.trio.clear()
        known, links = self._known(name, to), self.trio.links(name, to)
        self.trio.kill(name)
        self.trio.await_output(to, news=True)
        others = self.trio.others(name, self.prompts)
        fact = None if links is None else links > 0
        rows = self._of_both(self.rows, name, to)
        self.exchanges.append(
            Exchange(
                "kill", None, name, to, (), (), others, known, ended=True, fact=fact, rows=rows
            )
        )

    def find_late_prompts(self) -> None:
        """Look for prompts again if none were found: a program may have been slow to start."""
        if self.prompts or not self.exchanges:
            return
        rests = [
            next((step.rest for step in reversed(exchange.steps) if step.rest.strip()), "")
            for exchange in self.exchanges
        ]
        self.prompts = find_prompts(rests, [])
        for exchange in list(self.exchanges) if self.prompts else ():
            steps = (without_prompts(step, self.prompts) for step in exchange.steps)
            self.replace(exchange, steps=tuple(steps))

    def find_more_prompts(self, greeted: Collection[str] = ()) -> None:
        """Look for prompts that a program prints only after some commands, or behind messages.

        Such a prompt has no line break, so the next output follows it on the same line.

        Args:
            greeted: what stood behind each greeting; if that is the same, it was the first prompt.
        """
        ends = tuple(prompt for prompt in self.prompts if prompt.strip())
        for prompt in {*greeted} if ends and len({*greeted}) == 1 else ():
            if prompt.strip() and not (prompt.endswith(ends) or is_prompt(prompt, ends)):
                self.add_prompt(prompt)
        for prompt in recurring_prompts(self.exchanges, self.prompts):
            self.add_prompt(prompt)
        for prompt in prompts_behind_messages(self.exchanges, self.prompts):
            self.add_prompt(prompt)

    def add_prompt(self, prompt: str) -> None:
        """Note a further prompt, and read what was recorded before it was known once more."""
        self.prompts = [*self.prompts, prompt]
        for exchange in list(self.exchanges):
            steps = [without_prompts(step, self.prompts) for step in exchange.steps]
            typed = zip(steps, exchange.typed, strict=False)
            echoless = [without_echo(step, line) for step, line in typed]
            others = {name: without_prompts(it, self.prompts)
                      for name, it in exchange.others.items()}  # fmt: skip
            self.replace(exchange, steps=(*echoless, *steps[len(echoless) :]), others=others)

    def replace(self, exchange: Exchange, **changes: object) -> Exchange:
        """Change a recorded exchange; return the new one."""
        changed = dataclasses.replace(exchange, **changes)  # type: ignore[arg-type]
        self.exchanges[self.exchanges.index(exchange)] = changed
        return changed

    def forget(self, exchange: Exchange) -> None:
        """Remove a recorded exchange that says nothing, because what was typed was wrong."""
        self.exchanges.remove(exchange)

    def update_ids(self, exchange: Exchange) -> None:
        """Add the connection ids that are known by now to a recorded exchange."""
        ids = self._of_both(self.ids, exchange.at, exchange.to)
        rows = self._of_both(self.rows, exchange.at, exchange.to)
        self.replace(exchange, known=dataclasses.replace(exchange.known, ids=ids), rows=rows)

    def _known(
        self, at: str, to: str = "", text: str = "", words: Iterable[str] = ()
    ) -> KnownValues:
        peers = [self.trio.peer(name) for name in (at, to) if name]
        ids = self._of_both(self.ids, at, to)
        addresses = frozenset(peer.address for peer in peers)
        return KnownValues(addresses, frozenset(peer.port for peer in peers), text, ids,
                           tuple(words))  # fmt: skip

    @staticmethod
    def _of_both(known: Mapping[tuple[str, str], _T], at: str, to: str) -> dict[str, _T]:
        """Return what is known at either end of a connection, by peer."""
        ends = ((at, to), (to, at))
        return {end[0]: known[end] for end in ends if end in known}

    def _question(self, output: ConsoleOutput, *, is_due: bool = False) -> str:
        """Return what a program asks; empty if it asks nothing.

        Without a prompt to compare it with, that is only what takes yes or no, or, if a question
        `is_due`, what looks like one.
        """
        rest = output.rest
        if not rest.strip() or is_prompt(rest, self.prompts):
            return ""
        is_question = self.prompts or confirmation(rest) or (is_due and asks(rest))
        return rest if is_question else ""

    # Programs that ask back, or stop listening

    def _leave(
        self, at: str, output: ConsoleOutput, has_worked: Callable[[], bool], *, is_nonsense: bool
    ) -> tuple[list[tuple[str, str]], list[ConsoleOutput]]:
        """Leave a question that has no argument, or a sub-mode.

        Return the lines that were typed, with the question before each, and the output. That is
        part of the reply if the question was whether to do it, or if what was typed had its effect
        only once that had an answer. What stands behind the reply to nonsense may be the first
        prompt, so no word is typed there that it does not ask for.
        """
        way, left = list[tuple[str, str]](), list[ConsoleOutput]()
        typed = list[tuple[str, str]]()
        ways = ways_out(output.lines, output.rest)
        ways = ways[: ways.index("") + 1] if is_nonsense and "" in ways else ways
        while ways and (question := self._question(output)) and len(left) < _MOST_QUESTIONS:
            if self.trio.ended(at):
                break
            is_page = ways_told((), question)[:1] == [""]
            line, had_worked = "" if is_page else ways.pop(0), has_worked()
            output = self.trio.type(at, line, self.prompts)
            typed.append((line, question))
            is_due = not had_worked and has_worked()
            is_reply = is_page or confirmation(question) or is_due
            left.append(output if is_reply else dataclasses.replace(output, lines=()))
            if is_due:
                way = typed
            elif is_page:
                way.append((line, question))
            elif line and not self._question(output):
                way = [(line, question)]
        return way, left

    def _answers(self, exchange: Exchange) -> bool:
        """Return whether a peer still reads its console, after a reply that leaves it in doubt."""
        last = [step.rest for step in exchange.steps if step.rest.strip()][-1:]
        is_prompted = bool(last) and is_prompt(last[0], self.prompts)
        has_answered = not self.prompts and exchange.lines and exchange.verb != "help"
        is_fine = is_prompted or has_answered or bool(exchange.fact)
        tries = 1 if has_traceback(exchange) else _MOST_CONTROLS
        return is_fine or self.answers(exchange.at, tries)

    def answers(self, at: str, tries: int = _MOST_CONTROLS) -> bool:
        """Return whether a peer still answers what is sure to be answered, in so many tries."""
        if not self.control:
            return True
        line, wanted = self.control
        for _ in range(tries):
            output = self.trio.type(at, line, self.prompts)
            if wanted & {line_shape(it, [line]) for it in output.lines}:
                return True
        return False

    def _escape(self, exchange: Exchange) -> str:
        """Leave a sub-mode that says how; return what was typed if that helped, else nothing."""
        ways = [way for way in ways_out(exchange.lines, "") if way] if exchange.lines else []
        for way in ways[:1] if exchange.verb == "help" else ():
            self.trio.type(exchange.at, way, self.prompts)
            if self.answers(exchange.at):
                return way
        return ""


def _asked_name(verb: str, question: str, lines: Sequence[str]) -> str:
    """Return `name` if a program asks for a name of whom it is to connect to, else nothing."""
    is_new = verb == "connect" and "{name}" not in lines
    return "name" if is_new and asked_at_start(question) == "name" else ""


class _Arguments(dict[str, str]):
    """Arguments, empty if they are missing."""

    def __missing__(self, key: str) -> str:
        return ""

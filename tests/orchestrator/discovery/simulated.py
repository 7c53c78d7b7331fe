"""Chat programs in memory, which take the place of three real ones in experiments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from orchestrator.discovery.evidence import ConsoleOutput, read_output, read_screen
from orchestrator.discovery.trio import NAMES, NotStartedError
from orchestrator.profile import InputLine

HOSTS = {"alice": "172.20.0.2", "bob": "172.20.0.3", "carol": "172.20.0.4"}
PORT = 5000
VERBS = ("help", "myip", "myport", "connect", "list", "terminate", "send", "exit")
ARGUMENTS = {"connect": ("IP address", "Port"), "terminate": ("Connection id",),
             "send": ("Connection id", "Message")}  # fmt: skip
MENU = ["1. help", "2. my ip", "3. my port", "4. connect", "5. list", "6. terminate", "7. send",
        "8. exit"]  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a simulated program behaves.

    Attributes:
        words: the words it understands, by verb.
        menu: whether it takes numbers from a menu and asks for arguments.
        prompt: what it prints when it waits for input.
        first_id: the id of its first connection.
        lists_first: whether an id works only after the program has listed it.
        shows_ids: whether a list shows ids.
        fragile: whether a bad number ends it.
        starts: how often it starts before it fails to.
        usage: what `help` prints; its words by default.
    """

    words: dict[str, str] = field(default_factory=lambda: {verb: verb for verb in VERBS})
    menu: bool = False
    prompt: str = "> "
    first_id: int = 1
    lists_first: bool = False
    shows_ids: bool = True
    fragile: bool = False
    starts: int = 99
    usage: str = ""


class SimulatedTrio:
    """Has the methods of `Trio`, but starts nothing and never waits."""

    def __init__(self, style: Style, program: type[Chat] | None = None) -> None:
        self._style, self._program = style, program or Chat
        self._chats: dict[str, Chat] = {}
        self._printed: dict[str, str] = {}
        self._starts = dict.fromkeys(NAMES, 0)
        self.answers: list[InputLine] = []
        self._asked = 0  # questions that turned out to be some
        self.greeting: dict[str, str] = {}

    def start(self, names: Sequence[str] = NAMES) -> None:
        for name in names:
            self._starts[name] += 1
            if self._starts[name] > self._style.starts:
                raise NotStartedError(["address already in use"])
            self._chats[name] = self._program(self._style, name, self._connected, self._print)
            self._printed[name] = ""
            self.greeting[name] = self._chats[name].greeting
            for _ in range(self._asked):
                self._chats[name].enter(name)
                self.greeting[name] += self._printed[name]
                self._printed[name] = ""

    def add_answer(self, question: str) -> bool:
        for known in self.answers:
            question = question.removeprefix(known.after or "")
        self.answers.append(InputLine(type="{name}", after=question))
        self._asked += 1
        return len(self.answers) < 5

    def peer(self, name: str) -> Any:
        return SimpleNamespace(name=name, address=HOSTS[name], port=PORT)

    def ended(self, name: str) -> bool:
        return self._chats[name].ended

    def await_end(self, name: str, *, is_leaving: bool = False) -> bool:
        del is_leaving  # these programs end at once
        return self.ended(name)

    def clear(self) -> None:
        self._printed = dict.fromkeys(self._printed, "")

    def type(
        self, name: str, line: str, prompts: Iterable[str], *, slow: bool = False
    ) -> ConsoleOutput:
        if self.ended(name):
            return ConsoleOutput()
        self._chats[name].enter(line)
        printed, self._printed[name] = self._printed[name], ""
        return read_output(printed, line, list(prompts))

    def await_output(self, name: str, *, news: bool = False) -> None:
        pass

    def has_output(self, name: str) -> bool:
        return bool(self._printed[name])

    def take_late(self) -> bool:
        return False

    def wait_until_quiet(self) -> None:
        pass

    def take(self, name: str, prompts: Iterable[str]) -> ConsoleOutput:
        printed, self._printed[name] = self._printed[name], ""
        return read_output(printed, "", list(prompts))

    def links(self, one: str, other: str) -> int:
        chat = self._chats[other]
        return sum(it is chat for it in self._chats[one].links.values())

    def held(self, name: str) -> int:
        chat = self._chats[name]
        return len(chat.links) + sum(it is chat for it in chat.links.values())

    def link_ports(self, one: str, other: str) -> set[int]:
        return set()

    def await_change(self, one: str, other: str, before: int | None) -> int:
        return self.links(one, other)

    def others(
        self, name: str, prompts: Iterable[str], message: str = ""
    ) -> dict[str, ConsoleOutput]:
        known = list(prompts)
        found = {}
        for other in self._chats:
            if other != name:
                found[other] = read_screen(self._printed[other], known, message)
                self._printed[other] = ""
        return found

    def kill(self, name: str) -> None:
        self._chats[name].is_killed = True
        self._chats[name].leave()

    def port_of_its_own(self) -> int | None:
        return None

    def restart(self, *names: str) -> None:
        for name in names:
            self._chats[name].leave()
        self.start(names)

    def close(self) -> None:
        self._chats.clear()

    def _print(self, name: str, text: str) -> None:
        self._printed[name] += text

    def _connected(self, address: str) -> Chat | None:
        """Return the running program at an address."""
        return next(
            (
                chat
                for name, chat in self._chats.items()
                if HOSTS[name] == address and not chat.ended
            ),
            None,
        )


class Chat:
    """One simulated program; subclasses are those that do something in their own way."""

    is_killed = False
    own_prompt = ""  # instead of that of the style

    def __init__(
        self,
        style: Style,
        name: str,
        dial: Callable[[str], Chat | None],
        prints: Callable[[str, str], None],
    ) -> None:
        self.style, self.name, self.ended = style, name, False
        self._dial, self.prints = dial, prints
        self.links: dict[int, Chat] = {}
        self._next, self._has_listed = style.first_id, False
        self._pending: list[str] = []  # words of a command whose arguments are being asked for
        shown = "\n".join([*MENU, style.prompt]) if style.menu else style.prompt
        self.prompt = self.own_prompt or shown

    @property
    def greeting(self) -> str:
        return f"ready on port {PORT}\n{self.prompt}"

    def enter(self, line: str) -> None:
        self._pending.append(line)
        verb = self._verb(self._pending[0])
        if self.style.menu:
            asked = ARGUMENTS.get(verb, ())
            if len(self._pending) <= len(asked):
                self.prints(self.name, f"{asked[len(self._pending) - 1]}: ")
                return
            words = self._pending[1:]
        else:
            words = line.split(maxsplit=2 if verb == "send" else -1)[1:]
        self._pending = []
        reply = self._reply(verb, words)
        self.answer(reply)

    def answer(self, reply: str) -> None:
        text = f"{reply}\n" if reply else ""
        self.prints(self.name, text + ("" if self.ended else self.prompt))

    def _verb(self, line: str) -> str:
        word = line.split(maxsplit=1)[0] if line.split() else ""
        if self.style.menu:
            return VERBS[int(word) - 1] if word.isdigit() and 0 < int(word) <= len(VERBS) else ""
        return next((verb for verb, known in self.style.words.items() if known == word), "")

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        try:
            if len(words) != len(ARGUMENTS.get(verb, ())) or "" in words:
                return "error: bad command"
            return str(getattr(self, f"do_{verb}")(*words)) if verb else "error: bad command"
        except ValueError:
            if self.style.fragile:
                self.leave()
            return "error: not a number"
        except KeyError:
            return "error: no such connection"

    def do_help(self) -> str:
        return self.style.usage or " ".join(self.style.words.values())

    def do_myip(self) -> str:
        return f"address {HOSTS[self.name]}"

    def do_myport(self) -> str:
        return f"port {PORT}"

    def do_connect(self, address: str, port: str) -> str:
        other = self._dial(address)
        if int(port) != PORT or other is None or other is self:
            return "error: cannot connect"
        self._add(other)
        number = other._add(self)
        other.tell(f"peer {other.label(number)} connected from {HOSTS[self.name]}:{PORT}")
        return f"connected to {address}:{PORT}"

    def label(self, number: int) -> str:
        """Return the id by which people know a connection."""
        return str(number)

    def number(self, label: str) -> int:
        """Return the connection that has an id."""
        return int(label)

    def _add(self, other: Chat) -> int:
        self.links[self._next] = other
        self._next += 1
        return self._next - 1

    def do_list(self) -> str:
        self._has_listed = True
        rows = [f"{self.label(number)}: {HOSTS[it.name]} {PORT}" if self.style.shows_ids else
                f"{HOSTS[it.name]} {PORT}" for number, it in self.links.items()]  # fmt: skip
        return "\n".join([*rows, f"{len(rows)} connections"])

    def _other(self, label: str) -> tuple[int, Chat]:
        if self.style.lists_first and not self._has_listed:
            raise KeyError(label)
        number = self.number(label)
        return number, self.links[number]

    def do_terminate(self, label: str) -> str:
        mine, other = self._other(label)
        del self.links[mine]
        other.lose(self)
        return f"ended connection {label}"

    def do_send(self, label: str, text: str) -> str:
        _, other = self._other(label)
        from_ = next(its for its, chat in other.links.items() if chat is self)
        other.show(from_, text)
        return f"sent to {label}"

    def do_exit(self) -> str:
        self.leave()
        return "goodbye"

    def show(self, number: int, text: str) -> None:
        self.tell(f"message from {self.label(number)}: {text}")

    def tell(self, line: str) -> None:
        self.prints(self.name, f"{line}\n{self.prompt}")

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.tell(f"peer {self.label(number)} disconnected")

    def leave(self) -> None:
        if not self.ended:
            self.ended = True
            for other in self.links.values():
                other.lose(self)
            self.links.clear()

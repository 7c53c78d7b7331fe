"""Replies that look like something else, each of a small simulated program."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class Farewell(Chat):
    """Says that each of its own connections is closed, after what it says as it leaves."""

    def do_exit(self) -> str:
        ends = [f"peer {number} disconnected" for number in self.links]
        return "\n".join([super().do_exit(), *ends])


class FarewellFirst(Farewell):
    """The same the other way round."""

    def do_exit(self) -> str:
        return "\n".join(reversed(super().do_exit().split("\n")))


@pytest.mark.parametrize("program", [Farewell, FarewellFirst])
def test_a_reply_is_no_notice_that_it_causes(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("exit", "goodbye") == (True, {})
    assert reader.outcome("exit", "peer 3 disconnected") is None


class Wordless(Farewell):
    """Says only that its connections are closed."""

    def do_exit(self) -> str:
        return "\n".join(super().do_exit().split("\n")[1:])


def test_a_notice_is_no_goodbye(learned: Learned) -> None:
    found, reader, _ = learned(Wordless)
    assert found.operations["exit"].silent
    assert reader.outcome("exit", "peer 3 disconnected") is None


class Evaluates(Chat):
    """Answers with values alone, like an interpreter, and with exceptions."""

    names = ("KeyError: ", "Errno::ECONNREFUSED: ", "ArgumentError: ")

    def answer(self, reply: str) -> None:
        *rows, last = reply.split("\n")
        value = re.findall(r"[\d.]*\d", last)[-1:] or ["nil"]
        number = len(last) % len(self.names)
        last = f"{self.names[number]}{last}" if "error" in last else f"=> {value[0]}"
        super().answer("\n".join([*rows, last]))

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else str(max(self.links))


class EvaluatesInJava(Evaluates):
    """The same with other names."""

    names = ("java.net.ConnectException: ", "java.io.IOException: ", "NumberFormatException: ")


@pytest.mark.parametrize("program", [Evaluates, EvaluatesInJava])
def test_values_alone(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert reader.outcome("myip", f"=> {HOSTS['bob']}") == (True, {"address": HOSTS["bob"]})
    assert reader.outcome("myport", f"=> {PORT}") == (True, {"port": str(PORT)})
    assert reader.outcome("connect", "=> 17") == (True, {"id": "17"})
    assert reader.outcome("connect", "SocketError: no route to host") == (False, {})
    assert found.sync == "myip", "the others are answered with a number as well"


class Echoes(Chat):
    """Answers `connect` in its own words, then in those that the other end is told."""

    first = "calling"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        told = f"peer {max(self.links, default=0)} connected from {address}:{PORT}"
        return reply if "error" in reply else f"{self.first} {address} {PORT}\n{told}"


class EchoesWithoutWords(Echoes):
    """The same behind a mark."""

    first = "=>"


@pytest.mark.parametrize("program", [Echoes, EchoesWithoutWords])
def test_the_reply_is_the_line_that_says_most(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    line = f"peer 17 connected from {HOSTS['bob']}:{PORT}"
    fields = {"id": "17", "address": HOSTS["bob"], "port": str(PORT)}
    assert reader.outcome("connect", line) == (True, fields)


class Undead(Chat):
    """Ends connections in its list alone: the other end and the kernel have them still."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.unlisted: set[int] = set()

    def do_terminate(self, label: str) -> str:
        number, _ = self._other(label)
        self.unlisted.add(number)
        return f"ended connection {label}"

    def do_list(self) -> str:
        rows = super().do_list().split("\n")[:-1]
        kept = [row for row in rows if int(row.partition(":")[0]) not in self.unlisted]
        return "\n".join([*kept, f"{len(kept)} connections"])


class SilentUndead(Undead):
    """The same without a word."""

    def do_terminate(self, label: str) -> str:
        return super().do_terminate(label) and ""


@pytest.mark.parametrize("program", [Undead, SilentUndead])
def test_an_end_that_only_the_list_shows(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert found.operations["terminate"].silent is (program is SilentUndead)
    if program is Undead:
        assert reader.outcome("terminate", "ended connection 17") == (True, {"id": "17"})
    assert reader.outcome("terminate", "error: no such connection") == (False, {})
    assert "closed" in found.notices


class Table(Chat):
    """Draws rules above, within and below its list."""

    def do_list(self) -> str:
        first, *rows, count = f"id: address\n{super().do_list()}".split("\n")
        rule = "-" * (10 + 5 * len(rows))
        return "\n".join([count, rule, first, rule, *rows, rule])


class Slots(Chat):
    """Lists the slots that are free as well."""

    def do_list(self) -> str:
        rows = {int(row.partition(":")[0]): row for row in super().do_list().split("\n")[:-1]}
        return "\n".join(rows.get(number, f"{number}: free") for number in range(1, 7))


@pytest.mark.parametrize("program", [Table, Slots])
def test_a_list_goes_on_after_what_is_also_within_it(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert found.operations["list"].ends == "quiet"
    line = "-" * 25 if program is Table else "9: free"
    assert reader.outcome("list", line) == (True, {})


class Marked(Chat):
    """Puts a mark in front of each reply, and of the heading of its list."""

    def answer(self, reply: str) -> None:
        super().answer(f"[OK] {reply}" if "error" not in reply else reply)

    def do_myip(self) -> str:
        return HOSTS[self.name]

    def do_list(self) -> str:
        return "\n".join(["connections:", *super().do_list().split("\n")[:-1]])


class MarkedBehind(Marked):
    """The same behind them."""

    def answer(self, reply: str) -> None:
        Chat.answer(self, reply.replace(":", ": ok", 1) if "ok" in reply else reply)

    def do_myip(self) -> str:
        return f"{HOSTS[self.name]} ok"

    def do_list(self) -> str:
        return super().do_list().replace("connections:", "connections ok")


@pytest.mark.parametrize("program", [Marked, MarkedBehind])
def test_an_address_is_not_any_word(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    line = f"[OK] {HOSTS['bob']}" if program is Marked else f"{HOSTS['bob']} ok"
    assert reader.outcome("myip", line) == (True, {"address": HOSTS["bob"]})


class ToItself(Chat):
    """Connects to itself as well."""

    def do_connect(self, address: str, port: str) -> str:
        other = self._dial(address)
        if other is self:
            self._add(self)
            self.tell(f"peer {self._add(self)} connected from {address}:{PORT}")
            return f"connection {max(self.links)}"
        reply = super().do_connect(address, port)
        return reply if "error" in reply else f"connection {max(self.links)}"


def test_a_connection_to_itself_teaches_nothing_about_others(learned: Learned) -> None:
    found, reader, _ = learned(ToItself)
    assert found.operations["connect"].also == []
    assert reader.outcome("connect", "connection 17") == (True, {"id": "17"})


class NothingButARule(Chat):
    """Draws a rule below each reply, and nothing else when a message was sent."""

    rules = ("", "=====")

    def do_send(self, label: str, text: str) -> str:
        super().do_send(label, text)
        return ""

    def answer(self, reply: str) -> None:
        above, below = self.rules
        super().answer("\n".join(filter(None, [above, reply, below])))


class NothingInAFrame(NothingButARule):
    """The same with a rule above each reply as well."""

    rules = (".-----", "`-----")


@pytest.mark.parametrize("program", [NothingButARule, NothingInAFrame])
def test_a_rule_that_refusals_have_as_well_is_no_success(
    learned: Learned, program: type[NothingButARule]
) -> None:
    found, reader, _ = learned(program)
    assert found.operations["send"].silent
    for rule in filter(None, program.rules):
        assert reader.outcome("send", rule) is None
        assert reader.is_label("send", rule)
    assert reader.outcome("send", "error: no such connection") == (False, {})


class NamesEveryDevice(Chat):
    """Answers with the address of each network device, the loopback one first."""

    loopback, own = "- lo: {}", "- eth0: {}"

    def do_myip(self) -> str:
        return f"{self.loopback.format('127.0.0.1')}\n{self.own.format(HOSTS[self.name])}"


class NamesItsNetworks(NamesEveryDevice):
    """The same in words, the loopback one last and most talkative."""

    loopback, own = "loopback, on the same machine: {}", "(enp0s3) {}"

    def do_myip(self) -> str:
        return f"{self.own.format(HOSTS[self.name])}\n{self.loopback.format('127.0.0.1')}"


@pytest.mark.parametrize("program", [NamesEveryDevice, NamesItsNetworks])
def test_of_several_addresses_the_own_one_counts(
    learned: Learned, program: type[NamesEveryDevice]
) -> None:
    _, reader, notes = learned(program)
    own = {"address": HOSTS["bob"]}
    assert notes == []
    assert reader.outcome("myip", program.own.format(HOSTS["bob"])) == (True, own)
    assert reader.outcome("myip", program.loopback.format("127.0.0.1")) is None

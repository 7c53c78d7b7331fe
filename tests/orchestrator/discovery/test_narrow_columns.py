"""Lists whose columns are too narrow, so that values stand beside each other with nothing between.

What a profile reads of such a row is right, or nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.list_patterns import find_rows, id_columns, infer_list
from orchestrator.patterns import compiled, search_line
from orchestrator.profile import Reader
from tests.orchestrator.discovery.learning import Learned, learn, loaded
from tests.orchestrator.discovery.recorded import KNOWN, PORT, exchange
from tests.orchestrator.discovery.simulated import HOSTS, Chat, SimulatedTrio, Style


class NarrowColumns(Chat):
    """Lists in columns as narrow as the values."""

    row = "{number:<2}{address:<10}{port}"

    def do_list(self) -> str:
        rows = [self.row.format(number=number, address=HOSTS[it.name], port=PORT)
                for number, it in self.links.items()]  # fmt: skip
        return "\n".join(["ID address port", *rows])


class NoColumns(NarrowColumns):
    """Puts nothing at all between an id and an address."""

    row = "{number}{address} {port}"


class PortFirst(NarrowColumns):
    """Puts the port in front of the address."""

    row = "{port}{address}\t#{number}"


class AWordBehind(NarrowColumns):
    """Says behind the port that it is up."""

    row = "{number:<3}{address:<10}{port:<4}up"


@pytest.mark.parametrize("program", [NarrowColumns, NoColumns, PortFirst, AWordBehind])
def test_each_value_of_a_narrow_column_is_read(
    learned: Learned, program: type[NarrowColumns]
) -> None:
    found, reader, _ = learned(program)
    assert "send" in found.operations, "ids are right"
    assert not found.operations["list"].doubt
    for number in (1, 7, 13):
        line = program.row.format(number=number, address=HOSTS["carol"], port=PORT)
        row = reader.row("list", line.expandtabs(4))
        wanted = {"id": str(number), "address": HOSTS["carol"], "port": str(PORT)}
        assert row in (wanted, None)
        assert row or (number > 9 and ":<2" in program.row), line


class PortAndId(NarrowColumns):
    """Puts the id behind the port."""

    row = "{address:<14}{port:<4}{number}"


class Trio(SimulatedTrio):
    """Knows the ports of connections, as the kernel does."""

    def link_ports(self, one: str, other: str) -> set[int]:
        return {PORT, 43210} if self.links(one, other) else set()


def test_an_id_behind_a_port_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = learn(tmp_path, Trio(Style(), PortAndId), monkeypatch)
    found = loaded(tmp_path, draft)
    assert "send" in found.operations, "ids are right"
    line = PortAndId.row.format(number=12, address="10.0.0.9", port=6000)
    wanted = {"id": "12", "address": "10.0.0.9", "port": "6000"}
    assert Reader(found).row("list", line) == wanted


@pytest.mark.parametrize("program", [NoColumns, NarrowColumns])
def test_a_peer_that_is_started_again_may_have_another_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: type[NarrowColumns]
) -> None:
    for name, address in HOSTS.items():
        monkeypatch.setitem(HOSTS, name, address)  # to be as it was afterwards

    class Moving(Trio):
        def restart(self, *names: str) -> None:
            HOSTS.update({name: f"172.20.0.{len(name) + 3}" for name in names})
            super().restart(*names)

    draft = learn(tmp_path, Moving(Style(), program), monkeypatch)
    row = Reader(loaded(tmp_path, draft)).row("list", program.row.format(
        number=3, address="172.20.0.8", port=6000))  # fmt: skip
    assert row == {"id": "3", "address": "172.20.0.8", "port": "6000"}


class LongPorts(PortAndId):
    """Lists the ports from which the others dialled, which have a digit more, if they did."""

    def do_list(self) -> str:
        return super().do_list().replace(f"{PORT}2", "432102")


def test_a_profile_says_what_it_may_misread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = learn(tmp_path, Trio(Style(), LongPorts), monkeypatch)
    (doubt,) = {it.doubt for it in loaded(tmp_path, draft).operations.values()} - {""}
    assert doubt == draft.doubts["operations", "list"]
    assert doubt.startswith("nothing says where the values of ")


def listed(form: str, links: frozenset[int] = frozenset(), **ports: int) -> dict[str, Any]:
    """Return what is learnt of lists in this form, where peers have these ports."""
    known = KnownValues(KNOWN.addresses, KNOWN.ports, links=links)
    ends = [(number, HOSTS[name], port) for number, (name, port) in enumerate(ports.items(), 1)]
    lines = [form.format(number=it[0], address=it[1], port=it[2]) for it in ends]
    rows = find_rows(lines, [], known)
    lists = [rows, rows[:1]]
    asked = [exchange("list", "list", "".join(f"{row}\n" for row in lines))]
    column = next(iter(id_columns(lists, known)), None)
    return infer_list(Draft(), asked, lists, [], known, [], column)


def read(made: dict[str, Any], line: str) -> dict[str, str] | None:
    found = search_line(compiled(made["row"]), line)
    return found.groupdict() if found else None


@pytest.mark.parametrize("form", ["{address}:{port}{number}", "{address:<15}{port:<4}{number}"])
def test_a_port_may_touch_an_id_if_all_have_as_many_digits(form: str) -> None:
    made = listed(form, frozenset({43210}), bob=PORT, carol=PORT)
    line = form.format(number=12, address=HOSTS["bob"], port=6000)
    assert read(made, line) == {"id": "12", "address": HOSTS["bob"], "port": "6000"}
    assert "doubt" not in made


@pytest.mark.parametrize("form", ["{address}:{port}{number}", "{address:<15}{port:<4}{number}"])
def test_what_no_pattern_can_read_is_doubted(form: str) -> None:
    """Of 432102 and 50001 no one can say where the port ends."""
    made = listed(form, frozenset({43210}), bob=PORT, carol=43210)
    line = form.format(number=1, address=HOSTS["bob"], port=PORT)
    assert made["doubt"] == f"nothing says where the values of {line!r} end"


@pytest.mark.parametrize("form", ["{number:<2}{address:<10}{port}", "#{number}@{address}{port}"])
def test_a_port_may_touch_an_address_if_all_have_as_many_digits(form: str) -> None:
    made = listed(form, bob=PORT, carol=PORT)
    assert "doubt" not in made
    for address in ("172.20.0.10", "172.20.0.12", "172.20.0.125"):
        line = form.format(number=9, address=address, port=6000)
        assert read(made, line) == {"id": "9", "address": address, "port": "6000"}


@pytest.mark.parametrize("form", ["{number:<2}{address:<10}{port}", "#{number}@{address}{port}"])
def test_ports_of_any_length_that_touch_an_address_are_doubted(form: str) -> None:
    """Of 172.20.0.125000 no one can say whether it is .12 and 5000 or .1 and 25000."""
    made = listed(form, frozenset({43210}), bob=PORT, carol=43210)
    assert made["doubt"].startswith("nothing says where the values of ")


@pytest.mark.parametrize(
    "form", ["[{port}] {address}{number}", "port {port}: {address:<10}{number}"]
)
def test_an_id_that_touches_the_end_of_an_address_is_doubted(form: str) -> None:
    made = listed(form, bob=PORT, carol=PORT)
    assert made["doubt"].startswith("nothing says where the values of ")


def test_addresses_of_any_length_that_are_padded_are_read_as_ever() -> None:
    made = listed("{number:<2}{address:<16}{port}", bob=PORT, carol=PORT)
    wanted = {"id": "7", "address": "10.0.0.123", "port": "5000"}
    assert read(made, "7 10.0.0.123      5000") == wanted
    assert read(made, f"13{HOSTS['bob']}      5000") is None

"""Ids of several parts: read as a whole, as people type them."""

from __future__ import annotations

import pytest

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.list_patterns import Column, id_columns, id_of
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat

A, B, C = "10.0.0.2", "10.0.0.3", "10.0.0.4"
KNOWN = KnownValues(frozenset({A, B, C}), frozenset({5000}))


class Parts(Chat):
    """Has ids of two numbers; the first is its own."""

    form = "3:{}"

    def label(self, number: int) -> str:
        return self.form.format(number)

    def number(self, label: str) -> int:
        before, after = self.form.split("{}")
        if not (label.startswith(before) and label.endswith(after)):
            raise KeyError(label)
        return int(label.removeprefix(before).removesuffix(after))


class WithLabels(Parts):
    """Has ids in front of which is what they are of."""

    form = "room/{}"

    def do_list(self) -> str:
        rows = [f"[{self.label(number)}] {HOSTS[it.name]}:{PORT}"
                for number, it in self.links.items()]  # fmt: skip
        return "\n".join([*rows, f"{len(rows)} open"])


class WithDashes(Parts):
    """Has ids whose last part is always the same."""

    form = "{}-7"


@pytest.mark.parametrize("program", [Parts, WithLabels, WithDashes])
def test_ids_are_read_as_they_are_typed(learned: Learned, program: type[Parts]) -> None:
    found, reader, _ = learned(program)
    assert {"send", "terminate"} <= found.operations.keys()
    assert not any(it.doubt for it in found.operations.values())
    id_ = program.form.format(12)
    row = f"[{id_}] {A}:5000" if program is WithLabels else f"{id_}: {A} 5000"
    assert reader.row("list", row) == {"id": id_, "address": A, "port": "5000"}
    assert reader.outcome("send", f"sent to {id_}") == (True, {"id": id_})
    notice = reader.notice([f"message from {id_}: a: b"])
    assert notice
    assert notice.fields == {"id": id_, "text": "a: b"}


class OnlyTheNumber(WithLabels):
    """Has the same rows, but takes the number alone."""

    def number(self, label: str) -> int:
        return int(label)


def test_a_word_in_front_of_an_id_is_no_part_of_it(learned: Learned) -> None:
    _, reader, _ = learned(OnlyTheNumber)
    row = reader.row("list", f"[room/12] {A}:5000")
    assert row == {"id": "12", "address": A, "port": "5000"}


def test_parts_of_ids_are_tried_after_plain_numbers() -> None:
    rows = [f"3:1 {A}:5000", f"3:2 {B}:5000"]
    assert id_columns([rows, rows[:1]], KNOWN) == [Column(1), Column(0, has_parts=True)]
    assert id_of(rows[1], Column(0, has_parts=True), KNOWN) == "3:2"
    assert id_of(f"7 {A} 5000", Column(0, has_parts=True), KNOWN) == "7"


@pytest.mark.parametrize("row", ["1 {}:5000", "1) {} 5000", "#1 {}", "1: {} 5000", "1|{}|5000"])
def test_signs_beside_a_number_make_no_parts(row: str) -> None:
    rows = [row.format(A), row.replace("1", "2", 1).format(B)]
    assert id_columns([rows, rows[:1]], KNOWN) == [Column(0)]

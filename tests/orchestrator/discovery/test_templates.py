"""Turning lines into patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.templates import (
    make_template,
    merge,
    shape,
    to_pattern,
)

WORDS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=40)
KNOWN = KnownValues(frozenset({"10.0.0.2"}), frozenset({5000}), "umber quill", {"alice": "3"})


@given(WORDS)
def test_a_pattern_matches_the_line_it_was_made_of(line: str) -> None:
    assert re.search(to_pattern(make_template(line, KNOWN, "alice")), line)


@given(WORDS, st.integers(0, 99_999), st.ip_addresses(v=4))
def test_known_values_vary(front: str, number: int, address: object) -> None:
    front = re.sub(r"[\d.]", "", front)
    made = to_pattern(make_template(f"{front} from {address} id 3 #{number}", KNOWN, "alice"))
    found = re.search(made, f"{front} from 9.8.7.6 id 4 #17")
    assert found
    assert found["address"] == "9.8.7.6"


@pytest.mark.parametrize(
    ("line", "captured"),
    [
        ("Message from 10.0.0.2:5000: umber quill", {"text": "umber quill", "port": "5000"}),
        ('3 says "umber quill"', {"id": "3", "text": "umber quill"}),
        ("peer 10.0.0.2 (43210)", {"address": "10.0.0.2", "port": "43210"}),
        ("Sender's port: 43210", {"port": "43210"}),
        ("sent 11 characters to 3", {"id": "3"}),
    ],
)
def test_captured_groups(line: str, captured: dict[str, str]) -> None:
    found = re.search(to_pattern(make_template(line, KNOWN, "alice")), line)
    assert found
    assert {name: found[name] for name in captured} == captured


@pytest.mark.parametrize(("one", "other"), [("qwxz", "q"), ("qwxz", "h"), ("qwxz", "?")])
def test_repeated_input_is_recognised_however_short(one: str, other: str) -> None:
    def shaped(word: str) -> tuple[str, ...]:
        return shape(make_template(f"Oops: what is '{word}'?", KnownValues(words=(word,))))

    assert shaped(one) == shaped(other)


@pytest.mark.parametrize(
    ("line", "is_repeated"), [("no such word: ?", True), ("? is nothing", True), ("what?", False)]
)
def test_a_sign_that_stands_alone_is_repeated_input(line: str, is_repeated: bool) -> None:
    made = shape(make_template(line, KnownValues(words=("?",))))
    assert ("<typed>" in made) is is_repeated


@given(st.lists(st.tuples(st.integers(0, 999), st.ip_addresses(v=4)), min_size=1, max_size=5))
def test_lines_that_differ_in_known_values_have_one_pattern(rows: list[tuple[int, object]]) -> None:
    lines = [f"peer {number} at {address} has come" for number, address in rows]
    made = merge(make_template(line, KnownValues()) for line in lines)
    assert len(made) == 1
    assert all(re.search(to_pattern(made[0]), line) for line in lines)


def test_lines_with_different_meanings_stay_apart() -> None:
    made = merge(
        [make_template("connected", KnownValues()), make_template("refused", KnownValues())]
    )
    assert len(made) == 2


@pytest.mark.parametrize(
    ("seen", "later"),
    [
        ("[01:02:36] bob is here", "[23:59:07] bob is here"),
        ("at 9:05 bob is here", "at 17:40 bob is here"),
        ("às 12h03: bob is here", "às 07h59: bob is here"),
        ("3:04 PM bob is here", "11:58 AM bob is here"),
        ("2026-11-30 01:02:36 bob is here", "2027-01-02 11:12:13 bob is here"),
        ("2026-11-30T01:02:36.123Z bob is here", "2027-01-02T11:12:13.999Z bob is here"),
        ("30.11.2026 01:02 bob is here", "1.12.2026 11:12 bob is here"),
        ("Mon Nov 30 01:02:36 2026 bob is here", "Tue Dec  1 11:12:13 2026 bob is here"),
    ],
)
def test_a_time_is_any_time(seen: str, later: str) -> None:
    assert re.search(to_pattern(make_template(seen, KnownValues())), later)


@pytest.mark.parametrize("line", ["7: 10.0.0.2 5000", "1:10.0.0.2:5000", "10.0.0.2:22", "3 Marks"])
def test_what_has_colons_or_numbers_need_be_no_time(line: str) -> None:
    kinds = {token.kind for token in make_template(line, KNOWN)}
    assert "time" not in kinds


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("[ 3] umber quill", "[12] umber quill"),
        ("  3: umber quill", "100: umber quill"),
        ("(  0.5s) #3 umber quill", "(1000.5s) #3 umber quill"),
    ],
)
def test_a_number_may_fill_its_width(narrow: str, wide: str) -> None:
    made = to_pattern(make_template(narrow, KNOWN, "alice"))
    found = re.search(made, wide)
    assert found
    assert found["text"] == "umber quill"
    assert re.search(made, narrow)


@pytest.mark.parametrize(
    ("seen", "elsewhere"),
    [
        ("IP: 10.0.0.2 (eth0)", "IP: 10.0.0.2 (wlan1)"),
        ("enp0s31f6: 10.0.0.2", "ens3: 10.0.0.2"),
        ("10.0.0.2 on eth0@if12", "10.0.0.2 on wlp3s0"),
        ("writing to /home/ada/chat/log.txt", "writing to /program/log.txt"),
        ("running in 4f2c9be1a07d", "running in 0b1de5a2c3f4"),
        ("hello from lab-17!", "hello from mars.example!"),
    ],
)
def test_what_is_of_one_machine_may_differ(seen: str, elsewhere: str) -> None:
    known = KnownValues(hosts=("lab-17",))
    assert re.search(to_pattern(make_template(seen, known)), elsewhere)


@pytest.mark.parametrize(
    "line", ["/connect and/or /send", "deadbeef", "ethics, lo and en", "1/2/3"]
)
def test_what_is_of_every_machine_stays(line: str) -> None:
    assert "machine" not in {token.kind for token in make_template(line, KnownValues())}


@pytest.mark.parametrize("form", ["Message: {:<20}", "| 3 | {:<20} |", "║ {:<20}║"])
def test_a_text_that_fills_its_room_is_read_as_well(form: str) -> None:
    made = to_pattern(make_template(form.format("umber quill"), KNOWN, "alice"))
    for text in ("x", "of exactly 20 letters", "longer than there is room for"):
        found = re.search(made, form.format(text))
        assert found
        assert found["text"] == text

"""The NXDOMAIN server byte by byte; tests/hostile asks it over a real network."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.docker.nxdomain import reply

NAME = b"\x03999\x011\x011\x011\x00"
ASKED = NAME + b"\x00\x01\x00\x01"
QUERY = b"\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + ASKED


def test_every_name_is_unknown() -> None:
    assert reply(QUERY) == b"\xab\xcd\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00" + ASKED


def test_only_the_question_is_repeated() -> None:
    with_options = QUERY[:11] + b"\x01" + ASKED + b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
    assert reply(with_options) == reply(QUERY)
    without_recursion = QUERY[:2] + b"\x00" + QUERY[3:]
    assert reply(without_recursion)[2:4] == b"\x80\x83"


def test_a_truncated_query_is_ignored() -> None:
    assert {reply(QUERY[:length]) for length in range(len(QUERY))} == {b""}


def test_replies_and_empty_queries_are_not_answered() -> None:
    assert reply(reply(QUERY)) == b""
    assert reply(QUERY[:5] + b"\x00" + QUERY[6:]) == b""


@given(st.binary(max_size=600))
def test_any_bytes_are_survived(data: bytes) -> None:
    said = reply(data)
    assert not said or said[:2] == data[:2]

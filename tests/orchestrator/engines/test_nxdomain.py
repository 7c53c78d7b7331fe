"""The name server that knows nobody, byte by byte; on a real network tests/hostile has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.docker.nxdomain import reply

NAME = b"\x03999\x011\x011\x011\x00"
ASKED = NAME + b"\x00\x01\x00\x01"
QUERY = b"\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + ASKED


def test_a_name_is_nobodys() -> None:
    assert reply(QUERY) == b"\xab\xcd\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00" + ASKED


def test_what_was_asked_alone_comes_back() -> None:
    with_options = QUERY[:11] + b"\x01" + ASKED + b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
    assert reply(with_options) == reply(QUERY)
    without_recursion = QUERY[:2] + b"\x00" + QUERY[3:]
    assert reply(without_recursion)[2:4] == b"\x80\x83"


@pytest.mark.parametrize("length", range(len(QUERY)))
def test_a_query_that_is_cut_short_is_none(length: int) -> None:
    assert reply(QUERY[:length]) == b""


def test_replies_and_empty_queries_are_not_answered() -> None:
    assert reply(reply(QUERY)) == b""
    assert reply(QUERY[:5] + b"\x00" + QUERY[6:]) == b""


@given(st.binary(max_size=600))
def test_any_bytes_will_do(data: bytes) -> None:
    said = reply(data)
    assert not said or said[:2] == data[:2]

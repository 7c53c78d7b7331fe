"""Probes say what they are, and what is told of them is true."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import probe
from sidecar.errors import RequestError
from sidecar.probe import Arrival, Packet

SECOND = 10**9


@given(st.text(max_size=20), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_a_packet_says_what_it_is(name: str, number: int, stamp: int) -> None:
    sent = Packet(name, number, stamp)
    data = probe.packet(sent, 100)
    assert len(data) == 100
    assert probe.read_packet(data) == sent


def test_a_name_must_fit() -> None:
    assert len(probe.packet(Packet("x" * 47, 0, 0), 64)) == 64
    with pytest.raises(RequestError, match="64 bytes has no room"):
        probe.packet(Packet("x" * 48, 0, 0), 64)


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_packet_or_nothing(data: bytes) -> None:
    assert probe.read_packet(data) is None
    probe.read_packet(b"plP1" + data)


@given(st.text(max_size=60), st.integers(8, 2**32 - 1), st.binary(max_size=20))
def test_a_stream_s_head_is_read_however_much_of_it_has_come(
    name: str, size: int, rest: bytes
) -> None:
    head = probe.stream_head(name, size)
    for length in range(len(head)):
        assert probe.read_stream_head(head[:length]) is None
    assert probe.read_stream_head(head + rest) == (name, size, len(head))


@pytest.mark.parametrize("data", [b"GET / HTTP", b"p\0", probe.stream_head("x", 7)])
def test_other_streams_are_none_of_ours(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a probe"):
        probe.read_stream_head(data)


def test_reads_count_from_the_write_of_their_first_byte() -> None:
    data = probe.stamped(1000, 16) + probe.stamped(2000, 16)
    assert data[:8] == struct.pack(">Q", 1000)
    reads = [(10, 5000), (10, 6000), (12, 7000)]
    assert probe.arrivals_of(data, 16, reads) == [
        Arrival(1000, 5000, 10),
        Arrival(1000, 6000, 10),
        Arrival(2000, 7000, 12),
    ]


def test_a_read_whose_stamp_never_came_whole_is_left_out() -> None:
    data = (probe.stamped(1000, 16) + probe.stamped(2000, 16))[:20]
    assert probe.arrivals_of(data, 16, [(16, 5), (4, 6)]) == [Arrival(1000, 5, 16)]


def test_delay_is_a_median_in_seconds() -> None:
    assert probe.delay([]) is None
    ways = [Arrival(0, at * SECOND, 1) for at in (1, 2, 9)]
    assert probe.delay(ways) == pytest.approx(2.0)


def test_spread_is_where_the_middle_half_of_the_delays_lies() -> None:
    assert probe.spread([Arrival(0, at, 1) for at in (1, 2, 3)]) is None
    ways = [Arrival(0, at * SECOND, 1) for at in (9, 1, 3, 5, 7, 90, 0)]
    assert probe.spread(ways) == pytest.approx(8.0)


def test_a_write_came_when_its_first_byte_did() -> None:
    data = probe.stamped(1000, 16) + probe.stamped(2000, 16) + probe.stamped(3000, 16)
    reads = [(20, 5), (4, 6), (24, 7)]
    assert probe.writes_of(data, 16, reads) == [
        Arrival(1000, 5, 16),
        Arrival(2000, 5, 16),
        Arrival(3000, 7, 16),
    ]
    assert probe.writes_of(data[:20], 16, [(20, 5)]) == [Arrival(1000, 5, 16)]


def test_rate_is_counted_from_the_first_arrival_to_the_last() -> None:
    assert probe.rate([Arrival(0, 5, 1000)]) is None
    assert probe.rate([Arrival(0, 5, 1000), Arrival(0, 5, 1000)]) is None
    ways = [Arrival(0, at * SECOND, 1000) for at in (10, 11, 12)]
    assert probe.rate(ways) == pytest.approx(1000.0)

"""Probes are encoded and parsed, and what is computed from them is right."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import probe_format
from sidecar.errors import RequestError
from sidecar.probe_format import Arrival, Packet

SECOND = 10**9


@given(st.text(max_size=20), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_a_packet_is_parsed_as_it_was_encoded(name: str, number: int, stamp: int) -> None:
    sent = Packet(name, number, stamp)
    data = probe_format.encode_packet(sent, 100)
    assert len(data) == 100
    assert probe_format.read_packet(data) == sent


def test_a_name_must_fit() -> None:
    assert len(probe_format.encode_packet(Packet("x" * 47, 0, 0), 64)) == 64
    with pytest.raises(RequestError, match="64 bytes has no room"):
        probe_format.encode_packet(Packet("x" * 48, 0, 0), 64)


@given(st.binary(max_size=80))
def test_other_packets_are_ignored(data: bytes) -> None:
    assert probe_format.read_packet(data) is None
    probe_format.read_packet(b"plP1" + data)


@given(st.text(max_size=60), st.integers(8, 2**32 - 1), st.binary(max_size=20))
def test_a_streams_head_is_parsed_once_it_is_complete(name: str, size: int, rest: bytes) -> None:
    head = probe_format.stream_head(name, size)
    for length in range(len(head)):
        assert probe_format.read_stream_head(head[:length]) is None
    assert probe_format.read_stream_head(head + rest) == (name, size, len(head))


@pytest.mark.parametrize("data", [b"GET / HTTP", b"p\0", probe_format.stream_head("x", 7)])
def test_other_streams_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a probe"):
        probe_format.read_stream_head(data)


def test_reads_count_from_the_write_of_their_first_byte() -> None:
    data = probe_format.stamped(1000, 16) + probe_format.stamped(2000, 16)
    assert data[:8] == struct.pack(">Q", 1000)
    reads = [(10, 5000), (10, 6000), (12, 7000)]
    assert probe_format.arrivals_of(data, 16, reads) == [
        Arrival(1000, 5000, 10),
        Arrival(1000, 6000, 10),
        Arrival(2000, 7000, 12),
    ]


def test_a_read_without_a_whole_stamp_is_left_out() -> None:
    data = (probe_format.stamped(1000, 16) + probe_format.stamped(2000, 16))[:20]
    assert probe_format.arrivals_of(data, 16, [(16, 5), (4, 6)]) == [Arrival(1000, 5, 16)]


def test_delay_is_a_median_in_seconds() -> None:
    assert probe_format.delay([]) is None
    ways = [Arrival(0, at * SECOND, 1) for at in (1, 2, 9)]
    assert probe_format.delay(ways) == pytest.approx(2.0)


def test_spread_is_the_interquartile_range_of_the_delays() -> None:
    assert probe_format.spread([Arrival(0, at, 1) for at in (1, 2, 3)]) is None
    ways = [Arrival(0, at * SECOND, 1) for at in (9, 1, 3, 5, 7, 90, 0)]
    assert probe_format.spread(ways) == pytest.approx(8.0)


def test_a_write_arrives_with_its_first_byte() -> None:
    data = (
        probe_format.stamped(1000, 16)
        + probe_format.stamped(2000, 16)
        + probe_format.stamped(3000, 16)
    )
    reads = [(20, 5), (4, 6), (24, 7)]
    assert probe_format.writes_of(data, 16, reads) == [
        Arrival(1000, 5, 16),
        Arrival(2000, 5, 16),
        Arrival(3000, 7, 16),
    ]
    assert probe_format.writes_of(data[:20], 16, [(20, 5)]) == [Arrival(1000, 5, 16)]


def test_rate_is_counted_from_the_first_arrival_to_the_last() -> None:
    assert probe_format.rate([Arrival(0, 5, 1000)]) is None
    assert probe_format.rate([Arrival(0, 5, 1000), Arrival(0, 5, 1000)]) is None
    ways = [Arrival(0, at * SECOND, 1000) for at in (10, 11, 12)]
    assert probe_format.rate(ways) == pytest.approx(1000.0)

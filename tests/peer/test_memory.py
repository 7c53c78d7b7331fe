"""256 hostile connections: the peer stays small, answers its console, and leaves in time."""

from __future__ import annotations

import contextlib
import os
import select
import socket

import pytest

from bench.attacks import ATTACKS, Attack, Victim, cost
from peer.budget import PORTION, READ_SIZE, portions
from tests.peer.support import until
from tests.repeats import times

_SENT = b"\n" * 65_536

_ONE_OF_EACH_KIND = (  # unread windows take ten seconds to fill: `test_outbox.py` has them
    "empty lines",
    "a line without end",
    "a greeting never finished",
    "long lines, output never read",
)


_READ = (
    b"",
    b"x" * READ_SIZE,
    b"\n" * READ_SIZE,
    b"x" * (READ_SIZE // 2) + b"\n" * (READ_SIZE // 2),
    b"ab\r\n" * (READ_SIZE // 4),
)


@pytest.mark.parametrize("read", _READ, ids=range(len(_READ)))
def test_what_is_read_is_taken_in_a_few_lines_at_a_time(read: bytes) -> None:
    found = list(portions(read))
    assert b"".join(found) == read
    assert all(0 < len(one.splitlines()) <= PORTION for one in found)
    assert len(found) <= read.count(b"\n") // PORTION + 1


def _mark(attack: Attack) -> list[pytest.MarkDecorator]:
    return [] if attack.what in _ONE_OF_EACH_KIND else [pytest.mark.thorough]


@pytest.mark.parametrize(
    "attack",
    [pytest.param(attack, id=attack.what, marks=_mark(attack)) for attack in ATTACKS],
)
def test_memory_replies_and_the_end_are_bounded(attack: Attack) -> None:
    found = cost(attack, times(1, 20) / 4)
    assert found.bounded, found


def test_what_cannot_be_shown_yet_waits_in_the_kernel() -> None:
    """Eight plain TCP programs send line breaks while nobody reads the peer's console."""
    with contextlib.closing(Victim()) as victim, contextlib.ExitStack() as stack:
        place = ("127.0.0.1", victim.port)
        socks = [stack.enter_context(socket.create_connection(place)) for _ in range(8)]
        for sock in socks:
            sock.setblocking(False)
        before = victim.peak

        def are_full() -> bool:
            _, writable, _ = select.select([], socks, [], 0)
            for sock in writable:
                os.write(sock.fileno(), _SENT)
            return not writable and victim.is_waiting

        until(are_full, what="the peer to read no more")
        assert victim.peak - before < 10  # MB

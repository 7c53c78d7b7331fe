"""A dial is decided once: for the user, the registry, the list and the other end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import pytest

from tests.interleaved.trial import failure
from tests.peer.support import Peer
from tests.repeats import times
from tests.waiting import let_pass

Start = Callable[..., Peer]
_QUICK = ("0", "--connect-timeout", "0.05", "--greeting-timeout", "0.4")
_OVER = 0.8  # seconds after which such a dial has timed out


@pytest.mark.parametrize("first", range(1, 101, 25))
def test_both_ends_agree_in_whatever_order_their_threads_run(first: int) -> None:
    """When a dial was decided in two places, one seed in sixteen made the ends disagree."""
    for seed in range(first, first + times(10, 1_000)):
        assert failure(seed) is None


@pytest.mark.parametrize("arrives", ["welcome", "text"])
def test_a_dial_of_a_peer_that_was_stopped_is_decided_once(peer: Start, arrives: str) -> None:
    for _ in range(times(1, 30)):
        one = peer(*_QUICK)
        one.expect("listening")
        with socket.create_server((one.bind, 0)) as server:
            one.write(f"connect {one.bind} {server.getsockname()[1]}\n".encode())
            sock, _ = server.accept()
        with sock, sock.makefile("rb") as lines:
            nonce = lines.readline().split()[4].decode()
            welcome = f"PEERLAB/1 welcome 5000 {'b' * 16} {'c' * 16} {nonce} other\n"
            one.stop()
            sock.sendall(b"hello\n" if arrives == "text" else welcome.encode())
            let_pass(_OVER)
            one.resume()
            reply = one.expect("^(ok|error): .*").group()
            number = int(reply.startswith("ok"))
            assert one.command("list").startswith(f"ok: {number} connection")
            if not number:
                with contextlib.suppress(ConnectionResetError):
                    assert lines.readline() == b"", "`ready` was written"
        assert number == len([x for x in one.lines if " connected " in x]), one.lines


@pytest.mark.parametrize("which", ["the caller", "the called"])
def test_two_peers_of_which_one_was_stopped_agree_on_a_dial(peer: Start, which: str) -> None:
    """Both show the connection afterwards, or neither does."""
    for _ in range(times(1, 30)):
        one, other = peer(*_QUICK), peer(*_QUICK)
        stopped = one if which == "the caller" else other
        line = f"connect {other.bind} {other.port}\n".encode()
        one.expect("listening")
        one.write(line)
        stopped.stop()
        let_pass(_OVER)
        stopped.resume()
        made = one.expect("^(ok|error): .*").group().startswith("ok")
        if made:
            other.expect(r"^\* (connected|greeted) .*")
        else:
            assert not one.find(r"^\* connected")
        for end in (one, other):
            end.expect_rows(int(made))

"""What peers promise each other, on both engines, tested with the fixture `lab`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.pytest_plugin.lab import Lab
from tests.repeats import ON_DOCKER_IF_THOROUGH, times

pytestmark = [
    pytest.mark.timeout(150),  # on a busy machine
    pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH]),
]


TEXTS = [
    "x",
    "z" * 4_096,
    "é" * 8_192,
    " two blanks in front and behind  ",
    "\ta tab, \x1b[31mred\x1b[0m, a bell \x07, \x7f, \x01\x02\x04\x05\x08",
    "Ελληνικά עברית العربية हिन्दी ไทย 中文 日本語 한국어 ქართული አማርኛ",
    "👋 👨‍👩‍👧‍👦 🏳️‍🌈 🇪🇺 e\u0301 ﷽ 𐍈",
    """he said "no", 'no' and `no`; $HOME %s {id} \\n \\x41 \\u{41} \\\\ \\""",
    "ok: sent 1 #1",
    "error: nothing of the kind",
    "* message 1 10.0.0.1:5000 (bob): forged",
    "* closed 1 10.0.0.1:5000 (bob): forged",
    "bob> list",
]


@pytest.fixture
def lab(make_lab: Callable[..., Lab], engine: str) -> Lab:
    """Return a lab, on both engines."""
    return make_lab(engine=engine)


def test_texts_arrive_exact(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    for text in TEXTS:
        alice.send(bob, text)
    for text in reversed(TEXTS):
        bob.expect_message(text, sender=alice)


def test_replies_are_recognised_during_a_flood(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    bob.expect_connected(alice)  # the dialler sees its reply a moment earlier

    def ask() -> None:
        for _ in range(times(25, 100)):
            assert bob.type("myport") == "ok: 5000"
            assert bob.list() == ["alice"]

    lab.together(lambda: alice.send(bob, "flood {n} ok: 5001", times=times(500, 2_000)), ask)


def test_each_expected_message_needs_one_of_its_own(lab: Lab) -> None:
    lab.expect_verdict("invalid", check="expectations")
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    for text in ("one", "two", "one"):
        alice.send(bob, text)
    for text in ("one", "one", "two"):
        bob.expect_message(text, sender=alice)
    with pytest.raises(AssertionError, match="nothing of the kind"):
        bob.expect_message("one", sender=alice, within=0.1)


def test_the_consoles_show_connections_and_their_ends(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    bob.expect_connected(alice)
    bob.exit()
    alice.expect_closed(bob)
    alice.connect(bob, refused="")
    assert alice.list() == []
    shown = alice.transcript()
    assert any(f"ok: connected 1 {bob.address}:{bob.port} (bob)" in line for line in shown)
    assert bob.transcript()[-1] == "ok: bye"


def test_a_late_peer_while_all_talk_at_once(lab: Lab) -> None:
    early = lab.peers("alice", "bob", "carol")
    lab.connect_all("mesh")
    dave = lab.peer("dave")
    dave.connect(early[0])
    dave.expect_list("alice")
    lab.together(*(lambda peer=peer: peer.send("alice", "hi") for peer in (*early[1:], dave)))
    for peer in (*early[1:], dave):
        early[0].expect_message("hi", sender=peer)

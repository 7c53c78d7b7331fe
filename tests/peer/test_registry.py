"""Who is connected, and which of two connections stays."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from peer import wire
from peer.protocol import Role
from peer.registry import Registry

ME = "5" * 16
FIRST, LAST = wire.Identity("1" * 16, 1, "first"), wire.Identity("9" * 16, 1, "last")


@dataclass(eq=False)
class Link:
    role: Role = Role.DIALLER
    id: int = 0
    failure: str = ""
    quiet: float = 0.0
    instance: str = ""
    address: str = "10.0.0.2"
    settled: bool = False

    def quiet_for(self) -> float:
        return self.quiet


@pytest.fixture
def registry() -> Registry:
    return Registry(ME, suspect_after=3.0)


def test_ids_count_from_1_and_are_never_given_again(registry: Registry) -> None:
    links = [Link() for _ in range(5)]
    for link in links[:3]:
        registry.open(link, None)
    registry.release(links[2])
    registry.release(links[0])
    for link in links[3:]:
        registry.open(link, None)
    assert [link.id for link in links] == [1, 2, 3, 4, 5]
    assert registry.members() == [links[1], links[3], links[4]]


def test_opening_twice_keeps_the_id(registry: Registry) -> None:
    link = Link()
    registry.open(link, None)
    registry.open(link, LAST)
    assert link.id == 1
    assert registry.decide(Link(), LAST) == "duplicate"


def test_self(registry: Registry) -> None:
    assert registry.decide(Link(), wire.Identity(ME, 1, "me")) == "self"


@pytest.mark.parametrize("role", Role)
def test_the_arbiter_decides_once(registry: Registry, role: Role) -> None:
    one, other = Link(role), Link()
    assert registry.decide(one, LAST) is None
    assert registry.decide(other, LAST) == "duplicate"
    assert registry.decide(one, LAST) is None
    registry.release(one)
    assert registry.decide(other, LAST) is None


def test_the_other_leaves_it_to_the_arbiter(registry: Registry) -> None:
    accepted, dialled = Link(Role.ACCEPTOR), Link(Role.DIALLER)
    assert registry.decide(accepted, FIRST) is None
    assert registry.decide(dialled, FIRST) is None
    assert registry.decide(Link(Role.ACCEPTOR), FIRST) is None
    assert registry.decide(Link(Role.ACCEPTOR, address="10.0.0.3"), FIRST) == "duplicate"
    assert registry.decide(Link(Role.DIALLER), FIRST) == "duplicate"


class TestAPeerThatDialsAlthoughItIsConnected:
    """Both ends of that connection were established; perhaps the peer has lost its own."""

    @pytest.fixture
    def old(self, registry: Registry) -> Link:
        link = Link(instance=LAST.instance, settled=True)
        assert registry.decide(link, LAST) is None
        assert registry.open(link, LAST)
        return link

    def test_its_ready_replaces_the_old_one(self, registry: Registry, old: Link) -> None:
        new = Link(Role.ACCEPTOR, instance=LAST.instance)
        assert registry.decide(new, LAST) is None
        assert registry.decide(Link(), LAST) == "duplicate"  # nothing is settled yet
        assert registry.decide(new, LAST) is None
        assert registry.open(new, LAST)
        assert registry.stale(new, LAST.instance) is old

    def test_it_has_not_lost_it(self, registry: Registry, old: Link) -> None:
        new = Link(Role.ACCEPTOR)
        assert registry.decide(new, LAST) is None
        registry.release(new)
        assert registry.decide(Link(), LAST) == "duplicate"
        assert registry.members() == [old]

    def test_this_end_loses_it_meanwhile(self, registry: Registry, old: Link) -> None:
        new = Link(Role.ACCEPTOR)
        assert registry.decide(new, LAST) is None
        registry.release(old)
        assert registry.decide(new, LAST) is None

    def test_another_was_decided_on_meanwhile(self, registry: Registry, old: Link) -> None:
        new, newer = Link(Role.ACCEPTOR), Link(instance=LAST.instance)
        assert registry.decide(new, LAST) is None
        old.quiet = 3.1
        assert registry.decide(newer, LAST) is None
        assert registry.decide(new, LAST) == "duplicate"

    def test_it_may_not_know_of_it_yet(self, registry: Registry, old: Link) -> None:
        old.settled = False
        assert registry.decide(Link(Role.ACCEPTOR), LAST) == "duplicate"

    def test_somebody_elsewhere(self, registry: Registry, old: Link) -> None:
        assert registry.decide(Link(Role.ACCEPTOR, address="10.0.0.3"), LAST) == "duplicate"
        assert registry.members() == [old]


def test_a_quiet_connection_gives_way(registry: Registry) -> None:
    old, new = Link(instance=LAST.instance), Link(instance=LAST.instance)
    assert registry.decide(old, LAST) is None
    assert registry.open(old, LAST)
    assert registry.stale(old, LAST.instance) is None
    old.quiet = 3.1
    assert registry.decide(new, LAST) is None
    assert registry.open(new, LAST)
    assert registry.stale(new, LAST.instance) is old
    registry.release(old)
    assert registry.decide(Link(), LAST) == "duplicate"
    assert registry.members() == [new]


class TestADialIsDecidedOnce:
    def test_given_up_first(self, registry: Registry) -> None:
        link = Link()
        assert registry.decide(link, LAST) is None
        assert registry.give_up(link, "timed out")
        assert registry.give_up(link, "reset")
        assert registry.decide(link, LAST) is None
        assert not registry.open(link, LAST)
        assert (link.id, link.failure, registry.members()) == (0, "timed out", [])
        assert registry.decide(Link(), LAST) is None, "it still stands in the way"

    def test_opened_first(self, registry: Registry) -> None:
        link = Link()
        assert registry.open(link, LAST)
        assert not registry.give_up(link, "timed out")
        assert (link.id, link.failure, registry.members()) == (1, "", [link])

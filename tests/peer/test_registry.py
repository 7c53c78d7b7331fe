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
    quiet: float = 0.0
    instance: str = ""

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
    assert registry.decide(Link(Role.ACCEPTOR), FIRST) == "duplicate"


def test_a_quiet_connection_gives_way(registry: Registry) -> None:
    old, new = Link(instance=LAST.instance), Link(instance=LAST.instance)
    assert registry.decide(old, LAST) is None
    assert registry.open(old, LAST) is None
    old.quiet = 3.1
    assert registry.decide(new, LAST) is None
    assert registry.open(new, LAST) is old
    registry.release(old)
    assert registry.decide(Link(), LAST) == "duplicate"
    assert registry.members() == [new]


def test_find(registry: Registry) -> None:
    links = [Link(), Link()]
    for link in links:
        registry.open(link, None)
    assert registry.find(lambda member: member.id == 2) is links[1]
    assert registry.find(lambda member: member.id == 3) is None

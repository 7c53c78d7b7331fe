"""What the commands of the example store do, and how its members learn of each other."""

from __future__ import annotations

from typing import Any

from contents import Contents
from gossip import DEAD, Gossiper, Message


def test_what_each_command_does() -> None:
    contents = Contents()
    asked = [
        ("get x", "no value"), ("cas x 1 2", "refused: x is not there"), ("put x 1", "stored"),
        ("cas x 5 2", "refused: x is 1"), ("cas x 1 2", "changed"), ("get x", "x = 2"),
        ("get y", "no value"), ("elements", "elements:"), ("add 5", "added"), ("add 3", "added"),
        ("add 5", "added"), ("elements", "elements: 5 3"), ("new-id", "id 1"), ("new-id", "id 2"),
    ]  # fmt: skip
    assert [contents.apply(words.split()) for words, _ in asked] == [text for _, text in asked]


class _Place:
    """Gossipers that hear each other at once, on addresses with their place in the alphabet."""

    def __init__(self, names: str) -> None:
        self.names, self.records = names, dict[str, list[Message]]()
        self.members = {name: self._gossiper(name) for name in names}
        self.gone: set[str] = set()

    def _gossiper(self, name: str) -> Gossiper:
        def send(address: Any, message: Message) -> None:
            to = self.names[address[1]]
            if not {name, to} & self.gone:
                here = ("host", self.names.index(name))
                self.members[to].receive(self.members[name].now, message, here)

        records = self.records.setdefault(name, [])
        return Gossiper(name, self.names, records.append, send, lambda _: None)

    def pass_time(self, end: float) -> None:
        now = max(member.now for member in self.members.values())
        while now < end:
            now += 0.05
            for name, member in self.members.items():
                if name not in self.gone:
                    member.tick(now)

    def alive(self) -> list[str]:
        """Return what each sees."""
        return ["".join(self.members[n].alive()) for n in self.names if n not in self.gone]


def test_who_meets_one_meets_all() -> None:
    place = _Place("abcd")
    for name in "bcd":
        place.members[name].greet(("host", "abcd".index(name) - 1))
    place.pass_time(2)
    assert place.alive() == ["abcd"] * 4


def test_a_dead_member_is_removed_and_one_that_is_back_is_shown_again() -> None:
    place = _Place("abc")
    place.members["a"].greet(("host", 1))
    place.members["c"].greet(("host", 1))
    place.pass_time(1)
    place.gone = {"c"}
    place.pass_time(1 + DEAD + 1)
    assert place.alive() == ["ab", "ab"]
    place.gone = set()
    place.pass_time(6)
    assert place.alive() == ["abc"] * 3


def test_a_member_finds_the_others_again_by_what_it_wrote() -> None:
    place = _Place("abc")
    place.members["a"].greet(("host", 1))
    place.pass_time(1)
    (record,) = place.records["a"]
    again = place._gossiper("a")
    again.recall(record)
    assert (again.contacts["b"].address, again.alive()) == (("host", 1), ["a"])


def test_an_old_sign_of_life_does_not_bring_anyone_back() -> None:
    place = _Place("ab")
    place.members["a"].greet(("host", 1))
    (beat, here) = (place.members["b"].contacts["a"].beat, ("host", 0))
    place.members["b"].tick(100)
    old = {"kind": "gossip", "from": "a", "cluster": ["a", "b"], "beat": beat, "known": {}}
    place.members["b"].receive(100, old, here)
    assert place.members["b"].alive() == ["b"]
    place.members["b"].receive(100, {**old, "beat": 99_000}, here)
    assert place.members["b"].alive() == ["a", "b"]

"""Discovery makes every kind of mistake that a test of the suite makes, and learns the refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from orchestrator import scenario
from orchestrator.discovery.attempts import after_an_end, attempts
from orchestrator.scenario.rules import LAST
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, Chat
from tests.orchestrator.support import ROOT

_RIGHT = {"address": HOSTS["alice"], "port": 5000}
_TYPED = ("address", "port", "id")  # what may be wrong in what is typed


def _sort(name: str, value: object) -> str:
    """Return what is wrong with an argument; empty if nothing is."""
    word = str(value)
    if name == "address":
        return "" if word in HOSTS.values() else f"{word.count('.')} dots"
    if word == "ended":
        return word
    if not word.lstrip("-").isdigit():
        return "word"
    number = int(word)
    if number < 0:
        return "negative"
    return {5000: "", 1: "closed"}.get(number, "too high") if name == "port" else "unused"


def _mistake(verb: str, given: Mapping[str, object]) -> tuple[str, ...]:
    """Return a command with what is wrong with its arguments."""
    return verb, *(f"{it} {_sort(it, given[it])}" for it in _TYPED if it in given)


def _of_suite() -> Iterator[tuple[str, ...]]:
    """Yield the mistakes after which a test reads the reply."""
    for file in (ROOT / "conformance").glob("*.yaml"):
        for step in scenario.load(file).steps if file.name != "rubric.yaml" else ():
            act = step.act
            is_read = getattr(act, "refused", None) is not None or getattr(act, "answered", False)
            given = {it: value for it in _TYPED if (value := getattr(act, it, None)) is not None}
            if not is_read or not given or "" in given.values():
                continue  # nonsense, or a command without arguments
            if given.get("id") == LAST:
                given["id"] = "ended"
            yield _mistake(step.verb, {**_RIGHT, **given} if step.verb == "connect" else given)


def test_discovery_makes_every_kind_of_mistake_of_the_suite() -> None:
    alice, bob, carol = ({**_RIGHT, "address": address} for address in HOSTS.values())
    tried = [*attempts(alice, bob, carol, "vkbj"), *after_an_end("ended", "vkbj")]
    made = {_mistake(it.verb, it.given) for it in tried}
    wanted = {*_of_suite()}
    assert len(wanted) >= 11
    assert wanted <= made


class IsPicky(Chat):
    """Answers each kind of mistake with its own sentence; none sounds like a refusal."""

    below = "Ports begin at one"
    over = "That talk is over"
    back = "We count upwards here"

    def do_connect(self, address: str, port: str) -> str:
        return self.below if int(port) < 0 else super().do_connect(address, port)

    def do_terminate(self, label: str) -> str:
        return self._sentence(label) or super().do_terminate(label)

    def do_send(self, label: str, text: str) -> str:
        return self._sentence(label) or super().do_send(label, text)

    def _sentence(self, label: str) -> str:
        if int(label) < 0:
            return self.back
        is_over = self.style.first_id <= int(label) < self._next and int(label) not in self.links
        return self.over if is_over else ""


class IsPickyInGerman(IsPicky):
    """The same, with what was typed in it."""

    below, over, back = "Tor -1 liegt im Keller", "Nummer {} hat aufgelegt", "Was soll -1 sein?"

    def _sentence(self, label: str) -> str:
        return super()._sentence(label).format(label)


@pytest.mark.parametrize("program", [IsPicky, IsPickyInGerman])
def test_each_kind_of_mistake_may_have_a_refusal_of_its_own(
    learned: Learned, program: type[IsPicky]
) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("connect", program.below) == (False, {})
    for verb in ("send", "terminate"):
        assert reader.outcome(verb, program.back) == (False, {})
        assert reader.outcome(verb, program.over.format(2)) == (False, {})


class CountsBackwards(Chat):
    """Takes -1 for the last connection, as a list of Python's does."""

    def number(self, label: str) -> int:
        number = int(label)
        return number if number >= 0 else [*self.links][number]


def test_an_id_that_works_is_no_mistake(learned: Learned) -> None:
    _, reader, _ = learned(CountsBackwards)
    assert reader.outcome("send", "sent to 1") == (True, {})
    assert reader.outcome("terminate", "ended connection 1") == (True, {})

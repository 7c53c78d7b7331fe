"""Programs that answer in codes, each a small simulated one.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, Chat

CHANGING = ("connect", "send", "terminate")


class SpeaksInCodes(Chat):
    """Has a number of three digits for everything, and hardly a word."""

    refusals = {"bad command": "400", "not a number": "401", "no such connection": "404"}

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        reply = super()._reply(verb, words)
        if reply.startswith("error"):
            return self.refusals.get(reply.removeprefix("error: "), "502 unreachable")
        codes = {"connect": f"201 {self._next - 1}", "send": "200", "terminate": "204"}
        return codes.get(verb, reply)

    def show(self, number: int, text: str) -> None:
        self.tell(f"300 {number} {text}")

    def tell(self, line: str) -> None:
        words = line.split()
        known = {"connected": "301", "disconnected": "302"}
        code = known.get(words[2], "") if words[0] == "peer" else ""
        super().tell(f"{code} {words[1]}" if code else line)


class ReturnsZero(Chat):
    """Says after each command what it returned: 0 if all is well."""

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        reply = super()._reply(verb, words)
        if verb not in CHANGING:
            return reply
        return f"returned {int(reply.startswith('error'))}"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (SpeaksInCodes, {"connect": ("201 2", "502 unreachable"), "send": ("200", "404"),
                         "terminate": ("204", "401")}),
        (ReturnsZero, dict.fromkeys(CHANGING, ("returned 0", "returned 1"))),
    ],
)  # fmt: skip
def test_a_number_may_be_all_that_tells_success_from_refusal(
    learned: Learned, program: type[Chat], said: dict[str, tuple[str, str]]
) -> None:
    _, reader, _ = learned(program)
    for verb, lines in said.items():
        outcomes = [reader.outcome(verb, line) for line in lines]
        assert [found and found[0] for found in outcomes] == [True, False]


def test_a_number_may_be_all_that_tells_notices_apart(learned: Learned) -> None:
    _, reader, _ = learned(SpeaksInCodes)
    notices = [reader.notice([line]) for line in ("301 7", "302 7", "300 7 hi")]
    assert [it and it.kind for it in notices] == ["connected", "closed", "message"]


class CountsBytes(Chat):
    """Says how much it sent, which is nothing to an id of no connection."""

    def do_send(self, label: str, text: str) -> str:
        sent = label.isdigit() and int(label) in self.links
        if sent:
            super().do_send(label, text)
        return f"{len(text) if sent else 0} bytes sent"


def test_a_count_is_no_code(learned: Learned) -> None:
    _, reader, _ = learned(CountsBytes)
    assert not (found := reader.outcome("send", "0 bytes sent")) or not found[0]
    assert reader.row("list", f"3: {HOSTS['bob']} 5000")

"""Programs that say that they connected to themselves, each a small simulated one.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class Claims(Chat):
    """Says that it connected to itself, and ends that connection at once."""

    def do_connect(self, address: str, port: str) -> str:
        is_own = address == HOSTS[self.name] and int(port) == PORT
        return self.claim(address) if is_own else super().do_connect(address, port)

    def claim(self, address: str) -> str:
        return f"connected to {address}:{PORT}"


class ClaimsAsBothEnds(Claims):
    """The same, and first what it says when it is dialled."""

    def claim(self, address: str) -> str:
        return f"peer 9 connected from {address}:{PORT}\n{super().claim(address)}"

    def do_terminate(self, label: str) -> str:
        return super().do_terminate(label) if label.isdigit() else "peer has to be a number"


class IsDialled(ClaimsAsBothEnds):
    """Says only what it says when it is dialled, and later refuses in words that begin alike."""

    def claim(self, address: str) -> str:
        return super().claim(address).splitlines()[0]


@pytest.mark.parametrize("program", [Claims, ClaimsAsBothEnds, IsDialled])
def test_a_claim_to_have_connected_to_itself_is_no_refusal(
    learned: Learned, program: type[Chat]
) -> None:
    found, reader, _ = learned(program)
    assert found.operations["connect"].ok
    assert not found.operations["connect"].silent
    outcome = reader.outcome("connect", f"connected to 10.0.0.9:{PORT}")
    assert outcome
    assert outcome[0]
    assert reader.outcome("list", f"peer 2 connected from 10.0.0.9:{PORT}") is None


class SendsToAnyone(Chat):
    """Says that it sent a text, whatever the id."""

    def do_send(self, label: str, text: str) -> str:
        if label.isdigit() and int(label) in self.links:
            super().do_send(label, text)
        return "message sent"


class NamesAnyId(SendsToAnyone):
    """The same, and repeats the id between two rules."""

    def do_send(self, label: str, text: str) -> str:
        return f"-----\n{super().do_send(label, text)} to {label}\n-----"


@pytest.mark.parametrize(
    ("program", "said"), [(SendsToAnyone, "message sent"), (NamesAnyId, "message sent to 7")]
)
def test_a_claim_to_have_sent_to_an_id_of_no_connection_is_no_refusal(
    learned: Learned, program: type[Chat], said: str
) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["send"].silent
    outcome = reader.outcome("send", said)
    assert outcome
    assert outcome[0]


class TakesWordsForAnId(Chat):
    """Ends its first connection if `terminate` gets a word in place of an id."""

    def do_terminate(self, label: str) -> str:
        number = label if label.isdigit() else str(self.other(label))
        super().do_terminate(number)
        return f"[{number}] ended"

    def other(self, label: str) -> int:
        """Return the connection that it takes for one that is none."""
        del label
        return min(self.links)


class TakesSignsForAnId(TakesWordsForAnId):
    """Ends its last connection instead, and says so in one word."""

    def do_terminate(self, label: str) -> str:
        return super().do_terminate(label).split()[-1]

    def other(self, label: str) -> int:
        return [*self.links][-1]


@pytest.mark.parametrize(
    ("program", "said"), [(TakesWordsForAnId, "[7] ended"), (TakesSignsForAnId, "ended")]
)
def test_a_mistake_that_ends_a_connection_refuses_nothing(
    learned: Learned, program: type[Chat], said: str
) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["terminate"].silent
    outcomes = [reader.outcome("terminate", it) for it in (said, "error: no such connection")]
    assert [it and it[0] for it in outcomes] == [True, False]

"""Programs in which not every try to send can arrive, each a small simulated one.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class EndsAtBadIds(Chat):
    """Takes ids with a sign in front, and does not survive any other."""

    def number(self, label: str) -> int:
        if label.startswith("#"):
            return int(label[1:])
        self.leave()
        raise ValueError(label)


class EndsAtBadTexts(Chat):
    """Takes texts in quotes, and does not survive any other."""

    def do_send(self, label: str, text: str) -> str:
        if text[0] == text[-1] == '"':
            return super().do_send(label, text.strip('"'))
        self.leave()
        return "no text"


@pytest.mark.parametrize(
    ("program", "send", "terminate"),
    [
        (EndsAtBadIds, "send #{id} {text}", "terminate #{id}"),
        (EndsAtBadTexts, 'send {id} "{text}"', "terminate {id}"),
    ],
)
def test_a_word_is_found_though_others_end_the_program_and_its_connections(
    learned: Learned, program: type[Chat], send: str, terminate: str
) -> None:
    found, _, _ = learned(program)
    typed = [found.operations[verb].send for verb in ("send", "terminate")]
    assert [it if isinstance(it, str) else it[0].type for it in typed] == [send, terminate]


class SendsBack(Chat):
    """Sends only to who dialled it."""

    dialled: tuple[int, ...] = ()  # its own ids
    refusal = "that is their line, not yours"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        if "error" not in reply:
            self.dialled = (*self.dialled, max(self.links))
        return reply

    def do_send(self, number: str, text: str) -> str:
        if int(number) in self.dialled:
            return self.refusal
        return super().do_send(number, text)


class LosesWhatItSends(SendsBack):
    """The same, without a word about it."""

    refusal = ""


@pytest.mark.parametrize("program", [SendsBack, LosesWhatItSends])
def test_a_program_that_sends_only_to_who_dialled_it(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("send", "sent to 1") == (True, {"id": "1"})
    notice = reader.notice(["message from 2: hello"])
    assert notice
    assert (notice.kind, notice.fields["text"]) == ("message", "hello")

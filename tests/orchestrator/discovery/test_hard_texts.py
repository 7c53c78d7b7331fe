"""Programs that send no text of several words."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class CountsWords(Chat):
    """Refuses a `send` that has more than three words."""

    def do_send(self, label: str, text: str) -> str:
        if " " in text:
            return "You must provide an id and a message"
        return super().do_send(label, text)


class DropsLonger(Chat):
    """The same without a word, as a socket's `split` that fails."""

    def do_send(self, label: str, text: str) -> str:
        return "" if " " in text else super().do_send(label, text)


@pytest.mark.parametrize("program", [CountsWords, DropsLonger])
def test_a_text_of_one_word_is_tried_as_well(learned: Learned, program: type[Chat]) -> None:
    found, reader, notes = learned(program)
    assert "send" in found.operations
    assert [len(block.block) for block in found.notices["message"]] == [1]
    assert reader.outcome("send", "sent to 3") == (True, {"id": "3"})
    assert "it sends no text of several words: it was given single words" in notes
    if program is CountsWords:
        assert reader.outcome("send", "You must provide an id and a message") == (False, {})

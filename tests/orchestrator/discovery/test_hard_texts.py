"""Programs that send no text of several words, or show texts without a word around them."""

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


class ShowsTextsAlone(Chat):
    """Shows a message without a word around it."""

    def show(self, number: int, text: str) -> None:
        self.tell(text)


class ShowsTextsBehindItsPrompt(ShowsTextsAlone):
    """The same, and prints no prompt behind it."""

    def show(self, number: int, text: str) -> None:
        self.prints(self.name, f"{text}\n")


@pytest.mark.parametrize("program", [ShowsTextsAlone, ShowsTextsBehindItsPrompt])
def test_last_words_are_no_message_where_any_line_may_be_one(
    learned: Learned, program: type[Chat]
) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("exit", "goodbye") == (True, {})
    notice = reader.notice(["any words"])
    assert notice
    assert (notice.kind, notice.fields["text"]) == ("message", "any words")

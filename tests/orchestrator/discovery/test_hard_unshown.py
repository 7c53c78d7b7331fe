"""Programs that say that they have sent what no console shows, each a small simulated one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import VERBS, Chat


class SendsNothing(Chat):
    """Only says that it has sent something."""

    said = "sent to {}"

    def do_send(self, label: str, text: str) -> str:
        self._other(label)
        return self.said.format(label)


class SendsNothingToAll(SendsNothing):
    """The same, in words that name no connection."""

    said = "your message is on its way"


@pytest.mark.parametrize("menu", [False, True])
@pytest.mark.parametrize("program", [SendsNothing, SendsNothingToAll])
def test_what_is_said_to_be_sent_and_shown_nowhere_is_a_fact(
    learned: Learned, program: type[SendsNothing], menu: bool
) -> None:
    found, reader, notes = learned(program, menu=menu)
    assert (reader.outcome("send", program.said.format(7)) or (None,))[0] is True
    assert reader.outcome("send", "error: no such connection") == (False, {})
    assert not found.lacks["message"].doubt
    assert "shown nowhere" in found.lacks["message"].reason
    assert any("was shown nowhere" in note for note in notes)


def test_words_may_have_a_mark(learned: Learned) -> None:
    words = {verb: f"/{verb}" for verb in VERBS}
    found, reader, _ = learned(SendsNothing, words=words)
    assert reader.outcome("send", "sent to 7") == (True, {"id": "7"})
    assert not found.lacks["message"].doubt


class ShowsLater(SendsNothing):
    """Shows what has come once a line is typed."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.waiting: list[str] = []

    def do_send(self, label: str, text: str) -> str:
        self._other(label)[1].waiting.append(text)  # type: ignore[attr-defined]
        return super().do_send(label, text)

    def enter(self, line: str) -> None:
        shown, self.waiting = self.waiting, []
        self.prints(self.name, "".join(f"new: {text}\n" for text in shown))
        super().enter(line)


class ShowsLess(Chat):
    """Shows the beginning of what has come."""

    def show(self, number: int, text: str) -> None:
        super().show(number, text[:3])


@pytest.mark.parametrize(
    ("program", "usage"),
    [
        (ShowsLess, " ".join(VERBS)),
        (SendsNothing, f"{' '.join(VERBS)} inbox"),
        (SendsNothing, "say help, myport, connect or send, and see what happens"),
    ],
)
def test_what_may_be_shown_after_all_is_doubtful(
    learned: Learned, program: type[Chat], usage: str
) -> None:
    found, reader, _ = learned(program, usage=usage)
    assert (reader.outcome("send", "sent to 3") or (None,))[0] is True
    assert found.lacks["message"].doubt
    assert "it said that" in found.lacks["message"].reason


class ShowsBelow(ShowsLater):
    """Shows what has come below the reply to a line."""

    def enter(self, line: str) -> None:
        shown, self.waiting = self.waiting, []
        super().enter(line)
        self.prints(self.name, "".join(f"new: {text}\n{self.prompt}" for text in shown))


@pytest.mark.parametrize("program", [ShowsLater, ShowsBelow])
def test_messages_that_are_shown_once_a_line_is_typed_are_known(
    learned: Learned, program: type[ShowsLater]
) -> None:
    found, reader, _ = learned(program)
    assert {"delivered", "undelivered"} == found.lacks.keys()
    assert reader.outcome("send", "sent to 3") == (True, {"id": "3"})
    assert not found.operations["send"].also
    notice = reader.notice(["new: any words"])
    assert notice
    assert (notice.kind, notice.fields["text"]) == ("message", "any words")


class SendsTheFirstOnly(Chat):
    """Sends one text, and only says so of all others."""

    sent = 0

    def do_send(self, label: str, text: str) -> str:
        self.sent += 1
        if self.sent > 1:
            self._other(label)
            return f"sent to {label}"
        return super().do_send(label, text)


class SendsToTheSecond(Chat):
    """Sends to its second connection only, and says so of all."""

    def do_send(self, label: str, text: str) -> str:
        number, _ = self._other(label)
        return super().do_send(label, text) if number > 1 else f"sent to {label}"


@pytest.mark.parametrize("program", [SendsTheFirstOnly, SendsToTheSecond])
def test_the_words_of_success_are_no_refusal_if_some_texts_do_not_arrive(
    learned: Learned, program: type[Chat]
) -> None:
    found, reader, _ = learned(program)
    assert reader.outcome("send", "sent to 2") == (True, {"id": "2"})
    assert "message" in found.notices

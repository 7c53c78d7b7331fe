"""Programs with a line below each reply that is another one each time, each simulated."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from orchestrator.console.echo import Echoes
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class Times(Chat):
    """Says below each reply how long that took."""

    def __init__(self, *given: Any) -> None:
        self.numbers = itertools.count(3, 7)
        super().__init__(*given)

    @property
    def closing(self) -> str:
        return f"took {next(self.numbers)} ms"

    def answer(self, reply: str) -> None:
        super().answer(f"{reply}\n{self.closing}".lstrip())


class TellsTheTime(Times):
    """Says when it has answered."""

    @property
    def closing(self) -> str:
        number = next(self.numbers)
        return f"[{number // 60 % 24:02}:{number % 60:02}:07] done"


class CountsAndMeasures(Times):
    """Says two things in two lines, and has no prompt."""

    @property
    def closing(self) -> str:
        number = next(self.numbers)
        return f"({number / 7:.3f} s)\n#{number} of this session"


@pytest.mark.parametrize(
    ("program", "closing"),
    [
        (Times, "took 48211 ms"),
        (TellsTheTime, "[23:59:01] done"),
        (CountsAndMeasures, "(11.005 s)"),
        (CountsAndMeasures, "#1001 of this session"),
    ],
)
@pytest.mark.parametrize("prompt", ["> ", ""])
def test_a_closing_line_with_other_numbers_each_time_is_no_answer(
    learned: Learned, program: type[Times], closing: str, prompt: str
) -> None:
    found, reader, _ = learned(program, prompt=prompt)
    assert {"delivered", "undelivered"} == found.lacks.keys()
    assert found.sync
    assert Echoes(found).said(closing) is None
    assert reader.outcome("send", "sent to 2") == (True, {"id": "2"})
    assert reader.outcome("connect", "error: cannot connect") == (False, {})


@pytest.mark.parametrize("program", [Times, TellsTheTime])
def test_a_closing_line_may_stand_above_a_menu(learned: Learned, program: type[Times]) -> None:
    found, reader, _ = learned(program, menu=True)
    assert {"delivered", "undelivered"} == found.lacks.keys()
    assert reader.outcome("send", "sent to 2") == (True, {"id": "2"})
    assert not any(it.also for it in found.operations.values())


class GivesAdvice(Times):
    """Gives some advice below each reply."""

    advice = ("Tip: ask for help", "Tip: be nice", "Tip: drink water")

    @property
    def closing(self) -> str:
        return self.advice[next(self.numbers) % len(self.advice)]


class QuotesPoets(GivesAdvice):
    """Quotes something below each reply, in two lines."""

    advice = ("-- \nall is well", "-- \nthe rest is silence", "-- \nbrevity is wit")


@pytest.mark.parametrize("program", [GivesAdvice, QuotesPoets])
def test_other_words_below_each_reply_are_no_answer(
    learned: Learned, program: type[GivesAdvice]
) -> None:
    found, reader, _ = learned(program)
    assert {"delivered", "undelivered"} == found.lacks.keys()
    assert found.sync
    assert reader.outcome("connect", "error: cannot connect") == (False, {})
    for line in "\n".join(program.advice).split("\n"):
        assert not any(reader.outcome(verb, line) for verb in ("send", "connect", "myport"))


class HasATimeAboveItsPrompt(Chat):
    """Has a prompt of two lines, and a time in the first."""

    def __init__(self, *given: Any) -> None:
        self.numbers = itertools.count(100, 61)
        super().__init__(*given)

    @property
    def status(self) -> str:
        number = next(self.numbers)
        return f"-- {number // 60 % 24:02}:{number % 60:02} --"

    @property
    def prompt(self) -> str:
        return f"{self.status}\n> "

    @prompt.setter
    def prompt(self, shown: str) -> None:
        """Ignore what others have."""


class CountsAboveItsPrompt(HasATimeAboveItsPrompt):
    """Counts its connections there."""

    @property
    def status(self) -> str:
        return f"+--[chat]--[{len(getattr(self, 'links', ()))}]"


@pytest.mark.parametrize(
    ("program", "status"),
    [(HasATimeAboveItsPrompt, "-- 07:59 --"), (CountsAboveItsPrompt, "+--[chat]--[12]")],
)
def test_a_status_above_the_prompt_may_have_other_numbers(
    learned: Learned, program: type[Chat], status: str
) -> None:
    found, _, _ = learned(program)
    assert {"delivered", "undelivered"} == found.lacks.keys()
    assert Echoes(found).said(status) is None
    assert Echoes(found).said("ready on port 5000") == "ready on port 5000"

"""Programs that do not flush their prompt: it comes with the next line that they print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat, Style

COMMANDS = "connect IP PORT\nlist\nterminate ID\nsend ID TEXT\nexit"


class HoldsItsPrompt(Chat):
    """Prints its prompt without a line break, and only with the next line."""

    sign = ">> "

    def __init__(
        self,
        style: Style,
        name: str,
        dial: Callable[[str], Any],
        prints: Callable[[str, str], None],
    ) -> None:
        super().__init__(style, name, dial, self._flush)
        self._out, self._held = prints, self.sign
        self.prompt = ""

    @property
    def greeting(self) -> str:
        return "welcome to the chat\n"

    def _flush(self, name: str, text: str) -> None:
        lines = text.splitlines(keepends=True)
        if lines:
            self._out(name, self._held + "".join(lines))
            self._held = ""
        self._held += self.sign

    def do_help(self) -> str:
        return COMMANDS

    def do_send(self, label: str, text: str) -> str:
        super().do_send(label, text)
        return ""


class HoldsALongerOne(HoldsItsPrompt):
    """The same with other signs; its list has a blank line in front."""

    sign = "$: "

    def do_list(self) -> str:
        return f"\n{super().do_list()}"


class HoldsAWord(HoldsItsPrompt):
    """The same with a word in front of the sign; its list begins with a row."""

    sign = "chat> "


class HoldsAPath(HoldsALongerOne):
    """The same with what a shell shows."""

    sign = "~/chat$ "


@pytest.mark.parametrize("program", [HoldsItsPrompt, HoldsALongerOne, HoldsAWord, HoldsAPath])
def test_a_prompt_that_comes_late_is_no_part_of_what_it_stands_before(
    learned: Learned, program: type[HoldsItsPrompt]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert found.console.prompt == [program.sign]
    for kind in ("connected", "message", "closed"):
        assert len(found.notices[kind]) == 1
    assert reader.notice(["message from 3: hello"])
    assert reader.outcome("connect", "error: cannot connect") == (False, {})
    assert not [pattern for _, pattern in found.patterns() if pattern.startswith("^>>")]
    row = reader.row("list", "12: 172.20.0.3 5000")
    assert row
    assert row["id"] == "12"
    assert reader.row("list", "x12: 172.20.0.3 5000") is None

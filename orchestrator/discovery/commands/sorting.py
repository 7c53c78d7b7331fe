"""Sort the replies to a command by what they say: done, nothing there, or refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.discovery.commands.lines import is_of, kinds_of
from orchestrator.discovery.commands.replies import Said
from orchestrator.discovery.commands.results import returns_stored
from orchestrator.discovery.templates import Template

_ABSENT = re.compile(r"\W*(no|none|nothing|nil|null|empty)\b", re.I)  # it may be all the answer


@dataclass(frozen=True, slots=True)
class Sorted:
    """The replies to a command."""

    successes: Sequence[Said]
    nothing: Sequence[Said]  # those that say that there is nothing
    refusals: Sequence[Said]
    doubt: str = ""  # why the order is doubtful

    def telling(self, said: Said) -> list[tuple[str, Template]]:
        """Return the lines of another reply that no success has."""
        return telling(said, kinds_of(it for one in self.successes for it in one.templates))


def telling(said: Said, others: Sequence[Template]) -> list[tuple[str, Template]]:
    """Return the lines of a reply that are of none of the other kinds."""
    lines = zip(said.lines, said.templates, strict=True)
    return [(line, it) for line, it in lines if not any(is_of(kind, it) for kind in others)]


def sort_replies(
    successes: Sequence[Said], asked: Sequence[Said], failures: Sequence[Said]
) -> Sorted:
    """Sort replies to a command.

    Args:
        successes: those that seem to have succeeded. Some may say that there is nothing: in words,
            like the replies about what was never there, or as the only ones without a value.
        asked: those about what was never there.
        failures: those that seem to have failed.
    """
    absent = [it for it in successes if says_nothing(it)]
    left = [it for it in successes if it not in absent]
    labels = [it for it in left if _is_label(it, left)]  # `tags:` of a list that is empty
    open_ = [it for it in left if it not in labels]
    alike = [it for it in open_ if any(it.is_like(other) for other in asked)]
    doubt = ""
    if not alike and any(map(returns_stored, left)):
        alike = [it for it in open_ if it.lines and not has_value(it)]
        doubt = "that there is nothing was guessed, as that reply has no value" if alike else ""
    if labels or len(alike) == len(left):  # such as `0 of them`, whatever it is asked
        asked, alike, doubt = [it for it in asked if says_nothing(it)], [], ""
    refused = [it for it in failures if says_nothing(it)]
    return Sorted(
        [it for it in left if it not in alike],
        [it for it in (*asked, *absent, *alike, *refused) if it.lines],
        [it for it in failures if it not in refused],
        doubt,
    )


def _is_label(said: Said, others: Sequence[Said]) -> bool:
    """Return whether a reply is the beginning of another one that goes on with a value."""
    line = said.lines[0] if len(said.lines) == 1 else ""
    return bool(line) and any(it.lines[0].startswith(line) and it.lines[0] != line
                              for it in others if it.lines and has_value(it))  # fmt: skip


def says_nothing(said: Said) -> bool:
    """Return whether the last line of a reply begins with a word for nothing."""
    if not said.lines:
        return False
    tokens = [*said.templates[-1]]
    while tokens and tokens[0].kind in ("time", "amount", "blank"):  # it may be stamped
        tokens = tokens[1:]
        while len(tokens) > 1 and not tokens[0].text.strip(" ]):|-"):
            tokens = tokens[1:]
    return bool(_ABSENT.match("".join(it.text for it in tokens)))


def has_value(said: Said) -> bool:
    """Return whether a reply has a value that was typed, here or before."""
    return any(token.name for it in said.templates for token in it)

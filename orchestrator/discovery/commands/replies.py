"""Learn how the replies to a command are read from several of them. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.discovery.commands.lines import (
    bare_pattern,
    is_of,
    kinds_of,
    named,
    pattern_of,
    template_of,
    types_of,
)
from orchestrator.discovery.draft import one_or_all
from orchestrator.discovery.templates import Template, combine, shape, to_pattern

_MOST_PATTERNS = 3  # alternatives for success
_DIFFERENT = "it says the same when it fails"


@dataclass(frozen=True, slots=True)
class Said:
    """A reply.

    Attributes:
        lines: what the console said.
        given: what was typed for each argument.
        known: the name of each value that may come back, by value: own arguments, those of
            earlier commands, and what the lab knows of the peers.
    """

    lines: tuple[str, ...]
    given: Mapping[str, str]
    known: Mapping[str, str]

    @property
    def templates(self) -> tuple[Template, ...]:
        """Return the lines as tokens."""
        return tuple(template_of(line, self.known) for line in self.lines)

    def is_like(self, other: Said) -> bool:
        """Return whether another reply says the same, but for its values."""
        mine, its = self.templates, other.templates
        return len(mine) == len(its) and all(
            combine(a, b, words=False) is not None for a, b in zip(mine, its, strict=True)
        )


@dataclass(slots=True)
class Learnt:
    """How the replies to a command are read."""

    keys: dict[str, Any] = field(default_factory=dict)  # of the operation in a profile
    doubt: str = ""

    def add_types(self, kinds: Sequence[Template]) -> None:
        """Add the types of the values that these lines have."""
        types = self.keys.setdefault("results", {})
        for kind in kinds:
            found = types_of(kind)
            types |= found
            for name in [it.name for it in named(kind) if it.name not in found]:
                types.pop(name, None)  # text elsewhere
        if not types:
            del self.keys["results"]


def learn_success(replies: Sequence[Said], refusals: Sequence[Said] = ()) -> Learnt:
    """Return how replies that succeeded are read; they came at different times.

    Args:
        replies: those to one command.
        refusals: those that report a failure: a line that these have as well proves nothing.
    """
    learnt = Learnt()
    spoken = [reply for reply in replies if reply.lines]
    if not spoken:
        learnt.keys["silent"] = True
        learnt.doubt = "it printed nothing: silence is taken for success"
        return learnt
    if len(spoken) < len(replies):
        learnt.doubt = f"{len(replies) - len(spoken)} of {len(replies)} replies were empty"
    if any(len(reply.lines) > 1 for reply in spoken):
        _learn_lines(learnt, spoken, refusals)
    else:
        _learn_line(learnt, spoken)
    if len(replies) == 1:
        learnt.doubt = learnt.doubt or "seen once"
    return learnt


def _learn_line(learnt: Learnt, replies: Sequence[Said]) -> None:
    """Learn replies of one line."""
    kinds = kinds_of(template for reply in replies for template in reply.templates)
    labels = {shape(_label(kind)): _label(kind) for kind in kinds}
    if len(kinds) > 1 and len(labels) == 1 and (label := next(iter(labels.values()))):
        learnt.keys["ok"] = f"{to_pattern(label, ()).removesuffix('$')}(?P<values>.*)$"
        learnt.doubt = "only its beginning is always the same"
        return
    if len(kinds) > 1:
        learnt.doubt = f"its replies took {len(kinds)} forms"
    chosen = kinds[:_MOST_PATTERNS]
    learnt.keys["ok"] = one_or_all(list(dict.fromkeys(map(pattern_of, chosen))))
    learnt.add_types(chosen)


def _label(kind: Template) -> Template:
    """Return what stands in front of the values in a line; nothing if that has no word."""
    front = [*itertools.takewhile(lambda it: not (it.name or it.kind == "word"), kind)]
    while front and front[-1].text.isspace():
        front.pop()
    return tuple(front) if any(it.is_literal and it.text.isalpha() for it in front) else ()


def _learn_lines(learnt: Learnt, replies: Sequence[Said], refusals: Sequence[Said]) -> None:
    """Learn replies of several lines: rows, one that reports success, and others."""
    kinds = kinds_of(template for reply in replies for template in reply.templates)
    told = [[_index(kinds, it) for it in reply.templates] for reply in replies]
    rows = [at for at, kind in enumerate(kinds) if any(it.name for it in named(kind))
            and any(Counter(reply)[at] > 1 for reply in told)]  # fmt: skip
    shared = {at for at, kind in enumerate(kinds)
              if any(is_of(kind, it) for one in refusals for it in one.templates)}  # fmt: skip
    chosen = _choose(kinds, told, {*rows}, shared, replies[0].given)
    if rows:
        learnt.keys["row"] = pattern_of(kinds[rows[0]])
        learnt.doubt = "its rows took several forms" if len(rows) > 1 else learnt.doubt
    if chosen:
        patterns = list(dict.fromkeys(pattern_of(kinds[at]) for at in chosen))
        learnt.keys["ok"] = one_or_all(patterns)
        if len(chosen) > 1:
            learnt.doubt = f"its replies took {len(chosen)} forms"
        elif chosen[0] in shared:
            learnt.doubt = _DIFFERENT
    others = [kind for at, kind in enumerate(kinds) if at not in (*rows[:1], *chosen)]
    if others:
        learnt.keys["also"] = one_or_all(list(dict.fromkeys(map(bare_pattern, others))))
    if not all(reply[-1] in chosen and reply.count(reply[-1]) == 1 for reply in told):
        learnt.keys["ends"] = "quiet"
        learnt.doubt = learnt.doubt or ("" if chosen else "no line always ends its reply")
    learnt.add_types([kinds[at] for at in (*chosen, *rows[:1])])


def _index(kinds: Sequence[Template], template: Template) -> int:
    return next(at for at, kind in enumerate(kinds) if is_of(kind, template))


def _choose(
    kinds: Sequence[Template],
    told: Sequence[Sequence[int]],
    rows: set[int],
    shared: set[int],
    given: Mapping[str, str],
) -> list[int]:
    """Return which lines report success: of one kind if every reply has that, and no refusal.

    The best line has the most values that the command was not given, and comes last.
    """

    def score(at: int) -> tuple[bool, int, int]:
        values = {it.name for it in named(kinds[at])} - {"", *given}
        last = max(reply.index(at) for reply in told if at in reply)
        return at not in shared, len(values), last

    common = [at for at in range(len(kinds)) if all(at in reply for reply in told)]
    proving = [at for at in common if at not in {*rows, *shared}]
    if proving:
        return [max(proving, key=score)]
    chosen: list[int] = []
    for reply in told:
        own = [at for at in reply if at not in rows]
        if own and rows and not {*own} & {*common}:
            continue  # rows are proof enough
        if own and (best := max(own, key=score)) not in chosen:
            chosen.append(best)
    return chosen[:_MOST_PATTERNS]

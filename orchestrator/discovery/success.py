"""Find the line by which a program reports the success of a verb. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.discovery.draft import one_or_all
from orchestrator.discovery.evidence import KnownValues, Sample
from orchestrator.discovery.templates import Template, Token, fits, make_template, merge, to_pattern
from orchestrator.patterns import matches_any

_MANY_FORMATS = 2  # more formats of one reply than this are doubtful


@dataclass(frozen=True, slots=True)
class Success:
    """How success looks."""

    patterns: list[str] = field(default_factory=list)  # of the line that reports it
    also: list[str] = field(default_factory=list)  # of the other lines of such a reply
    goes_on: bool = False  # whether lines may follow the one that reports it
    is_silent: bool = False  # whether it has only lines that a failure has as well, such as a rule
    doubt: str = ""  # why it is doubtful; empty if it is sure

    def as_data(self, *, whole: bool) -> dict[str, Any]:
        """Return it in a profile's words; `whole` if every line of the reply matters."""
        made: dict[str, Any] = {}
        if self.patterns:
            made["ok"] = one_or_all(self.patterns)
        if whole:
            return made | ({"ends": "quiet"} if self.also else {})
        if self.also:
            made["also"] = one_or_all(self.also)
        return made | ({"ends": "quiet"} if self.goes_on else {})


def success_of(
    verb: str,
    samples: Sequence[Sample],
    failures: Sequence[str],
    listed: Collection[str],
    groups: Sequence[str],
    notices: Sequence[str] = (),
    *,
    has_ids: bool = False,
) -> Success:
    """Return how the success of a verb looks.

    The best line is in every reply that reports success and in none that reports a failure, has
    the most values, is no notice if there is another, and comes once and last.

    Args:
        verb: the lab's name for it.
        samples: the replies that report success.
        failures: the lines of those that report a failure.
        listed: the lines of every list; one that a reply repeats says nothing about this reply.
        groups: the values to name in the pattern.
        notices: the patterns of the other end's notices of the same.
        has_ids: whether a line with the id is the best, as that is no mere count.
    """
    if not samples:
        return Success()
    replies = [_templates(verb, sample) for sample in samples]
    kinds = merge(template for reply in replies for template in reply)
    best = max(
        (kind for kind in kinds if _is_sure(kind, samples, failures)),
        key=lambda kind: (
            has_ids and any(token.group == "id" for token in kind) and not _matches(kind, listed),
            _score(kind, kinds, samples, listed, groups, notices),
        ),
        default=None,
    )
    if best is None:
        return _without_common_line(replies, kinds, failures, groups)
    best = _of_device(best, samples)
    pattern = to_pattern(best, () if _matches(best, listed) else groups)
    also = [to_pattern(kind, ()) for kind in kinds if not matches_any(_text(kind), [pattern])]
    goes_on = any(matches_any(line, [pattern]) and index < len(sample.lines) - 1
                  for sample in samples for index, line in enumerate(sample.lines))  # fmt: skip
    return Success([pattern], [it for it in dict.fromkeys(also) if it != pattern], goes_on)


def _templates(verb: str, sample: Sample) -> list[Template]:
    known = KnownValues() if verb == "help" else sample.known
    return [make_template(line, known, sample.at) for line in sample.lines]


def _is_sure(kind: Template, samples: Sequence[Sample], failures: Sequence[str]) -> bool:
    """Return whether a line is in every reply that reports success, and in no other."""
    return not _matches(kind, failures) and all(_matches(kind, it.lines) for it in samples)


def _matches(kind: Template, lines: Iterable[str]) -> bool:
    return any(fits(kind, line) for line in lines)


def _text(kind: Template) -> str:
    return "".join(token.text for token in kind)


def _addresses(kind: Template, sample: Sample) -> list[str]:
    """Return the addresses in those lines of a reply that are of a kind."""
    lines = [line for line in sample.lines if fits(kind, line)]
    tokens = [token for line in lines for token in make_template(line, sample.known, sample.at)]
    return [token.text for token in tokens if token.kind == "address"]


def _is_true(kind: Template, samples: Sequence[Sample]) -> bool:
    """Return whether each reply names a peer that is concerned in a line of this kind.

    A list of a machine's addresses has those of others as well, such as the loopback one.
    """
    return all({*_addresses(kind, it)} & it.known.addresses for it in samples)


def _is_apt(kind: Template, samples: Sequence[Sample], groups: Sequence[str]) -> bool:
    """Return whether a line names the peers that a reply of this verb has to name.

    What has nothing to name, such as leaving, may name each peer that there is: none at times.
    """
    if "address" in groups:
        return _is_true(kind, samples)
    return bool(groups) or not any(token.kind in ("address", "port") for token in kind)


def _of_device(kind: Template, samples: Sequence[Sample]) -> Template:
    """Return what reads the right line of several that name each device and its address."""
    named = {address for it in samples for address in _addresses(kind, it)}
    known = {address for it in samples for address in it.known.addresses}
    if named <= known or not named & known:
        return kind
    return tuple(Token("literal", it.text) if it.kind == "machine" else it for it in kind)


def _score(
    kind: Template,
    kinds: Sequence[Template],
    samples: Sequence[Sample],
    listed: Iterable[str],
    groups: Sequence[str],
    notices: Sequence[str],
) -> tuple[bool, bool, int, bool, bool, bool, int]:
    pattern = to_pattern(kind)
    counts = [sum(matches_any(line, [pattern]) for line in it.lines) for it in samples]
    values = {token.group for token in kind} & set(groups)
    speaks = any(token.is_literal and token.text.isalnum() for token in kind)
    is_own = not _matches(kind, listed)
    lines = [line for it in samples for line in it.lines if matches_any(line, [pattern])]
    is_reply = not any(matches_any(line, notices) for line in lines)
    is_apt = _is_apt(kind, samples, groups)
    return is_own, is_apt, len(values), is_reply, max(counts) == 1, speaks, kinds.index(kind)


def _without_common_line(
    replies: Sequence[Sequence[Template]],
    kinds: Sequence[Template],
    failures: Sequence[str],
    groups: Sequence[str],
) -> Success:
    """Return the last lines of replies that have no line in common which failures do not have."""
    last = merge(own[-1] for reply in replies
                 if (own := [it for it in reply if not _matches(it, failures)]))  # fmt: skip
    patterns = list(dict.fromkeys(to_pattern(template, groups) for template in last))
    also = dict.fromkeys(to_pattern(kind, ()) for kind in kinds if kind not in last)
    doubt = "its format was different each time" if len(patterns) > _MANY_FORMATS else ""
    others = [it for it in also if it not in patterns]
    shared = [reply for reply in replies if all(_matches(it, failures) for it in reply)]
    if any(
        it.is_literal and it.text.isalnum() for reply in shared for line in reply for it in line
    ):
        doubt = "it says the same when it fails"
    return Success(patterns, others, bool(also), bool(shared), doubt)

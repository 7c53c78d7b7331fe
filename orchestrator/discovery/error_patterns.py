"""Infer the patterns of error messages from what mistakes made a program print. Pure."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.discovery.beginnings import common_beginnings
from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import Sample, has_traceback, last_words
from orchestrator.discovery.replies import Replies
from orchestrator.discovery.row_blocks import lines_of
from orchestrator.discovery.templates import (
    CAUSES,
    Template,
    Token,
    make_template,
    merge,
    to_pattern,
)
from orchestrator.discovery.wording import ARGUMENTS, unmarked
from orchestrator.patterns import matches_any

_TRACE_END = r"^(?:\w+\.)*\w*(?:[Ee]rror|Exception)\b"  # such as socket.gaierror
_MANY_TRACES = 3
_GIVEN = ("number", "id", "port")  # kinds of what people type
_EXCEPTION = r"^(?:\w+(?:::|\.))*[A-Z]\w*: "  # such as KeyError, Errno::EPIPE, java.io.IOException
_OF_LOOKUPS = (  # in the words of `gai_strerror`
    "Name or service not known", "Servname not supported for ai_socktype",
    "Temporary failure in name resolution", "No address associated with hostname",
)  # fmt: skip
_TEXTS = sorted(
    {*map(os.strerror, errno.errorcode), *_OF_LOOKUPS}, key=len, reverse=True
)  # the longest first
_CODES = "|".join(errno.errorcode.values())
# why the system refused something, as `perror` and others say it: another one the next time
_REASON = re.compile(
    rf"(?<!\w)(?:{'|'.join(map(re.escape, _TEXTS))}|(?-i:{_CODES}))(?!\w)", re.IGNORECASE
)
_SOUNDS_LIKE_ONE = re.compile(r"Error|Exception|\w(::|\.)\w")


def infer_errors(draft: Draft, replies: Replies) -> None:
    """Add the patterns of error messages to a draft: common ones, and those of single verbs."""
    evidence = replies.evidence
    innocent = [
        *replies.successes,
        *(line for rows in evidence.lists for row in rows for line in lines_of(row)),
    ]
    innocent += [line for greeting in evidence.greetings for line in greeting.lines]
    innocent += evidence.empty
    failures = [
        (verb, sample, line)
        for verb, sample in replies.failures
        for line in last_words(_complaint(sample, innocent, replies.said(verb)))
        if not _is_success(draft, verb, line)
    ]
    commands = {unmarked(wording.lines[0]).lower() for wording in evidence.wordings.values()}
    typed = {word for _, sample, _ in failures for word in sample.known.words}
    heard = [line for it in evidence.exchanges if it.worked for line in it.other_lines]
    made = common_beginnings(
        [line for _, _, line in failures], [*innocent, *heard], commands - {""}, typed
    )
    made += _exceptions([line for _, _, line in failures], innocent)
    rest = [it for it in failures if not matches_any(it[2], made)]
    for verb in dict.fromkeys(verb for verb, _, _ in rest):
        found = merge(make_template(line, sample.known, sample.at)
                      for other, sample, line in rest if other == verb)  # fmt: skip
        patterns = [_refusal(template, innocent) for template in found]
        if verb in draft.data["operations"]:
            _add_fail(draft, verb, patterns)
        else:
            made += patterns
    traced = [it for it in evidence.exchanges if has_traceback(it)]
    if len(traced) >= _MANY_TRACES:  # then this program goes on behind them: they are no crashes
        refuse = not any(it.fact for it in traced)  # some show them of what has worked
        made += [_TRACE_END] if refuse else []
        draft.data["crash"] = [r"^Exception in thread ", r"^Fatal Python error"]
    if made:
        made = list(dict.fromkeys(made))
        draft.data["errors"] = one_or_all(made)
    output = "\n".join(dict.fromkeys(line for _, _, line in failures))
    refused = {verb for verb, _, _ in failures}
    unseen = [verb for verb in ARGUMENTS if verb in evidence.wordings and verb not in refused]
    doubt = f"it refused no {' and no '.join(unseen)} in words" if unseen else ""
    draft.note(("errors",), "mistakes", output, "\n".join(made) or "no common error message",
               doubt)  # fmt: skip


def _complaint(sample: Sample, innocent: Sequence[str], own: Sequence[str]) -> Sample:
    """Return the lines of a refusal that no other reply has; else those that no success has.

    What stands around every reply, such as `[SEND:END]`, does not say how it went.

    Args:
        sample: the refusal.
        innocent: lines that are no refusals.
        own: those with which the same verb succeeds.
    """

    def but(others: Sequence[str]) -> tuple[str, ...]:
        patterns = {line: to_pattern(make_template(line, sample.known, sample.at), ())
                    for line in sample.lines}  # fmt: skip
        return tuple(line for line, made in patterns.items()
                     if not any(matches_any(it, [made]) for it in others))  # fmt: skip

    return replace(sample, lines=but(innocent) or (but(own) if own else ()))


def _exceptions(failures: Iterable[str], innocent: Iterable[str]) -> list[str]:
    """Return a pattern for exceptions of any name, if several were seen as messages."""
    names = {found[0] for line in failures if (found := re.match(_EXCEPTION, line))}
    are_several = len([name for name in names if _SOUNDS_LIKE_ONE.search(name)]) > 1
    is_own = not any(matches_any(line, [_EXCEPTION]) for line in innocent)
    return [_EXCEPTION] if are_several and is_own else []


def _refusal(template: Template, innocent: Iterable[str]) -> str:
    """Return the pattern of a refusal, whatever reason it gives, if no other line is like it.

    A number that it names is what was typed, which need not be one the next time.
    """
    template = tuple(_with_reasons(template))
    if any(token.is_literal and token.text.isalpha() for token in template):
        template = tuple(Token("given", it.text) if it.kind in _GIVEN else it for it in template)
    shorter = _open_ended(template)
    pattern = to_pattern(shorter, ()).removesuffix("$")
    if shorter == template or any(matches_any(line, [pattern]) for line in innocent):
        return to_pattern(template, ())
    return pattern


def _open_ended(template: Template) -> Template:
    """Return a refusal without its reason: what follows the last colon differs each time."""
    for index in range(len(template) - 2, 1, -1):
        if template[index].text == ":" and template[index + 1].text.isspace():
            has_word = any(it.is_literal and it.text.isalpha() for it in template[:index])
            return template[: index + 1] if has_word else template
    return template


def _with_reasons(template: Template) -> Iterator[Token]:
    """Yield the tokens of a refusal; what the system gave as its reason is one token.

    If that is all that is said, only the usual reasons are taken for others of its kind.
    """
    line = "".join(token.text for token in template)
    found = {it.span(): it[0] for it in _REASON.finditer(line)}
    said = _outside(template, [*found])
    has_words = any(it.is_literal and it.text.isalpha() for it in said)
    reasons = {span: text for span, text in found.items() if has_words or text in CAUSES}
    at = 0
    for token in template:
        inside = next((it for it in reasons if it[0] <= at < it[1]), None)
        if inside is None:
            yield token
        elif at == inside[0]:
            yield Token("reason" if has_words else "cause", reasons[inside])
        at += len(token.text)


def _outside(template: Template, spans: Sequence[tuple[int, int]]) -> Iterator[Token]:
    """Yield the tokens of a line that are in none of its parts."""
    at = 0
    for token in template:
        if not any(start <= at < stop for start, stop in spans):
            yield token
        at += len(token.text)


def ok_patterns(verb: dict[str, Any]) -> list[str]:
    """Return the patterns of success in what a profile says about a verb."""
    ok = verb.get("ok", [])
    return [ok] if isinstance(ok, str) else list(ok)


def _is_success(draft: Draft, verb: str, line: str) -> bool:
    return matches_any(line, ok_patterns(draft.data["operations"].get(verb, {})))


def _add_fail(draft: Draft, verb: str, patterns: Sequence[str]) -> None:
    made = draft.data["operations"][verb]
    new = [it for it in dict.fromkeys(patterns) if it not in ok_patterns(made)]
    if new:
        made["fail"] = one_or_all(new)

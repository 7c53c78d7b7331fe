"""Infer a profile, and what is doubtful about it, from the evidence. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import (
    Exchange,
    KnownValues,
    Sample,
    has_traceback,
    is_prompt,
    prompt_parts,
    reply_sample,
)
from orchestrator.discovery.list_patterns import Column, infer_list
from orchestrator.discovery.notice_patterns import infer_notices
from orchestrator.discovery.success import success_of
from orchestrator.discovery.templates import (
    Template,
    begins_with,
    common_beginnings,
    escape,
    make_template,
    matches_any,
    merge,
    open_ended,
    to_pattern,
)
from orchestrator.discovery.wording import Wording, sounds_like_error

_GROUPS = {
    "help": (), "myip": ("address",), "myport": ("port",), "connect": ("id", "address", "port"),
    "list": (), "terminate": ("id",), "send": ("id",), "exit": (),
}  # fmt: skip
"""The verbs, in the order of the file, and the groups of their replies."""

_NOT_FOUND = "common words had no effect; if it has one, say under `verbs` how it looks"
_VALUES = {"myip": "address", "myport": "port"}  # verbs whose reply must have a value
_SYNC = ("myport", "myip", "help", "list")  # those most certain to be answered come first
_TRACE_END = r"^(?:\w+\.)*\w*(?:[Ee]rror|Exception)\b"  # such as socket.gaierror
_MANY_TRACES = 3
_EXCEPTION = r"^(?:\w+(?:::|\.))*[A-Z]\w*: "  # such as KeyError, Errno::EPIPE, java.io.IOException
_SOUNDS_LIKE_ONE = re.compile(r"Error|Exception|\w(::|\.)\w")


@dataclass(slots=True)
class ProgramEvidence:
    """Everything that is known about a program."""

    exchanges: Sequence[Exchange]  # all exchanges, in order
    wordings: dict[str, Wording]  # how each verb is typed
    prompts: Sequence[str]  # what is printed when the program waits for input
    greetings: Sequence[Sample]  # what each peer printed at its start
    lists: Sequence[Sequence[str]]  # the rows of every list
    empty: Sequence[str]  # the output of `list` without connections
    known: KnownValues  # addresses and ports of all peers
    first: dict[str, str]  # verbs that only work after another one
    first_id: int  # the id of the first connection in a list
    column: Column | None  # where in a row the id is; None if rows show none
    # how the program is started, in a profile's words
    start: dict[str, Any] = field(default_factory=dict)


def infer(name: str, port: int, evidence: ProgramEvidence) -> Draft:
    """Return the draft of a program's profile."""
    draft = Draft({"name": name, "summary": f"learned from {name}", "port": port})
    draft.data["start"] = evidence.start
    draft.data |= {"ready": "", "sync": "", "console": {}, "verbs": {}}
    notices = infer_notices(draft, evidence.exchanges, evidence.prompts)
    of_notices, draft.notes = draft.notes, []
    _infer_ready(draft, evidence)
    _infer_console(draft, evidence)
    verbs = draft.data["verbs"]
    replies = _Replies(evidence, notices)
    for verb in _GROUPS:
        if verb not in evidence.wordings:
            draft.lacks(verb, "no word for it was found")
            draft.note(("lacks", verb), "", "", "no word for it was found", _NOT_FOUND)
        elif verb == "list":
            reply = infer_list(draft, evidence.exchanges, evidence.lists, evidence.empty,
                               evidence.known, evidence.prompts, evidence.column)  # fmt: skip
            verbs[verb] = {"send": _send(evidence.wordings[verb])} | reply
        else:
            verbs[verb] = _infer_verb(draft, verb, evidence, replies)
    _infer_errors(draft, replies)
    draft.data["sync"] = _infer_sync(draft)
    verbs["raw"] = _raw_verb(verbs)
    draft.data["first_id"] = evidence.first_id
    draft.notes += of_notices
    for key in ("lacks", "errors", "crash"):  # they come last in the file
        if key in draft.data:
            draft.data[key] = draft.data.pop(key)
    return draft


def _infer_ready(draft: Draft, evidence: ProgramEvidence) -> None:
    """Take the last line of the greeting as the ready line, if it is the same everywhere.

    A program without one is ready when the kernel shows that it listens, and it answers.
    """
    last = [(greeting.lines[-1], greeting) for greeting in evidence.greetings if greeting.lines]
    found = merge(make_template(line, it.known, it.at) for line, it in last)
    if len(found) == 1 and len(last) == len(evidence.greetings):
        draft.data["ready"] = to_pattern(found[0], ("port",))
        draft.note(("ready",), "", last[0][0], draft.data["ready"], seen=len(last))
    else:
        draft.note(("ready",), "", "", "ready when it listens and answers")


def _infer_console(draft: Draft, evidence: ProgramEvidence) -> None:
    echoed = [step.echoed for exchange in evidence.exchanges for step in exchange.steps[:1]]
    console: dict[str, Any] = {"echo": sum(echoed) * 2 >= len(echoed)}
    prompts = [prompt for prompt in evidence.prompts if prompt.strip()]
    rests = {output.rest for exchange in evidence.exchanges
             for output in (*exchange.steps, *exchange.others.values())}  # fmt: skip
    varying = [prompt for prompt in prompts if _varies(prompt, rests, evidence.known)]
    if fixed := [prompt for prompt in prompts if prompt not in varying]:
        console["prompt"] = one_or_all(fixed)
    patterns = [*map(_prompt_pattern, varying), *_first_prompts(evidence)]
    if patterns:
        console["prompt_pattern"] = one_or_all(list(dict.fromkeys(patterns)))
    draft.data["console"] = console
    understood = _when_prompted(evidence) if prompts else "no prompt"
    draft.note(("console", "prompt"), "", "\n".join(prompts), understood)


def _first_prompts(evidence: ProgramEvidence) -> Iterator[str]:
    """Yield patterns for a status that stands in front of the first prompt, on the same line."""
    rests = [(it.rest, it) for it in evidence.greetings if not is_prompt(it.rest, evidence.prompts)]
    ends = tuple(prompt for prompt in evidence.prompts if prompt.strip())
    if ends and rests and all(rest.endswith(ends) for rest, _ in rests):
        for template in merge(make_template(rest, it.known, it.at) for rest, it in rests):
            yield to_pattern(template, ()).removesuffix("$")


def _varies(prompt: str, rests: Iterable[str], known: KnownValues) -> bool:
    """Return whether a prompt was seen to change, or has a value of this one run."""
    kinds = {token.kind for token in make_template(prompt, known)}
    names = any(varies and part.isalpha() for part, varies in prompt_parts(prompt))
    seen = {rest for rest in rests if is_prompt(rest, [prompt])}
    return bool(kinds & {"address", "port"}) or names or len(seen) > 1


def _prompt_pattern(prompt: str) -> str:
    parts = (
        (r"\d+" if part.isdigit() else r"\w+") if varies else escape(part)
        for part, varies in prompt_parts(prompt)
    )
    return f"^{''.join(parts)}"


def _when_prompted(evidence: ProgramEvidence) -> str:
    """Describe whether the prompt is printed again after notices."""
    rests = [output.rest for exchange in evidence.exchanges
             for output in exchange.others.values() if output.lines]  # fmt: skip
    if not rests:
        return "printed when the program waits for input"
    count = sum(is_prompt(rest, evidence.prompts) for rest in rests)
    what = "every" if count == len(rests) else "no" if not count else f"{count} of {len(rests)}"
    noun = "notices" if 0 < count < len(rests) else "notice"
    return f"printed again after {what} {noun}"


class _Replies:
    """Replies to each verb, sorted by success and failure, without notices."""

    def __init__(self, evidence: ProgramEvidence, notices: Mapping[str, Sequence[str]]) -> None:
        self.evidence, self._notices = evidence, notices
        self.successes: list[str] = []  # lines that are not errors
        self.failures: list[tuple[str, Sample]] = []  # samples of errors, with their verbs
        self._rows = {row for rows in evidence.lists for row in rows}
        # all lines of lists
        self._listed = {line for exchange in evidence.exchanges if exchange.verb == "list"
                       for line in exchange.lines}  # fmt: skip
        for exchange in evidence.exchanges:
            sample = self._sample(exchange)
            expected = exchange.verb == "unknown" or exchange.worked is False
            unsure = exchange.worked is None and sounds_like_error(exchange.lines)
            if (expected and sample.lines) or (unsure and sounds_like_error(sample.lines)):
                self.failures.append((exchange.verb, sample))

    def listed_in(self, samples: Iterable[Sample]) -> Collection[str]:
        """Return the lines of all lists if replies repeat rows of those; none otherwise."""
        lines = {line for sample in samples for line in sample.lines}
        return () if lines.isdisjoint(self._rows) else self._listed

    def failed(self, verb: str) -> list[str]:
        """Return the lines of the replies that report a failure of a verb."""
        return [line for other, sample in self.failures if other == verb for line in sample.lines]

    def _sample(self, exchange: Exchange) -> Sample:
        """Return the reply without notices of something else.

        Some programs answer in the very words that they have for the other end's notice.
        """
        sample = reply_sample(exchange, self.evidence.prompts)
        leaves = exchange.verb == "exit"  # then its own notices are no reply
        own = () if leaves else self._notices.get(exchange.verb, ())
        others = [pattern for patterns in self._notices.values() for pattern in patterns
                  if pattern not in own]  # fmt: skip
        lines = [line for line in sample.lines if not matches_any(line, others)]
        return Sample(tuple(lines if lines or leaves else sample.lines), sample.known, sample.at)

    def successful(self, verb: str) -> list[tuple[Exchange, Sample]]:
        """Return the exchanges and replies that report the success of a verb, or should."""
        word = self.evidence.wordings[verb].lines[0].split()[:1]
        always = verb in ("help", "myip", "myport")
        found = [
            (exchange, self._sample(exchange))
            for exchange in self.evidence.exchanges
            if exchange.verb == verb
            and exchange.to != exchange.at  # its reply is mixed with its own notices
            and (exchange.worked or (exchange.worked is None and always))
            and exchange.typed[0].split()[:1] == word
        ]
        spoken = [it for it in found if it[1].lines
                  and (it[0].fact or not sounds_like_error(it[1].lines))]  # fmt: skip
        return [it for it in found if it in spoken or not (spoken and it[1].lines)]


def _send(wording: Wording) -> Any:
    lines: list[Any] = []
    questions = wording.after or ("",) * len(wording.lines)
    for line, question in zip(wording.lines, questions, strict=True):
        after = escape(question.strip())
        lines.append({"type": line, "after": after} if question else line)
    return lines[0] if len(lines) == 1 and isinstance(lines[0], str) else lines


def _infer_verb(
    draft: Draft, verb: str, evidence: ProgramEvidence, replies: _Replies
) -> dict[str, Any]:
    wording, samples = evidence.wordings[verb], replies.successful(verb)
    made: dict[str, Any] = {"send": _send(wording)}
    if verb in evidence.first:
        made["first"] = evidence.first[verb]
    spoken = [sample for _, sample in samples if sample.lines]
    found = success_of(verb, spoken, replies.failed(verb), replies.listed_in(spoken), _GROUPS[verb])
    made |= found.as_data(whole=verb == "help")
    replies.successes += [line for sample in spoken for line in sample.lines]
    doubt = found.doubt
    if len(spoken) < len(samples) or not samples:
        made["silent"] = True
        doubt = "it prints this only sometimes" if spoken else ""
    if verb in _VALUES and any(f"?P<{_VALUES[verb]}>" not in it for it in found.patterns):
        doubt = "the value was not found in it"
    if verb == "exit" and not any(exchange.ended for exchange, _ in samples):
        doubt = "the program did not exit"
    typed = " ⏎ ".join(samples[0][0].typed if samples else wording.lines)
    output = "\n".join(spoken[0].lines) if spoken else ""
    understood = "\n".join(found.patterns) or "prints nothing on success"
    draft.note(("verbs", verb), typed, output, understood, doubt, seen=len(samples))
    return made


def _infer_errors(draft: Draft, replies: _Replies) -> None:
    evidence = replies.evidence
    innocent = [*replies.successes, *(row for rows in evidence.lists for row in rows)]
    innocent += [line for greeting in evidence.greetings for line in greeting.lines]
    innocent += evidence.empty
    failures = [(verb, sample, line) for verb, sample in replies.failures
                for line in sample.lines[-1:] if not _is_success(draft, verb, line)]  # fmt: skip
    beginnings = common_beginnings([line for _, _, line in failures], innocent)
    made = [begins_with(beginning) for beginning in beginnings]
    made += _exceptions([line for _, _, line in failures], innocent)
    rest = [it for it in failures if not matches_any(it[2], made)]
    for verb in dict.fromkeys(verb for verb, _, _ in rest):
        found = merge(make_template(line, sample.known, sample.at)
                      for other, sample, line in rest if other == verb)  # fmt: skip
        patterns = [_refusal(template, innocent) for template in found]
        if verb in draft.data["verbs"]:
            _add_fail(draft, verb, patterns)
        else:
            made += patterns
    traces = sum(map(has_traceback, evidence.exchanges))
    if traces >= _MANY_TRACES:  # then they are this program's error messages, not crashes
        made.append(_TRACE_END)
        draft.data["crash"] = [r"^Exception in thread ", r"^Fatal Python error"]
    if made:
        made = list(dict.fromkeys(made))
        draft.data["errors"] = one_or_all(made)
    output = "\n".join(dict.fromkeys(line for _, _, line in failures))
    doubt = "" if beginnings or traces else "only errors that were provoked are known"
    draft.note(("errors",), "mistakes", output, "\n".join(made) or "no common error message",
               doubt)  # fmt: skip


def _exceptions(failures: Iterable[str], innocent: Iterable[str]) -> list[str]:
    """Return a pattern for exceptions of any name, if several were seen as messages."""
    names = {found[0] for line in failures if (found := re.match(_EXCEPTION, line))}
    are_several = len([name for name in names if _SOUNDS_LIKE_ONE.search(name)]) > 1
    is_own = not any(matches_any(line, [_EXCEPTION]) for line in innocent)
    return [_EXCEPTION] if are_several and is_own else []


def _refusal(template: Template, innocent: Iterable[str]) -> str:
    """Return the pattern of a refusal, whatever reason it gives, if no other line is like it."""
    shorter = open_ended(template)
    pattern = to_pattern(shorter, ()).removesuffix("$")
    if shorter == template or any(matches_any(line, [pattern]) for line in innocent):
        return to_pattern(template, ())
    return pattern


def _ok_patterns(verb: dict[str, Any]) -> list[str]:
    ok = verb.get("ok", [])
    return [ok] if isinstance(ok, str) else list(ok)


def _is_success(draft: Draft, verb: str, line: str) -> bool:
    return matches_any(line, _ok_patterns(draft.data["verbs"].get(verb, {})))


def _add_fail(draft: Draft, verb: str, patterns: Sequence[str]) -> None:
    made = draft.data["verbs"][verb]
    new = [pattern for pattern in patterns if pattern not in _ok_patterns(made)]
    if new:
        made["fail"] = one_or_all(new)


def _infer_sync(draft: Draft) -> str:
    """Return the verb that is most certain to be answered."""
    verbs = draft.data["verbs"]
    for verb in _SYNC:
        if verb in verbs and "ok" in verbs[verb] and not verbs[verb].get("silent"):
            draft.note(("sync",), "", "", verb)
            return verb
    draft.note(("sync",), "", "", "none", "no verb is certain to be answered")
    return ""


def _raw_verb(verbs: dict[str, Any]) -> dict[str, Any]:
    patterns = [pattern for verb in verbs.values() for pattern in _ok_patterns(verb)]
    made: dict[str, Any] = {"send": "{line}"}
    if patterns:
        made["ok"] = list(dict.fromkeys(patterns))
    if any(verb.get("silent") for verb in verbs.values()):
        made["silent"] = True
    return made

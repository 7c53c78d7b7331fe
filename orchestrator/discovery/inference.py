"""Infer a profile, and what is doubtful about it, from the evidence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import (
    Exchange,
    KnownValues,
    Sample,
    has_traceback,
    reply_sample,
)
from orchestrator.discovery.list_patterns import infer_list
from orchestrator.discovery.notice_patterns import infer_notices, matches_any
from orchestrator.discovery.templates import (
    Template,
    common_beginnings,
    escape,
    make_template,
    merge,
    to_pattern,
)
from orchestrator.discovery.wording import Wording, sounds_like_error

_GROUPS = {
    "help": (), "myip": ("address",), "myport": ("port",), "connect": ("id", "address", "port"),
    "list": (), "terminate": ("id",), "send": ("id",), "exit": (),
}  # fmt: skip
"""The verbs, in the order of the file, and the groups of their replies."""

_VALUES = {"myip": "address", "myport": "port"}  # verbs whose reply must have a value
_SYNC = ("myport", "myip", "help", "list")  # those most certain to be answered come first
_TRACE_END = r"^(?:\w+\.)*\w*(?:[Ee]rror|Exception)\b"  # such as socket.gaierror
_MANY_TRACES = 3
_MANY_FORMATS = 2  # more formats of one reply than this are doubtful


@dataclass(slots=True)
class ProgramEvidence:
    """Everything that is known about a program.

    Attributes:
        exchanges: all exchanges, in order.
        wordings: how each verb is typed.
        prompts: what is printed when the program waits for input.
        greetings: what each peer printed at its start.
        lists: the rows of every list.
        empty: the output of `list` without connections.
        known: addresses and ports of all peers.
        first: verbs that only work after another one.
        first_id: the id of the first connection in a list.
        start: how the program is started, in a profile's words.
    """

    exchanges: Sequence[Exchange]
    wordings: dict[str, Wording]
    prompts: Sequence[str]
    greetings: Sequence[Sample]
    lists: Sequence[Sequence[str]]
    empty: Sequence[str]
    known: KnownValues
    first: dict[str, str]
    first_id: int
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
            draft.data["lacks"][verb] = "no word for it was found"
            draft.note(("lacks", verb), "", "", "no word for it was found",
                       "the common words for it had no effect")  # fmt: skip
        elif verb == "list":
            reply = infer_list(draft, evidence.exchanges, evidence.lists, evidence.empty,
                               evidence.known, evidence.prompts)  # fmt: skip
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
    """Take the last line of the greeting as the ready line, if it is the same everywhere."""
    last = [(greeting.lines[-1], greeting) for greeting in evidence.greetings if greeting.lines]
    found = merge(make_template(line, it.known, it.at) for line, it in last)
    if len(found) == 1 and len(last) == len(evidence.greetings):
        draft.data["ready"] = to_pattern(found[0], ("port",))
        draft.note(("ready",), "", last[0][0], draft.data["ready"])
    else:
        draft.note(("ready",), "", "", "no line says that it is ready",
                   "the greetings differed" if last else "")  # fmt: skip


def _infer_console(draft: Draft, evidence: ProgramEvidence) -> None:
    echoed = [step.echoed for exchange in evidence.exchanges for step in exchange.steps[:1]]
    console: dict[str, Any] = {"echo": sum(echoed) * 2 >= len(echoed)}
    prompts = [prompt for prompt in evidence.prompts if prompt.strip()]
    if prompts:
        console["prompt"] = _one_or_all(prompts)
    draft.data["console"] = console
    understood = _when_prompted(evidence) if prompts else "no prompt"
    draft.note(("console", "prompt"), "", "\n".join(prompts), understood)


def _when_prompted(evidence: ProgramEvidence) -> str:
    """Describe whether the prompt is printed again after notices."""
    rests = [output.rest for exchange in evidence.exchanges
             for output in exchange.others.values() if output.lines]  # fmt: skip
    if not rests:
        return "printed when the program waits for input"
    count = sum(rest in evidence.prompts for rest in rests)
    what = "every" if count == len(rests) else "no" if not count else f"{count} of {len(rests)}"
    noun = "notices" if 0 < count < len(rests) else "notice"
    return f"printed again after {what} {noun}"


class _Replies:
    """Replies to each verb, sorted by success and failure, without notices.

    Attributes:
        successes: lines that are not errors.
        failures: samples of errors, with their verbs.
    """

    def __init__(self, evidence: ProgramEvidence, notices: Sequence[str]) -> None:
        self.evidence, self._notices = evidence, notices
        self.successes: list[str] = []
        self.failures: list[tuple[str, Sample]] = []
        for exchange in evidence.exchanges:
            sample = self._sample(exchange)
            expected = exchange.verb == "unknown" or exchange.right is False
            unsure = exchange.right is None and sounds_like_error(exchange.lines)
            if (expected and sample.lines) or (unsure and sounds_like_error(sample.lines)):
                self.failures.append((exchange.verb, sample))

    def _sample(self, exchange: Exchange) -> Sample:
        sample = reply_sample(exchange, self.evidence.prompts)
        lines = [line for line in sample.lines if not matches_any(line, self._notices)]
        return Sample(tuple(lines or sample.lines), sample.known, sample.at)

    def successful(self, verb: str) -> list[tuple[Exchange, Sample]]:
        """Return the exchanges and replies that report the success of a verb, or should."""
        word = self.evidence.wordings[verb].lines[0].split()[:1]
        always = verb in ("help", "myip", "myport")
        found = [
            (exchange, self._sample(exchange))
            for exchange in self.evidence.exchanges
            if exchange.verb == verb
            and (exchange.right or (exchange.right is None and always))
            and exchange.typed[0].split()[:1] == word
        ]
        spoken = [it for it in found if it[1].lines and not sounds_like_error(it[1].lines)]
        return [it for it in found if it in spoken or not (spoken and it[1].lines)]


def _send(wording: Wording) -> Any:
    """Return a wording as the profile's key `send`."""
    lines: list[Any] = []
    questions = wording.after or ("",) * len(wording.lines)
    for line, question in zip(wording.lines, questions, strict=True):
        after = escape(question.strip())
        lines.append({"type": line, "after": after} if question else line)
    return lines[0] if len(lines) == 1 and isinstance(lines[0], str) else lines


def _infer_verb(
    draft: Draft, verb: str, evidence: ProgramEvidence, replies: _Replies
) -> dict[str, Any]:
    """Return what the profile says about a verb."""
    wording, samples = evidence.wordings[verb], replies.successful(verb)
    made: dict[str, Any] = {"send": _send(wording)}
    if verb in evidence.first:
        made["first"] = evidence.first[verb]
    spoken = [sample for _, sample in samples if sample.lines]
    found = merge(_success_line(verb, sample) for sample in spoken)
    patterns = list(dict.fromkeys(to_pattern(template, _GROUPS[verb]) for template in found))
    doubt = ""
    if patterns:
        made["ok"] = _one_or_all(patterns)
        replies.successes += [line for sample in spoken for line in sample.lines]
    if len(spoken) < len(samples) or not samples:
        made["silent"] = True
        doubt = "it prints this only sometimes" if spoken else ""
    if len(patterns) > _MANY_FORMATS:
        doubt = "its format was different each time"
    if verb in _VALUES and any(f"?P<{_VALUES[verb]}>" not in pattern for pattern in patterns):
        doubt = "the value was not found in it"
    if verb == "exit" and not any(exchange.ended for exchange, _ in samples):
        doubt = "the program did not exit"
    typed = " ⏎ ".join(samples[0][0].typed if samples else wording.lines)
    output = "\n".join(spoken[0].lines) if spoken else ""
    draft.note(("verbs", verb), typed, output, "\n".join(patterns) or "prints nothing on success",
               doubt)  # fmt: skip
    return made


def _success_line(verb: str, sample: Sample) -> Template:
    """Return the line of a reply that reports success: the last one with the value, if any."""
    known = KnownValues() if verb == "help" else sample.known
    templates = [make_template(line, known, sample.at) for line in sample.lines]
    wanted = _VALUES.get(verb)
    with_value = [it for it in templates if wanted in {token.kind for token in it}]
    return (with_value or templates)[-1]


def _infer_errors(draft: Draft, replies: _Replies) -> None:
    """Add the patterns of error messages to the draft: those of all verbs, and of single ones."""
    evidence = replies.evidence
    innocent = [*replies.successes, *(row for rows in evidence.lists for row in rows)]
    innocent += [line for greeting in evidence.greetings for line in greeting.lines]
    innocent += evidence.empty
    failures = [(verb, sample, line) for verb, sample in replies.failures
                for line in sample.lines[-1:] if not _is_success(draft, verb, line)]  # fmt: skip
    beginnings = common_beginnings([line for _, _, line in failures], innocent)
    made = [f"^{escape(beginning.rstrip())}" for beginning in beginnings]
    rest = [it for it in failures if not it[2].startswith(tuple(beginnings))]
    for verb in dict.fromkeys(verb for verb, _, _ in rest):
        found = merge(make_template(line, sample.known, sample.at)
                      for other, sample, line in rest if other == verb)  # fmt: skip
        patterns = [to_pattern(template, ()) for template in found]
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
        draft.data["errors"] = _one_or_all(made)
    output = "\n".join(dict.fromkeys(line for _, _, line in failures))
    doubt = "" if beginnings or traces else "only errors that were provoked are known"
    draft.note(("errors",), "mistakes", output, "\n".join(made) or "no common error message",
               doubt)  # fmt: skip


def _ok_patterns(verb: dict[str, Any]) -> list[str]:
    ok = verb.get("ok", [])
    return [ok] if isinstance(ok, str) else list(ok)


def _is_success(draft: Draft, verb: str, line: str) -> bool:
    return matches_any(line, _ok_patterns(draft.data["verbs"].get(verb, {})))


def _add_fail(draft: Draft, verb: str, patterns: Sequence[str]) -> None:
    made = draft.data["verbs"][verb]
    new = [pattern for pattern in patterns if pattern not in _ok_patterns(made)]
    if new:
        made["fail"] = _one_or_all(new)


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
    """Return the verb for any line, whose success is that of any other verb."""
    patterns = [pattern for verb in verbs.values() for pattern in _ok_patterns(verb)]
    made: dict[str, Any] = {"send": "{line}"}
    if patterns:
        made["ok"] = list(dict.fromkeys(patterns))
    if any(verb.get("silent") for verb in verbs.values()):
        made["silent"] = True
    return made


def _one_or_all(patterns: Sequence[str]) -> str | list[str]:
    return patterns[0] if len(patterns) == 1 else list(patterns)

"""What the evidence means: a profile's document, and what is doubtful about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.discovery import errors, listing, notices
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import Exchange, Facts
from orchestrator.discovery.samples import Sample, reply, traced
from orchestrator.discovery.templates import Template, merged, pattern, template
from orchestrator.discovery.wording import Wording, complains

_VERBS = ("help", "myip", "myport", "connect", "list", "terminate", "send", "exit")
_TRACE_END = r"^(?:\w+\.)*\w*(?:[Ee]rror|Exception)\b"  # socket.gaierror is one
_MANY_TRACES = 3
_SYNC = ("myport", "myip", "help", "list")  # the surest to be answered first
_GROUPS = {
    "help": (), "myip": ("address",), "myport": ("port",), "connect": ("id", "address", "port"),
    "terminate": ("id",), "send": ("id",), "exit": (),
}  # fmt: skip


@dataclass(slots=True)
class Evidence:
    """All that is known of a program.

    Attributes:
        exchanges: what was done, and what came.
        wordings: how verbs are typed.
        prompts: what is printed when a line is awaited.
        greetings: what was printed at the start, by peer, with what the lab knew.
        rows: of all lists.
        empty: what an empty list shows.
        places: what the lab knew of all three.
        first: verbs that work behind another one alone.
        first_id: of the first connection in a list.
        start: how it is started, as the profile has it.
        edits: whether a line editor draws the console.
    """

    exchanges: Sequence[Exchange]
    wordings: dict[str, Wording]
    prompts: Sequence[str]
    greetings: Sequence[Sample]
    rows: Sequence[Sequence[str]]
    empty: Sequence[str]
    places: Facts
    first: dict[str, str]
    first_id: int
    start: dict[str, Any] = field(default_factory=dict)
    edits: bool = False


def infer(name: str, port: int, known: Evidence) -> Draft:
    """Return the profile of a program."""
    draft = Draft({"name": name, "summary": f"found out from {name}", "port": port})
    draft.data["start"] = known.start
    draft.data |= {"ready": "", "sync": "", "console": {}, "verbs": {}}
    told = notices.infer(draft, known.exchanges, known.prompts)
    seen, draft.learnt = draft.learnt, []
    _ready(draft, known)
    _console(draft, known)
    verbs = draft.data["verbs"]
    replies = _Replies(known, told)
    for verb in _VERBS:
        if verb not in known.wordings:
            draft.data["lacks"][verb] = "no word for it was found"
            draft.learn(("lacks", verb), "", "", "no word for it was found",
                        "the common words for it did nothing")  # fmt: skip
        elif verb == "list":
            verbs[verb] = listing.infer(draft, known.exchanges, known.rows, known.empty,
                                        known.places, known.prompts)  # fmt: skip
            verbs[verb] = {"send": _send(known.wordings[verb])} | verbs[verb]
        else:
            verbs[verb] = _verb(draft, verb, known, replies)
    _complaints(draft, replies)
    draft.data["sync"] = _sync(draft)
    verbs["raw"] = _raw(verbs)
    draft.data["first_id"] = known.first_id
    draft.learnt += seen
    _in_order(draft)
    return draft


def _in_order(draft: Draft) -> None:
    for key in ("lacks", "errors", "crash"):
        if key in draft.data:
            draft.data[key] = draft.data.pop(key)


def _ready(draft: Draft, known: Evidence) -> None:
    """Take the last line of the greeting for the one that says that it is ready."""
    last = [(each.lines[-1], each) for each in known.greetings if each.lines]
    found = merged(template(line, each.facts, each.at) for line, each in last)
    if len(found) == 1 and len(last) == len(known.greetings):
        draft.data["ready"] = pattern(found[0], ("port",))
        draft.learn(("ready",), "", last[0][0], draft.data["ready"])
    else:
        draft.learn(("ready",), "", "", "nothing says that it is ready",
                    "" if not last else "it said something else each time")  # fmt: skip


def _console(draft: Draft, known: Evidence) -> None:
    echoed = [step.echoed for each in known.exchanges for step in each.steps[:1]]
    console: dict[str, Any] = {"echo": sum(echoed) * 2 >= len(echoed)}
    prompts = [each for each in known.prompts if each.strip()]
    if prompts:
        console["prompt"] = prompts[0] if len(prompts) == 1 else prompts
    again = _again(known)
    draft.data["console"] = console
    draft.learn(("console", "prompt"), "", "\n".join(prompts), again if prompts else "no prompt")


def _again(known: Evidence) -> str:
    """Say whether the prompt is printed again after a notice."""
    rests = [shown.rest for each in known.exchanges for shown in each.others.values()
             if shown.lines]  # fmt: skip
    if not rests:
        return "printed when a line is awaited"
    count = sum(rest in known.prompts for rest in rests)
    what = "each" if count == len(rests) else "no" if not count else f"{count} of {len(rests)}"
    return f"printed again after {what} notice"


class _Replies:
    """The replies to each verb, yes and no, without notices."""

    def __init__(self, known: Evidence, told: Sequence[str]) -> None:
        self.known, self.told = known, told
        self.used: list[str] = []  # lines that are no complaints
        self.no: list[tuple[str, Sample]] = []  # lines that are, of which verb
        for each in known.exchanges:
            doubted = each.right is None and complains(each.lines)
            if each.verb == "unknown" or each.right is False or doubted:
                self._take_no(each)

    def _take_no(self, each: Exchange) -> None:
        sample = self.of(each)
        if sample.lines and (each.verb == "unknown" or complains(sample.lines)
                             or each.right is False):  # fmt: skip
            self.no.append((each.verb, sample))

    def of(self, each: Exchange) -> Sample:
        """Return what came in reply to one."""
        sample = reply(each, self.known.prompts)
        lines = [line for line in sample.lines if not notices.is_notice(line, self.told)]
        return Sample(tuple(lines or sample.lines), sample.facts, sample.at)

    def yes(self, verb: str) -> list[tuple[Exchange, Sample]]:
        """Return the replies that ought to say yes."""
        right = {"help", "myip", "myport"}
        found = [
            (each, self.of(each))
            for each in self.known.exchanges
            if each.verb == verb and (each.right or (each.right is None and verb in right))
            and each.typed[0] == _first(self.known.wordings[verb], each)
        ]  # fmt: skip
        well = [one for one in found if one[1].lines and not complains(one[1].lines)]
        return [one for one in found if one in well or not (well and one[1].lines)]


def _first(how: Wording, each: Exchange) -> str:
    """Return the first line of what was typed, where it is of this wording."""
    word = how.lines[0].split()[0]
    return each.typed[0] if each.typed and each.typed[0].split()[:1] == [word] else ""


def _send(how: Wording) -> Any:
    lines: list[Any] = []
    for line, question in zip(how.lines, how.after or ("",) * len(how.lines), strict=True):
        after = errors.escaped(question.strip())
        lines.append({"type": line, "after": after} if question else line)
    return lines[0] if len(lines) == 1 and isinstance(lines[0], str) else lines


def _verb(draft: Draft, verb: str, known: Evidence, replies: _Replies) -> dict[str, Any]:
    """Return what the profile says of a verb."""
    how, samples = known.wordings[verb], replies.yes(verb)
    made: dict[str, Any] = {"send": _send(how)}
    if verb in known.first:
        made["first"] = known.first[verb]
    spoken = [sample for _, sample in samples if sample.lines]
    found = merged(_telling(verb, sample) for sample in spoken)
    patterns = list(dict.fromkeys(pattern(each, _GROUPS[verb]) for each in found))
    doubt = ""
    if patterns:
        made["ok"] = patterns[0] if len(patterns) == 1 else patterns
        replies.used += [line for sample in spoken for line in sample.lines]
    if len(spoken) < len(samples) or not samples:
        made["silent"] = True
        doubt = "" if not spoken else "it says this at times only"
    if len(patterns) > 2:  # noqa: PLR2004
        doubt = "it looked different each time"
    wanted = _GROUPS[verb][:1] if verb in ("myip", "myport") else ()
    if any(f"?P<{name}>" not in each for name in wanted for each in patterns):
        doubt = "the value was not found in it"
    if verb == "exit" and not any(each.ended for each, _ in samples):
        doubt = "it did not end at that"
    typed = " ⏎ ".join(samples[0][0].typed) if samples else " ⏎ ".join(how.lines)
    came = "\n".join(spoken[0].lines) if spoken else ""
    said = "\n".join(patterns) or "says nothing where it works"
    draft.learn(("verbs", verb), typed, came, said, doubt)
    return made


def _telling(verb: str, sample: Sample) -> Template:
    """Return the line of a reply that says yes: the one with the value, or the last."""
    wanted = {"myip": "address", "myport": "port"}.get(verb)
    facts = Facts() if verb == "help" else sample.facts
    parts = [template(line, facts, sample.at) for line in sample.lines]
    if verb == "help":
        return parts[-1]
    having = [each for each in parts if wanted in {part.kind for part in each}]
    return having[-1] if having else parts[-1]


def _complaints(draft: Draft, replies: _Replies) -> None:
    """Put the patterns of complaints into the profile: those of all verbs, and of one."""
    used = [*replies.used, *(line for each in replies.known.rows for line in each)]
    used += [line for each in replies.known.greetings for line in each.lines]
    used += replies.known.empty
    lines = [(verb, sample, line) for verb, sample in replies.no for line in sample.lines[-1:]
             if not _is_yes(draft, verb, line)]  # fmt: skip
    begins = errors.beginnings([line for _, _, line in lines], used)
    made = [f"^{errors.escaped(each.rstrip())}" for each in begins]
    rest = [each for each in lines if not any(each[2].startswith(one) for one in begins)]
    for verb in dict.fromkeys(verb for verb, _, _ in rest):
        found = merged(template(line, one.facts, one.at) for v, one, line in rest if v == verb)
        patterns = [pattern(each, ()) for each in found]
        if verb in draft.data["verbs"]:
            _add_fail(draft, verb, patterns)
        else:
            made += patterns
    traces = sum(map(traced, replies.known.exchanges))
    if traces >= _MANY_TRACES:  # its way of saying no: no crash
        made.append(_TRACE_END)
        draft.data["crash"] = [r"^Exception in thread ", r"^Fatal Python error"]
    if made:
        made = list(dict.fromkeys(made))
        draft.data["errors"] = made[0] if len(made) == 1 else made
    came = "\n".join(dict.fromkeys(line for _, _, line in lines))
    doubt = "" if begins or traces else "complaints that were not provoked are not known"
    said = "\n".join(made) or "no complaint in common"
    draft.learn(("errors",), "what is wrong", came, said, doubt)


def _is_yes(draft: Draft, verb: str, line: str) -> bool:
    ok = draft.data["verbs"].get(verb, {}).get("ok", [])
    return notices.is_notice(line, [ok] if isinstance(ok, str) else ok)


def _add_fail(draft: Draft, verb: str, patterns: Sequence[str]) -> None:
    made = draft.data["verbs"][verb]
    ok = made.get("ok", [])
    new = [each for each in patterns if each not in ([ok] if isinstance(ok, str) else ok)]
    if new:
        made["fail"] = new[0] if len(new) == 1 else new


def _sync(draft: Draft) -> str:
    """Return the verb that is surest to be answered."""
    verbs = draft.data["verbs"]
    for verb in _SYNC:
        if verb in verbs and "ok" in verbs[verb] and not verbs[verb].get("silent"):
            draft.learn(("sync",), "", "", verb)
            return verb
    draft.learn(("sync",), "", "", "none", "no verb is sure to be answered")
    return ""


def _raw(verbs: dict[str, Any]) -> dict[str, Any]:
    every: list[str] = []
    for each in verbs.values():
        ok = each.get("ok", [])
        every += [ok] if isinstance(ok, str) else ok
    made: dict[str, Any] = {"send": "{line}"}
    if every:
        made["ok"] = list(dict.fromkeys(every))
    if any(each.get("silent") for each in verbs.values()):
        made["silent"] = True
    return made

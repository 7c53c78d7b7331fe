"""Infer a profile, and what is doubtful about it, from the evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from orchestrator.discovery import own_address
from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.error_patterns import infer_errors, ok_patterns
from orchestrator.discovery.evidence import (
    Exchange,
    KnownValues,
    Sample,
    is_prompt,
    last_words,
    prompt_parts,
    prompt_pattern,
)
from orchestrator.discovery.list_patterns import infer_list
from orchestrator.discovery.notice_patterns import infer_notices
from orchestrator.discovery.replay import replay
from orchestrator.discovery.replies import ProgramEvidence, Replies
from orchestrator.discovery.success import success_of
from orchestrator.discovery.templates import Token, inner_pattern, make_template, merge, to_pattern
from orchestrator.discovery.unshown import note_unshown
from orchestrator.discovery.wording import Wording, menu_items
from orchestrator.patterns import matches_any

_GROUPS = {
    "help": (), "myip": ("address",), "myport": ("port",), "connect": ("id", "address", "port"),
    "list": (), "terminate": ("id",), "send": ("id",), "exit": (),
}  # fmt: skip
"""The verbs, in the order of the file, and the groups of their replies."""

_NOT_FOUND = "common words had no effect; if it has one, say under `verbs` how it looks"
_VALUES = {"myip": "address", "myport": "port"}  # verbs whose reply must have a value
_TYPED = ("number", "id", "port")  # kinds of what a question may repeat
_SYNC = ("myport", "myip", "help", "list")  # those most certain to be answered come first


def infer(name: str, port: int, evidence: ProgramEvidence) -> Draft:
    """Return the draft of a program's profile."""
    draft = Draft({"name": name, "summary": f"learned from {name}", "port": port})
    draft.data["start"] = evidence.start
    draft.data |= {"ready": "", "sync": "", "console": {}, "vocabulary": "chat", "operations": {}}
    notices = infer_notices(draft, evidence.exchanges, evidence.prompts)
    of_notices, draft.notes = draft.notes, []
    infer_ready(draft, evidence)
    infer_console(draft, evidence)
    verbs = draft.data["operations"]
    replies = Replies(evidence, notices)
    for verb in _GROUPS:
        if verb not in evidence.wordings:
            draft.lacks(verb, "no word for it was found")
            draft.note(("lacks", verb), "", "", "no word for it was found", _NOT_FOUND)
        elif verb == "list":
            reply = infer_list(draft, evidence.exchanges, evidence.lists, evidence.empty,
                               evidence.known, evidence.prompts, evidence.column,
                               form=evidence.form)  # fmt: skip
            verbs[verb] = {"send": _send(evidence.wordings[verb], evidence.exchanges)} | reply
        else:
            verbs[verb] = _infer_verb(draft, verb, evidence, replies)
            if verb == own_address.VERB:
                _leave_out_address(draft, evidence.exchanges)
    draft.notes += of_notices
    note_unshown(draft, replies)
    infer_errors(draft, replies)
    replay(draft, evidence, replies)
    draft.data["sync"] = _infer_sync(draft, evidence.exchanges)
    verbs["raw"] = _raw_verb(verbs)
    draft.data["first_id"] = evidence.first_id
    for key in ("lacks", "errors", "crash"):  # they come last in the file
        if key in draft.data:
            draft.data[key] = draft.data.pop(key)
    return draft


def infer_ready(draft: Draft, evidence: ProgramEvidence) -> None:
    """Take the last words of the greeting as the ready line, if they are the same everywhere.

    A program without one is ready when the kernel shows that it listens, and it answers.
    """
    last = [(line, greeting) for greeting in evidence.greetings for line in last_words(greeting)]
    found = merge(make_template(line, it.known, it.at) for line, it in last)
    if len(found) == 1 and len(last) == len(evidence.greetings):
        draft.data["ready"] = to_pattern(found[0], ("port",))
        draft.note(("ready",), "", last[0][0], draft.data["ready"], seen=len(last))
    else:
        draft.note(("ready",), "", "", "ready when it listens and answers")


def infer_console(draft: Draft, evidence: ProgramEvidence) -> None:
    """Take what was printed behind every reply as the prompt; find out whether it echoes."""
    echoed = [step.echoed for exchange in evidence.exchanges for step in exchange.steps[:1]]
    console: dict[str, Any] = {"echo": sum(echoed) * 2 >= len(echoed)}
    prompts = [prompt for prompt in evidence.prompts if prompt.strip()]
    rests = {output.rest for exchange in evidence.exchanges
             for output in (*exchange.steps, *exchange.others.values())}  # fmt: skip
    has_menu = bool(menu_items(prompts))
    varying = [it for it in prompts if _varies(it, rests, evidence.known, has_menu=has_menu)]
    if fixed := [prompt for prompt in prompts if prompt not in varying]:
        console["prompt"] = one_or_all(fixed)
    patterns = [*(f"^{prompt_pattern(it)}" for it in varying), *_first_prompts(evidence)]
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


def _varies(prompt: str, rests: Iterable[str], known: KnownValues, *, has_menu: bool) -> bool:
    """Return whether a prompt was seen to change, or has a value of this one run.

    That is not seen of one that ends in a line break; if it has a number, it may.
    """
    kinds = {token.kind for token in make_template(prompt, known)}
    names = any(varies and not part.isdigit() for part, varies in prompt_parts(prompt))
    seen = {rest for rest in rests if is_prompt(rest, [prompt])}
    may_change = not (seen or has_menu) and any(map(str.isdigit, prompt))
    return bool(kinds & {"address", "port"}) or names or len(seen) > 1 or may_change


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


def _send(wording: Wording, exchanges: Sequence[Exchange]) -> Any:
    lines: list[Any] = []
    questions = wording.after or ("",) * len(wording.lines)
    for line, question in zip(wording.lines, questions, strict=True):
        after = _question_pattern(question, exchanges)
        lines.append({"type": line, "after": after} if question else line)
    return lines[0] if len(lines) == 1 and isinstance(lines[0], str) else lines


def _question_pattern(question: str, exchanges: Sequence[Exchange]) -> str:
    """Return a pattern for a question, whatever id, address, name or text it repeats.

    What was typed for a number need not be one.
    """
    texts = [it.known.text for it in exchanges if it.known.text in question]
    template = make_template(question.strip(), KnownValues(text=max(texts, key=len, default="")))
    made = [Token("given", it.text) if it.kind in _TYPED else it for it in template]
    return inner_pattern(tuple(made), ())


def _infer_verb(
    draft: Draft, verb: str, evidence: ProgramEvidence, replies: Replies
) -> dict[str, Any]:
    wording, samples = evidence.wordings[verb], replies.successful(verb)
    made: dict[str, Any] = {"send": _send(wording, evidence.exchanges)}
    if verb in evidence.first:
        made["first"] = evidence.first[verb]
    spoken = [sample for _, sample in samples if sample.lines]
    found = success_of(
        verb, spoken, replies.failed(verb), replies.listed_in(spoken), _GROUPS[verb],
        replies.notices_of(verb), has_ids=verb == "connect" and _has_ids(samples),
    )  # fmt: skip
    made |= found.as_data(whole=verb == "help")
    replies.successes += [line for sample in spoken for line in sample.lines]
    doubt = found.doubt
    is_refused = verb in _VALUES and not samples
    if not is_refused and (len(spoken) < len(samples) or not samples or found.is_silent):
        made["silent"] = True
        doubt = doubt or ("it prints this only sometimes" if found.patterns else "")
    if is_refused:
        doubt = "it was always refused"
    elif verb in _VALUES and not all(f"?P<{_VALUES[verb]}>" in it for it in found.patterns or [""]):
        doubt = "the value was not found in it"
    if verb == "exit" and not any(exchange.ended for exchange, _ in samples):
        doubt = "the program did not exit"
    typed = " ⏎ ".join(samples[0][0].typed if samples else wording.lines)
    output = "\n".join(spoken[0].lines) if spoken else ""
    silence = "never seen to succeed" if is_refused else "prints nothing on success"
    understood = "\n".join(found.patterns) or silence
    draft.note(("operations", verb), typed, output, understood, doubt, seen=len(samples))
    return made


def _has_ids(replies: Iterable[tuple[Exchange, Sample]]) -> bool:
    """Return whether ids are known that are not how many connections there were, or their places.

    A number that always is both may be either.
    """
    pairs = [(it.known.ids.get(it.at, ""), it.rows.get(it.at, ("", 0))[1]) for it, _ in replies]
    return any(number not in ("", str(place), str(place + 1)) for number, place in pairs)


def _leave_out_address(draft: Draft, exchanges: Sequence[Exchange]) -> None:
    """Say that a program does not tell its address if it is certain that its answer does not."""
    verb = own_address.VERB
    patterns = ok_patterns(draft.data["operations"][verb])
    answer = own_address.same_everywhere(exchanges)
    if answer and patterns and not any("?P<address>" in it for it in patterns):
        del draft.data["operations"][verb]
        reason = f"it answers {answer!r}, whatever its address is"
        draft.lacks(verb, reason, doubt=False)
        draft.notes = [it for it in draft.notes if it.what != f"operations {verb}"]
        draft.doubts.pop(("operations", verb), None)
        draft.note(("lacks", verb), "", answer, reason)


def _infer_sync(draft: Draft, exchanges: Sequence[Exchange]) -> str:
    """Return the verb that is most certain to be answered, in words that no other has."""
    verbs = draft.data["operations"]
    sure = [it for it in _SYNC if it in verbs and "doubt" not in verbs[it]]
    answered = [it for it in sure if "ok" in verbs[it] and not verbs[it].get("silent")]

    def is_like_others(verb: str) -> bool:
        ok = ok_patterns(verbs[verb])
        others = [exchange.lines for exchange in exchanges if exchange.verb != verb]
        lines = chain(*others, *(exchange.other_lines for exchange in exchanges))
        return any(matches_any(line, ok) for line in lines)

    if not answered:
        draft.note(("sync",), "", "", "none", "no verb is certain to be answered")
        return ""
    verb = min(answered, key=is_like_others)
    doubt = "other commands are answered alike" if is_like_others(verb) else ""
    draft.note(("sync",), "", "", verb, doubt)
    return verb


def _raw_verb(verbs: dict[str, Any]) -> dict[str, Any]:
    patterns = [pattern for verb in verbs.values() for pattern in ok_patterns(verb)]
    made: dict[str, Any] = {"send": "{line}"}
    if patterns:
        made["ok"] = list(dict.fromkeys(patterns))
    if any(verb.get("silent") for verb in verbs.values()):
        made["silent"] = True
    return made

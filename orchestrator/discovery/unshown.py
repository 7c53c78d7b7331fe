"""Texts that a program says it has sent, and that no console shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.discovery.commands.usage import read_usages
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import Exchange, is_prompt
from orchestrator.discovery.replies import ProgramEvidence, Replies
from orchestrator.discovery.wording import menu_items

_SURE = 3  # texts that were shown nowhere
_SENDERS = 2  # of those
_KIND = "message"


def note_unshown(draft: Draft, replies: Replies) -> None:
    """Say of a program that shows no messages what became of those that it says it has sent.

    It is a fact that it shows none if several were said to be sent, by more than one peer, and all
    other consoles stayed silent, also when something was typed there later.
    """
    sent = [it for it in replies.claimed if it.verb == "send" and it.right and it.lines]
    if _KIND not in draft.data.get("lacks", {}) or not sent:
        return
    doubt = _doubt(replies.evidence, sent)
    reason = f"it shows no messages: {len(sent)} that it said were sent were shown nowhere"
    draft.lacks(_KIND, doubt or reason, doubt=bool(doubt))
    draft.notes = [it for it in draft.notes if it.what != f"lacks {_KIND}"]
    draft.doubts.pop(("lacks", _KIND), None)
    typed, said = " ⏎ ".join(sent[0].typed), "\n".join(sent[0].lines)
    draft.note(("lacks", _KIND), typed, said, doubt or reason, doubt, seen=len(sent))


def _doubt(evidence: ProgramEvidence, sent: Sequence[Exchange]) -> str:
    """Return why it may show messages after all; empty if it certainly does not."""
    said = f"it said that {sent[0].given.get('text', '')!r} was sent"
    if any(_is_news(it, evidence.prompts) for it in sent):
        return f"{said}, and something else was shown"
    texts = [text for it in sent if (text := it.given.get("text", ""))]
    later = [line for it in evidence.exchanges if it.verb != "send" for line in it.lines]
    if any(text in line for text in texts for line in later):
        return f"{said}, and it was shown only once something was typed there"
    if len(sent) < _SURE or len({it.at for it in sent}) < _SENDERS:
        return f"{said}, and it was shown nowhere"
    if others := _other_commands(evidence):
        return f"{said}, and it was shown nowhere; its help names {', '.join(others)} as well"
    return ""


def _is_news(exchange: Exchange, prompts: Sequence[str]) -> bool:
    """Return whether another console showed anything, be it only in part."""
    return any(
        output.lines or (output.rest.strip() and not is_prompt(output.rest, prompts))
        for output in exchange.others.values()
    )


def _other_commands(evidence: ProgramEvidence) -> list[str]:
    """Return commands that may show what was sent, as nothing is known about them.

    If the words of the help cannot be told from prose, any of it may be one.
    """
    known = {wording.lines[0].split()[0].lower() for wording in evidence.wordings.values()}
    if items := [*menu_items(evidence.prompts)]:
        return [item for item in items if item not in known]
    helps = [it for it in evidence.exchanges if it.verb == "help" and it.typed[0].lower() in known]
    said = [line for it in helps for line in it.lines]
    words = {usage.word.lower() for usage in read_usages(said)}
    words |= {
        word for line in said if (every := {*line.lower().split()}) <= known for word in every
    }
    if not known - {"help"} <= words:
        return ["something else"]
    return sorted(words - known)

"""How findings name messages, operations and times."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from orchestrator.checks.index.fault_windows import VERBS, phrase
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.index.messages import SentMessage, ShownMessage
from orchestrator.text import visible

COULD_NOT_READ = "the lab could not read"  # begins what is said of an answer that no pattern reads
# is said of an operation that a program leaves unanswered though nothing keeps it from doing so
NEVER_ANSWERED = (
    " should have been answered, but nothing was printed, and its program does nothing more"
)
WITHOUT_FIELD = "without which its meaning"  # is in what is said of a call that lacks a field
_LONGEST = 60  # characters of a text that are quoted


def quoted(text: str) -> str:
    """Return a text as findings quote it: what is easily missed made visible, cut if it is long."""
    if len(text) <= _LONGEST:
        return visible(text)
    return f"{visible(text[:_LONGEST])}… ({len(text):,} characters)"


def unread(line: str) -> str:
    """Return that the lab could not read a line that a console showed."""
    return f"{COULD_NOT_READ} {quoted(line)}"


def doubted(operation: str, doubt: str) -> str:
    """Return, to follow an unread answer, why none counts as read and what to do about it."""
    key = f"operations.{operation}"
    helps = f"correct it, and take `{key}.doubt` out"
    return f" for certain: `{key}` in the profile is doubtful ({doubt}); {helps}"


def half_read(line: str) -> str:
    """Return that the lab could not read a row of a list of which it has read others."""
    return f"{unread(line)}, which is a row as well"


def when(at: float) -> str:
    """Return a time as people read it."""
    return f"{at:.3f} s"


def between(since: float, until: float) -> str:
    """Return from when to when something lasted; at one time if people read both as the same."""
    if until == inf:
        return f"from {when(since)} on"
    if when(since) == when(until):
        return f"at {when(since)}"
    return f"{when(since).removesuffix(' s')} to {when(until)}"


def done(operation: Operation) -> str:
    """Return what a peer was asked to do, or which fault it was, and when."""
    is_fault = operation.verb in VERBS
    what = phrase(operation) if is_fault else _asked(operation)
    return f"at {when(operation.at)}, {what}"


def _asked(operation: Operation) -> str:
    """Return what a peer was asked to do, for a reader who did not write the scenario."""
    fields, peer = operation.invoked.fields, operation.peer
    to, text = operation.to, operation.last.text("text")
    if "arguments" in fields:
        return (
            f"`{operation.verb}` of {peer}{with_arguments(operation.invoked.mapping('arguments'))}"
        )
    number = f" of id {quoted(str(fields['id']))}" if "id" in fields else ""
    match operation.verb:
        case "type":
            return f"{quoted(operation.last.text('line'))}, typed at {peer},"
        case "idle":
            return f"the program of {peer}, which was asked nothing,"
        case "connect":
            typed = [str(fields[key]) for key in ("address", "port") if key in fields]
            where = f" as {quoted(' '.join(typed))}" if typed else ""
            return f"`connect` of {peer}{f' to {to}' if to else ''}{where}"
        case "send":
            return f"`send` of {peer}{f' to {to}' if to else ''}{number} with {quoted(text)}"
        case verb:
            return f"`{verb}` of {peer}{f' with {to}' if to else ''}{number}"


def with_arguments(arguments: Mapping[str, object]) -> str:
    """Return the arguments of an operation, to be read behind its name."""
    given = ", ".join(f"{name} {quoted_value(value)}" for name, value in arguments.items())
    return f" with {given}" if given else ""


def quoted_value(value: object) -> str:
    """Return an argument or a result as findings have it: texts quoted, numbers not."""
    return quoted(value) if isinstance(value, str) else str(value)


def awaited(operation: Operation) -> str:
    """Return what an `expect` waited for, or a `never` watched for, and since when."""
    fields = operation.last.fields
    verb = "never" if operation.verb == "never" else "expected"
    if operation.last.text("says"):
        what = operation.last.text("says")
        return f"at {when(operation.at)}, {operation.peer}: {verb} {what}"
    kind = operation.last.text("kind") or "something"
    what = f"a line like {quoted(operation.last.text('line'))}" if "line" in fields else kind
    if "text" in fields:
        what += f" {quoted(operation.last.text('text'))}"
    of = f" from {operation.of}" if operation.of else ""
    return f"at {when(operation.at)}, {operation.peer}: {verb} {what}{of}"


def message(send: SentMessage) -> str:
    """Return a message that was sent, as findings name it."""
    to = send.receiver or "an unknown peer"
    return f"{quoted(send.text)} from {send.sender} to {to}, sent at {when(send.at)}"


def sighting(shown: ShownMessage) -> str:
    """Return a message that was shown, as findings name it."""
    sender = shown.sender or "no one in the run"
    return f"{quoted(shown.text)} as from {sender}, shown to {shown.receiver} at {when(shown.at)}"


def both(*peers: str) -> tuple[str, ...]:
    """Return the peers that are known, each once."""
    return tuple(dict.fromkeys(filter(None, peers)))

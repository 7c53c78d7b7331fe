"""The words and formats that programs written to the eight commands use. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

WORDS: Mapping[str, tuple[str, ...]] = {
    "help": ("help", "commands", "menu", "h", "?"),
    "myip": ("myip", "my_ip", "ip", "whoami", "address"),
    "myport": ("myport", "my_port", "port"),
    "connect": ("connect", "conn", "join", "dial", "open", "add"),
    "list": ("list", "ls", "peers", "connections", "show", "who"),
    "terminate": ("terminate", "disconnect", "term", "close", "drop", "kill", "hangup"),
    "send": ("send", "msg", "message", "say", "tell", "write"),
    "exit": ("exit", "quit", "bye", "q"),
}
"""What each verb is called, the commonest word first."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "connect": ("address", "port"),
    "terminate": ("id",),
    "send": ("id", "text"),
}
"""What each verb takes, in the usual order."""

STYLES = ("{}", "/{}", ":{}", "!{}")

_MEANT = (  # words of a menu, in the order in which they are looked for
    ("terminate", r"terminat|disconnect|close|drop|hang.?up|end (a|the) conn"),
    ("connect", r"\bconnect\b|join|dial"),
    ("send", r"send|message|\bmsg\b|write"),
    ("list", r"list|show (all )?(peers|conn)|peers"),
    ("myport", r"port"),
    ("myip", r"my.?ip|\bip\b|address|who"),
    ("exit", r"exit|quit|leave|bye"),
    ("help", r"help|command|menu"),
)
_QUESTIONS = (  # of what is asked for, in the order in which they are looked for
    ("text", r"message|text|\bmsg\b|say"),
    ("port", r"port"),
    ("id", r"\bids?\b|number|index|which|\bconnection|#|no\."),
    ("address", r"\bip\b|host|addr|destination|peer"),
    ("name", r"name|nick|user|who are you"),
)
_ITEM = re.compile(r"(?:^|\s{2,}|[(\[])\s*(\d{1,2})[\s.):\]>=-]+([A-Za-z].*?)(?=\s{2,}[(\[]?\d|$)")
_LEAST_ITEMS = 4
_COMPLAINT = re.compile(
    r"^\W*(no|not)\b|not (understood|possible)|exists|"
    r"error|fail|refus|invalid|cannot|can't|could ?n.t|unable|unknown|usage|no such|not? (a |an )?"
    r"(valid|found|exist|connect|recogni)|does ?n.t exist|wrong|bad |must |expected|unrecogni|"
    r"illegal|incorrect|missing|please|denied|already|itself|yourself|"
    r"out of range|needs?\b|nobody|sorry",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a verb is typed.

    Attributes:
        lines: with `{argument}` where an argument goes.
        after: what is asked before each of them; empty for at once.
    """

    lines: tuple[str, ...]
    after: tuple[str, ...] = ()


def complains(lines: Iterable[str]) -> bool:
    """Tell whether these lines sound like a no."""
    return any(_COMPLAINT.search(line) for line in lines)


def menu(lines: Sequence[str]) -> dict[str, str]:
    """Return the number of each verb in a numbered menu; nothing where there is none."""
    found = [each.groups() for line in lines for each in _ITEM.finditer(line)]
    items = sorted({int(number): (number, what) for number, what in found}.values(), key=_number)
    numbers = [_number(each) for each in items]
    if len(items) < _LEAST_ITEMS or any(b - a != 1 for a, b in _pairs(numbers)):
        return {}
    meant: dict[str, str] = {}
    for number, what in items:
        verb = _meant(what, meant)
        if verb:
            meant[verb] = number
    return meant if len(meant) >= _LEAST_ITEMS else {}


def _number(item: tuple[str, str]) -> int:
    return int(item[0])


def _pairs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    return itertools.pairwise(numbers)


def _meant(what: str, taken: Mapping[str, str]) -> str:
    for verb, pattern in _MEANT:
        if verb not in taken and re.search(pattern, what, re.IGNORECASE):
            return verb
    return ""


def asked_for(question: str, left: Sequence[str]) -> str:
    """Return which of the arguments that are left a question asks for."""
    last = question.rpartition("\n")[2]
    for argument, pattern in _QUESTIONS:
        if argument in left and re.search(pattern, last, re.IGNORECASE):
            return argument
    return left[0] if left else ""


def asked_at_start(question: str) -> str:
    """Return what a program asks for once it is started; empty where that is no such question."""
    for argument in ("port", "name", "address"):
        pattern = dict(_QUESTIONS)[argument]
        if re.search(pattern, question, re.IGNORECASE):
            return argument
    return ""


def usages(verb: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield what help or a complaint says of how a verb is typed, as templates."""
    arguments = ARGUMENTS.get(verb, ())
    for line in lines:
        for word in WORDS[verb]:
            if not word.isidentifier():  # a question mark mostly asks something
                continue
            found = re.search(
                rf"(?:^|[\s'\"`:\-*])([/:!]?{re.escape(word)}(?!\w))((?:\s*[:,]?\s*\"?[<\[({{][^>\])}}]+[>\])}}]\"?)*)",
                line,
                re.IGNORECASE,
            )
            if found:
                made = _template(found[1], found[2], arguments)
                if made:
                    yield made


def _template(word: str, rest: str, arguments: Sequence[str]) -> str:
    """Return a usage such as `send <id> "<message>"` with the lab's arguments in it."""
    left = list(arguments)
    if not rest.strip():
        return "" if left else word

    def one(found: re.Match[str]) -> str:
        argument = asked_for(found[1], left)
        if argument:
            left.remove(argument)
        return f"{{{argument}}}" if argument else ""

    made = re.sub(r"[<\[({]([^>\])}]+)[>\])}]", one, rest)
    return "" if left else f"{word}{made}".rstrip()


def templates(verb: str, style: str, usage: Iterable[str] = ()) -> list[str]:
    """Return the lines to try for a verb, the likeliest first.

    Args:
        verb: by the lab's names.
        style: how words are written: `{}`, `/{}`.
        usage: what the program itself says.
    """
    arguments = ARGUMENTS.get(verb, ())
    rest = {
        "connect": [" {address} {port}", " {address}:{port}"],
        "terminate": [" {id}"],
        "send": [" {id} {text}", ' {id} "{text}"'],
    }.get(verb, [""])
    own = [each for each in usage if all(f"{{{one}}}" in each for one in arguments)]
    words = list(WORDS[verb])
    seen = {each.split()[0].lower() for each in own}
    common = [style.format(word) + form for word in words for form in rest]
    upper = [style.format(words[0].upper()) + form for form in rest[:1]]
    first, others = common[: len(rest)], common[len(rest) :]
    made = [*own, *(each for each in own_variants(own))]
    if not arguments:  # what seems to be said of a word alone may be said of anything
        made = [*first, *made, *upper, *others]
    elif not seen:
        made += first + upper + others
    else:
        made += first
    return list(dict.fromkeys(made))


def upper(line: str) -> str:
    """Return a line with its first word in capitals."""
    word, blank, rest = line.partition(" ")
    return f"{word.upper()}{blank}{rest}"


def own_variants(own: Sequence[str]) -> Iterator[str]:
    """Yield what a program may have meant with the usage that it shows."""
    for each in own:
        if '"' in each:
            yield each.replace('"', "")
        elif "{text}" in each:
            yield each.replace("{text}", '"{text}"')

"""What must hold between the keys of one step, in a file as it stands or in a model.

Values may be of any type: a file is looked at whatever else is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestrator.scenario.verbs import STEPS
from orchestrator.scenario.words import ALL

Keys = Mapping[str, Any]
"""The keys that are given, by the names that they have in files."""

Rule = Callable[[Keys], Iterator[str]]
"""Yields what is wrong."""

NOTICES = ("message", "connected", "closed", "delivered", "undelivered")
"""What an `expect` can wait for, beside any line."""

_OF_ONE = ("delivered", "undelivered")  # what nobody can mean without saying of whom

LAST = "last"
"""Stands for the id that led to a peer when it was listed last."""

_ENDS = ("at", "to")  # what stands for the two ends in texts


def of_step(step: Keys) -> Iterator[str]:
    """Yield what is wrong with the keys of a step."""
    verbs = [verb for verb in STEPS if verb in step]
    if not step:
        yield f"an empty step: it has one key of {', '.join(STEPS)}"
    elif len(verbs) > 1:
        yield f"a step has one key, not {' and '.join(verbs)}: each step begins with a dash"
    for verb in verbs:
        if step[verb] is None:
            yield f"nothing stands below {verb!r}: its keys are indented further than it"


def of_reply(act: Keys) -> Iterator[str]:
    """Yield what is wrong with what is expected of a reply."""
    keys = ("refused", "says", "answered", "may_fail")
    given = [key for key in keys if act.get(key) not in (None, False)]
    if len(given) > 1:
        yield f"expect one thing of a reply, not {' and '.join(given)}"


def of_connect(act: Keys) -> Iterator[str]:
    """Yield what is wrong with where somebody dials."""
    if "to" in act:  # with nothing behind it, the key itself is wrong
        return
    if act.get("address") is None:
        yield "connect to whom? Key 'to' is missing, or 'address' and 'port'"
    elif act.get("port") is None:
        yield "at which port? Key 'port' is missing where there is no 'to'"


def of_id(act: Keys) -> Iterator[str]:
    """Yield what is wrong with who is meant by a message or an end."""
    to, number = act.get("to"), act.get("id")
    if to is None and "to" in act:
        return  # the key itself is wrong
    if to is None and number is None:
        yield "with whom? Key 'to' is missing, or 'id'"
    elif number == LAST and to is None:
        yield f"whose id, the {LAST} time? Key 'to' is missing"
    elif number is not None and (to == ALL or isinstance(to, list)):
        yield "an id is that of one: no 'id' beside several"
    elif number is not None and act.get("times", 1) != 1:
        yield "one at a time where an 'id' is given: no 'times' beside it"


def of_send(act: Keys) -> Iterator[str]:
    """Yield what is wrong with a text of some length."""
    if act.get("length") is not None and act.get("text") == "":
        yield "there is no text to repeat until it has that length"


def of_expect(act: Keys) -> Iterator[str]:
    """Yield what is wrong with what is waited for."""
    given = [key for key in (*NOTICES, "line") if act.get(key) is not None]
    if len(given) > 1:
        yield f"expect one thing, not {' and '.join(given)}: a step for each"
    elif not given:
        yield f"expect what? One of {', '.join(NOTICES)}, line"
    elif given[0] in _OF_ONE and act.get("from") is None:
        yield f"{given[0]} from whom? Key 'from' is missing"
    if act.get("from") is not None and act.get("from") == act.get("at"):
        yield f"{act['at']} gets nothing from itself"


def of_list(act: Keys) -> Iterator[str]:
    """Yield what is wrong with whom a list must show."""
    shows = act.get("shows")
    if not isinstance(shows, list):
        return
    if act.get("at") in shows:
        yield f"{act['at']} is not in its own list"
    for name in dict.fromkeys(map(str, shows)):
        if shows.count(name) > 1:
            yield f"{name} stands twice in `shows`: a list shows each peer once"


def of_repeat(block: Keys) -> Iterator[str]:
    """Yield what is wrong with a counter's name."""
    if block.get("counter") in _ENDS:
        yield f"{{{block['counter']}}} stands for a peer: the counter needs another name"


OF_VERB: Mapping[str, tuple[Rule, ...]] = {
    "connect": (of_reply, of_connect),
    "send": (of_reply, of_send, of_id),
    "terminate": (of_reply, of_id),
    "type": (of_reply,),
    "expect": (of_expect,),
    "list": (of_list,),
    "repeat": (of_repeat,),
}
"""The rules for what stands below the key of a step."""

"""The keys of steps, and rules between them that hold for a file as it is and for a model.

A file is checked whatever else is wrong with it, so rules accept values of any type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestrator.faults.kinds import LIFTING, NETWORK, PROCESS
from orchestrator.scenario.values import ALL

# The keys of steps.

CONSOLE = (
    "help", "myip", "myport", "idle", "connect", "send", "expect", "list", "terminate", "exit",
    "type",
)  # fmt: skip
"""Steps at consoles."""

SINGLE = (*PROCESS, *NETWORK, *LIFTING)  # steps that are one fault: what a `schedule` may contain
FAULTS = (*SINGLE, "chaos", "schedule")  # all steps that are faults
TYPING = tuple(step for step in CONSOLE if step not in ("expect", "idle"))  # steps that type
STEPS = (*CONSOLE, "never", "eventually", "parallel", "repeat", "workload", *FAULTS)  # all steps

NOTICES = ("message", "connected", "closed", "delivered", "undelivered")
"""The notices of a chat that an `expect` can wait for."""

AWAITED = (*NOTICES, "notice", "line")
"""The keys of an `expect` that say what it waits for: `notice` names one of any program."""

OF_NEVER = (*AWAITED, "at", "from", "fields", "during", "for", "every")
"""The keys of a `never`; any other key is an operation that is repeated."""

OF_EVENTUALLY = ("at", "within", "every")
"""The keys of an `eventually`; any other key is its operation."""

POLLING = {"never": OF_NEVER, "eventually": OF_EVENTUALLY}
"""Steps that may repeat an operation of the program's own, each with its other keys."""

LAST = "last"  # as an id: the one that led to the peer when the lab last saw a list
_ABOUT_ONE = ("delivered", "undelivered")  # notices that need a `from`
_ENDS = ("at", "to")  # placeholders for the two ends of a connection


# Steps as they are in a file.

Location = tuple[int | str, ...]  # keys and indices from the top of a file


def walk(steps: Any, place: Location = ("steps",)) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield every step with its location, then those in its blocks."""
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        here = (*place, index)
        yield here, step
        for inside, block in blocks(step):
            yield from walk(block, (*here, *inside))


def blocks(step: dict[str, Any]) -> Iterator[tuple[Location, Any]]:
    """Yield the lists of steps in a step, each with its location there."""
    if isinstance(repeat := step.get("repeat"), dict):
        yield ("repeat", "steps"), repeat.get("steps")
    branches = step.get("parallel")
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield ("parallel", number), branch
    for verb in ("never", *FAULTS):
        if isinstance(act := step.get(verb), dict) and "during" in act:
            yield (verb, "during"), act["during"]


# Rules.

Keys = Mapping[str, Any]  # the keys that are given, by the names that they have in files

Rule = Callable[[Keys], Iterator[str]]  # yields what is wrong


def of_step(step: Keys) -> Iterator[str]:
    """Yield what is wrong with the keys of a step."""
    verbs = [verb for verb in STEPS if verb in step]
    if not step:
        yield f"this step is empty: give it one of {', '.join(STEPS)}"
    elif len(verbs) > 1:
        yield f"a step has one key, not {' and '.join(verbs)}: begin each step with a dash"
    for verb in verbs:
        if step[verb] is None:
            yield f"nothing below {verb!r}: indent its keys further"


def of_reply(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the expectations of a reply."""
    keys = ("refused", "says", "answered", "may_fail")
    given = [key for key in keys if act.get(key) not in (None, False)]
    if len(given) > 1:
        yield f"expect one thing of a reply, not {' and '.join(given)}"


def of_connect(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the other end of a `connect`."""
    if "to" in act:  # an empty one is reported as such
        return
    if act.get("address") is None:
        yield "connect to whom? Add 'to', or 'address' and 'port'"
    elif act.get("port") is None:
        yield "to which port? Without 'to', add 'port'"


def of_id(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the peer or id that a `send` or `terminate` names."""
    to, number = act.get("to"), act.get("id")
    if to is None and "to" in act:
        return  # an empty one is reported as such
    if to is None and number is None:
        yield "with whom? Add 'to' or 'id'"
    elif number == LAST and to is None:
        yield f"the {LAST} id of whom? Add 'to'"
    elif number is not None and (to == ALL or isinstance(to, list)):
        yield "an 'id' is one connection: it cannot be used with several peers"
    elif number is not None and act.get("times", 1) != 1:
        yield "'times' cannot be used with 'id'"


def of_send(act: Keys) -> Iterator[str]:
    """Yield what is wrong with a text that has a length."""
    if act.get("length") is not None and act.get("text") == "":
        yield "an empty text cannot be repeated up to a length"


def of_expect(act: Keys) -> Iterator[str]:
    """Yield what is wrong with what is awaited."""
    given = [key for key in AWAITED if act.get(key) is not None]
    if len(given) > 1:
        yield f"expect one thing in a step, not {' and '.join(given)}"
    elif not given:
        yield f"expect what? Add one of {', '.join(AWAITED)}"
    yield from _of_shown(act)


def of_never(act: Keys) -> Iterator[str]:
    """Yield what is wrong with what must not appear."""
    operations = [key for key in act if key not in OF_NEVER]
    given = [key for key in (*AWAITED, *operations) if act.get(key) is not None]
    if len(given) > 1:
        yield f"watch for one thing in a step, not {' and '.join(given)}"
    elif not given:
        operation = "or an operation and how it must not end"
        yield f"never what? Add one of {', '.join(AWAITED)}, {operation}"
    elif not operations and act.get("every") is not None:
        yield "'every' is how often an operation is repeated: notices and lines are all seen"
    if act.get("for") is not None and act.get("during") is not None:
        yield "watch either `for` some seconds or `during` some steps, not both"
    yield from _of_shown(act)


def of_eventually(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the operation that must end in a certain way."""
    operations = [key for key in act if key not in OF_EVENTUALLY]
    if len(operations) > 1:
        yield f"repeat one operation in a step, not {' and '.join(operations)}"
    elif not operations or _is_notice(operations[0], act):
        shown = "what is shown unasked is for `expect`"
        yield f"eventually what? Add an operation and how it must end; {shown}"


def _is_notice(key: str, act: Keys) -> bool:
    return key in AWAITED and not isinstance(act[key], Mapping)  # else an operation called so


def _of_shown(act: Keys) -> Iterator[str]:
    for kind in _ABOUT_ONE:
        if act.get(kind) is not None and act.get("from") is None:
            yield f"{kind} from whom? Add 'from'"
    if act.get("fields") is not None and act.get("notice") is None:
        yield "'fields' are those of a 'notice': say which"
    if act.get("from") is not None and act.get("from") == act.get("at"):
        yield f"{act['at']} receives nothing from itself"


def of_list(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the peers that a list must show."""
    shows = act.get("shows")
    if not isinstance(shows, list):
        return
    if act.get("at") in shows:
        yield f"{act['at']} is not in its own list"
    for name in dict.fromkeys(map(str, shows)):
        if shows.count(name) > 1:
            yield f"{name} is in `shows` twice: a list shows each peer once"


def of_repeat(block: Keys) -> Iterator[str]:
    """Yield what is wrong with a counter's name."""
    if block.get("counter") in _ENDS:
        yield f"{{{block['counter']}}} stands for a peer: give the counter another name"


OF_VERB: Mapping[str, tuple[Rule, ...]] = {
    "connect": (of_reply, of_connect),
    "send": (of_reply, of_send, of_id),
    "terminate": (of_reply, of_id),
    "type": (of_reply,),
    "expect": (of_expect,),
    "never": (of_never,),
    "eventually": (of_eventually,),
    "list": (of_list,),
    "repeat": (of_repeat,),
}
"""The rules for the keys of steps that are no faults."""

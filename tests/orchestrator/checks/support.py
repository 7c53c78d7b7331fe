"""What the tests of the checks share: drawn stories, places in them, small changes to them."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from orchestrator import checks
from orchestrator.checks import Judgement, Verdict
from orchestrator.history.entries import Entry
from tests.orchestrator.checks.story import NAMES, Link, Story
from tests.repeats import times

VALID, INVALID, UNKNOWN = Judgement.VALID, Judgement.INVALID, Judgement.UNKNOWN
Entries = list[Entry]

few = settings(
    max_examples=times(20, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
seeds = st.integers(0, 2**32).map(random.Random)
_TEXTS = ("", " ", "x", "y", "x y", "x  y", "hello", "* message 1: hi")
_strange_texts = st.lists(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=8), min_size=1, max_size=4
)
_ON_A_CONNECTION = ("send", "terminate", "both", "cut", "arrive")
_ACTS = (
    "connect connect send send send send terminate both cut exit list read arrive refused expect"
)
_FAULTS = "kill kill start start start stop pause resume partition heal silence wait cut_short"
# An act, two peers and a text by their numbers: drawn at once, which is by far the quickest.
_acts = st.sampled_from(
    [*itertools.product([*_ACTS.split(), "typo"], range(4), range(4), range(len(_TEXTS) + 4))]
)
_acts_and_faults = st.sampled_from(
    [
        *itertools.product(
            [*_ACTS.split(), *_FAULTS.split()], range(4), range(4), range(len(_TEXTS) + 4)
        )
    ]
)


@st.composite
def right_histories(
    draw: st.DrawFn, *, losses: bool = True, peers: int = 2, faults: bool = False
) -> Entries:
    """Draw the history of a run in which every promise is kept, with faults or without.

    It has at least two messages and a reconnection, and a connection at the end.
    """
    least = 3 if faults else peers
    story = Story(NAMES[: draw(st.integers(least, 4))], first_id=draw(st.integers(1, 30)))
    chance = draw(seeds)
    story.connect("alice", "bob")
    story.send("alice", "bob", "first of all")
    story.send("alice", "bob", "and then")
    count = draw(st.integers(0, 60 if faults else 40))
    texts = [*_TEXTS, *draw(_strange_texts)]
    acts = _acts_and_faults if faults else _acts
    for act, first, second, number in draw(st.lists(acts, min_size=count, max_size=count)):
        one, other = _who(story, act, first, second)
        text = texts[number % len(texts)]
        if act in _FAULTS.split():
            _apply_fault(story, act, one, other, chance)
        else:
            _act(story, act, one, other, text, chance, losses=losses)
    story.lift_all()
    story.read(*story.running[:1])
    for peer in [name for name in story.peers if name in story.gone][: 2 - len(story.running)]:
        story.start(peer)
    one, other = story.running[:2]
    if story.link(one, other):
        _act(story, "terminate", one, other, "", chance, losses=losses)
    story.connect(one, other)
    return story.finish()


def _who(story: Story, act: str, first: int, second: int) -> tuple[str, str]:
    """Return two peers: for most acts, two that are connected."""
    if story.links and act in _ON_A_CONNECTION:
        ends = [*story.links[first % len(story.links)].ids]
        return (ends[0], ends[1]) if second % 2 else (ends[1], ends[0])
    return story.peers[first % len(story.peers)], story.peers[second % len(story.peers)]


def _act(
    story: Story, act: str, one: str, other: str, text: str, chance: random.Random, *, losses: bool
) -> None:
    """Do something, if it can be done."""
    if one in story.gone or other in story.gone or one == other or one in story.paused:
        return
    if story.is_disturbed(one, other) and act in ("connect", "both", "cut", "refused", "exit"):
        return  # what would come of it depends on what the program does
    if link := story.link(one, other):
        if not losses and act in ("terminate", "both", "cut"):
            for sender in link.ids:
                story.arrive(link, sender, 99)
        _on_connection(story, act, link, one, text, chance)
    elif act == "connect":
        story.connect(one, other)
    elif act == "refused":
        story.do(one, "send", "fail", to=other, text=text)
    if act == "exit" and losses and len(story.running) > 2:
        story.exit(one)
    _inspect(story, act, one, other, text)


def _apply_fault(story: Story, act: str, one: str, other: str, chance: random.Random) -> None:
    """Apply a fault, or lift one, if possible."""
    link = story.link(one, other)
    match act:
        case "start" if one in story.gone:
            story.start(one)
        case "resume" if one in story.paused:
            story.resume(one)
        case "heal" if story.parted:
            story.heal(chance.choice(sorted(story.parted)))
        case "partition" if one != other and not story.is_parted(one, other):
            story.partition(f"partition {len(story.entries)}", (one, other))
        case "wait":
            story.wait(chance.choice([0.5, 3.0, 20.0]))
        case "silence" if link and story.is_parted(one, other):
            story.fall_silent(link)
        case "pause" if one not in story.paused | story.gone:
            story.pause(one)
    if one not in story.gone and len(story.running) > 2:
        _end_by(story, act, one, other, chance)


def _end_by(story: Story, act: str, one: str, other: str, chance: random.Random) -> None:
    """End a peer by a fault."""
    match act:
        case "kill":
            lost = chance.randrange(4)
            story.kill(one, shown=chance.randrange(3), lost=lost, late=chance.random() < 0.5)
        case "stop" if one not in story.paused:
            story.stop(one)
        case "cut_short" if one not in story.paused and one != other:
            _cut_short(story, one, other, chance)


def _cut_short(story: Story, one: str, other: str, chance: random.Random) -> None:
    """Kill a peer in the middle of an operation, whose outcome is then unknown."""
    verb = "send" if story.link(one, other) else "connect"
    begun = story.invoke(one, verb, to=other, text="perhaps, before the end")
    if verb == "connect" and other not in story.gone and not story.is_disturbed(one, other):
        number = story._give(other)
        for kind in ("connected", "closed")[: 2 * chance.randrange(2)]:
            story.show(other, kind, id=number, of=one, called=one)
    story.kill(one)
    story.end(begun, "info", said=f"{one} ended")


def _on_connection(
    story: Story, act: str, link: Link, one: str, text: str, chance: random.Random
) -> None:
    other = link.other(one)
    match act:
        case "connect":
            story.do(one, "connect", "fail", to=other)
        case "send":
            story.send(one, other, text, arrives=chance.random() < 0.6)
        case "terminate" | "both":
            story.terminate(one, other, shown=chance.randrange(3), both=act == "both")
        case "cut":
            story.cut(link, chance.randrange(3))
        case "arrive":
            story.arrive(link, one, chance.randrange(4))


def _inspect(story: Story, act: str, one: str, other: str, text: str) -> None:
    match act:
        case "list":
            story.show_list(one)
        case "read":
            story.read(one)
        case "expect":
            story.do(one, "expect", kind="message", of=other)
        case "typo":
            story.do(one, "type", "fail", line=f"sned {text}")


# Judging


def verdict(entries: Sequence[Entry], name: str) -> Verdict:
    """Return the verdict of one check."""
    return next(verdict for verdict in checks.judge(entries) if verdict.check == name)


def judged(entries: Sequence[Entry], name: str) -> Judgement:
    """Return the judgement of one check."""
    return verdict(entries, name).judgement


def not_valid(entries: Sequence[Entry]) -> dict[str, Judgement]:
    """Return the judgements that are not valid, by check."""
    return {v.check: v.judgement for v in checks.judge(entries) if v.judgement is not VALID}


# Changing


def places(entries: Entries, *verbs: str, where: Callable[[Entry], bool] = bool) -> list[int]:
    """Return the positions of notices or lab lines of these kinds that fit."""
    return [
        i
        for i, entry in enumerate(entries)
        if entry.verb in verbs and entry.type in ("notice", "lab") and where(entry)
    ]


def pick(found: Sequence[int], chance: random.Random) -> int:
    """Return one of these places; without any, reject the history."""
    assume(found)
    return chance.choice(found)


def without(entries: Entries, *gone: int) -> Entries:
    return [entry for i, entry in enumerate(entries) if i not in gone]


def changed(entries: Entries, place: int, **fields: Any) -> Entries:
    """Return a history with other fields in one place."""
    entry = entries[place]
    other = dataclasses.replace(entry, fields={**entry.fields, **fields})
    return [*entries[:place], other, *entries[place + 1 :]]


def again(entries: Entries, place: int, chance: random.Random) -> Entries:
    """Return a history in which a line comes once more, later in the same incarnation."""
    peer = entries[place].peer
    restarts = (i for i in places(entries, "ready") if i > place and entries[i].peer == peer)
    later = chance.randrange(place + 1, next(restarts, settled(entries)) + 1)
    return [*entries[:later], entries[place], *entries[later:]]


def settled(entries: Entries) -> int:
    return places(entries, "settled")[0]


def unanswered(entries: Entries, place: int) -> Entries:
    """Return a history in which the outcome of an operation is unknown."""
    return [*entries[:place], dataclasses.replace(entries[place], type="info"),
            *entries[place + 1 :]]  # fmt: skip


def outcomes(entries: Entries, verb: str, kind: str = "ok") -> list[int]:
    return [i for i, e in enumerate(entries) if e.type == kind and e.verb == verb]


def any_right_histories(*, losses: bool = True, peers: int = 2) -> st.SearchStrategy[Entries]:
    """Draw right histories, with faults or without."""
    return right_histories(losses=losses, peers=peers) | right_histories(
        losses=losses, peers=peers, faults=True
    )


def ended_peers(entries: Entries) -> set[str]:
    """Return the peers that ended, be it for a while."""
    return {e.peer for e in entries if e.verb in ("exit", "stop", "kill")}


def incarnation_at(entries: Entries, place: int) -> tuple[str, int]:
    """Return whose line stands in a place, and how often its peer had been started."""
    peer = entries[place].peer
    return peer, sum(e.peer == peer and e.verb == "ready" for e in entries[:place])


def undisturbed(entries: Entries) -> Callable[[Entry], bool]:
    """Return a filter for notices about two peers that no fault ever affected."""
    alone = {e.peer for e in entries if e.verb in ("kill", "stop", "pause")}
    links = {tuple(link) for e in entries for link in e.fields.get("links", ())}

    def is_undisturbed(entry: Entry) -> bool:
        two = (entry.peer, entry.fields["of"])
        return not alone & {*two} and two not in links

    return is_undisturbed


def none_lost(entries: Entries) -> Callable[[Entry], bool]:
    """Return a filter for messages to peers that were shown everything sent to them."""
    sent = Counter(e.fields["to"] for e in entries if e.verb == "send" and e.type in ("ok", "info"))
    shown = Counter(e.peer for e in entries if e.verb == "message")
    return lambda entry: sent[entry.peer] == shown[entry.peer]


def fresh(peer: str, sender: str, text: str, **fields: Any) -> Entry:
    """Return a message that a console shows."""
    return Entry(1.0, "notice", peer, "message", 0, {"of": sender, "text": text, **fields})


def spoil(entries: Entries, chance: random.Random) -> Entries:
    """Return any history whatever, made of the lines of a right one."""
    spoilt = list(entries)
    for _ in range(chance.randrange(1, 30)):
        place = chance.randrange(len(spoilt))
        entry = spoilt[place]
        match chance.randrange(6):
            case 0:
                spoilt[place:] = spoilt[place + 1 :] or spoilt[:1]
            case 1:
                spoilt.insert(chance.randrange(len(spoilt)), entry)
            case 2:
                fields = dict(entry.fields)
                if fields:
                    fields.pop(chance.choice(sorted(fields)))
                spoilt[place] = dataclasses.replace(entry, fields=fields)
            case 3:
                odd: object = chance.choice(
                    [None, 7, "x", [], {}, [3], [{}], {"peer": 1}, -1, True]
                )
                fields = {key: odd if chance.random() < 0.3 else value
                          for key, value in entry.fields.items()}  # fmt: skip
                spoilt[place] = dataclasses.replace(entry, fields=fields)
            case 4:
                other = chance.choice(spoilt)
                spoilt[place] = dataclasses.replace(entry, type=other.type, verb=other.verb)
            case _:
                peer = chance.choice(["", "alice", "mallory"])
                spoilt[place] = dataclasses.replace(entry, peer=peer, operation=chance.randrange(4))
    if chance.random() < 0.2:
        chance.shuffle(spoilt)
    return spoilt

"""Checks: what each accepts, what each catches, and when it does not know."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import checks
from orchestrator.checks import Judgement
from orchestrator.history import Entry

PEERS = ("alice", "bob", "carol")


def done(kind: str, peer: str, verb: str, **fields: object) -> Entry:
    return Entry(0.0, kind, peer, verb, 1, fields)  # type: ignore[arg-type]


def notice(peer: str, verb: str, **fields: object) -> Entry:
    return Entry(0.0, "notice", peer, verb, 0, fields)


SENT = done("ok", "alice", "send", to="bob", text="x")
PERHAPS = done("info", "alice", "send", to="bob", text="x")
SHOWN = notice("bob", "message", of="alice", text="x")
CONFIRMED = notice("alice", "delivered", of="bob", count=1)
LOST = notice("alice", "undelivered", of="bob", count=1)


@pytest.mark.parametrize(
    ("check", "history", "judgement"),
    [
        (checks.outcomes, [], Judgement.VALID),
        (checks.outcomes, [SENT], Judgement.VALID),
        (checks.outcomes, [done("fail", "alice", "send", to="bob")], Judgement.INVALID),
        (checks.outcomes, [done("fail", "a", "send", to="b", wanted="fail")], Judgement.VALID),
        (checks.outcomes, [done("ok", "a", "send", to="b", wanted="fail")], Judgement.INVALID),
        (checks.outcomes, [PERHAPS], Judgement.UNKNOWN),
        (checks.outcomes, [done("invoke", "alice", "list")], Judgement.UNKNOWN),
        (checks.delivery, [SENT, SHOWN], Judgement.VALID),
        (checks.delivery, [SENT], Judgement.INVALID),
        (checks.delivery, [SENT, SHOWN, SHOWN], Judgement.INVALID),
        (checks.delivery, [SHOWN], Judgement.INVALID),
        (checks.delivery, [PERHAPS, SHOWN], Judgement.UNKNOWN),
        (checks.delivery, [PERHAPS], Judgement.VALID),
        (checks.receipts, [SENT, CONFIRMED], Judgement.VALID),
        (checks.receipts, [SENT, LOST], Judgement.VALID),
        (checks.receipts, [SENT], Judgement.INVALID),
        (checks.receipts, [SENT, CONFIRMED, CONFIRMED], Judgement.INVALID),
        (checks.receipts, [PERHAPS, CONFIRMED], Judgement.VALID),
        (checks.both_ends, [done("ok", "alice", "connect", to="bob")], Judgement.INVALID),
        (
            checks.both_ends,
            [done("ok", "alice", "connect", to="bob"), notice("bob", "connected", of="alice")],
            Judgement.VALID,
        ),
        (checks.both_ends, [done("ok", "alice", "terminate", to="bob")], Judgement.INVALID),
    ],
)
def test_a_check(
    check: Callable[[Sequence[Entry]], checks.Verdict], history: list[Entry], judgement: Judgement
) -> None:
    verdict = check(history)
    assert verdict.judgement is judgement
    assert bool(verdict.witnesses) == (judgement is not Judgement.VALID)


@st.composite
def right_histories(draw: st.DrawFn) -> list[Entry]:
    """Draw a history in which the program keeps every promise."""
    entries = []
    pairs = st.permutations(PEERS).map(lambda each: (each[0], each[1]))
    for number, (one, other) in enumerate(draw(st.lists(pairs, min_size=1, max_size=8))):
        text = draw(st.text(max_size=3)) + str(number)
        entries += [
            done("ok", one, "connect", to=other),
            notice(other, "connected", of=one),
            done("ok", one, "send", to=other, text=text),
            notice(other, "message", of=one, text=text),
            notice(one, "delivered", of=other, count=1),
            done("ok", one, "terminate", to=other),
            notice(other, "closed", of=one),
        ]
    return entries


@given(right_histories())
def test_right_histories_are_accepted(entries: list[Entry]) -> None:
    assert checks.worst(checks.judge(entries)) is Judgement.VALID


@given(right_histories(), st.randoms(use_true_random=False))
def test_a_notice_too_few_is_caught(entries: list[Entry], chance: random.Random) -> None:
    lost = chance.choice([each for each in entries if each.type == "notice"])
    rest = [each for each in entries if each is not lost]
    assert checks.worst(checks.judge(rest)) is Judgement.INVALID


@given(right_histories(), st.randoms(use_true_random=False))
def test_a_message_or_receipt_too_many_is_caught(
    entries: list[Entry], chance: random.Random
) -> None:
    twice = chance.choice([each for each in entries if each.verb in ("message", "delivered")])
    assert checks.worst(checks.judge([*entries, twice])) is Judgement.INVALID


@given(right_histories(), st.randoms(use_true_random=False))
def test_a_changed_text_is_caught(entries: list[Entry], chance: random.Random) -> None:
    which = chance.choice([n for n, each in enumerate(entries) if each.verb == "message"])
    changed = {**entries[which].fields, "text": "something else"}
    entries[which] = notice(entries[which].peer, "message", **changed)
    assert checks.delivery(entries).judgement is Judgement.INVALID


def test_verdicts_merge_worst_first() -> None:
    assert checks.worst([]) is Judgement.VALID
    order = [Judgement.VALID, Judgement.UNKNOWN, Judgement.INVALID]
    assert sorted(Judgement, key=lambda each: each.badness) == order
    assert [each.value for each in order] == [0, 2, 1]

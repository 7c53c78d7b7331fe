"""What is promised is judged, and nothing else; any history is judged without an error."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given

from orchestrator import checks, promises
from orchestrator.history.entries import Entry
from tests.linearizable.histories import Store, Workload
from tests.orchestrator.checks.models.records import Recorded
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries, few, right_histories, seeds

MEANS = {name: name for name in promises.MEANINGS}
ODD: list[object] = [None, "x", -1, 3.5, True, [], {}, [3], [{}], {"value": 1}, {"value": [1]}, ""]


def names(entries: Entries) -> list[str]:
    return [verdict.check for verdict in checks.judge(entries)]


def promised(*named: str) -> Entries:
    run = Recorded("", MEANS)
    fields = {**run.entries[0].fields, "promises": [*named]}
    run.entries[0] = dataclasses.replace(run.entries[0], fields=fields)
    return run.settle()


def test_a_history_without_promises_is_one_of_a_chat() -> None:
    assert names(Story().finish()) == [*promises.CHAT]


def test_only_what_is_promised_is_judged_in_the_usual_order() -> None:
    assert names(promised()) == [*promises.ALWAYS]
    assert names(promised("membership", "register", "delivery")) == [
        "expectations", "delivery", "register", "membership", "end states", "crashes",
    ]  # fmt: skip
    assert names(promised("crashes", "of-tomorrow", "set")) == [
        "expectations", "set", "of-tomorrow", "end states", "crashes",
    ]  # fmt: skip


def test_what_is_not_promised_is_not_waited_for() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "x", arrives=False)
    entries = story.entries
    assert checks.pending(entries)
    assert checks.final(entries)[0] is not checks.Judgement.VALID
    fields = {**entries[0].fields, "promises": ["register"]}
    entries[0] = dataclasses.replace(entries[0], fields=fields)
    assert not checks.pending(entries)
    assert checks.final(entries) == (checks.Judgement.VALID,) * 2


def test_no_two_models_share_a_meaning() -> None:
    assert len(promises.MEANINGS) == sum(map(len, promises.MODELS.values()))
    assert not {*promises.MODELS} & {*promises.CHAT}


def _spoiled(entries: Entries, chance: random.Random) -> Entries:
    """Return a history with other meanings, and odd values in some places."""
    spoiled = list(entries)
    names = sorted({entry.verb for entry in entries if entry.type != "lab"})
    means = {name: chance.choice([*promises.MEANINGS]) for name in names}
    fields = {**entries[0].fields, "promises": [*promises.NAMES], "means": means}
    spoiled[0] = dataclasses.replace(entries[0], fields=fields)
    for place in (chance.randrange(1, len(entries)) for _ in range(20)):
        entry = spoiled[place]
        keys = ["arguments", "results", "rows", "nil", "unread", "value", "term", "leader"]
        odd = {chance.choice(keys): chance.choice(ODD) for _ in range(2)}
        kind = chance.choice([entry.type, entry.type, "info", "ok", "notice"])
        changed = {**entry.fields, **odd}
        spoiled[place] = dataclasses.replace(entry, type=kind, fields=changed)
    return spoiled


@few
@given(right_histories(faults=True), seeds)
def test_any_history_is_judged_by_every_model(entries: Entries, chance: random.Random) -> None:
    for history in (entries, Store(Workload(40, keys=2), chance).history()):
        spoiled = _spoiled(history, chance)
        verdicts = checks.judge(spoiled)
        assert [verdict.check for verdict in verdicts] == [*promises.NAMES]
        assert verdicts == checks.judge(spoiled)
        for verdict in verdicts:
            assert bool(verdict.findings) == bool(verdict.judgement)


@pytest.mark.parametrize("name", promises.MODELS)
def test_a_model_says_nothing_of_nothing(name: str) -> None:
    (verdict,) = [one for one in checks.judge(promised(name)) if one.check == name]
    assert (verdict.judgement, verdict.judged) == (checks.Judgement.VALID, False)
    unsettled: list[Entry] = promised(name)[:-1]
    (verdict,) = [one for one in checks.judge(unsettled) if one.check == name]
    assert verdict.judgement is checks.Judgement.UNKNOWN


def test_peers_that_do_not_chat_excuse_none_that_does() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.send("alice", "bob", "x")
    story.settle()
    for peer in ("alice", "carol"):  # bob gives no list
        story.show_list(peer)
    story.lab("over")

    def found(*others: str) -> dict[str, set[tuple[str, ...]]]:
        entries = [
            dataclasses.replace(entry, fields={**entry.fields, "chats": entry.peer not in others})
            if entry.verb == "ready"
            else entry
            for entry in story.entries
            if (entry.type, entry.verb) != ("notice", "message")  # it is lost
        ]
        return {v.check: {f.peers for f in v.findings} for v in checks.judge(entries)}

    assert found("carol")["delivery"] == {("alice", "bob")}
    assert found("carol")["lists"] == {("bob",)}
    assert found("bob", "carol")["delivery"] == set()
    assert found("bob", "carol")["lists"] == set()

"""Faults of the network and pauses: what they excuse, and what they do not."""

from __future__ import annotations

import pytest

from orchestrator import checks
from orchestrator.checks import Judgement
from orchestrator.checks.index import HistoryIndex
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, judged, not_valid

_LINKS = [["alice", "bob"], ["bob", "alice"]]
_GIVEN = {"fault": "split", "says": "alice | bob", "links": _LINKS, "means": {"cut": "nftables"}}


def _connected() -> Story:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.read()
    return story


# The parsed view


def test_windows() -> None:
    story = _connected()
    story.partition("split", ("alice", "bob"))
    story.pause("bob")
    story.fault("impair", fault="bad", says="alice to bob: loss 20%", links=_LINKS[:1])
    story.end(story.invoke("carol", "kill"), "fail", said="it does not run")
    story.heal("split")
    story.fault("restore", fault="bad")
    story.kill("bob")
    story.start("bob")
    found = HistoryIndex(story.entries).faults
    seen = [(w.kind, w.name, w.peer, w.lifted.verb if w.lifted else "") for w in found]
    assert seen == [
        ("partition", "split", "", "heal"),
        ("pause", "", "bob", "kill"),
        ("impair", "bad", "", "restore"),
        ("kill", "", "carol", ""),
        ("kill", "", "bob", "start"),
    ]
    split = found[0]
    assert split.links == (("alice", "bob"), ("bob", "alice"))
    assert (split.says, split.is_proven) == ("alice | bob", True)
    assert split.until
    assert split.began < split.until
    assert not_valid(story.finish()) == {}


def test_mechanisms_and_proofs() -> None:
    story = _connected()
    before, during, after = {"sent": 3}, {"sent": 0}, {"sent": 3}
    link = {"link": ["alice", "bob"]}
    given = {**_GIVEN, "means": {"loss": "nftables"}, "proof": [{**link, **before}]}
    story.fault("partition", **given)
    story.fault("heal", fault="split", proof=[{**link, "during": during, "after": after}])
    story.fault("pause", "bob", proof=[{"before": "running", "during": "paused"}])
    story.fault("resume", "bob", proof=[{"before": "paused", "during": "running"}])
    story.fault("impair", fault="odd", links=["alice", ["alice", "bob"]], proof="none")
    split, pause, odd = HistoryIndex(story.entries).faults
    assert split.mechanisms == {"loss": "nftables"}
    assert split.proofs == [{**link, "during": during, "after": after}]
    assert pause.proofs == [{"before": "running", "during": "paused", "after": "running"}]
    assert (odd.links, odd.proofs) == ((("alice", "bob"),), [])


def test_a_name_may_be_given_again() -> None:
    story = _connected()
    for _ in range(2):
        story.fault("partition", **_GIVEN)
        story.fault("heal", fault="split")
    first, second = HistoryIndex(story.entries).faults
    assert first.until
    assert second.until
    assert first.until < second.began < second.until


def test_a_lapse_is_one_of_the_faults_that_held_there() -> None:
    story = _connected()
    for name in ("split", "other", "split"):
        story.fault("partition", **{**_GIVEN, "fault": name})
        story.fault("heal", fault=name)
    story.lab("lapse", said="the sidecar was ended", faults=["split"])
    seen = [
        (window.name, window.is_proven, window.said)
        for window in HistoryIndex(story.entries).faults
    ]
    assert seen == [
        ("split", True, ""), ("other", True, ""), ("split", False, "the sidecar was ended"),
    ]  # fmt: skip


@pytest.mark.parametrize(("lasted", "more"), [(8.0, 8.0), (1.0, 5.0)])
def test_since_when_two_are_left_alone(lasted: float, more: float) -> None:
    story = _connected()
    story._at = 10.0
    story.fault("partition", **_GIVEN)
    story._at = 10.0 + lasted
    story.fault("heal", fault="split")
    quiet = HistoryIndex(story.entries).quiet
    assert quiet.since("alice", "bob", 5.0) == 0.0
    assert quiet.since("alice", "bob", 10.5) > 10.5
    again = 10.0 + lasted + more
    assert quiet.since("bob", "alice", 90.0) == pytest.approx(again, abs=0.01)
    assert quiet.since("alice", "carol", 90.0) == 0.0
    assert quiet.longest("alice", "bob", 2.0, again + 3) == pytest.approx(8.0, abs=0.01)
    assert quiet.longest("alice", "bob", 9.0, again + 3) == pytest.approx(3.0, abs=0.01)
    assert quiet.longest("alice", "bob", 11.0, 10.5) <= 0.0
    assert checks.ripe(story.entries) == pytest.approx(again + 5, abs=0.01)


def test_a_run_without_faults_is_ripe_at_once() -> None:
    story = _connected()
    story.kill("bob")
    assert checks.ripe(story.entries) == 0.0
    story.fault("pause", "alice")
    assert checks.ripe(story.entries) == float("inf")


@pytest.mark.parametrize("how", ["never", "unproven", "paused"])
def test_what_is_not_known_to_be_gone_may_hold_still(how: str) -> None:
    story = _connected()
    if how == "paused":
        story.fault("pause", "alice")
    else:
        story.fault("partition", **_GIVEN)
    if how == "unproven":
        story.fault("heal", "", "info", fault="split")
    assert HistoryIndex(story.entries).quiet.since("alice", "bob", 1e6) > 1e6


# The operations


@pytest.mark.parametrize(
    ("verb", "peer", "fields", "says"),
    [
        ("partition", "", {**_GIVEN, "said": "not proven: alice to bob: 5 of 5 packets passed"},
         "alice | bob: not proven: alice to bob: 5 of 5 packets passed"),
        ("heal", "", {"fault": "split", "says": "alice | bob", "said": "not proven: why"},
         "heal alice | bob: not proven: why"),
        ("restore", "", {"fault": "bad"}, "restore bad: it is not known whether it took effect"),
        ("kill", "bob", {"said": "not proven: it is running"},
         "kill bob: not proven: it is running"),
        ("resume", "bob", {}, "resume bob: it is not known whether it took effect"),
    ],
)  # fmt: skip
def test_what_is_not_proven_is_unknown(
    verb: str, peer: str, fields: dict[str, object], says: str
) -> None:
    story = Story()
    story.fault(verb, peer, "info", **fields)
    verdict = support.verdict(story.finish(), "expectations")
    (finding,) = verdict.findings
    assert verdict.judgement is UNKNOWN
    assert finding.says == f"at 0.004 s, {says}"
    assert finding.peers == ((peer,) if peer else ())


def test_a_fault_that_was_refused_is_judged_by_what_was_wanted() -> None:
    story = Story()
    begun = story.invoke("", "partition", **_GIVEN)
    story._done(begun, "fail")
    assert not_valid(story.finish()) == {}
    story = Story()
    story.fault("partition", "", "fail", **_GIVEN, said="no")
    (finding,) = support.verdict(story.finish(), "expectations").findings
    assert finding.says == "at 0.004 s, alice | bob should have succeeded, but failed: no"
    assert not_valid(story.entries) == {"expectations": INVALID}


def test_a_lapse_makes_the_run_unknown() -> None:
    story = _connected()
    story.lab("lapse", said="alice: rules were gone for 3 s")
    verdict = support.verdict(story.finish(), "expectations")
    assert not_valid(story.entries) == {"expectations": UNKNOWN}
    assert "was not in force all the time: alice: rules were gone" in verdict.findings[0].says


def test_the_network_is_no_peer() -> None:
    story = Story()
    story.entries[0] = support.changed(story.entries, 0, peers=[])[0]
    story.fault("partition", "", "info", **_GIVEN)
    index = HistoryIndex(story.entries)
    assert index.peers == ("alice", "bob")
    assert index.silent == set()
    assert index.running == ["alice", "bob"]


# What a fault excuses


def _forgets(lasted: float, after: float, fault: str = "partition") -> Entries:
    """End a connection at alice, and unreported at bob, some time after a fault."""
    story = _connected()
    story.end(story.invoke("alice", "terminate", to="bob"), id="1")
    if fault == "partition":
        story.fault("partition", **_GIVEN)
    else:
        story.fault("pause", "bob")
    story._at += lasted
    if fault == "partition":
        story.fault("heal", fault="split")
    else:
        story.fault("resume", "bob")
    story._at += after
    story.end(story.invoke("bob", "terminate", to="alice"), id="1")
    story.links.clear()
    return story.finish()


@pytest.mark.parametrize("fault", ["partition", "pause"])
def test_time_in_which_a_fault_held_is_left_out(fault: str) -> None:
    assert not_valid(_forgets(20.0, 1.0, fault)) == {}
    assert not_valid(_forgets(1.0, 9.0, fault)) == {}
    assert not_valid(_forgets(1.0, 11.0, fault)) == {"both ends": INVALID}


def test_time_in_which_the_other_was_dead_is_not_left_out() -> None:
    story = _connected()
    story.kill("alice")
    story._waiting["bob"].clear()
    story._at += 8.0
    story.kill("bob")
    (finding,) = support.verdict(story.finish(), "both ends").findings
    assert "bob never reported it, until it was killed at" in finding.says
    assert not_valid(story.entries) == {"both ends": INVALID}


def test_a_fault_elsewhere_excuses_nothing() -> None:
    story = _connected()
    story.partition("split", ("alice", "carol"))
    story.terminate("alice", "bob")
    story._waiting["bob"].clear()
    story._at += 8.0
    story.end(story.invoke("bob", "terminate", to="alice"), id="1")
    assert not_valid(story.finish()) == {"both ends": INVALID}


@pytest.mark.parametrize(("quiet", "judgement"), [(2.0, UNKNOWN), (20.0, INVALID)])
def test_what_is_missing_shortly_after_a_fault_is_unknown(
    quiet: float, judgement: Judgement
) -> None:
    def missing(act: str) -> Entries:
        story = _connected()
        story.send("alice", "bob", "x", arrives=False)
        story.links[0].under_way["alice"].clear()
        if act == "terminate":
            story.terminate("alice", "bob")
            story._waiting["bob"].clear()
        story.fault("partition", **_GIVEN)
        story._at += 1.0
        story.fault("heal", fault="split")
        story._at += quiet
        story.settle()
        rows = {"alice": [{"id": "1", "peer": "bob"}], "bob": [], "carol": []}
        for peer, listed in rows.items():
            story.end(story.invoke(peer, "list"), rows=listed)
        return story.entries

    assert judged(missing("terminate"), "both ends") is judgement
    for name in ("delivery", "receipts", "lists"):
        assert judged(missing(""), name) is judgement


def test_what_had_time_before_a_fault_is_not_excused_by_it() -> None:
    story = _connected()
    story.send("alice", "bob", "x", arrives=False)
    story.links[0].under_way["alice"].clear()
    story._at += 8.0
    story.fault("partition", **_GIVEN)
    story._at += 2.0
    story.fault("heal", fault="split")
    entries = story.settle().entries
    assert judged(entries, "delivery") is INVALID
    assert judged(entries, "receipts") is INVALID


def test_both_ends_notice_a_dead_link_by_silence() -> None:
    story = _connected()
    story.send("alice", "bob", "x", arrives=False)
    story.partition("split", ("alice", "bob"))
    story.send("bob", "alice", "y", arrives=False)
    story._at += 10.0
    story.fall_silent(story.links[0])
    assert not_valid(story.finish()) == {}
    says = support.verdict(story.entries, "delivery").says
    assert says == "0 messages shown, 2 reported undelivered"
    last = support.places(story.entries, "closed")[-1]
    assert not_valid(support.without(story.entries, last)) == {"both ends": INVALID}


def test_shown_and_reported_undelivered_is_no_fault() -> None:
    story = _connected()
    story.send("alice", "bob", "x", arrives=False)
    story._message(story.links[0], "alice", "x")
    story.partition("split", ("alice", "bob"))
    story._at += 10.0
    story.fall_silent(story.links[0])
    assert not_valid(story.finish()) == {}


def test_reported_undelivered_on_a_connection_that_never_ended_is_wrong() -> None:
    story = _connected()
    story.send("alice", "bob", "x", arrives=False)
    story.partition("split", ("alice", "bob"))
    story._at += 10.0
    story._report(story.links[0], "alice", "undelivered", 1, text="x")
    story.links[0].under_way["alice"].clear()
    assert not_valid(story.finish()) == {"delivery": INVALID}


@pytest.mark.parametrize(("after", "judgement"), [(0.5, VALID), (9.0, INVALID)])
def test_a_beginning_that_a_fault_cut_short_is_not_owed(after: float, judgement: Judgement) -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story._waiting["bob"].clear()
    story._at += after
    story.partition("split", ("alice", "bob"))
    story._at += 10.0
    story.fall_silent(story.links[0])
    story._waiting["bob"].clear()
    assert judged(story.finish(), "both ends") is judgement


def test_history_lines_of_faults_have_no_connection() -> None:
    entries = [Entry(0.0, "lab", "", "began", 0, {"peers": ["alice"]})]
    entries += [Entry(0.1, "invoke", "", "partition", 1, {"links": [["alice"], 3, "x", None]})]
    entries += [Entry(0.2, "ok", "", "partition", 1, {"links": {"a": 1}, "proof": "x"})]
    (window,) = HistoryIndex(entries).faults
    assert (window.links, window.proofs, window.says) == ((), [], "partition")

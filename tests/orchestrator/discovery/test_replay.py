"""A draft is read against what it was learned from: what misreads is left out or doubted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import Exchange, KnownValues
from orchestrator.discovery.inference import infer
from orchestrator.discovery.replay import replay
from orchestrator.discovery.replies import ProgramEvidence, Replies
from tests.orchestrator.discovery.recorded import HOSTS, KNOWN, PORT, evidence, exchange

A, B, C = HOSTS.values()
BOTH = {"alice": "1", "bob": "1"}


def talk(*more: Exchange, links: Sequence[int] = (43210,)) -> ProgramEvidence:
    """Return evidence of a program in which all that is known worked as the kernel shows."""
    did = [
        exchange("myport", "myport", f"port {PORT}\n", right=None),
        exchange("list", "list", "0 peers\n", right=None),
        exchange("connect", f"connect {B} {PORT}", f"a moment\nlinked 1 {B} {PORT}\n", to="bob",
                 ids=BOTH, other=f"new 1 {A} {PORT}\n"),
        exchange("list", "list", f"1 {B} {PORT}\n1 peers\n"),
        exchange("send", "send 1 umber quill", "away!\nsent to 1\n", to="bob", text="umber quill",
                 other="1 says umber quill\n", ids=BOTH),
        exchange("terminate", "terminate 1", "'twas 1\nended 1\n", to="bob", ids=BOTH,
                 other="gone 1\n"),
        exchange("connect", f"connect {B} 1", "sorry, nothing there\n", right=False),
        exchange("send", "send 97 umber quill", "sorry, no such peer\n", right=False),
    ]  # fmt: skip
    rows = [[f"1 {B} {PORT}"]]
    made = evidence([_as_seen(it) for it in (*did, *more)], rows, ["0 peers"], "ready")
    made.known = KnownValues(KNOWN.addresses, KNOWN.ports, links=frozenset(links))
    return made


def _as_seen(one: Exchange) -> Exchange:
    is_known = bool(one.to) and one.right is not None
    given = {"id": one.typed[0].split()[1]} if one.verb in ("send", "terminate") else {}
    row = {"alice": (f"1 {B} {PORT}", 0)}
    return replace(one, fact=one.right if is_known else None, given=given, rows=row)


def replayed(known: ProgramEvidence, **changes: dict[str, Any]) -> Draft:
    """Return what becomes of a draft with other patterns than those that were learned."""
    draft = infer("it", PORT, known)
    assert not any("doubt" in it for it in draft.data["operations"].values())
    for verb, changed in changes.items():
        draft.data["operations"][verb] |= changed
    replay(draft, known, Replies(known, {}))
    return draft


def test_what_is_read_rightly_stays_as_it_is() -> None:
    known = talk()
    draft = infer("it", PORT, known)
    before = draft.to_yaml()
    replay(draft, known, Replies(known, {}))
    assert draft.to_yaml() == before
    assert not draft.doubts.keys() & {("operations", verb) for verb in draft.data["operations"]}


@pytest.mark.parametrize(
    ("verb", "wrong", "right"),
    [
        ("connect", r"^a \w+$", "^sorry"),
        ("send", r"^[b-z]*away", "^no"),
        ("terminate", r"^\W?twas", "^never$"),
    ],
)
def test_a_refusal_that_matches_what_worked_is_left_out(verb: str, wrong: str, right: str) -> None:
    draft = replayed(talk(), **{verb: {"fail": [wrong, right]}})
    assert draft.data["operations"][verb]["fail"] == right
    assert "doubt" not in draft.data["operations"][verb]
    alone = replayed(talk(), **{verb: {"fail": wrong}})
    assert "fail" not in alone.data["operations"][verb]


@pytest.mark.parametrize(("errors", "verb"), [("^a mo", "connect"), ("^(away|sorry)", "send")])
def test_an_error_that_refuses_what_worked_is_doubted(errors: str, verb: str) -> None:
    known = talk()
    draft = infer("it", PORT, known)
    draft.data["errors"] = errors
    replay(draft, known, Replies(known, {}))
    doubted = {name: it["doubt"] for name, it in draft.data["operations"].items() if "doubt" in it}
    assert doubted.keys() == {verb}
    assert doubted[verb].startswith(f"{errors!r} in `errors` refuses what worked")
    assert draft.doubts["operations", verb] == doubted[verb]
    (note,) = (it for it in draft.notes if it.what == f"operations {verb}")
    assert note.doubt == doubted[verb]


@pytest.mark.parametrize(
    ("verb", "ok"), [("connect", r"^(linked|sorry)"), ("send", r"^s\w+,? (no|to) ")]
)
def test_a_success_that_matches_a_refusal_is_doubted(verb: str, ok: str) -> None:
    draft = replayed(talk(), **{verb: {"ok": ok}})
    doubt = draft.data["operations"][verb]["doubt"]
    assert doubt.startswith(f"`ok` {ok!r} matches 'sorry, no")
    assert "# doubtful\n" in draft.to_yaml()


@pytest.mark.parametrize(
    ("verb", "ok", "line"),
    [("connect", "^never$", f"linked 1 {B} {PORT}"), ("send", "x", "sent to 1")],
)
def test_what_worked_and_is_not_read_is_to_be_reviewed(verb: str, ok: str, line: str) -> None:
    """A run reads nothing false then, so the profile has no doubt as data."""
    draft = replayed(talk(), **{verb: {"ok": ok, "also": "^a"}})
    said = draft.doubts["operations", verb]
    assert said == f"1 of 1 replies to what worked are not read, such as {line!r}"
    assert "doubt" not in draft.data["operations"][verb]
    assert f"# doubtful: {said}" in draft.to_yaml()


def test_a_program_that_claims_to_have_done_what_it_did_not_is_no_doubt() -> None:
    """It says the same of a peer that is not there: that is for the checks."""
    claim = exchange("connect", f"connect {C} {PORT}", f"linked 2 {C} {PORT}\n", to="carol")
    known = talk(replace(claim, fact=False))
    known.exchanges = [
        replace(it, fact=False) if it.to == "carol" else it for it in known.exchanges
    ]
    assert "doubt" not in replayed(known).data["operations"]["connect"]


@pytest.mark.parametrize(
    ("ok", "kept"),
    [
        (r"^linked (?P<id>\d+) (?P<address>[\d.]+)\.\d (?P<port>\d+)$", {"id", "port"}),
        (r"^linked (?P<id>\d+) (?P<address>\S+) (?P<port>\d\d)", {"id", "address"}),
        (r"^linked (?P<id>\d+) (?P<address>\S+) (?P<port>\d+)$", {"id", "address", "port"}),
    ],
)
def test_a_part_of_something_else_is_not_read(ok: str, kept: set[str]) -> None:
    made = replayed(talk(), connect={"ok": ok}).data["operations"]["connect"]["ok"]
    assert {name for name in ("id", "address", "port") if f"(?P<{name}>" in made} == kept


def test_a_port_that_no_one_knows_may_be_that_of_a_connection() -> None:
    ok = r"^linked (?P<id>\d+) (?P<address>\S+) (?P<port>\d\d)"
    made = replayed(talk(links=()), connect={"ok": ok}).data["operations"]["connect"]["ok"]
    assert "(?P<port>" in made


@pytest.mark.parametrize("row", [r"^(?P<id>\d)\d", r"^\d(?P<id>\d)"])
def test_a_row_with_a_part_of_an_id_is_doubted(row: str) -> None:
    known = talk()
    known.exchanges = [
        replace(it, given={"id": "13"}, rows={"alice": (f"13 {B} {PORT}", 0)})
        if it.verb == "send" and it.fact else it for it in known.exchanges
    ]  # fmt: skip
    doubt = replayed(known, list={"row": row}).data["operations"]["list"]["doubt"]
    assert doubt.endswith(f" in '13 {B} {PORT}', where '13' was right")


@pytest.mark.parametrize(
    ("kind", "pattern", "why"),
    [
        ("connected", r"^(?P<id>\d+) says", "which showed the message 'umber quill'"),
        ("closed", r"quill$", "which showed the message 'umber quill'"),
        ("message", r"^1 says (?P<text>\w+)", "where 'umber quill' was right"),
        ("message", r"^(?P<text>.*)$", "where 'umber quill' was right"),
    ],
)
def test_a_notice_that_misreads_a_message_is_left_out(kind: str, pattern: str, why: str) -> None:
    known = talk()
    draft = infer("it", PORT, known)
    others = {name: it for name, it in draft.data["notices"].items() if name != kind}
    draft.data["notices"] = {kind: pattern, **others}
    replay(draft, known, Replies(known, {}))
    assert kind not in draft.data["notices"]
    lack = draft.data["lacks"][kind]
    assert lack["doubt"] is True
    assert lack["reason"].startswith(f"{pattern!r} ")
    assert lack["reason"].endswith(why)
    assert {note.what for note in draft.notes if note.doubt == lack["reason"]} == {f"lacks {kind}"}


def test_a_block_of_lines_is_read_as_in_a_run() -> None:
    block = exchange("send", "send 1 pale ink", "sent to 1\n", to="bob", text="pale ink", ids=BOTH,
                     other="> from 1:\npale ink\n")  # fmt: skip
    known = talk(block)
    draft = infer("it", PORT, known)
    draft.data["notices"]["message"] = [
        r"^1 says (?P<text>.*)$", {"block": ["^> from 1:$", "^(?P<text>.*)$"]},
    ]  # fmt: skip
    replay(draft, known, Replies(known, {}))
    assert "message" in draft.data["notices"]

"""Outcomes: how an operation ended, from the reply and the list alone."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.console.reply import Reply
from orchestrator.runner import outcomes


def reply(
    ok: bool | None,
    *lines: str,
    fields: dict[str, str] | None = None,
    rows: Sequence[dict[str, str]] = (),
    unread: Sequence[str] = (),
) -> Reply:
    return Reply(
        verb="list", ok=ok, lines=list(lines), fields=fields or {}, rows=list(rows),
        unread=list(unread),
    )  # fmt: skip


def row(peer: str, identifier: str, port: str = "5000") -> dict[str, str]:
    return {"peer": peer, "id": identifier, "address": "10.0.0.2", "port": port}


def test_the_last_line_says_how_it_ended() -> None:
    assert outcomes.completion(reply(True, "one", "two")) == ("ok", {"said": "two"})
    assert outcomes.completion(reply(True, "one", "two"), whole=True) == (
        "ok",
        {"said": "one\ntwo"},
    )
    assert outcomes.completion(reply(False, fields={"id": "3"})) == (
        "fail",
        {"said": "", "id": "3"},
    )


def test_an_answer_that_cannot_be_read_is_quoted() -> None:
    outcome, said = outcomes.completion(reply(None, "do you", "know?"))
    assert outcome == "info"
    assert said["said"] == r"the lab could not read 'do you\nknow?'"
    assert said["unread"] == "do you\nknow?"
    _, said = outcomes.unreadable(reply(None, "who  is that? "))
    assert said["said"] == "the lab could not read 'who··is that?·'"
    _, said = outcomes.unreadable(reply(None, " "))
    assert said["said"] == "the lab could not read the answer to 'list': it printed nothing"
    _, said = outcomes.unreadable(reply(None, "x" * 900))
    assert len(said["said"]) < 300


def test_one_value_of_an_answer() -> None:
    found = outcomes.value(reply(True, "port 5", fields={"port": "5"}), "port")
    assert found == ("ok", {"said": "port 5", "port": "5"})
    found = outcomes.value(reply(True, "5", rows=[{"address": "a"}, {"port": "6"}]), "port")
    assert found == ("ok", {"said": "5", "port": "6"})
    assert outcomes.value(reply(True, "hm"), "port")[0] == "info"
    assert outcomes.value(reply(False, "no"), "port") == ("fail", {"said": "no"})


def test_a_peer_that_is_not_listed_may_be_in_a_line_that_cannot_be_read() -> None:
    what = "list does not show bob"
    assert outcomes.missing(what, "") == ("fail", {"said": what})
    outcome, said = outcomes.missing(what, "9 > 10.0.0.2")
    assert (outcome, said["unread"]) == ("info", "9 > 10.0.0.2")
    assert said["said"] == "list does not show bob; the lab could not read '9 > 10.0.0.2'"


def test_rows_that_came_and_went() -> None:
    before = [row("bob", "1"), row("carol", "2"), row("bob", "3")]
    shifted = [row("carol", "1"), row("bob", "2")]
    assert outcomes.new_row("", before, shifted) is None, "an id may be a position"
    assert outcomes.lost_row("", before, shifted) == row("bob", "3")
    assert outcomes.lost_row("carol", before, shifted) is None
    more = [*before, row("bob", "4"), row("dave", "5")]
    assert outcomes.new_row("bob", before, more) == row("bob", "4")
    assert outcomes.new_row("dave", before, more) == row("dave", "5")
    assert outcomes.new_row("bob", before, [row("bob", "9", "40001")]) == row("bob", "9", "40001")

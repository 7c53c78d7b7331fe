"""Profiles inferred from recorded exchanges of several styles."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.discovery.inference import infer
from orchestrator.discovery.replies import ProgramEvidence
from orchestrator.discovery.wording import Wording
from tests.orchestrator.discovery.recorded import evidence, exchange

A, B, C = "172.20.0.2", "172.20.0.3", "172.20.0.4"


def bracketed() -> ProgramEvidence:
    """Return evidence of a program without a prompt that marks each line."""
    return evidence(
        [
            exchange("unknown", "qwxz", "[no] unknown: qwxz\n", right=False),
            exchange("myip", "myip", f"[ok] my address is {A}\n", right=None),
            exchange("myport", "myport", "[ok] my port is 5000\n", right=None),
            exchange("list", "list", "[ok] connections: 0\n", right=None),
            exchange("connect", f"connect {B} 5000", f"[ok] connected #1 {B}:5000\n", to="bob",
                     other=f"[connected] #1 {A}:5000 has come\n", ids={"alice": "1", "bob": "1"}),
            exchange("connect", f"connect {B} 5000", f"[ok] connected #1 {B}:5000\n", to="bob",
                     at="carol", other=f"[connected] #2 {C}:5000 has come\n",
                     ids={"carol": "1", "bob": "2"}),
            exchange("list", "list", f"  #1  {A}  5000\n  #2  {C}  5000\n[ok] connections: 2\n",
                     at="bob"),
            exchange("connect", f"connect {B} 1", "[no] refused\n", right=False),
            exchange("send", "send 1 umber quill", "[ok] sent to #1\n", to="bob",
                     text="umber quill", other=f"[message] #1 {A}:5000 says: umber quill\n",
                     ids={"alice": "1", "bob": "1"}),
            exchange("terminate", "terminate 1", "[ok] terminated #1\n", to="bob",
                     other=f"[closed] #1 {A}:5000 has left\n", ids={"alice": "1", "bob": "1"}),
            exchange("exit", "exit", "[ok] goodbye\n", at="carol", to="bob",
                     other=f"[closed] #2 {C}:5000 has left\n", ids={"carol": "1", "bob": "2"}),
        ],
        [[f"  #1  {A}  5000", f"  #2  {C}  5000"]],
        ["[ok] connections: 0"],
        "[ready] listening on port 5000",
    )  # fmt: skip


def terse() -> ProgramEvidence:
    """Return evidence of a program that is silent on success and shows messages in blocks."""
    block = f"> \nMessage received\nSender's IP: {A}\nSender's port: 43210\nMessage: “ab cd”\n> "
    prompts = ["> "]
    return evidence(
        [
            exchange("unknown", "qwxz", "? bad command\n> ", right=False, prompts=prompts),
            exchange("myip", "myip", f"{A}\n> ", right=None, prompts=prompts),
            exchange("list", "list", "ID ADDRESS PORT\n> ", right=None, prompts=prompts),
            exchange("connect", f"connect {B} 5000", "> ", to="bob", prompts=prompts),
            exchange("list", "list", f"ID ADDRESS PORT\n0  {B}  5000\n> ", prompts=prompts),
            exchange("list", "list", f"ID ADDRESS PORT\n0  {A}  43210\n1  {C}  43999\n> ",
                     at="bob", prompts=prompts),
            exchange("send", "send 0 ab cd", "> ", to="bob", text="ab cd", other=block,
                     prompts=prompts, ids={"alice": "0", "bob": "0"}),
            exchange("send", "send 9 ab cd", "? bad id\n> ", right=False, prompts=prompts),
        ],
        [[f"0  {B}  5000"], [f"0  {A}  43210", f"1  {C}  43999"]],
        ["ID ADDRESS PORT"],
        "",
        prompts,
        0,
    )  # fmt: skip


def verbs(evidence: ProgramEvidence) -> dict[str, Any]:
    found: dict[str, Any] = infer("it", 5000, evidence).data["operations"]
    return found


def test_replies_become_patterns_with_groups() -> None:
    found = verbs(bracketed())
    assert found["connect"] == {
        "send": "connect {address} {port}",
        "ok": r"^\[ok\] connected #(?P<id>\d+) (?P<address>[\w.:-]+?):(?P<port>\d+)$",
    }
    assert found["myport"]["ok"] == r"^\[ok\] my port is (?P<port>\d+)$"
    assert found["send"]["ok"] == r"^\[ok\] sent to #(?P<id>\d+)$"


def test_rows_and_the_line_after_them() -> None:
    found = verbs(bracketed())["list"]
    row = re.search(found["row"], f"  #12  {B}  5000")
    assert row
    assert row.groupdict() == {"id": "12", "address": B, "port": "5000"}
    assert found["ok"] == r"^\[ok\] connections: \d+$"
    assert "ends" not in found


def test_notices_of_the_other_peer() -> None:
    found = infer("it", 5000, bracketed()).data["notices"]
    assert found["message"] == (
        r"^\[message\] #(?P<id>\d+) (?P<address>[\w.:-]+?):(?P<port>\d+) says: (?P<text>.*)$"
    )
    assert re.search(found["connected"], f"[connected] #7 {C}:5000 has come")
    assert re.search(found["closed"], f"[closed] #7 {C}:5000 has left")


def test_errors_share_their_beginning() -> None:
    assert infer("it", 5000, bracketed()).data["errors"] == r"^\[no\]"


def test_silent_verbs_and_lists_without_a_last_line() -> None:
    found = verbs(terse())
    assert found["connect"] == {"send": "connect {address} {port}", "silent": True}
    assert found["send"]["silent"] is True
    assert found["list"]["ends"] == "quiet"
    assert infer("it", 5000, terse()).data["first_id"] == 0


def test_a_message_in_a_block_with_quotes_and_an_ephemeral_port() -> None:
    block = infer("it", 5000, terse()).data["notices"]["message"]["block"]
    assert block[0] == "^Message received$"
    assert re.search(block[2], "Sender's port: 51112")
    found = re.search(block[3], "Message: “with “quotes” in it”")
    assert found
    assert found["text"] == "with “quotes” in it"


def test_what_was_never_printed_is_lacking_and_doubtful() -> None:
    draft = infer("it", 5000, terse())
    assert "connected" in draft.data["lacks"]
    assert ("lacks", "connected") in draft.doubts
    assert "exit" in draft.data["lacks"]


def test_doubts_are_comments_in_the_file() -> None:
    lines = infer("it", 5000, terse()).to_yaml().splitlines()
    index = next(n for n, line in enumerate(lines) if line.startswith("  connected:"))
    assert lines[index - 1].startswith("  # doubtful: ")


def test_the_prompt_is_not_part_of_a_reply() -> None:
    assert infer("it", 5000, terse()).data["console"] == {"echo": False, "prompt": "> "}


def test_tracebacks_of_a_program_that_survives_are_its_error_messages() -> None:
    trace = 'Traceback (most recent call last):\n  File "chat.py", line 1, in f\n    g()\n'
    errors = ["ValueError: invalid literal", "IndexError: list index", "KeyError: 97"]
    known = evidence(
        [
            exchange("myport", "myport", "port 5000\n", right=None),
            *(
                exchange("connect", "connect x", f"{trace}{error}\n", right=False)
                for error in errors
            ),
        ],
        [],
        [],
        "ready",
    )
    data = infer("it", 5000, known).data
    assert re.search(data["errors"], "socket.gaierror: [Errno -2] Name or service not known")
    assert data["crash"] == ["^Exception in thread ", "^Fatal Python error"]


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=60))
def test_no_output_breaks_a_profile(said: str) -> None:
    known = evidence(
        [exchange("help", "help", f"{said}\n", right=None),
         exchange("connect", f"connect {B} 5000", f"{said}\n", to="bob", other=f"{said}\n")],
        [], [], said,
    )  # fmt: skip
    draft = infer("it", 5000, known)
    for verb in draft.data["operations"].values():
        ok = verb.get("ok", "")
        for pattern in [ok] if isinstance(ok, str) else ok:
            re.compile(pattern)
    assert draft.to_yaml()


def test_an_exit_without_an_end_is_doubtful() -> None:
    known = bracketed()
    assert ("operations", "exit") not in infer("it", 5000, known).doubts
    lingering = [replace(exchange, ended=False) for exchange in known.exchanges]
    draft = infer("it", 5000, replace(known, exchanges=lingering))
    assert draft.doubts["operations", "exit"] == "the program did not exit"


def test_errors_without_a_common_beginning_belong_to_their_verb() -> None:
    known = evidence(
        [
            exchange("unknown", "qwxz", "pardon?\n", right=False),
            exchange("connect", f"connect {B} 5000", "done\n", to="bob"),
            exchange("connect", f"connect {B} 1", "nobody listens on 1\n", right=False),
            exchange("connect", f"connect {B} 5000", "already connected\n", right=None),
        ],
        [],
        [],
        "ready",
    )
    data = infer("it", 5000, known).data
    assert data["errors"] == r"^pardon\?$"
    assert data["operations"]["connect"]["fail"] == [
        r"^nobody listens on -?\w+$",
        "^already connected$",
    ]
    assert data["sync"] == ""


def test_doubtful_replies() -> None:
    known = evidence(
        [
            exchange("myip", "myip", "it is secret\n", right=None),
            exchange("send", "send 1 ab", "sent\n", to="bob", text="ab"),
            exchange("send", "send 1 cd", "", to="bob", text="cd"),
            exchange("terminate", "terminate 1", "so be it, 1\n", to="bob"),
            exchange("terminate", "terminate 2", "(over)\n", to="bob"),
            exchange("terminate", "terminate 3", "<gone> away\n", to="bob"),
        ],
        [],
        [],
        "ready",
    )
    draft = infer("it", 5000, known)
    assert draft.data["operations"]["send"]["silent"] is True
    assert draft.doubts["operations", "send"] == "it prints this only sometimes"
    assert draft.doubts["operations", "terminate"] == "its format was different each time"
    assert draft.doubts["operations", "myip"] == "the value was not found in it"


def test_greetings_that_differ_are_not_the_ready_line() -> None:
    known = bracketed()
    greetings = [replace(it, lines=(f"{it.at} is here",)) for it in known.greetings]
    greetings[0] = replace(greetings[0], lines=("alice, hello",))
    draft = infer("it", 5000, replace(known, greetings=greetings))
    assert draft.data["ready"] == ""


def test_questions_become_part_of_what_is_typed() -> None:
    known = bracketed()
    asking = Wording(("connect", "{address}", "{port}"), ("", "Which IP? ", "Port: "))
    wordings = known.wordings | {"connect": asking}
    made = infer("it", 5000, replace(known, wordings=wordings, first={"connect": "list"}))
    assert made.data["operations"]["connect"]["first"] == "list"
    assert made.data["operations"]["connect"]["send"] == [
        "connect",
        {"type": "{address}", "after": r"Which IP\?"},
        {"type": "{port}", "after": "Port:"},
    ]

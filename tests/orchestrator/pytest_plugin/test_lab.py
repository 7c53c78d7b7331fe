"""Peers driven from Python: every act and expectation, and the message if one is not met."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.errors import LabError
from orchestrator.pytest_plugin.lab import Lab, LabSettings, NotAsWantedError, RunTitle
from orchestrator.pytest_plugin.lab_run import mistakes
from orchestrator.pytest_plugin.runners import Runners
from orchestrator.scenario import EngineName, Scenario
from tests.orchestrator.support import ROOT, processes_of, run_of

pytestmark = pytest.mark.peerlab(engine="process")
MakeLab = Callable[..., Lab]


def quotes_last_lines(error: pytest.ExceptionInfo[NotAsWantedError], *peers: str) -> None:
    """Check that a message quotes these consoles, and is safe for a terminal."""
    text = str(error.value)
    assert all(f"{peer} last showed:\n    | " in text for peer in peers)
    assert not {"\x1b", "\x07"} & {*text}


def test_every_act(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    assert alice.connect(bob)
    assert not bob.connect(alice, refused="already connected")
    bob.expect_connected(alice)
    assert alice.list() == ["bob"]
    assert alice.send(bob, "hi")
    assert bob.send("alice", "number {n}", times=3)
    bob.expect_message("hi", sender=alice)
    alice.expect_message("number 3", sender="bob", within=1)
    alice.expect_delivered(bob)
    assert alice.terminate(bob)
    bob.expect_closed(alice)
    bob.expect_list()
    bob.exit()
    assert alice.type("myport") == f"ok: {alice.port}"
    assert alice.type("frob", refused="").startswith("error: ")
    assert lab.verdict == ""
    assert lab.end().judgement.word == lab.verdict == "valid"


def test_every_act_has_the_line_of_the_test(lab: Lab, tmp_path: Path) -> None:
    alice, bob = lab.peers("alice", "bob")
    first = sys._getframe().f_lineno
    lab.connect_all("line")
    lab.together(
        lambda: alice.send(bob, "hi"),
        lambda: bob.send(alice, "ho"),
    )
    helper = tmp_path / "helper.py"
    helper.write_text("\ndef pause(peer):\n    with peer.pause():\n        pass\n")
    names: dict[str, Any] = {}
    exec(compile(helper.read_text(), str(helper), "exec"), names)
    names["pause"](alice)
    thread = threading.Thread(target=names["pause"], args=(bob,))
    thread.start()
    thread.join()
    run = lab.end()
    begun = [entry for entry in run.entries if entry.type == "invoke"]
    lines = {
        (e.peer, e.verb): e.fields.get("step", 0) - first for e in begun if "file" not in e.fields
    }
    assert lines["alice", "connect"] == 1
    assert (lines["alice", "send"], lines["bob", "send"]) == (3, 4)
    assert lines["alice", "pause"] == lines["alice", "resume"] == 10
    foreign = [
        (e.peer, e.verb, e.fields["step"], e.fields["file"]) for e in begun if "file" in e.fields
    ]
    assert foreign == [("bob", "pause", 3, str(helper)), ("bob", "resume", 3, str(helper))]
    assert Path(run.entries[0].text("file")).samefile(__file__)


def test_a_line_that_is_awaited_is_returned(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    assert bob.expect_line(r"^\* connected \d+ ").startswith("* connected")
    assert any("* connected" in line for line in bob.transcript())
    assert repr(alice) == f"<LabPeer alice at {alice.address}:{alice.port}>"


def test_peers_by_number_and_more_of_them(lab: Lab) -> None:
    alice, bob = lab.peers(2)
    (carol,) = lab.peers(1)
    eve, alice_again, dave = lab.peers("eve", "alice", 1)
    assert [p.name for p in (alice, bob, carol, dave)] == ["alice", "bob", "carol", "dave"]
    assert alice_again is alice
    assert lab.peer("eve") is eve
    eve.connect(alice)
    alice.expect_list(eve)


@pytest.mark.parametrize(
    ("shape", "links"),
    [
        ("mesh", {"alice": "bob carol", "bob": "alice carol", "carol": "alice bob"}),
        ("star", {"alice": "bob carol", "bob": "alice", "carol": "alice"}),
        ([("alice", "carol")], {"alice": "carol", "bob": "", "carol": "alice"}),
    ],
)
def test_shapes(lab: Lab, shape: Any, links: dict[str, str]) -> None:
    lab.peers(3)
    lab.connect_all(shape)
    assert {name: " ".join(sorted(lab.peer(name).list())) for name in links} == links


def test_wrong_shapes(lab: Lab) -> None:
    alice, _ = lab.peers(2)
    with pytest.raises(ValueError, match="a ring needs 3 peers or more, not 2"):
        lab.connect_all("ring")
    with pytest.raises(ValueError, match="no such shape 'cube'"):
        lab.connect_all("cube")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no peer 'zoe'"):
        lab.connect_all([(alice, "zoe")])


def test_several_at_once(lab: Lab) -> None:
    peers = lab.peers(4)
    lab.together(*(lambda a=a, b=b: a.connect(b, may_fail=True) for a in peers for b in peers
                   if a is not b))  # fmt: skip
    for peer in peers:
        peer.expect_list(*(other for other in peers if other is not peer))


def test_failures_at_the_same_time_are_reported_together(lab: Lab) -> None:
    lab.expect_verdict("invalid", check="expectations")
    alice, bob = lab.peers(2)
    with pytest.raises(NotAsWantedError) as error:
        lab.together(lambda: bob.type("myip", refused=""), lambda: alice.type("myip", refused=""))
    (note,) = error.value.__notes__
    assert note.startswith("and at the same time: ")
    both = str(error.value) + note
    assert "'myip', typed at alice, should have failed" in both
    assert "'myip', typed at bob, should have failed" in both


def test_an_act_that_does_not_end_as_wanted(lab: Lab) -> None:
    lab.expect_verdict("invalid", check="expectations")
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    with pytest.raises(NotAsWantedError, match="should have succeeded, but failed") as error:
        bob.connect(alice)
    quotes_last_lines(error, "alice", "bob")
    assert "  wanted: to be done\n  came:   error: already connected" in str(error.value)
    with pytest.raises(NotAsWantedError, match=r"wanted: to be refused, with 'no way'"):
        alice.connect(bob, refused="no way")
    with pytest.raises(NotAsWantedError, match="wanted: to list no one\n  came:   bob"):
        alice.expect_list(within=0)


def test_a_message_that_does_not_come(lab: Lab) -> None:
    lab.expect_verdict("invalid", check="expectations")
    alice, bob = lab.peers("alice", "bob")
    alice.connect(bob)
    alice.send(bob, "\x1b[31mred\x07")
    with pytest.raises(NotAsWantedError) as error:
        bob.expect_message("\x1b[32m", sender=alice, within=0.1)
    quotes_last_lines(error, "bob", "alice")
    assert r"wanted: message from alice: '\x1b[32m'" in str(error.value)
    assert "came:   nothing of the kind within 0.1 s" in str(error.value)


def test_unknown_names(lab: Lab) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        lab.peers("Alice!")
    alice, bob = lab.peers("alice", "bob")
    with pytest.raises(ValueError, match="no peer 'bobb' here; did you mean 'bob'"):
        alice.connect("bobb")
    with pytest.raises(ValueError, match="cannot be typed as part of a line"):
        alice.send(bob, "two\nlines")
    with pytest.raises(ValueError, match="no check 'duplicate'; known: duplicates"):
        lab.expect_verdict("invalid", check="duplicate")


def test_keys_that_edit_a_line_take_a_literal_key(make_lab: MakeLab, tmp_path: Path) -> None:
    text = (ROOT / "profiles/peerlab.yaml").read_text()
    (tmp_path / "plain.yaml").write_text(re.sub("  literal_key: .*", "", text))
    alice, bob = make_lab(profile=str(tmp_path / "plain.yaml")).peers("alice", "bob")
    edits = "edits the line at a terminal: typing it takes a `literal_key` in the profile 'peerlab'"
    with pytest.raises(ValueError, match=f"^line: '.x12' {edits}$"):
        alice.type("a\x12b")
    alice.connect(bob)
    with pytest.raises(ValueError, match=f"^text: '.x15' {edits}$"):
        alice.send(bob, "a\x15b")
    assert not any("> send" in line for line in alice.transcript()), "nothing was typed"


def test_nothing_can_be_done_after_the_end(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    assert lab.end() is lab.end()
    with pytest.raises(RuntimeError, match="the run is over"):
        alice.connect(bob)
    with pytest.raises(RuntimeError, match="the run is over"):
        lab.peers("carol")


def test_several_labs_in_one_test(make_lab: MakeLab) -> None:
    one, other = make_lab(), make_lab(limits={"expect": 0.1})
    (alice,) = one.peers("alice")
    (bob,) = other.peers("bob")
    assert (alice.list(), bob.list()) == ([], [])
    other.expect_verdict("invalid")
    with pytest.raises(NotAsWantedError, match=r"within 0\.1 s"):
        bob.expect_line("never")


def test_an_error_of_the_lab_ends_the_run(make_lab: MakeLab) -> None:
    lab = make_lab(limits={"total": 1e-9})
    (alice,) = lab.peers("alice")
    with pytest.raises(LabError, match="took longer than 1e-09 s") as error:
        alice.list()
    assert error.value.__notes__ == [f"hint: {error.value.hint}"]
    lab.expect_verdict("unknown")
    assert lab.end().record
    assert "took longer" in (lab.end().folder / "run.json").read_text()


@pytest.fixture
def runners(tmp_path: Path) -> Iterator[Runners]:
    """Return runners that belong to no session."""
    some = Runners(EngineName.PROCESS, tmp_path)
    yield some
    some.close()


def test_peers_are_left_to_the_next_one(runners: Runners) -> None:
    def warm(lab: Lab) -> set[bool]:
        lab.peers("alice", "bob")
        lines = (lab.end().folder / "history.jsonl").read_text().splitlines()
        return {entry["warm"] for entry in map(json.loads, lines) if entry["verb"] == "ready"}

    title = RunTitle("test", "why", "# none\n")
    assert warm(Lab(runners, LabSettings(), title)) == {False}
    assert warm(Lab(runners, LabSettings(), title)) == {True}
    assert warm(Lab(runners, LabSettings(fresh=True), title)) == {False}
    owner = run_of(runners.on(None).pool.engine)
    assert processes_of(owner)
    runners.close()
    assert processes_of(owner) == []


def test_a_run_that_is_abandoned_is_kept_and_its_peers_are_not(runners: Runners) -> None:
    lab = Lab(runners, LabSettings(), RunTitle("left", "why", "# none\n"))
    lab.peers("alice", "bob")
    lab.abandon("the test was interrupted")
    owner = run_of(runners.on(None).pool.engine)
    assert processes_of(owner) == []
    assert lab.verdict == "unknown"
    assert lab.folder
    assert json.loads((lab.folder / "run.json").read_text())["error"] == "the test was interrupted"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"limits": {"expct": 3}}, "limits: unknown key 'expct'; did you mean 'expect'?"),
        ({"limits": {"expect": 0}}, "limits: must be more than 0, not 0"),
        ({"limits": 5}, "limits: a mapping is expected here, not the number 5"),
        ({"engine": "podman"}, "engine: no such word 'podman': one of auto, docker, process"),
        ({"profile": 5}, "profile: text is expected here, not the number 5"),
        ({"arguments": "--silence 3"}, "arguments: 'str' instances are not allowed"),
        ({"arguments": [3]}, "arguments: text is expected here, not the number 3"),
    ],
)
def test_wrong_settings(setting: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as error:
        LabSettings(**setting)
    assert mistakes(error.value, Scenario).startswith(says)


def test_wrong_use_names_the_argument(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    wrong: dict[str, Callable[[], object]] = {
        "a peer or its name is expected, not None": lambda: alice.connect(None),  # type: ignore[arg-type]
        "text: text is expected here, not the number 5": lambda: alice.send(bob, 5),  # type: ignore[arg-type]
        "times: must be at least 1, not 0": lambda: alice.send(bob, "x", times=0),
        "to: no peer 'bobb' here": lambda: alice.send("bobb", "x"),
        "2.5 is neither a peer's name nor a number of peers": lambda: lab.peers(2.5),  # type: ignore[arg-type]
        "there is no verdict 'bad': one of valid,": lambda: lab.expect_verdict("bad"),  # type: ignore[arg-type]
    }
    for says, act in wrong.items():
        with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
            act()


def test_a_missing_profile(runners: Runners) -> None:
    lab = Lab(runners, LabSettings(profile="nowhere.yaml"), RunTitle("x", "why", ""))
    with pytest.raises(LabError, match=r"^nowhere\.yaml: cannot be read"):
        lab.peers(1)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (("alice", "alice"), "the peer 'alice' is asked for twice"),
        ((0,), "at least one peer must be asked for, not 0"),
        ((-1,), "at least one peer must be asked for, not -1"),
        ((True,), "True is neither a peer's name nor a number of peers"),
    ],
)
def test_peers_that_cannot_be(runners: Runners, wanted: tuple[Any, ...], says: str) -> None:
    lab = Lab(runners, LabSettings(), RunTitle("x", "why", ""))
    with pytest.raises(ValueError, match=f"^{says}$"):
        lab.peers(*wanted)

"""Operations of a program's own vocabulary, done at real consoles, and what the history has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.history import entries as history
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.recorded_workload import recorded
from tests.orchestrator.harness import Harness, judged
from tests.orchestrator.support import PROGRAMS

HEAD = f"profile: {PROGRAMS / 'store/profile.yaml'}\npeers: [alice, bob]\nsteps:\n"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with Harness("process", tmp_path) as made:
        yield made


def outcomes(entries: list[Entry], verb: str) -> list[Entry]:
    return [entry for entry in entries if entry.verb == verb and entry.is_done]


def steps(*lines: str) -> str:
    return HEAD + "".join(f"  - {line}\n" for line in lines)


def test_values_pass_from_one_reply_into_the_next_call(harness: Harness) -> None:
    run = harness.run(
        steps(
            "put: {at: alice, key: x, value: 3}",
            "get: {at: bob, key: x, nil: true}",
            "copy: {at: alice, key: x, host: '{bob.address}', port: '{bob.port}'}",
            "expect: {at: bob, notice: copied, fields: {key: x, value: {less: 4}}}",
            "get: {at: bob, key: x, expect: {value: 3}, within: 5, save: {value: v}}",
            "put: {at: bob, key: 'after {v}', value: '{v}', refused: KEY}",
            "repeat: {times: 2, steps: [{put: {at: bob, key: 'y{n}', value: '{n}'}}]}",
            "keys: {at: bob, shows: {key: [y1, x, y2]}}",
            "quit: alice",
        )
    )
    assert judged(run) == {"expectations": "valid", "end states": "valid", "crashes": "valid"}
    read = history.read(run.folder / "history.jsonl")
    put = outcomes(read, "put")
    assert [entry.fields["arguments"] for entry in put] == [
        {"key": "x", "value": 3}, {"key": "after 3", "value": 3},
        {"key": "y1", "value": 1}, {"key": "y2", "value": 2},
    ]  # fmt: skip
    assert put[0].fields["results"] == {"count": 1}
    absent, found = outcomes(read, "get")
    assert (absent.type, absent.fields["nil"]) == ("ok", True)
    assert (found.type, found.fields["results"]) == ("ok", {"value": 3})
    assert outcomes(read, "keys")[0].fields["rows"] == [
        {"key": "x", "value": 3}, {"key": "y1", "value": 1}, {"key": "y2", "value": 2},
    ]  # fmt: skip
    (notice,) = [entry for entry in read if entry.type == "notice"]
    assert notice.fields["results"] == {"key": "x", "value": "3"}
    assert outcomes(read, "quit")[0].fields["status"] == 3
    assert [entry for entry in read if entry.verb == "unread"] == []


def test_values_pass_from_what_is_shown_into_later_steps(harness: Harness) -> None:
    copy = "copy: {at: alice, key: x, host: '{bob.address}', port: '{bob.port}'}"
    run = harness.run(
        steps(
            "put: {at: alice, key: x, value: 3}",
            copy,
            "expect: {at: bob, notice: copied, save: {key: k, value: v}}",
            "put: {at: alice, key: '{k}', value: '{v}'}",
            "get: {at: bob, key: '{k}', expect: {value: '{v}'}}",
            "get: {at: bob, key: '{k}', expect: {value: {less: '{v}'}}}",
            "keys: {at: bob, shows: {value: ['{v}']}}",
            copy,
            "expect: {at: bob, notice: copied, fields: {value: '{v}'}}",
            copy,
            r"expect: {at: bob, line: 'copied (?P<key>\w+)', save: {key: again}}",
            "put: {at: alice, key: '{again}', value: 4}",
            "never: {get: {at: bob, key: x, expect: {value: '{v}'}}, for: 0.1}",
        )
    )
    assert judged(run)["expectations"] == "invalid"
    less, never = [finding.says for v in run.verdicts for finding in v.findings]
    assert less.endswith("value should have been less than 3.0, but it was 3")
    assert "bob: never get x: value" in never
    arguments = [entry.fields["arguments"] for entry in outcomes(run.entries, "put")]
    assert arguments[1:] == [{"key": "x", "value": 3}, {"key": "x", "value": 4}]


def test_what_no_notice_has_saved(harness: Harness) -> None:
    run = harness.run(
        steps(
            "expect: {at: bob, notice: copied, save: {value: v}, within: 0.1, may_fail: true}",
            "expect: {at: bob, notice: copied, fields: {value: '{v}'}}",
        )
    )
    (finding,) = [finding.says for v in run.verdicts for finding in v.findings]
    assert finding.endswith("bob: expected copied: no step has saved 'v' before this")


def test_what_is_not_as_wanted(harness: Harness) -> None:
    run = harness.run(
        steps(
            "put: {at: alice, key: x, value: 3}",
            "get: {at: alice, key: x, expect: {value: 4}, within: 0.2}",
            "get: {at: alice, key: y, save: {value: v}, expect: {value: 1}}",
            "put: {at: alice, key: z, value: '{v}', may_fail: true}",
            "keys: {at: alice, shows: {value: [3, 5]}}",
            "get: {at: alice, key: x, nil: true}",
            "expect: {at: bob, notice: copied, fields: {key: x}, within: 0.1}",
        )
    )
    assert judged(run)["expectations"] == "invalid"
    says = [finding.says.partition("` of ")[2] for v in run.verdicts for finding in v.findings]
    assert says[:4] == [
        "alice with key 'x': value should have been 4, but it was 3",
        "alice with key 'y': value should have been 1, but there was none",
        "alice: value should have shown 3, 5, but showed 3",
        "alice with key 'x' should have found nothing, but succeeded: it is 3",
    ]
    (untried,) = [entry for entry in outcomes(run.entries, "put") if entry.type == "fail"]
    assert untried.fields["said"] == "no step has saved 'v' before this"


def test_what_must_be_read_sooner_or_later(harness: Harness) -> None:
    copy = "copy: {at: alice, key: x, host: '{bob.address}', port: '{bob.port}'}"
    read = "get: {key: x, expect: {value: 3}, save: {value: v}}"
    run = harness.run(
        steps(
            "put: {at: alice, key: x, value: 3}",
            f"parallel: [[{{eventually: {{at: bob, {read}, every: 0.01}}}}], [{{{copy}}}]]",
            "eventually: {at: [alice, bob], get: {key: x, expect: {value: '{v}'}}}",
            "eventually: {get: {at: all, key: y, nil: true}, within: 2}",
            "eventually: {get: {at: bob, key: x, expect: {value: 4}}, within: 0.2, every: 9}",
        )
    )
    (finding,) = [finding.says for v in run.verdicts for finding in v.findings]
    assert "bob with key 'x': value should have been 4, but it was 3" in finding
    read_by = [(entry.peer, entry.fields["limit"]) for entry in outcomes(run.entries, "get")]
    assert read_by[0] == ("bob", 5.0)  # the limit `expect`
    assert {*read_by[1:3]} == {("alice", 5.0), ("bob", 5.0)}
    assert {*read_by[3:5]} == {("alice", 2.0), ("bob", 2.0)}
    assert read_by[5:] == [("bob", 0.2)]


def test_a_workload_is_replayed(harness: Harness, tmp_path: Path) -> None:
    drawn = harness.run(
        steps(
            "workload: {model: register, at: bob, rate: 50/s, for: 0.1}",
            "workload: {model: register, at: all, rate: 120/s, for: 0.25, seed: 3}",
        )
    )
    path = drawn.folder / "history.jsonl"
    text = path.read_text().replace('"key": "k0"', '"key": "{n}{bob.port}"')
    path.write_text(text)
    run = harness.run(
        steps(
            f"workload: {{replay: {drawn.folder.relative_to(tmp_path)}, number: 2}}",
            f"repeat: {{times: 1, steps: [{{workload: {{replay: {drawn.folder}, at: [bob]}}}}]}}",
        )
    )
    assert judged(run)["expectations"] == "valid"
    for number, then in ((1, 2), (2, 1)):
        again, first = recorded(run.folder, number), recorded(drawn.folder, then)
        for peer in ("alice", "bob"):
            done, wanted = ([it for it in one.calls if it.peer == peer] for one in (again, first))
            assert [(it.name, it.arguments) for it in done] == [
                (it.name, it.arguments) for it in wanted
            ]
            assert all(b.after <= a.after + 0.05 for a, b in zip(done, wanted, strict=True))
    assert len(recorded(run.folder, 1).calls) > 5


def test_a_replay_leaves_nothing_out_at_a_peer_that_has_ended(harness: Harness) -> None:
    drawn = harness.run(steps("workload: {model: register, at: all, rate: 60/s, for: 0.3}"))
    run = harness.run(
        steps("quit: {at: bob, may_fail: true}", f"workload: {{replay: {drawn.folder}}}")
        + "ends: {bob: exited}\n"
    )
    assert judged(run)["expectations"] == "valid"
    done = [entry for entry in run.entries if entry.is_done and entry.number("workload")]
    assert len(done) == len(recorded(drawn.folder).calls)
    assert {entry.type for entry in done if entry.peer == "bob"} == {"fail"}
    assert "fail" not in {entry.type for entry in done if entry.peer == "alice"}


def test_a_replay_that_is_always_late_ends_with_the_runs_time(
    harness: Harness, tmp_path: Path
) -> None:
    kept = runs.make(tmp_path / "kept", "old", "name: old\n")
    drawn = history.History(kept / runs.HISTORY)
    drawn.lab("workload", number=1, peers=["alice"])
    for _ in range(20_000):  # at once
        drawn.invoke("alice", "keys", workload=1)
    drawn.close()
    limit = HEAD.replace("steps:", "limits: {total: 0.3}\nsteps:")
    run = harness.run(f"{limit}  - workload: {{replay: {kept}, at: alice}}\n")
    assert "the steps took longer than 0.3 s" in run.broke_off
    assert 0 < len(outcomes(run.entries, "keys")) < 20_000


def test_peers_with_a_memory_do_not_serve_another_run(harness: Harness) -> None:
    harness.run(steps("put: {at: alice, key: x, value: 3}"))
    run = harness.run(steps("get: {at: alice, key: x, nil: true}"))
    assert judged(run)["expectations"] == "valid"
    assert not run.was_warm


def test_a_workload_drives_its_peers_while_others_are_paused(harness: Harness) -> None:
    load = "workload: {model: register, at: [alice, bob], rate: 60/s, for: 1, seed: 3}"
    run = harness.run(
        HEAD.replace("bob]", "bob, carol]") + f"  - parallel: [[{{{load}}}], [{{pause: carol}}]]\n"
    )
    assert judged(run)["expectations"] == "valid"
    drawn = [*outcomes(run.entries, "put"), *outcomes(run.entries, "get")]
    assert {entry.peer for entry in drawn} == {"alice", "bob"}
    assert len(drawn) > 10
    written = [entry.fields["arguments"]["value"] for entry in outcomes(run.entries, "put")]
    assert len(written) == len({*written}) > 0


ODD = r"""
said = {"break": "a\x03b", "edit": "a\x15b", "tab": "a\tb"}
print("ready", flush=True)
while True:
    print("=", said.get(input()), flush=True)
"""
ODD_PROFILE = """
name: odd
summary: answers with control characters
port: 7000
start: {folder: ., command: ["{python}", odd.py]}
ready: '^ready$'
console: {echo: false}
operations:
  say: {takes: {word: text}, send: '{word}', ok: '^= (?P<text>.*)$'}
"""


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("break", r"word: '\x03' cannot be typed as part of a line"),
        ("edit", r"word: '\x15' edits the line at a terminal: typing it takes a `literal_key`"),
        ("tab", ""),
    ],
)
def test_what_was_saved_is_typed_only_if_it_can_be(
    harness: Harness, tmp_path: Path, word: str, why: str
) -> None:
    (tmp_path / "odd.py").write_text(ODD)
    (tmp_path / "odd.yaml").write_text(ODD_PROFILE)
    run = harness.run(
        "profile: odd.yaml\npeers: [alice]\nsteps:\n"
        f"  - say: {{at: alice, word: {word}, save: {{text: t}}}}\n"
        "  - say: {at: alice, word: '<{t}>'}\n"
    )
    _, again = outcomes(run.entries, "say")
    assert again.text("said").startswith(why)
    assert (again.type == "fail") == bool(why)

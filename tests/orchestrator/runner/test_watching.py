"""What must not appear while other steps run, or in the rest of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.checks.judged_run import Run
from tests.orchestrator.harness import Harness, judged, outcomes
from tests.orchestrator.support import PROGRAMS

HEAD = f"profile: {PROGRAMS / 'store/profile.yaml'}\npeers: [alice, bob]\nsteps:\n"
PUT = "put: {at: alice, key: x, value: 3}"
COPY = "copy: {at: alice, key: x, host: '{bob.address}', port: '{bob.port}'}"
SHOWN = "expect: {at: bob, notice: copied}"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with Harness("process", tmp_path_factory.mktemp("runs")) as made:
        yield made


def run(harness: Harness, *steps: str) -> Run:
    return harness.run(HEAD + "".join(f"  - {step}\n" for step in steps))


def says(run: Run) -> list[str]:
    """Return the findings, without their times."""
    return [finding.says.partition(", ")[2] for v in run.verdicts for finding in v.findings]


@pytest.mark.parametrize(
    ("never", "finding"),
    [
        ("at: bob, notice: copied", "copied"),
        ("at: all, notice: copied, fields: {key: x, value: {more: 2}}", "copied"),
        ("at: [alice, bob], line: 'copied x'", "a line like 'copied x'"),
        ("get: {at: bob, key: x, expect: {value: 3}}", "get x: value 3"),
        ("at: bob, get: {key: x, expect: {value: {not: 4}}}", "get x: value other than 4"),
        ("keys: {at: bob, shows: {key: [x]}}", "keys: key x"),
    ],
)
def test_what_appears_and_must_not_makes_the_run_invalid(
    harness: Harness, never: str, finding: str
) -> None:
    found = run(
        harness,
        PUT,
        f"never: {{{never}, during: [{{{COPY}}}, {{expect: {{at: bob, notice: copied}}}}]}}",
    )
    assert judged(found)["expectations"] == "invalid"
    (only,) = says(found)
    assert only.startswith(f"bob: never {finding}, which appeared at ")


@pytest.mark.parametrize(
    "never",
    [
        "at: alice, notice: copied",
        "at: bob, notice: copied, fields: {key: y}",
        "at: all, line: 'panic'",
        "get: {at: bob, key: x, expect: {value: 4}}",
        "get: {at: alice, key: x, nil: true}",
    ],
)
def test_what_does_not_appear_does_no_harm(harness: Harness, never: str) -> None:
    found = run(harness, PUT, f"never: {{{never}, during: [{{{COPY}}}]}}")
    assert judged(found)["expectations"] == "valid"
    assert {entry.type for entry in outcomes(found, "never")} == {"ok"}


def test_only_what_appears_meanwhile_counts(harness: Harness) -> None:
    shown = "expect: {at: bob, notice: copied}"
    found = run(
        harness, PUT, COPY, shown, "never: {at: bob, notice: copied, for: 0.1}", COPY, shown
    )
    assert judged(found)["expectations"] == "valid"


def test_without_an_end_it_is_watched_for_in_the_rest_of_the_run(harness: Harness) -> None:
    found = run(
        harness,
        "never: {at: all, notice: copied}",
        "never: {get: {at: bob, key: x, expect: {value: 3}}}",
        PUT,
        COPY,
        "expect: {at: bob, notice: copied, may_fail: true}",
    )
    assert judged(found)["expectations"] == "invalid"
    assert [text.partition(", which")[0] for text in says(found)] == [
        "bob: never copied", "bob: never get x: value 3",
    ]  # fmt: skip


def test_a_watch_goes_on_through_a_restart(harness: Harness) -> None:
    found = run(
        harness, PUT, "never: {at: bob, notice: copied}", "kill: {at: bob, for: 0.1}", COPY, SHOWN
    )
    assert judged(found)["expectations"] == "invalid"


def test_an_operation_is_not_asked_of_a_program_that_does_not_run(harness: Harness) -> None:
    found = run(harness, "quit: {at: bob, may_fail: true}",
                "never: {get: {at: bob, key: x, nil: true}, for: 0.1}")  # fmt: skip
    assert judged(found)["expectations"] == "unknown"
    assert says(found) == [
        "bob: never get x: nothing there: it is not known how it ended (no get was answered)"
    ]


def test_what_was_saved_is_filled_in_when_the_watch_begins(harness: Harness) -> None:
    saved = "get: {at: alice, key: x, save: {value: v}}"
    watched = "never: {get: {at: alice, key: x, expect: {value: '{v}'}}, for: 0.1}"
    assert judged(run(harness, PUT, saved, watched))["expectations"] == "invalid"
    found = run(harness, PUT, watched, saved)
    assert [entry.fields["said"] for entry in outcomes(found, "never")] == [
        "no step has saved 'v' before this"
    ]


def test_a_run_that_breaks_off_watches_no_longer(harness: Harness) -> None:
    limit = HEAD.replace("steps:", "limits: {total: 0.5}\nsteps:")
    found = harness.run(
        limit + "  - never: {get: {at: bob, key: x, expect: {value: 3}}}\n"
        "  - repeat: {times: 100, every: 0.1, steps: [{keys: alice}]}\n"
    )
    (watched,) = [entry for entry in found.entries if entry.verb == "never" and entry.is_done]
    assert watched.type == "info"
    assert found.entries[-1].verb == "broke off"

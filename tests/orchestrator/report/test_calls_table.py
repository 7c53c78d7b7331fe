"""The figures of operations of a program's own. Pure."""

from __future__ import annotations

import io
from math import inf

import pytest
from rich.console import Console

from orchestrator.checks.index.calls import Call, CallStatus
from orchestrator.report.calls_table import calls_as_data, calls_table


def call(name: str, status: CallStatus, at: float, took: float) -> Call:
    return Call("alice", name, "", status, {}, {}, [], False, None, at, at + took, 0, 0)


CALLS = [
    call("put", "ok", 0.0, 0.010),
    call("get", "fail", 0.1, 0.002),
    call("put", "info", 1.0, inf),
    call("put", "ok", 2.0, 0.030),
]


def test_figures_as_data() -> None:
    put, get = calls_as_data(CALLS)
    assert (put["operation"], put["ok"], put["fail"], put["info"], put["rate"]) == (
        "put", 2, 0, 1, 1.0,
    )  # fmt: skip
    assert [put["p50"], put["p99"]] == pytest.approx([0.010, 0.030])
    assert (get["operation"], get["fail"], get["rate"]) == ("get", 1, 0.0)
    assert calls_as_data([call("put", "info", 0.0, inf)])[0]["p50"] is None


def test_the_table_has_a_row_for_each_operation() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(calls_table(CALLS))
    rows = [line.split() for line in out.getvalue().splitlines() if line.startswith("│")]
    assert rows == [
        ["│", "put", "│", "2", "│", "0", "│", "1", "│", "10.0", "│", "30.0", "│", "1.0", "│"],
        ["│", "get", "│", "0", "│", "1", "│", "0", "│", "2.0", "│", "2.0", "│", "-", "│"],
    ]

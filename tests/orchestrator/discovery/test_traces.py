"""Tracebacks among what a program says."""

from __future__ import annotations

import pytest

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import notice_sample, reply_sample
from orchestrator.discovery.notice_patterns import infer_notices
from orchestrator.discovery.traces import shows_trace, without_exceptions
from tests.orchestrator.discovery.recorded import exchange

PYTHON = """Traceback (most recent call last):
  File "chat.py", line 3, in <module>
    int("x")
ValueError: invalid literal"""
JAVA = """java.io.EOFException
\tat java.base/java.io.DataInputStream.readUTF(DataInputStream.java:583)
\tat chat.Link.run(Link.java:69)
Caused by: java.lang.IllegalStateException: gone
\tat chat.Link.close(Link.java:71)
\t... 3 more"""
NODE = """Error: connect ECONNREFUSED 10.0.0.2:1
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)
    at file:///home/me/chat.mjs:3:7"""


@pytest.mark.parametrize("trace", [PYTHON, JAVA, NODE])
def test_what_stands_around_a_trace_is_kept(trace: str) -> None:
    lines = ["first", *trace.split("\n"), "last"]
    assert shows_trace(lines)
    assert without_exceptions(lines) == ("first", "last")


@pytest.mark.parametrize(("trace", "first"), [(JAVA, "java.io"), (NODE, "Error: connect")])
def test_an_exception_stays_where_it_is_all_that_is_said(trace: str, first: str) -> None:
    ended = exchange("terminate", "terminate 1", "ok\n", to="bob", other=f"{trace}\n")
    assert without_exceptions(trace.split("\n")) == ()
    assert notice_sample(ended, []).lines[0].startswith(first)


def test_a_row_that_says_where_is_no_trace() -> None:
    assert not shows_trace(["  at 10.0.0.2 5000", "bob (10.0.0.2)", "at (home)"])


@pytest.mark.parametrize("trace", [JAVA, NODE])
def test_a_trace_is_no_notice(trace: str) -> None:
    draft = Draft()
    output = f"{trace}\n* connection {{}} is lost\n"
    ended = [exchange("terminate", f"terminate {n}", "ok\n", to="bob", other=output.format(n))
             for n in (1, 2)]  # fmt: skip
    infer_notices(draft, ended, [])
    assert draft.data["notices"]["closed"] == r"^\* connection \d+ is lost$"


def test_a_trace_is_no_success() -> None:
    for said in ("", "bye\n"):
        left = exchange("exit", "exit", f"{JAVA}\n{said}")
        assert reply_sample(left, []).lines == tuple(said.split())
    refused = exchange("connect", "connect a 1", f"{NODE}\n", right=False)
    assert reply_sample(refused, []).lines == ("Error: connect ECONNREFUSED 10.0.0.2:1",)


CPP = """terminate called after throwing an instance of 'std::out_of_range'
  what():  map::at"""
GO = """panic: runtime error: index out of range [1] with length 1
goroutine 1 [running]:
example.com/chat/app.(*App).Close(0xc0000a6000, 0x2)
\t/home/me/app/app.go:66 +0x1f8
main.main()
\t/home/me/main.go:9 +0x25
exit status 2"""
RUST = """thread '<unnamed>' panicked at src/main.rs:60:14:
called `Option::unwrap()` on a `None` value
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""
RUBY = """#<Thread:0x00007f chat.rb:20 run> terminated with exception (report_on_exception is true):
chat.rb:22:in `block in listen': undefined method `puts' for nil (NoMethodError)
\tfrom chat.rb:40:in `loop'"""


@pytest.mark.parametrize("trace", [CPP, GO, RUST, RUBY])
def test_why_a_program_ended_is_no_notice(trace: str) -> None:
    assert shows_trace(trace.split("\n"))
    draft = Draft()
    ended = [exchange("terminate", f"terminate {n}", "ok\n", to="bob",
                      other=f"connection {n} is lost\n{trace if n == 2 else ''}\n")
             for n in (1, 2)]  # fmt: skip
    infer_notices(draft, ended, [])
    assert draft.data["notices"]["closed"] == r"^connection \d+ is lost$"


def test_a_call_alone_is_no_trace() -> None:
    said = ["main.main()", "usage: send(id, text)", "thread 'x' is idle", "exit status"]
    assert not shows_trace(said)
    assert without_exceptions(said) == tuple(said)

"""Lines that only a crash shows, and lines that merely look like them."""

from __future__ import annotations

from orchestrator import profile
from tests.orchestrator.support import ROOT

READER = profile.reader(profile.load(str(ROOT / "examples/peers/by-the-book/profile.yaml")))

CRASHES = [
    "Traceback (most recent call last):",
    "chat> Traceback (most recent call last):",
    "> Traceback (most recent call last):",
    "Exception in thread Thread-1 (receive):",
    'Exception in thread "main" java.lang.NullPointerException',
    'java.lang.NullPointerException: Cannot invoke "String.trim()"',
    "terminate called after throwing an instance of 'std::invalid_argument'",
    "thread 'main' panicked at src/main.rs:7:10:",
    "thread 'main' (4711) panicked at src/main.rs:7:10:",
    "fatal error: all goroutines are asleep - deadlock!",
    "panic: runtime error: index out of range [1] with length 1",
    "goroutine 1 [chan receive, 2 minutes]:",
    "TypeError: Cannot read properties of undefined (reading 'write')",
    "Uncaught ReferenceError: sokcet is not defined",
    "Node.js v18.19.0",
    "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010",
    "Segmentation fault (core dumped)",
    "bash: line 1:    12 Segmentation fault      ./chat 5000",
    "free(): double free detected in tcache 2",
    "double free or corruption (fasttop)",
    "*** stack smashing detected ***: terminated",
]
OTHERS = [
    "bob says: Traceback (most recent call last):",
    "sent to 1: Traceback (most recent call last):",
    "> send 1 Traceback (most recent call last):",
    "bob: thread 'main' panicked at src/main.rs:7:10:",
    "[3] terminate called after throwing an instance of 'int'",
    "terminate called for connection 3",
    "fatal error: cannot connect to 10.0.0.3",
    "Error: connect ECONNREFUSED 10.0.0.3:5000",
    "java.net.ConnectException: Connection refused",
    "message 1: Segmentation fault",
    "goroutine 7",
    "Error: no such id",
    "",
]


def test_crashes_are_recognised() -> None:
    assert [line for line in CRASHES if not READER.is_crash(line)] == []


def test_other_lines_are_no_crashes() -> None:
    assert [line for line in OTHERS if READER.is_crash(line)] == []

"""Is ready, answers, and takes no notice of any signal that can be ignored."""

# ruff: noqa: B007, T201

import contextlib
import signal
import sys

for number in range(1, signal.NSIG):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)
print("READY", flush=True)
while True:
    for line in sys.stdin:
        print("ok", flush=True)

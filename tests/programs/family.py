"""A program that starts another, which leaves its session, and waits."""

# ruff: noqa: T201

import subprocess
import sys

subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("READY", flush=True)
for line in sys.stdin:
    print(f"got {line.strip()} as 1", flush=True)

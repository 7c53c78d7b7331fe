"""A program that starts once: when it finds the file that it has left, it does not again.

Its last arguments: the file, and what it does the second time: `end` or `hang`.
"""

# ruff: noqa: T201

import pathlib
import sys
import time

*_, file, second = sys.argv
left = pathlib.Path(file)
if left.exists():
    print("not again", flush=True)
    if second == "hang":
        time.sleep(600)
    sys.exit(3)
left.touch()
print("READY", flush=True)
for line in sys.stdin:
    print(f"ok: {line.strip()}", flush=True)

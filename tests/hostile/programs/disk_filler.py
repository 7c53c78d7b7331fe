"""Is ready, then fills every place that it may write to, and says how much that took."""

# ruff: noqa: B007, PTH118, PTH123, SIM117, T201

import contextlib
import os
import sys
import time

PIECE = bytes(1 << 20)
MANY = 20_000  # small files, once no large one fits
MOST = 2 << 30  # bytes: nobody should ever get that far


def fill(folder: str) -> int:
    """Return how many bytes went into one folder."""
    taken = 0
    with contextlib.suppress(OSError):
        with open(os.path.join(folder, f"large-{os.getpid()}"), "wb", buffering=0) as file:
            while taken < MOST:
                taken += file.write(PIECE)
    with contextlib.suppress(OSError):
        for number in range(MANY):
            with open(os.path.join(folder, f"small-{number}"), "w") as small:
                small.write("x")
    return taken


print("READY", flush=True)
places = [".", "/", "/tmp", "/dev/shm", "/var/tmp", "/program", "/run", "/peerlab", "/etc", "/dev"]
for place in places:
    print(f"{place} took {fill(place)} bytes", flush=True)
print("DONE", flush=True)
for line in sys.stdin:
    print("full", flush=True)
time.sleep(3600)

"""Is ready, then starts processes without end, which do the same."""

# ruff: noqa: SIM105, T201

import os

print("READY", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        pass

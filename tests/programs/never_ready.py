"""A program that starts, and never says that it is ready."""

# ruff: noqa: T201

import time

print("loading …", flush=True)
while True:
    time.sleep(60)

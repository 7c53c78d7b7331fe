"""A program that is ready and then prints without end, whatever is typed."""

# ruff: noqa: T201

import sys

print("READY", flush=True)
sys.stdin.readline()
while True:
    print("and on and on", flush=True)

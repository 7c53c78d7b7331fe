"""A program that is ready and then prints a line without end."""

# ruff: noqa: T201

import sys

print("READY", flush=True)
sys.stdin.readline()
while True:
    print("and on " * 1000, end="", flush=True)

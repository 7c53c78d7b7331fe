"""A program that says why it will not start, and ends at once."""

# ruff: noqa: T201

import sys

print("the licence has expired", flush=True)
sys.exit(3)

"""A program with neither echo nor prompt, with its own syntax.

It counts the lines that it reads, and prints a notice for each.
"""

# ruff: noqa: T201

import sys
import termios

mode = termios.tcgetattr(0)
mode[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, mode)
print("READY", flush=True)
for number, line in enumerate(sys.stdin, 1):
    print(f"!tick {number}", flush=True)
    print(f"got {line.strip()} as {number}", flush=True)

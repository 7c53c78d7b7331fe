"""A program that prints much in the middle of the first long line that it reads."""

import os
import tty

tty.setraw(0)
os.write(1, b"READY\n")
typed, said = b"", b"and on\n" * 4_000
while True:
    typed += os.read(0, 1_000)
    while said and typed.endswith(b"x"):
        said = said[os.write(1, said) :]
    if typed.endswith(b"\n"):
        os.write(1, b"got %d as 1\n" % len(typed))
        typed = b""

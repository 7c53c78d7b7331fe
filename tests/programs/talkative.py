"""A program that has much to say in the middle of the first long line that it is told."""

import os
import tty

tty.setraw(0)
os.write(1, b"READY\n")
told, said = b"", b"and on\n" * 4_000
while True:
    told += os.read(0, 1_000)
    while said and told.endswith(b"x"):
        said = said[os.write(1, said) :]
    if told.endswith(b"\n"):
        os.write(1, b"got %d as 1\n" % len(told))
        told = b""

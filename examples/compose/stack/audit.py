"""Prints every change of the store, each once, however often the store is lost."""

import contextlib
import socket
import sys
import time

PORT, SILENCE, PAUSE = 7000, 2.0, 0.3  # seconds

seen = 0
while True:
    with (
        contextlib.suppress(OSError),
        socket.create_connection((sys.argv[1], PORT), SILENCE) as link,
    ):
        link.sendall(f"follow {seen}\n".encode())
        print("following")
        for line in link.makefile():
            if line != "tick\n":
                seen, key, value = line.split()
                print(f"change {seen}: {key} is {value}")
        print("lost the store")
    time.sleep(PAUSE)

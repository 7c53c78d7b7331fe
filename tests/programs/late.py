"""A program that greets and shows its prompt first, and listens later, in another thread.

Called with its address, its port, and the seconds in between. It says nothing when it listens.
"""

# ruff: noqa: T201

import contextlib
import socket
import sys
import threading
import time

address, port, delay = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])


def serve() -> None:
    """Accept everyone, late."""
    time.sleep(delay)
    with socket.create_server((address, port)) as listener:
        while True:
            held.append(listener.accept()[0])


held: list[socket.socket] = []
threading.Thread(target=serve, daemon=True).start()
print("listening soon", flush=True)
while True:
    word, *rest = input("> ").split()
    if word == "exit":
        break
    with contextlib.suppress(OSError):
        if word == "connect":
            held.append(socket.create_connection((rest[0], int(rest[1]))))
        print(f"done: {word}", flush=True)
        continue
    print("refused", flush=True)

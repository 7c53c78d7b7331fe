"""Listens at the address and port given, also in a child; dials itself; says hello."""

# ruff: noqa: T201

import os
import socket
import sys

address, port = sys.argv[1], int(sys.argv[2])
listening = socket.create_server((address, port))
dialled = socket.create_connection((address if address != "" else "127.0.0.1", port))
accepted, _ = listening.accept()
print("dialled", *dialled.getsockname(), flush=True)
readable, writable = os.pipe()
if not os.fork():
    elsewhere = socket.create_server(("127.0.0.1", 0))
    os.write(writable, str(elsewhere.getsockname()[1]).encode())
    os.read(0, 1)
print("child", "127.0.0.1", os.read(readable, 10).decode(), flush=True)
print("READY", flush=True)
for _ in sys.stdin:
    print("got hello as 1", flush=True)

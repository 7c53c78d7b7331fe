"""A line client of the store, with a prompt. `leave` ends it, `crash` with a status."""

# ruff: noqa: T201

import socket
import sys

with (
    socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection,
    connection.makefile("rw") as server,
):
    print("a client of the store")
    while True:
        line = input("store> ")
        if line == "leave":
            sys.exit(4)
        server.write(f"{line}\n")
        server.flush()
        print(server.readline().strip() or "the server has gone")

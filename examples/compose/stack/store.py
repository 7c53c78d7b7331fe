"""A store of numbers, which are in its file before they are acknowledged."""

import os
import socketserver
import threading
from pathlib import Path

PORT = 7000
CHANGES = Path("/data/changes")  # a line for each, as in `x 1`
TICK = 0.5  # seconds after which a follower hears from the store if nothing changes

changed = threading.Condition()
changes = [line.split() for line in CHANGES.read_text().splitlines()]
values = dict(changes)


def put(key: str, value: str) -> None:
    """Store a value, and return once a killed store would find it again."""
    with changed, CHANGES.open("a") as file:
        file.write(f"{key} {value}\n")
        file.flush()
        os.fsync(file.fileno())
        changes.append([key, value])
        values[key] = value
        changed.notify_all()
    print(f"stored {key}")


class Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Obey each line."""
        for line in self.rfile:
            match line.decode().split():
                case ["put", key, value]:
                    put(key, value)
                    self.say("stored")
                case ["get", key]:
                    with changed:
                        found = values.get(key)
                    self.say("nothing" if found is None else f"it is {found}")
                case ["follow", known]:
                    self.tell(int(known))

    def say(self, line: str) -> None:
        """Send a line."""
        self.wfile.write(f"{line}\n".encode())

    def tell(self, known: int) -> None:
        """Send every change from one number on, as long as the follower listens."""
        while True:
            with changed:
                if known == len(changes):
                    changed.wait(TICK)
                news = changes[known:]
            for key, value in news:
                known += 1
                self.say(f"{known} {key} {value}")
            if not news:
                self.say("tick")


class Server(socketserver.ThreadingTCPServer):
    """Takes connections, each in a thread of its own."""

    allow_reuse_address = daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of connections that break."""


with Server(("", PORT), Conversation) as server:
    print(f"serving on {PORT}")
    server.serve_forever()

"""A key-value store with a console; one store dials another to copy what it has."""

import json
import socket
import sys
import threading

data: dict[str, int] = {}


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            key, value = json.loads(connection.makefile().readline())
            data[key] = value
            sys.stdout.write(f"* copied {key} = {value}\n")
            sys.stdout.flush()


def answer(words: list[str]) -> str:
    match words:
        case ["put", key, value] if value.lstrip("-").isdigit():
            data[key] = int(value)
            return f"stored, {len(data)} in all"
        case ["put", *_]:
            return "error: put KEY NUMBER"
        case ["get", key]:
            return f"it is {data[key]}" if key in data else "nothing there"
        case ["keys"]:
            return "\n".join([*(f"- {key} {data[key]}" for key in sorted(data)), "that is all"])
        case ["copy", key, host, port]:
            try:
                with socket.create_connection((host, int(port)), timeout=0.5) as other:
                    other.sendall(json.dumps([key, data[key]]).encode() + b"\n")
            except TimeoutError:
                return "perhaps"
            except OSError as error:
                return f"error: {error.strerror}"
            return "copied"
        case ["quit"]:
            sys.exit(3)
    return "error: what?"


host, port = sys.argv[1:]
threading.Thread(target=serve, args=[socket.create_server((host, int(port)))], daemon=True).start()
while True:
    try:
        line = input("> ")
    except EOFError:
        break
    sys.stdout.write(answer(line.split()) + "\n")
    sys.stdout.flush()

"""A program without echo or prompt that says nothing where all is well, and accepts no one.

It lists whatever it should connect to. Odd words stand for odd programs: an address `riddle`
is answered with something that no pattern reads, `slow` after a while, `late` is listed only then;
port 1 is left out without a word, and so is what is sent to 9. `be WORD` sets what `myip` and
`myport` tell.
"""

# ruff: noqa: T201

import itertools
import socket
import sys
import termios
import threading
import time

mode = termios.tcgetattr(0)
mode[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, mode)
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("READY", flush=True)
rows: dict[int, tuple[str, str]] = {}
numbers = itertools.count(1)
own = [*sys.argv[1:]]


def add(address: str, port: str) -> None:
    """List one more."""
    rows[next(numbers)] = address, port


for line in sys.stdin:
    said = []
    match line.split():
        case ["connect", "riddle", _]:
            said = ["do you know?", "who can tell"]
        case ["connect", "slow", port]:
            time.sleep(0.4)
            said = ["error: too slow"]
        case ["connect", _, "1"]:
            pass
        case ["connect", "late", port]:
            threading.Timer(0.2, add, (own[0], port)).start()
        case ["connect", address, port] if (address, port) not in rows.values():
            add(address, port)
        case ["terminate", number] if number.isdigit() and int(number) in rows:
            del rows[int(number)]
        case ["terminate", *_]:
            said = ["error: no such id"]
        case ["list"]:
            said = [f"{number} {address} {port}" for number, (address, port) in rows.items()]
            said.append("ok: list")
        case ["be", *words]:
            own = words
            said = ["ok: now"]
        case ["myip"]:
            said = [f"ip {own[0]}"]
        case ["myport"]:
            said = [f"port {own[1]}"]
        case ["help"]:
            said = ["CONNECT ADDRESS PORT", "Send ID TEXT", "ok: help"]
        case ["send", "9", *_]:
            pass
        case ["send", number, *text] if number.isdigit() and int(number) in rows:
            said = [f"ok: sent {number}"]
        case ["send", *_]:
            said = ["error: to whom?"]
        case ["hello"]:
            said = ["ok: hello"]
        case ["swallow", *refusal]:  # it takes the next line for its own
            sys.stdin.readline()
            said = [" ".join(refusal)] if refusal else []
        case ["connect"]:  # the same
            sys.stdin.readline()
            said = ["error: no such address"]
        case ["what"]:
            said = ["no idea"]
        case ["exit"]:
            sys.exit(3)
    for shown in said:
        print(shown, flush=True)

"""A program with neither echo nor prompt that misbehaves on command.

Beside the usual commands it knows: `die STATUS`, in the middle of an answer; `deaf`, to
answer nothing more; `deaf once`; `late`, after the tests' patience; `crash`, and live on;
`crash later`, in one of three ways; `poll`, or `tick`, in another thread for ever; `stay` and
`refuse`, when it is asked to exit; `note TEXT`, a notice; `say TEXT`, any line; `flood`, without
end.
"""

# ruff: noqa: T201

import os
import select
import socket
import sys
import termios
import threading
import time


def fall_asleep() -> None:
    """Crash after a sleep."""
    time.sleep(0.4)
    int("x")


def hear_nothing() -> None:
    """Crash when nothing comes."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0.4)
    ours.recv(1)
    theirs.close()


def poll() -> None:
    """Look for something again and again."""
    while True:
        select.select([], [], [], 0.3)


def tick() -> None:
    """Print something again and again."""
    while True:
        time.sleep(0.3)
        print("tick", flush=True)


later = {"timer": threading.Timer(0.4, int, ["x"]).start,
         "sleep": threading.Thread(target=fall_asleep, daemon=True).start,
         "silence": threading.Thread(target=hear_nothing, daemon=True).start}  # fmt: skip
mode = termios.tcgetattr(0)
mode[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, mode)
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("READY", flush=True)
leaving = "bye"
deaf = False
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if deaf or line.strip() == "deaf once":
        continue
    match word:
        case "die":
            print("  half of an ans", end="", flush=True)
            os._exit(int(rest))
        case "deaf":
            deaf = True
        case "late":
            time.sleep(0.7)
            print("ok: late", flush=True)
        case "crash" if rest:
            later[rest.removeprefix("later ")]()
            print("ok: it will", flush=True)
        case "poll" | "tick":
            threading.Thread(target=poll if word == "poll" else tick, daemon=True).start()
            print("ok: it does", flush=True)
        case "crash":
            thread = threading.Thread(target=int, args=("x",))
            thread.start()
            thread.join()
            print("ok: survived", flush=True)
        case "stay" | "refuse":
            leaving = word
            print("ok", flush=True)
        case "note":
            print(f"!note {rest}\nok: noted", flush=True)
        case "say":
            print(f"{rest}\nok: said", flush=True)
        case "flood":
            while True:
                print("and on and on", flush=True)
        case "exit":
            print("error: no" if leaving == "refuse" else "ok: bye", flush=True)
            if leaving == "bye":
                sys.exit(0)
        case _:
            print(f"ok: {line.strip()}", flush=True)

"""A program with one of many consoles, as `STYLE` says; it has no network.

The words of the styles are those of programs in the wild: see
tests/orchestrator/console/test_unmodified_programs.py.
"""

# ruff: noqa: T201

import os
import threading

STYLE = os.environ["STYLE"]
PROMPT = {"counts": "chat({})> ", "prompt": ">> ", "late": "$ ", "menu": "Choice: "}.get(STYLE, "")
rows: list[str] = []


def ask(question: str) -> str:
    """Ask for one more line, on the same line of the screen."""
    return input(question)


def send(words: str) -> None:
    """Answer `send`, in the manner of the style."""
    if STYLE == "late":
        threading.Timer(0.1, print, [f"\nsent {words}"], {"flush": True}).start()
    elif STYLE == "block":
        print(
            f'Message received from 10.0.0.2\n\nSender port: 4444\nMessage: "{words}"', flush=True
        )
    elif STYLE != "silent":
        print(f"sent {words}")


def menu() -> None:
    """Take a number, then each argument."""
    number = ask(PROMPT)
    if number == "1":
        print("port 5000")
    elif number == "2":
        print(f"sent {ask('To whom? ')}: {ask('What? ')}")
    else:
        print("no such choice")


def line_by_line() -> None:
    """Take a command."""
    verb, _, rest = ask(PROMPT.format(len(rows))).partition(" ")
    if verb == "myport":
        print("port 5000")
    elif verb == "send" and STYLE == "waits" and not rest:  # the next line is what is missing
        print(f"error: {ask('')} is no text")
    elif verb == "send":
        send(rest)
    elif verb == "list":
        print("id  address  port" + "".join(f"\n{row}" for row in rows))
        rows.append(f"{len(rows)}  10.0.0.{len(rows)}  5000")
    elif verb == "terminate":
        print(f"{len(rows)} rows were shown")
        rows.clear()
    elif verb == "odd":
        print("what no pattern reads")
    elif verb == "twice":
        print("port 5000")
    elif verb:
        print(f"error: no {verb}")


if STYLE == "asks":
    print(f"listening at {ask('Which port? ')}")
else:
    print("welcome", flush=True)
    print("commands: myport, send, list", flush=True)
while True:
    menu() if STYLE == "menu" else line_by_line()

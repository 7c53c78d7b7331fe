"""A program whose lines can be mistaken for something else; it has no network."""

# ruff: noqa: T201

import threading
import time


def later(text: str) -> None:
    """Print from another thread, behind the next prompt."""
    threading.Timer(0.02, print, [text], {"end": "", "flush": True}).start()


def end(number: str) -> None:
    """End a link, in another thread, just after something else was shown."""
    before = {
        "6": "link 5 is over\n",
        "7": "\n+ 10.0.0.2 is here",
        "8": "\n+ 10.0.0.3 as 1",
        "9": "\n<10.0.0.4> hello",
    }
    later(before.get(number, "") + f"link {number} is over\n")


def explain() -> None:
    """Print the help text slowly."""
    for word in ("myport", "terminate", "rows"):
        print(word, flush=True)
        time.sleep(0.2)


print("welcome", flush=True)
while True:
    verb, _, rest = input("> ").partition(" ")
    if verb == "myport":
        print("Port: \n  5000 ")
    elif verb == "terminate":
        end(rest)
    elif verb == "hear":
        print("ok ")
        later(f"\n<10.0.0.2> {rest}")
    elif verb == "mumble":
        print(f"\n<10.0.0.2> {rest}", end="ok\n")
    elif verb == "drop":
        print("ok ")
        later(f"link {rest} is over\n")
    elif verb == "help":
        explain()
    elif verb == "rows":
        print("1 10.0.0.2 \n2 10.0.0.3 \ntotal 2 ")

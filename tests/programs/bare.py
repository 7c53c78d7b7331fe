"""Shows messages as their text and nothing else.

`now TEXT` prints the text and then the reply, `later TEXT` the other way round. What is typed
behind `send` was sent.
"""

import sys


def say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


say("welcome to this chat")
for line in sys.stdin:
    command, _, text = line.rstrip("\n").partition(" ")
    shown = {"now": [text, "ok"], "later": ["ok", text], "myport": ["5000"], "send": ["sent"]}
    say(*shown.get(command, [f"{command} means nothing to me"]))

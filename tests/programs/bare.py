"""Shows messages as their text and nothing else.

`now TEXT` prints the text and then the reply, `later TEXT` the other way round. What is typed
behind `send` was sent.
"""

import sys

print("welcome to this chat", flush=True)
for line in sys.stdin:
    command, _, text = line.rstrip("\n").partition(" ")
    shown = {"now": [text, "ok"], "later": ["ok", text], "myport": ["5000"], "send": ["sent"]}
    print("\n".join(shown.get(command, [f"{command} means nothing to me"])), flush=True)

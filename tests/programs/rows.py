"""`rows.py <how>`: a list of rows that can be added and ended, in a way of its own.

`shifts`: ids are positions. `stays`: says yes, and the row stays. `riddles`: ends the row, and
says so in a way that no pattern reads. `mute`: the same, and its list cannot be read either.
`hangs`: never answers `end`.
"""

# ruff: noqa: T201

import sys

how = sys.argv[1]
rows: list[str] = []
print("ready", flush=True)
for line in sys.stdin:
    verb, _, rest = line.strip().partition(" ")
    if verb == "port":
        print("port 1")
    elif verb == "add":
        rows.append(rest)
        print("added")
    elif verb == "list" and how == "mute":
        print("....")
    elif verb == "list":
        for number, row in enumerate(rows, 1):
            print(f"{number} {row} 10.0.0.1 5")
        print("listed")
    elif verb == "end" and how != "hangs":
        known = 1 <= int(rest) <= len(rows)
        if known and how != "stays":
            rows.pop(int(rest) - 1)
        print(("gone with the wind" if how in {"riddles", "mute"} else "ended") if known else "no")
    sys.stdout.flush()
    if verb == "end" and how == "hangs":
        sys.stdin.read()

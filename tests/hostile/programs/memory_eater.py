"""Is ready, then takes memory without end."""

# ruff: noqa: T201

print("READY", flush=True)
taken = []
while True:
    taken.append(bytearray(8 << 20))

"""Is ready, then prints without end, long lines and short ones."""

# ruff: noqa: T201

print("READY", flush=True)
while True:
    print("on and on " * 300)
    print("and on", flush=True)

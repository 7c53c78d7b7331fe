"""Is ready, then keeps eight processes busy and answers nothing."""

# ruff: noqa: T201

import os

print("READY", flush=True)
for _ in range(3):
    os.fork()
while True:
    pass

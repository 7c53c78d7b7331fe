"""Which Docker engine the lab uses, how it is reached, and whether it still answers."""

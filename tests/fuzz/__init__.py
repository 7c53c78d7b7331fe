"""A peer's port and console, fuzzed at the same time."""

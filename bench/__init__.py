"""Measurements of the lab itself. Not tests: nothing here fails for being slow."""

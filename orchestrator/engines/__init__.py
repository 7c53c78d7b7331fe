"""Engines give peers a place to run: containers, or processes of this machine."""

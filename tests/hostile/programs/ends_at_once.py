"""Ends at once, with a traceback."""

raise SystemExit("no port was given, or so it says")

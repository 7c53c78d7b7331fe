"""A minimal threaded chat peer; the standard library alone."""

__version__ = "0.1.0"

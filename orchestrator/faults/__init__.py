"""Faults of the network as data: what they do to which links, and what proves it. Pure."""

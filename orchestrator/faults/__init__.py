"""Faults of the network as pure data: what they do to links, one file a type, and the proof."""

"""Sidecars: the conversation with one, the rules for every link, and measuring links."""

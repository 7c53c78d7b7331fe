"""What a sidecar says in an answer instead of a result."""

from __future__ import annotations


class SidecarError(Exception):
    """What was asked cannot be done; its text is one line."""


class RequestError(SidecarError):
    """A request that says something which it must not say."""


class CommandError(SidecarError):
    """A program of the kernel's, `nft` or `tc`, refused."""

"""The errors that a sidecar reports in an answer."""

from __future__ import annotations


class SidecarError(Exception):
    """The request failed; the text is one line."""


class RequestError(SidecarError):
    """The request is malformed, or not possible here."""


class CommandError(SidecarError):
    """`nft`, `tc` or `ip` failed or refused a command."""

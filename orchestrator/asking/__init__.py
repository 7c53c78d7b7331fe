"""Typing commands and finding their own replies, for consoles with a line editor and without."""

from orchestrator.asking.base import Asking
from orchestrator.asking.echoed import EchoedAsking
from orchestrator.asking.synced import SyncedAsking
from orchestrator.console import Console

__all__ = ["Asking", "asking"]


def asking(console: Console) -> Asking:
    """Return what asks at a console."""
    return EchoedAsking(console) if console.edits else SyncedAsking(console)

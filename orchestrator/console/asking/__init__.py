"""Typing commands and finding their own replies, for consoles with a line editor and without."""

from orchestrator.console.asking.base import Asking
from orchestrator.console.asking.echoed import EchoedAsking
from orchestrator.console.asking.synced import SyncedAsking
from orchestrator.console.lines import Console

__all__ = ["Asking", "asking"]


def asking(console: Console) -> Asking:
    """Return what asks at a console."""
    return EchoedAsking(console) if console.edits else SyncedAsking(console)

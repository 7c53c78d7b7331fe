"""What a console shows unasked, as it was read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CRASH = "crash"  # the kind of a notice whose line shows that the program has crashed

CLIENT = "client"
"""The kind of a notice that the lab itself gives: a console's client has ended."""

UNREAD = "unread"
"""The kind of a notice whose line the profile cannot read. Its field `answer` is the verb of the
reply that contained it, if one did."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An unsolicited line: its kind, its named parts, when it was shown, and what it means."""

    kind: str
    fields: Mapping[str, str]
    line: str
    at: float
    means: str = ""  # if it is not called after that
    # the texts that a message may have if a reply stands behind it on its line
    perhaps: tuple[str, ...] = ()

    @property
    def readings(self) -> Iterator[Mapping[str, str]]:
        """Its named parts, and what they are if a reply stands behind it on its line."""
        yield self.fields
        yield from ({**self.fields, "text": text} for text in self.perhaps)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it can be called: its kind, and its meaning."""
        return (self.kind, self.means) if self.means else (self.kind,)

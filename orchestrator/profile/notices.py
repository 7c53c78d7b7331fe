"""The model of a notice: its patterns, and what it means. Pure data."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from orchestrator.document import Strict
from orchestrator.profile.operation import Texts

_PADDED = r"\(\?P<{text}>[^()]*[*+]\?\)(?:\\s| |\[ \\t\])[*+]"
"""A named text that takes as little as it can, with any number of blanks behind it."""


def _block_list(value: Any) -> Any:
    """Return a block for each pattern; `pattern` may name several, each of one line."""
    blocks: list[Any] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            blocks.append({"block": [item]})
        elif isinstance(item, dict) and "pattern" in item and "block" not in item:
            rest = {key: one for key, one in item.items() if key != "pattern"}
            several = item["pattern"] if isinstance(item["pattern"], list) else [item["pattern"]]
            blocks += [{**rest, "block": [pattern]} for pattern in several]
        elif isinstance(item, dict) and "block" not in item:
            raise ValueError("a notice has a `pattern`, or a `block` of several lines")
        else:
            blocks.append(item)
    return blocks


class _Meant(Strict):
    """What a notice means, if it is not called after that, and what may stand behind it.

    Attributes:
        means: what it means: a notice of a chat such as `message`, or a meaning of a promise.
        fields: the named groups that are called otherwise than the meaning's fields, by these.
        also: patterns of further lines behind it that say nothing, such as a list of all peers.
    """

    means: str = ""
    fields: dict[str, str] = {}
    also: Texts = []


class Block(_Meant):
    """A notice of several lines.

    Attributes:
        block: a pattern for each line, in order; blank lines between them are ignored.
    """

    block: Annotated[list[str], Field(min_length=1)]

    @property
    def is_padded(self) -> bool:
        """Whether blanks fill up the line behind the text, so that its own are not known."""
        padded = re.compile(_PADDED.format(text=self.fields.get("text", "text")))
        return any(map(padded.search, self.block))


class NoticePattern(_Meant):
    """A notice of one line.

    Attributes:
        pattern: its pattern, or several alternatives.
    """

    pattern: Texts


_OneNotice = str | NoticePattern | Block
Blocks = Annotated[
    list[Block],
    BeforeValidator(_block_list, json_schema_input_type=_OneNotice | list[_OneNotice]),
]
"""Alternative patterns of a notice, each of one line or of several."""

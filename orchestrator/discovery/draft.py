"""A profile in the making, and its file. Pure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

_HEAD = """\
# Written by `peerlab profile new`. Doubtful lines are marked: check them, then run
# `peerlab profile test`. `peerlab docs profiles` explains every key.
"""
_FLOW_KEYS = (
    "command",
    "build",
    "packages",
    "environment",
    "takes",
    "results",
    "promises",
)  # written on one line
_PLAIN_KEYS = ("name", "summary", "sync", "folder", "first", "ends", "reason")  # without quotes
_WORDS = ("takes", "results", "means", "promises")  # the same, wherever they are
_SECTIONS = ("start", "ready", "console", "operations", "notices", "first_id", "errors")
_WIDE = 10_000  # columns, so that no line is folded
_LONGEST_VERB = 88  # characters of a verb on one line

Keys = tuple[str, ...]  # a place in a draft: keys from the top


@dataclass(frozen=True, slots=True)
class DraftNote:
    """How one part of a profile was learned."""

    what: str  # a verb, a notice, or a part of the console
    typed: str  # what was typed
    output: str  # what was printed
    understood: str  # what the profile says now
    doubt: str = ""  # why it is doubtful; empty if it is sure


@dataclass(slots=True)
class Draft:
    """A profile in the making."""

    data: dict[str, Any] = field(default_factory=dict)  # the content of the file
    # how it was learned, in the order of the file
    notes: list[DraftNote] = field(default_factory=list)
    doubts: dict[Keys, str] = field(default_factory=dict)  # doubts by place
    seen: dict[Keys, int] = field(default_factory=dict)  # how often each was right, by place
    # arguments that take nothing but what another command has returned
    taken: set[str] = field(default_factory=set)

    def note(
        self, place: Keys, typed: str, output: str, understood: str, doubt: str = "", seen: int = 0
    ) -> None:
        """Note how the part at a place was learned, how often it was seen, and any doubt."""
        self.notes.append(DraftNote(" ".join(place), typed, output, understood, doubt))
        if doubt:
            self.doubts[place] = doubt
        if seen:
            self.seen[place] = seen

    def contradict(self, verb: str, why: str) -> None:
        """Say that the patterns of an operation may misread it."""
        self.data["operations"][verb]["doubt"] = why
        self.doubt(("operations", verb), why)

    def doubt(self, place: Keys, why: str) -> None:
        """Say why the part at a place is doubtful after all, which does not change what it says."""
        self._doubt(place, place, why)

    def leave_out_notice(self, kind: str, why: str) -> None:
        """Leave out a notice that misreads what is shown: it counts as one that was not found."""
        del self.data["notices"][kind]
        self.seen.pop(("notices", kind), None)
        self.lacks(kind, why)
        self._doubt(("notices", kind), ("lacks", kind), why)

    def _doubt(self, noted: Keys, place: Keys, why: str) -> None:
        """Change how a part was noted, to a doubt about the part at a place."""
        self.doubts.pop(noted, None)
        self.doubts[place] = why
        changed = {"what": " ".join(place), "doubt": why}
        self.notes = [replace(it, **changed) if it.what == " ".join(noted) else it
                      for it in self.notes]  # fmt: skip

    def lacks(self, name: str, reason: str, *, doubt: bool = True) -> None:
        """Say that the program seems to lack a verb or notice. Not to find one proves little."""
        said = {"reason": reason, "doubt": True} if doubt else reason
        self.data.setdefault("lacks", {})[name] = said

    def to_yaml(self) -> str:
        """Return the profile's file, with a comment above each doubtful part."""
        document = _node(self.data, ())
        for place in dict.fromkeys((*self.doubts, *self.seen)):
            _comment(document, place, self._remark(place))
        for key in list(document)[3:]:
            if key in _SECTIONS:
                _blank_before(document, key)
        yaml = YAML()
        yaml.width = _WIDE
        yaml.indent(mapping=2, sequence=4, offset=2)
        out = io.StringIO()
        yaml.dump(document, out)
        return _HEAD + out.getvalue()

    def _remark(self, place: Keys) -> str:
        """Return the comment above the part at a place."""
        seen, doubt = self.seen.get(place, 0), self.doubts.get(place)
        if doubt and self._says(place, doubt):
            return "doubtful"
        times = {0: "", 1: "seen once"}.get(seen, f"seen {seen} times")
        if doubt:
            return f"doubtful: {doubt}" + (f"; {times}" if times and times not in doubt else "")
        return times

    def _says(self, place: Keys, doubt: str) -> bool:
        """Return whether the part at a place says itself why it is doubtful."""
        part: Any = self.data
        for key in place:
            part = part.get(key) if isinstance(part, Mapping) else None
        return isinstance(part, Mapping) and doubt in (part.get("doubt"), part.get("reason"))


def one_or_all(items: Sequence[Any]) -> Any:
    """Return the only item, or all of them as a list: a profile takes both."""
    return items[0] if len(items) == 1 else list(items)


def _node(value: Any, place: Keys) -> Any:
    """Return a value with the style in which it is written at a place."""
    last = place[-1] if place else ""
    if isinstance(value, Mapping):
        mapping = CommentedMap()
        for key, below in value.items():
            mapping[key] = _node(below, (*place, str(key)))
        is_short_verb = place[:-1] == ("operations",) and len(str(value)) < _LONGEST_VERB
        is_short = is_short_verb or place[:1] == ("console",) or place[:-1] == ("lacks",)
        if is_short or last in (*_FLOW_KEYS, "answers"):
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        items = CommentedSeq([_node(item, (*place, "")) for item in value])
        if last in _FLOW_KEYS or (len(place) > 1 and place[-2] in _FLOW_KEYS):
            items.fa.set_flow_style()
        return items
    is_word = last in _PLAIN_KEYS and place[0] != "operations"
    is_word = is_word or not {*place}.isdisjoint(_WORDS)
    if isinstance(value, str) and not is_word:
        return SingleQuotedScalarString(value)
    return value


def _comment(document: CommentedMap, place: Keys, remark: str) -> None:
    node, indent = document, 0
    remark = " ".join("".join(c if c.isprintable() else " " for c in remark).split())
    for number, key in enumerate(place):
        if not isinstance(node, CommentedMap) or key not in node:
            return
        below = node[key]
        is_last = number == len(place) - 1
        if is_last or not isinstance(below, CommentedMap) or place[number + 1] not in below:
            node.yaml_set_comment_before_after_key(key, before=remark, indent=indent)
            return
        node, indent = below, indent + 2


def _blank_before(document: CommentedMap, key: str) -> None:
    comments = document.ca.items.get(key)
    if comments is None or not comments[1]:
        document.yaml_set_comment_before_after_key(key, before="\n")

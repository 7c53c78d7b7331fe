"""A profile's file, as a person would write it, with a comment at what is doubtful."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from orchestrator.discovery.draft import Draft, Place

_HEAD = """\
# Written by `peerlab profile new`. Lines that are doubtful are marked: look at them, then try
# them with `peerlab profile check`. docs/profiles.md says what all of it means.
"""
_FLAT = ("command", "build", "packages", "environment")
_PLAIN = ("name", "summary", "sync", "folder", "first", "ends")
_WIDE = 10_000  # columns: no line is folded
_LONGEST = 88  # characters of a verb on one line


def text(draft: Draft) -> str:
    """Return a draft as a profile's file."""
    document = _node(draft.data, ())
    for place, doubt in draft.doubts.items():
        _remark(document, place, f"doubtful: {doubt}")
    for key in list(document)[3:]:
        if key in ("start", "ready", "console", "verbs", "notices", "first_id", "errors"):
            _blank_before(document, key)
    yaml = YAML()
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(document, out)
    return _HEAD + out.getvalue()


def _node(value: Any, place: Place) -> Any:
    if isinstance(value, Mapping):
        made = CommentedMap()
        for key, each in value.items():
            made[key] = _node(each, (*place, str(key)))
        is_verb = len(place) == 2 and place[0] == "verbs"  # noqa: PLR2004
        if (is_verb and len(str(value)) < _LONGEST) or (place and place[-1] in _FLAT) or (
            place and place[0] in ("console",)) or (place and place[-1] == "answers"):  # fmt: skip
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        several = CommentedSeq([_node(each, (*place, "")) for each in value])
        if place and (place[-1] in _FLAT or (len(place) > 1 and place[-2] in _FLAT)):
            several.fa.set_flow_style()
        return several
    if isinstance(value, str) and not (place and place[-1] in _PLAIN and place[0] != "verbs"):
        return SingleQuotedScalarString(value)
    return value


def _remark(document: CommentedMap, place: Place, remark: str) -> None:
    """Put a comment above what is at a place, or above what it would stand in."""
    node, indent = document, 0
    for number, key in enumerate(place):
        if not isinstance(node, CommentedMap) or key not in node:
            return
        below = node[key]
        is_last = number == len(place) - 1
        if is_last or not isinstance(below, CommentedMap) or place[number + 1] not in below:
            node.yaml_set_comment_before_after_key(key, before=_clean(remark), indent=indent)
            return
        node, indent = below, indent + 2


def _clean(remark: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in remark).split())


def _blank_before(document: CommentedMap, key: str) -> None:
    kept = document.ca.items.get(key)
    if kept is None or not kept[1]:
        document.yaml_set_comment_before_after_key(key, before="\n")

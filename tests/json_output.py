"""What `--json` prints, held against its schema: every command of every test that prints some."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from orchestrator.report import output_format


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_closed(output_format.schema()))


def _closed(node: Any) -> Any:
    """Return a schema that allows no key which it does not describe."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(one) for key, one in node.items()}
    is_object = isinstance(node.get("properties"), dict)
    return {**closed, "additionalProperties": False} if is_object else closed


def check(text: str) -> None:
    """Fail unless a document that a command has printed is as the schema says."""
    _validator().validate(json.loads(text))

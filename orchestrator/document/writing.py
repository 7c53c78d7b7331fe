"""Writing YAML as people write it in scenarios."""

from __future__ import annotations

import io

from ruamel.yaml import YAML


def written(data: object) -> str:
    """Return a document: what has no lists or mappings within stands on one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 10_000
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()

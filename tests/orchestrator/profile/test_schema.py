"""The published schema of profiles."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from orchestrator.profile import schema

ROOT = Path(__file__).parents[3]
PROFILES = sorted([*ROOT.glob("profiles/*.yaml"), *ROOT.glob("examples/peers/*/profile.yaml")])


def test_the_published_schema_is_up_to_date() -> None:
    published = json.loads((ROOT / "docs/profile.schema.json").read_text())
    assert published == schema(), "peerlab profile schema > docs/profile.schema.json"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_profiles_are_what_the_schema_says(path: Path) -> None:
    jsonschema.validate(YAML(typ="safe").load(path.read_text()), schema())


def test_the_schema_refuses_unknown_keys() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "it", "verb": {}}, schema())

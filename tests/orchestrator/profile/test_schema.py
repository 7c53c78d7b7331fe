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
    assert published == schema(), "peerlab schema profile > docs/profile.schema.json"


def test_all_profiles_follow_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    yaml = YAML(typ="safe")
    assert PROFILES
    assert [str(path) for path in PROFILES if not validator.is_valid(yaml.load(path))] == []


def test_the_schema_refuses_unknown_keys() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "it", "verb": {}}, schema())

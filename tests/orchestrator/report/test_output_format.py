"""The published schema of what `--json` prints; tests/json_output.py holds output against it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from orchestrator.report.output_format import schema
from tests import json_output
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab
from tests.orchestrator.support import ROOT


def test_the_published_schema_is_up_to_date() -> None:
    published = json.loads((ROOT / "docs/output.schema.json").read_text())
    assert published == schema(), "peerlab schema output > docs/output.schema.json"
    assert json.loads(peerlab("schema", "output").stdout) == published


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / "right.yaml").write_text(SHORT)
    (tmp_path / "wrong.yaml").write_text(SHORT.replace("short", "wrong").replace("send", "sent"))
    done = peerlab("validate", str(tmp_path), "--json")
    assert (done.returncode, done.stderr) == (2, "")
    data = json.loads(done.stdout)
    assert (data["format"], data["files"], data["right"]) == (1, 2, 1)
    (mistake,) = data["mistakes"]
    assert mistake.startswith(f"{tmp_path}/wrong.yaml:7:5: ")
    assert json.loads(peerlab("validate", str(tmp_path / "right.yaml"), "--json").stdout) == {
        "format": 1, "files": 1, "right": 1, "mistakes": []
    }  # fmt: skip


@pytest.mark.parametrize("wrong", [{"peers": []}, {"format": 2, "peers": []}, {"format": 1}, []])
def test_what_is_no_output(wrong: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        json_output.check(json.dumps(wrong))


def test_a_key_that_no_one_has_described() -> None:
    peer = {"peer": "alice", "container": "alice", "address": "", "port": 1, "state": "running",
            "connections": None, "memory": None}  # fmt: skip
    json_output.check(json.dumps({"format": 1, "peers": [peer]}))
    with pytest.raises(jsonschema.ValidationError):
        json_output.check(json.dumps({"format": 1, "peers": [peer | {"new": 1}]}))

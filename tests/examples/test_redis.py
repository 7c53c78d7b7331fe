"""The example of Redis: its files are right, and it does what its page says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from orchestrator.profile import schema
from orchestrator.scenario.validation import Validator, find
from tests.orchestrator.harness import Harness, judged
from tests.orchestrator.support import ROOT

REDIS = ROOT / "examples/redis"


def test_its_files_are_right() -> None:
    checked = Validator()
    checked.check_files(find([REDIS / "scenarios"]))
    assert (checked.mistakes, checked.right) == ([], 4)
    validator = jsonschema.Draft202012Validator(schema())
    profiles = sorted(REDIS.glob("*.yaml"))
    assert [path.name for path in profiles] == ["client.yaml", "sentinel.yaml", "server.yaml"]
    assert all(validator.is_valid(YAML(typ="safe").load(path)) for path in profiles)


@pytest.mark.docker
@pytest.mark.thorough  # it installs Debian packages
@pytest.mark.parametrize("scenario", ["single", "clients", "partition", "failover"])
def test_what_is_lost_is_lost_by_a_failover(scenario: str, tmp_path: Path) -> None:
    text = (REDIS / f"scenarios/{scenario}.yaml").read_text().replace("../", f"{REDIS}/")
    with Harness("docker", tmp_path) as lab:
        run = lab.run(text.partition("\n")[2])
    assert run.error is None
    wrong = {check for check, verdict in judged(run).items() if verdict != "valid"}
    assert wrong == ({"set"} if scenario == "failover" else set())

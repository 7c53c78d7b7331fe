"""The example of etcd: its files are right, and it shows what its page says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from orchestrator.profile import schema
from orchestrator.scenario.validation import Validator, find
from tests.orchestrator.harness import Harness, judged
from tests.orchestrator.support import ROOT

ETCD = ROOT / "examples/etcd"


def test_its_files_are_right() -> None:
    checked = Validator()
    checked.check_files(find([ETCD / "scenarios"]))
    assert (checked.mistakes, checked.right) == ([], 2)
    profile = YAML(typ="safe").load(ETCD / "profile.yaml")
    assert jsonschema.Draft202012Validator(schema()).is_valid(profile)


@pytest.mark.docker
@pytest.mark.thorough  # it installs Debian packages
@pytest.mark.parametrize(
    ("scenario", "promise", "verdict"),
    [("register", "register", "valid"), ("lock", "mutex", "invalid")],
)
def test_its_keys_are_registers_and_its_locks_do_not_exclude(
    scenario: str, promise: str, verdict: str, tmp_path: Path
) -> None:
    text = (ETCD / f"scenarios/{scenario}.yaml").read_text().replace("../", f"{ETCD}/")
    with Harness("docker", tmp_path) as lab:
        run = lab.run(text.partition("\n")[2])
    assert run.error is None
    assert judged(run)[promise] == verdict

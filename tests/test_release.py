"""What publishes a version, and the hook for pre-commit."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator.pytest_plugin.plugin_options import _SCENARIOS
from tests.orchestrator.support import ROOT


def read(path: str) -> Any:
    return YAML(typ="safe").load(ROOT / path)


def test_only_the_job_that_publishes_may_prove_who_it_is() -> None:
    workflow = read(".github/workflows/release.yml")
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]
    rights = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert rights == {"publish": {"id-token": "write"}}
    assert jobs["publish"]["environment"] == "release"
    assert "secrets" not in (ROOT / ".github/workflows/release.yml").read_text()


def test_a_version_is_tested_before_it_is_built_and_built_before_it_is_published() -> None:
    jobs = read(".github/workflows/release.yml")["jobs"]
    assert (jobs["publish"]["needs"], jobs["build"]["needs"]) == ("build", "test")
    ci = jobs["test"]["uses"].removeprefix("./")
    assert "workflow_call" in read(ci)["on"]


def test_a_tag_that_is_not_the_version_is_refused() -> None:
    words = ["bash", str(ROOT / ".ci/release"), "v0.0.9"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: the tag is v0.0.9, and peer/__init__.py has the version " in done.stderr


@pytest.mark.parametrize(
    "path",
    ["scenarios/hello.yaml", "a/scenarios/b/c.yml", "x.scenario.yaml", "a/x.scenario.yml",
     "profile.yaml", "myscenarios/x.yaml", "scenarios/x.json", "x.scenario.yaml.bak"],
)  # fmt: skip
def test_the_hook_takes_what_pytest_collects(path: str) -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    taken = bool(re.search(hook["files"], path))
    assert taken == any(fnmatch(f"/{path}", f"*/{pattern}") for pattern in _SCENARIOS)


def test_the_hook_leaves_rubrics_out() -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    assert re.search(hook["exclude"], "scenarios/rubric.yaml")
    assert not re.search(hook["exclude"], "scenarios/my-rubric.yaml")
    assert Path(hook["entry"].split()[0]).name == "peerlab"

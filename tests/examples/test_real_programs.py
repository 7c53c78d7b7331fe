"""The examples of programs by others: their files are right, and show what their pages say."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from orchestrator.image import ensure_image, name_for_compose
from orchestrator.profile import schema
from orchestrator.scenario.folders import find
from orchestrator.scenario.validation import Validator
from tests.orchestrator.harness import Harness, judged
from tests.orchestrator.support import ROOT, require_compose

EXAMPLES = [ROOT / "examples" / name for name in ("compose", "etcd", "irc", "redis", "serf")]

VERDICTS = {
    "compose/scenarios/everyday.yaml": {"register": "valid"},
    "compose/scenarios/register.yaml": {"register": "valid"},
    "etcd/scenarios/register.yaml": {"register": "valid"},
    "etcd/scenarios/lock.yaml": {"mutex": "invalid"},
    "irc/scenarios/netsplit.yaml": {"broadcast": "invalid", "membership": "valid"},
    "redis/scenarios/single.yaml": {"register": "valid", "set": "valid", "counter": "valid"},
    "redis/scenarios/clients.yaml": {"register": "valid"},
    "redis/scenarios/partition.yaml": {"set": "valid"},
    "redis/scenarios/failover.yaml": {"set": "invalid"},
    "serf/scenarios/membership.yaml": {"membership": "valid"},
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: str(folder.name))
def test_the_files_of_an_example_are_right(example: Path) -> None:
    if example.name == "compose":
        require_compose()
    scenarios = find([example / "scenarios"])
    checked = Validator()
    checked.check_files(scenarios)
    assert (checked.mistakes, checked.right) == ([], len(scenarios))
    shown = {key for key in VERDICTS if key.startswith(f"{example.name}/")}
    assert {str(path.relative_to(example.parent)) for path in scenarios} == shown
    validator = jsonschema.Draft202012Validator(schema())
    profiles = sorted(example.glob("*.yaml"))
    assert profiles
    assert all(validator.is_valid(YAML(typ="safe").load(path)) for path in profiles)


@pytest.mark.docker
@pytest.mark.thorough  # it installs Debian packages, and faults take their time
@pytest.mark.timeout(400)
@pytest.mark.parametrize("scenario", VERDICTS)
def test_a_program_does_what_its_page_says(scenario: str, tmp_path: Path) -> None:
    ensure_image(lambda _: None, ROOT)
    name_for_compose(ROOT)  # on which a stack's image is based
    path = ROOT / "examples" / scenario
    text = path.read_text().replace("../", f"{path.parents[1]}/")
    with Harness("docker", tmp_path) as lab:
        run = lab.run(text.partition("\n")[2])
    assert run.error is None
    found = judged(run)
    assert {check: found[check] for check in VERDICTS[scenario]} == VERDICTS[scenario]
    assert {found[check] for check in ("expectations", "end states", "crashes")} == {"valid"}

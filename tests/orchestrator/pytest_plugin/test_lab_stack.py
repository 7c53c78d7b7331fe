"""A lab whose peers are the services of a Compose file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import EngineError
from orchestrator.image import ensure_image
from orchestrator.pytest_plugin.lab import Lab, NotAsWantedError
from tests.orchestrator.support import ROOT, require_compose

EXAMPLE = ROOT / "examples/compose"
PROFILES = {name: str(EXAMPLE / f"{name}.yaml") for name in ("store", "desk", "audit")}

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_stack(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> MakeLab:
    """Return a function that makes labs of the example; skip if there is no Compose."""
    require_compose()
    monkeypatch.setenv("BASE", ensure_image(lambda _: None, ROOT))

    def make(**settings: Any) -> Lab:
        file = str(EXAMPLE / "stack/compose.yaml")
        return make_lab(**{"compose": file, "profiles": PROFILES, **settings})

    return make


@pytest.mark.docker
def test_services_are_driven_broken_and_judged(make_stack: MakeLab) -> None:
    lab = make_stack()
    desk, store = lab.peers("desk", "store")
    audits = lab.peers("audit")
    assert [peer.name for peer in audits] == ["audit1", "audit2"]
    assert {peer.name for peer in lab.peers()} == {"desk", "store", "audit1", "audit2"}
    desk.put(key="x", value=1)
    for audit in audits:
        audit.expect("change", key="x", value="1")
    with lab.partition([desk, "audit2"], [store, "audit1"]):
        desk.put(key="x", value=2, refused="cannot be reached")
        store.put(key="x", value=3)
    assert desk.get(key="x", within=10).value == 3
    with store.kill():
        desk.get(key="x", refused="cannot be reached")
    assert desk.eventually("get", key="x", expect={"value": 3}, within=10).value == 3
    run = lab.end()
    assert lab.verdict == "valid", [verdict.as_data() for verdict in run.verdicts]
    assert [one.fields["state"] for one in run.index.marks("ended")] == ["running"] * 4


@pytest.mark.docker
def test_a_job_must_have_ended_well_and_the_others_run(make_lab: MakeLab, tmp_path: Path) -> None:
    require_compose()
    image = ensure_image(lambda _: None, ROOT)
    (tmp_path / "compose.yaml").write_text(
        f"x-it: &it {{image: '{image}', healthcheck: {{disable: true}}}}\n"
        "services:\n  migrate: {<<: *it, entrypoint: [python3, -c, 'print(1)']}\n"
        "  web:\n    <<: *it\n    entrypoint: [python3, -c, 'import time; time.sleep(600)']\n"
        "    depends_on: {migrate: {condition: service_completed_successfully}}\n"
        "    networks: [own]\nnetworks: {own: {}}\n"
    )
    lab = make_lab(compose=str(tmp_path / "compose.yaml"))
    migrate, web = lab.peers("migrate", "web")
    migrate.expect_line("1")
    with pytest.raises(EngineError, match="share no network"):
        lab.impair(between=[migrate, web], loss="10%")
    run = lab.end()
    ends = {verdict.check: verdict.word for verdict in run.verdicts}
    assert ends["end states"] == "valid"
    assert lab.verdict == "valid"  # nothing was done to them


def test_what_a_lab_of_services_is_not_asked(make_stack: MakeLab) -> None:
    lab = make_stack()
    with pytest.raises(ValueError, match=r"no service 'adit' in .*; did you mean 'audit'\?"):
        lab.peers("adit")
    with pytest.raises(ValueError, match="are the peers: name them instead of 2"):
        lab.peers(2)
    with pytest.raises(ValueError, match="the peer 'audit1' is asked for twice"):
        lab.peers("audit", "audit1")
    with pytest.raises(ValueError, match=r"no service 'desc' in .*; did you mean 'desk'\?"):
        make_stack(profiles={"desc": PROFILES["desk"]}).peer("desk")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"engine": "process"}, "are containers"),
        ({"arguments": ["-v"]}, "have their own arguments"),
    ],
)
def test_settings_that_services_cannot_have(
    make_stack: MakeLab, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=says):
        make_stack(**settings)


@pytest.mark.docker
def test_an_act_that_does_not_end_as_wanted(make_stack: MakeLab) -> None:
    lab = make_stack()
    lab.peer("desk").put(key="x", value=1)
    with pytest.raises(NotAsWantedError, match="value should have been 2"):
        lab.peer("store").get(key="x", expect={"value": 2})
    lab.expect_verdict("invalid", check="expectations")

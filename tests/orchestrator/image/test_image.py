"""The lab's images: what they are made of, and what is in them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import command, image
from orchestrator.command import CommandFailedError
from orchestrator.errors import LabError
from orchestrator.image import building
from orchestrator.image.recipe import PEER, SIDECAR, Recipe
from orchestrator.parallel import map_parallel
from tests.orchestrator.support import ROOT

INSTALL = ROOT / "sidecar/install_programs.py"
LOOK = """
import json, os, shutil, subprocess, sys
def does(*words):
    return subprocess.run(words, stdout=subprocess.DEVNULL).returncode == 0
print(json.dumps({
    "user": os.getuid(),
    "shell": bool(shutil.which("sh")),
    "modules": sorted(os.listdir("sidecar")),
    "nft": does("nft", "add table inet t; add chain inet t c {type filter hook input priority 0;};"
                " add rule inet t c meta l4proto tcp counter"),
    "tc": does("tc", "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "htb", "default", "0"),
    "ip": does("ip", "-j", "address"),
}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the images are made from."""
    home = tmp_path / "project"
    for folder in ("peer", "sidecar"):
        shutil.copytree(ROOT / folder, home / folder)
    shutil.copy(ROOT / ".dockerignore", home)
    return home


def test_the_base_has_the_programs_that_the_dockerfile_names() -> None:
    assert PEER.programs(ROOT) == {}
    assert SIDECAR.programs(ROOT) == {"nft": "nftables", "tc": "iproute2", "ip": "iproute2"}
    assert set(SIDECAR.packages(ROOT)) - set(PEER.packages(ROOT)) == {"nftables", "iproute2"}
    assert PEER.base(ROOT) == SIDECAR.base(ROOT)
    assert PEER.fallback(ROOT) != SIDECAR.fallback(ROOT)


@pytest.mark.parametrize("recipe", [PEER, SIDECAR])
def test_what_a_base_leaves_out(recipe: Recipe) -> None:
    def kept(*paths: str) -> list[str]:
        return [path for path in paths if not recipe.unwanted(ROOT).search(path)]

    python = ["/usr/bin/python3", "/usr/bin/python3.11", "/lib/x86_64-linux-gnu/libc.so.6"]
    assert kept(*python) == python
    assert kept("/bin/sh", "/usr/bin/perl", "/usr/share/doc", "/etc/apt", "/root") == []
    tools = ["/usr/sbin/nft", "/sbin/tc", "/usr/bin/ip"]
    assert kept(*tools, "/usr/sbin/nftx", "/sbin/tcx", "/usr/bin/ipx") == (
        tools if recipe is SIDECAR else []
    )


def test_an_image_is_made_again_when_what_it_is_made_from_changes(project: Path) -> None:
    before = [PEER.source(project), SIDECAR.source(project)]
    assert before == [PEER.source(ROOT), SIDECAR.source(ROOT)]
    (project / "sidecar/more.py").touch()
    assert PEER.source(project) == before[0]
    changed = SIDECAR.source(project)
    dockerfile = SIDECAR.dockerfile(project)
    text = dockerfile.read_text().replace('"nft=nftables', '"ss=iproute2 nft=nftables')
    dockerfile.write_text(text)
    assert len({before[1], changed, SIDECAR.source(project)}) == 3
    assert PEER.image(project) != PEER.image(ROOT), "another checkout"
    assert SIDECAR.fallback(project) != SIDECAR.fallback(ROOT)


def test_a_dockerfile_without_a_base_is_an_error(project: Path) -> None:
    PEER.dockerfile(project).write_text("FROM scratch\n")
    with pytest.raises(LabError, match="peer/Dockerfile names no base image") as caught:
        PEER.base(project)
    assert "ARG BASE=" in caught.value.hint


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    """A folder of programs in which apt-get only notes what it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "apt-get").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/told\n')
    (folder / "apt-get").chmod(0o755)
    (folder / "tc").symlink_to("/bin/true")
    return folder


def bring(apt: Path, programs: str) -> list[str]:
    """Return what apt-get is told where only the programs in `apt` are there."""
    lists = apt.parent / "lists"
    lists.mkdir()
    code = INSTALL.read_text().replace("/var/lib/apt/lists", str(lists))
    called = [sys.executable, "-c", code]
    environment = {"PATH": str(apt), "PROGRAMS": programs}
    subprocess.run(called, check=True, env=environment, cwd=os.sep)
    told = apt.parent / "told"
    assert lists.exists() != told.exists()
    return told.read_text().splitlines() if told.exists() else []


def test_a_base_that_lacks_a_program_gets_its_package(apt: Path) -> None:
    told = bring(apt, "nft=nftables tc=iproute2 ip=iproute2")
    assert told == ["-q update", "-q install -y --no-install-recommends iproute2 nftables"]


def test_a_base_that_has_all_is_left_alone(apt: Path) -> None:
    assert bring(apt, "tc=iproute2") == []


@pytest.mark.docker
def test_the_sidecars_image_has_what_it_needs_and_no_shell() -> None:
    name = image.ensure_sidecar_image(lambda _: None, ROOT)
    confined = ("--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--read-only")
    shown = command.run("docker", "run", "--rm", *confined, name, "python3", "-c", LOOK)
    found = json.loads(shown)
    modules = {path.name for path in (ROOT / "sidecar").glob("*.py")}
    assert set(found.pop("modules")) == modules | {"__pycache__"}
    assert found == {"user": 0, "shell": False, "nft": True, "tc": True, "ip": True} | (
        {"shell": True} if image.present(SIDECAR.base(ROOT)) else {}
    )


@pytest.mark.docker
def test_the_sidecars_image_starts_the_sidecar_and_says_what_it_is_made_from() -> None:
    name = image.ensure_sidecar_image(lambda _: None, ROOT)
    (found,) = json.loads(command.run("docker", "image", "inspect", name))
    assert found["Config"]["Cmd"] == ["python3", "-m", "sidecar"]
    assert found["Config"]["Labels"]["peerlab.source"] == SIDECAR.source(ROOT)


@pytest.mark.docker
def test_an_image_is_built_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    image.ensure_sidecar_image(lambda _: None, ROOT)
    monkeypatch.setattr(image, "present", lambda *_: pytest.fail("looked for it again"))
    said: list[str] = []
    assert image.ensure_sidecar_image(said.append, ROOT) == SIDECAR.image(ROOT)
    assert said == []


@pytest.mark.parametrize(
    ("says", "is_tried_again"),
    [
        ('COPY chat.py\nunable to find image "sha256:a851"', True),
        ("unknown parent image ID sha256:a851", True),
        ("failed to get digest sha256:a851: open /var/lib/docker: no such file", True),
        ("---> Running in 4cc7\nNo such image: sha256:a851", True),
        ("COPY failed: no such file", False),
    ],
)
def test_a_build_whose_steps_were_removed_meanwhile_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, *, is_tried_again: bool
) -> None:
    builds: list[str] = []

    def docker(*words: str, **_: object) -> str:
        if words[1] == "build":
            builds.append(words[1])
            if len(builds) == 1:
                raise CommandFailedError("`docker build` failed", says)
        return "0e51fedf59ea"

    monkeypatch.setattr("orchestrator.command.docker", docker)
    with contextlib.nullcontext() if is_tried_again else pytest.raises(CommandFailedError):
        building.build("peerlab-test-any", tmp_path, tmp_path / "Dockerfile", {})
    assert len(builds) == 1 + is_tried_again


@pytest.mark.docker
def test_an_image_that_another_command_has_just_built_is_not_removed(tmp_path: Path) -> None:
    name, file = f"peerlab-test-{secrets.token_hex(4)}", tmp_path / "Dockerfile"
    label = f"peerlab.test={secrets.token_hex(4)}"
    try:
        file.write_text(f"FROM scratch\nLABEL {label}\nCOPY number /\n")
        for number in "12":  # the second one takes the first one's name
            (tmp_path / "number").write_text(number)
            building.build(name, tmp_path, file, {})
        building.prune(label)
        assert len(_ids(label)) == 2
    finally:
        command.run("docker", "image", "rm", "--force", *_ids(label))


def _ids(label: str) -> list[str]:
    return command.run("docker", "image", "ls", "--quiet", "--filter", f"label={label}").split()


@pytest.mark.docker
def test_builds_side_by_side_prune_without_an_error() -> None:
    map_parallel(building.prune, ["peerlab.no-such-label"] * 8)


def tags(root: Path) -> set[str]:
    """Return the names of the peer images that were built from a checkout."""
    filters = ("--filter", f"reference={PEER.repository}")
    form, label = "{{.Repository}}:{{.Tag}}", f"label=peerlab.folder={root}"
    listed = command.run("docker", "image", "ls", "--format", form, *filters, "--filter", label)
    return {*listed.split()}


@pytest.mark.docker
def test_old_images_of_a_folder_go_unless_a_container_has_them(tmp_path: Path) -> None:
    home, repository = tmp_path / "home", f"peerlab-test-{secrets.token_hex(4)}"
    home.mkdir()
    (home / "Dockerfile").write_text("FROM scratch\nCOPY number /\n")
    names = [f"{repository}:{number}" for number in range(4)]
    for number, name in enumerate(names):
        (home / "number").write_text(f"{number}")
        folder = tmp_path if number == 3 else home
        building.build(name, home, home / "Dockerfile", building.home_labels(folder))
    used = command.run("docker", "create", names[1], "any").strip()
    try:
        building.drop_others(names[2], home)
        assert [name for name in names if image.present(name)] == names[1:], "one is in use"
        command.run("docker", "rm", used)
        home.rename(tmp_path / "elsewhere")
        building.drop_others(names[3], tmp_path)
        assert [name for name in names if image.present(name)] == names[3:], "its folder is gone"
    finally:
        with contextlib.suppress(CommandFailedError):
            command.run("docker", "rm", used)
        command.run("docker", "image", "rm", *(name for name in names if image.present(name)))


@pytest.mark.docker
def test_an_image_is_built_for_a_checkout(project: Path) -> None:
    said: list[str] = []
    name = image.ensure_image(said.append, project)
    assert tags(project) == {name}
    assert said[-1].startswith(f"building {name} on ")
    assert name != PEER.image(ROOT)
    command.run("docker", "image", "rm", name)


@pytest.mark.docker
@pytest.mark.thorough  # the two tests above have it, one without the sources of the lab
def test_checkouts_have_images_of_their_own_and_old_ones_go(project: Path, tmp_path: Path) -> None:
    mine = image.ensure_image(lambda _: None, ROOT)
    equal = image.ensure_image(lambda _: None, project)
    assert tags(project) == {equal}
    (project / "peer/more.py").touch()
    changed = image.ensure_image(lambda _: None, project)
    assert tags(project) == {changed}
    used = command.run("docker", "create", changed).strip()
    project.rename(tmp_path / "elsewhere")
    newest = PEER.image(tmp_path / "elsewhere")
    assert len({mine, equal, changed, newest}) == 4
    try:
        building.drop_others(newest, tmp_path / "elsewhere")
        assert tags(project) == {changed}, "a container has it"
        command.run("docker", "rm", used)
        building.drop_others(newest, tmp_path / "elsewhere")
        assert tags(project) == set(), "its folder is gone"
        assert image.present(mine)
    finally:
        with contextlib.suppress(CommandFailedError):
            command.run("docker", "rm", used)
        with contextlib.suppress(CommandFailedError):  # any other build may remove it too
            command.run("docker", "image", "rm", changed)

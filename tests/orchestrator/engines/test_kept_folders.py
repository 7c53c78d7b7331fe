"""What a program finds of its files when it is started again, on every engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import definition, profile
from orchestrator.console.session import Session
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import sandbox
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process.copies import Copies
from orchestrator.errors import EngineError
from orchestrator.owner import Owner
from orchestrator.profile import Profile
from orchestrator.runner.run import ScenarioSource
from tests.orchestrator.harness import QUIET, Harness, judged, marks
from tests.orchestrator.support import DOCKER_ONLY, PROGRAMS, LivePeers
from tests.repeats import ON_DOCKER_IF_THOROUGH

WRITES_EVERYWHERE = """
import json, sys
from pathlib import Path
from typing import Any
folders = [Path(name) for name in sys.argv[1:]]
found = {str(path): path.read_text() for folder in folders for path in folder.rglob("*.txt")}
Path("data/shipped.txt").write_text("changed")
for folder in folders:
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        (path / "left.txt").write_text("left")
sys.stdout.write(f"READY {json.dumps(found)}\\n")
input()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a program that says what it finds, and writes wherever it may."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("data", "deep/kept"):
        (folder / name).mkdir(parents=True)
    (folder / "data/shipped.txt").write_text("as shipped")
    (folder / "chat.py").write_text(WRITES_EVERYWHERE)
    return folder


def writer(folder: Path, *keep: str) -> Profile:
    """Return the profile of that program, which visits absolute folders too."""
    plain = profile.load(str(PROGRAMS / "profile.yaml"))
    visited = [name for name in keep if name.startswith("/")]
    command = ["{python}", "chat.py", ".", *visited]
    start = profile.Start(command=command, folder=str(folder), keep=[*keep])
    ready = r"^READY (?P<text>.*)$"
    changes = {"start": start, "ready": ready, "ready_within": 20.0, "sync": ""}
    return plain.model_copy(update=changes)


def begin(place: LivePeers, program: Profile) -> Session:
    (peer,) = place.engine.start(["alice"], program, lambda _: None)
    place.sessions["alice"] = Session(peer, program, lambda _: None)
    return place.sessions["alice"]


def again(place: LivePeers) -> Session:
    old = place.sessions["alice"]
    old.close()
    old.peer.kill()
    old.peer.await_end(10)
    old.peer.start()
    place.sessions["alice"] = Session(old.peer, old.profile, lambda _: None)
    return place.sessions["alice"]


def found(session: Session) -> dict[str, str]:
    """Return the files that a program found when it started."""
    files: dict[str, str] = json.loads(session.await_ready()["text"])
    return files


SHIPPED, CHANGED = {"data/shipped.txt": "as shipped"}, {"data/shipped.txt": "changed"}


def test_a_program_that_is_started_again_finds_what_its_profile_keeps_and_nothing_else(
    shared_engine: LivePeers, home: Path
) -> None:
    absolute = ["/srv/data"] if shared_engine.name == "docker" else []
    kept = ["data", "deep/kept", "made/here", *absolute]
    left = CHANGED | {f"{folder}/left.txt": "left" for folder in kept}
    assert found(begin(shared_engine, writer(home, *kept))) == SHIPPED
    assert found(again(shared_engine)) == left
    shared_engine.discard_all()
    assert found(begin(shared_engine, writer(home, *kept))) == SHIPPED


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_a_program_that_keeps_nothing_finds_its_folder_as_it_was(
    shared_engine: LivePeers, home: Path
) -> None:
    assert found(begin(shared_engine, writer(home))) == SHIPPED
    assert found(again(shared_engine)) == SHIPPED


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_a_program_may_keep_its_whole_folder(engine: str, home: Path) -> None:
    folders = ("", "data/", "deep/", "deep/kept/")
    left = CHANGED | {f"{one}left.txt": "left" for one in folders}
    with LivePeers(engine) as place:
        assert found(begin(place, writer(home, "."))) == SHIPPED
        assert found(again(place)) == left
        assert found(again(place)) == left


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_no_other_peer_and_no_later_run_sees_what_a_program_kept(
    engine: str, tmp_path: Path
) -> None:
    source = ScenarioSource.read(PROGRAMS / "notes/kept.yaml")
    with Harness(engine, tmp_path) as harness:
        for _ in range(2):
            run = harness.runner.run(source, QUIET)
            assert judged(run) == dict.fromkeys(judged(run), "valid")
            assert not any(mark["warm"] for mark in marks(run, "ready"))


@DOCKER_ONLY
def test_kept_folders_are_limited_and_go_with_their_peer(
    shared_engine: LivePeers, home: Path
) -> None:
    peer = begin(shared_engine, writer(home, "data", "/srv/data")).peer
    assert isinstance(peer, DockerPeer)
    assert peer.holder
    own = volumes_of(peer, peer.container)
    held = volumes_of(peer, peer.holder.container)
    assert [one["Destination"] for one in own] == ["/program/data", "/srv/data"]
    assert [one["Name"] for one in held] == [one["Name"] for one in own]
    for one in own:
        options = peer._api.inspect_volume(one["Name"])["Options"]
        assert options["type"] == "tmpfs"
        assert "nosuid,nodev,size=64m,nr_inodes=16384" in options["o"]
    left_without(peer, own, shared_engine)


def volumes_of(peer: DockerPeer, container: str) -> list[dict[str, Any]]:
    """Return the volumes of a container, by their place."""
    mounts = peer._api.inspect_container(container)["Mounts"]
    found = [one for one in mounts if one["Type"] == "volume"]
    return sorted(found, key=lambda one: str(one["Destination"]))


def left_without(peer: DockerPeer, own: list[dict[str, Any]], place: LivePeers) -> None:
    """Lose what holds the folders, see that the peer does not start, and that nothing is left."""
    assert peer.holder
    peer._api.kill(peer.holder.container)
    peer.kill()
    peer.await_end(10)
    with pytest.raises(EngineError, match=r"^alice has lost the folders .* the container .* ended"):
        peer.start()
    before = place.left()
    place.discard_all()
    gone = {one["Name"] for one in own} | {f"/{peer.handle}", f"/{peer.handle}.kept"}
    assert {*before} - {*place.left()} == gone


@pytest.mark.docker
def test_a_volume_that_an_ended_run_left_is_removed() -> None:
    client = docker_client.connect()
    mark = replace(Owner.this(), started=1).mark
    volume = client.api.create_volume(labels={docker_client.OWNER: mark})["Name"]
    docker_client.sweep(client)
    assert volume not in [one["Name"] for one in client.api.volumes()["Volumes"] or ()]
    client.close()


@pytest.mark.parametrize(
    ("user", "numbers"),
    [("", (10001, 10001)), ("root", (10001, 10001)), ("chat", (10001, 10001)), ("7", (7, 7)),
     ("7:8", (7, 8)), ("7:chat", (10001, 10001))],
)  # fmt: skip
def test_the_programs_user_may_write(user: str, numbers: tuple[int, int]) -> None:
    """Only its image knows the number of a user that is given by name."""
    found = {"Id": "x", "Config": {"User": user, "Volumes": {"/seen": {}, "/data/in": {}}}}
    image = sandbox.PeerImage.of("x", found)
    start = profile.Start(container=[], image="x", keep=["/data", "/tmp/a/b"])
    program = profile.load("peerlab").model_copy(update={"start": start})
    spec = definition.load().container
    tmpfs = sandbox.peer_limits(spec, program, image)["tmpfs"]
    assert tmpfs.keys() == {"/tmp", "/tmp/a", "/seen"}
    volumes = sandbox.kept_volumes(spec, program, image, {})
    options = [volume["VolumeOptions"]["DriverConfig"]["Options"]["o"] for volume in volumes]
    owner = "uid={},gid={}".format(*numbers)
    for fresh in (tmpfs["/seen"], tmpfs["/tmp/a"]):
        assert fresh.endswith(f",mode=755,{owner}")
    assert [one.rpartition(",mode=")[2] for one in options] == [f"1777,{owner}"] * 3
    # Docker would have a volume of the image on disk.
    assert [volume["Target"] for volume in volumes] == ["/data", "/tmp/a/b", "/data/in"]


def test_a_program_may_need_more_room_than_others() -> None:
    image, spec = sandbox.PeerImage("x", "x", volumes=["/seen"]), definition.load().container
    room = profile.Room(memory=512, folders=256)
    start = profile.Start(container=[], image="x", keep=["/data"], room=room)
    program = profile.load("peerlab").model_copy(update={"start": start})
    limits = sandbox.peer_limits(spec, program, image)
    assert (limits["mem_limit"], limits["memswap_limit"]) == ("512m", "512m")
    assert ",size=256m," in limits["tmpfs"]["/seen"]
    (volume,) = sandbox.kept_volumes(spec, program, image, {})
    assert ",size=256m," in volume["VolumeOptions"]["DriverConfig"]["Options"]["o"]


def test_an_absolute_folder_is_no_folder_of_a_process(
    process_place: Callable[[], LivePeers], home: Path
) -> None:
    place = process_place()
    with pytest.raises(EngineError, match=r"^foreign keeps /srv/data, and the process") as caught:
        begin(place, writer(home, "data", "/srv/data"))
    assert "--engine docker" in caught.value.hint
    assert place.left() == []


def test_a_link_in_place_of_a_kept_folder_leads_nowhere(tmp_path: Path) -> None:
    """The process engine removes and copies what is in the peer's own folder alone."""
    source, mine = tmp_path / "source", tmp_path / "mine"
    source.mkdir()
    (mine / "kept").mkdir(parents=True)
    (mine / "kept/file").touch()
    copies = Copies({})
    try:
        copy = copies.of("1", source, ["way/kept", "other"])
        (copy / "other/file").touch()
        (copy / "way/kept").rmdir()
        (copy / "way").rmdir()
        (copy / "way").symlink_to(mine)
        again = copies.of("1", source, ["way/kept", "other"])
        assert not (again / "way").is_symlink()
        assert [*(again / "way/kept").iterdir()] == []
        assert (again / "other/file").exists()
        assert (mine / "kept/file").exists()
    finally:
        copies.remove()

"""Programs that are built, need packages or come in an image, on every engine."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator import command, image, profile
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process.copies import Copies
from orchestrator.errors import BuildError, EngineError, LabError, LimitError
from orchestrator.image import packages, program
from orchestrator.image.inside import build
from orchestrator.paths import ROOT
from orchestrator.profile import Profile, Start
from tests.orchestrator.support import DOCKER_ONLY, PROGRAMS, LivePeers
from tests.repeats import ON_DOCKER_IF_THOROUGH

IN_C = r"""
#include <stdio.h>
#include <string.h>

int main(void) {
    char line[100];
    printf("READY\n");
    fflush(stdout);
    for (int count = 1; fgets(line, sizeof line, stdin); count++) {
        line[strcspn(line, "\r\n")] = 0;
        printf("got %s as %d\n", line, count);
        fflush(stdout);
    }
}
"""
GCC: dict[str, object] = {
    "packages": ["gcc", "libc6-dev"],
    "build": [["gcc", "-o", "chat", "chat.c"]],
    "command": ["{folder}/chat"],
}
PYTHON = ["python3", "chat.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A program in C and in Python; its images go with it."""
    (tmp_path / "chat.c").write_text(IN_C)
    shutil.copy(PROGRAMS / "quiet.py", tmp_path / "chat.py")
    yield tmp_path
    if shutil.which("docker"):
        label = f"label=peerlab.folder={tmp_path}"
        found = command.run("docker", "image", "ls", "--quiet", "--filter", label).split()
        for name in set(found):
            command.run("docker", "image", "rm", "--force", name)


def started(start: object) -> Profile:
    foreign = profile.load(str(PROGRAMS / "profile.yaml"))
    return foreign.model_copy(update={"start": start, "ready_within": 20})


def with_folder(folder: Path, **keys: object) -> Profile:
    return started(Start.model_validate({"folder": str(folder), "command": PYTHON} | keys))


def refused(
    place: LivePeers, foreign: Profile, error: type[EngineError] = BuildError
) -> EngineError:
    before = place.left()
    with pytest.raises(error) as caught:
        place.engine.start(["alice"], foreign, lambda _: None)
    assert place.left() == before
    assert caught.value.hint
    return caught.value


@pytest.mark.timeout(400)
@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_a_program_in_c(folder: Path, shared_engine: LivePeers) -> None:
    if shared_engine.name == "process" and not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    alice, bob = shared_engine.start(["alice", "bob"], with_folder(folder, **GCC))
    assert alice.ask("hello").ok
    assert bob.ask("hello").ok
    assert not (folder / "chat").exists()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_the_compilers_errors_are_quoted(folder: Path, shared_engine: LivePeers) -> None:
    if shared_engine.name == "process" and not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    (folder / "chat.c").write_text(IN_C.replace("int main", "itn main"))
    error = refused(shared_engine, with_folder(folder, **GCC))
    first, *quoted = error.what.splitlines()
    assert first == (
        f"the program in {folder} cannot be built: `gcc -o chat chat.c`: it ended with status 1"
    )
    assert any("unknown type name" in line for line in quoted)


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_an_endless_build_is_stopped(
    folder: Path, shared_engine: LivePeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "BUILD_SECONDS", 3)
    endless = "import time; print('busy', flush=True); time.sleep(60)"
    began = time.monotonic()
    slow = with_folder(folder, build=[["{python}", "-c", endless]])
    error = refused(shared_engine, slow, LimitError)  # the lab's limit: it costs no points
    assert "a build has 3 s" in error.hint
    assert "it takes too long" in error.what
    assert error.what.endswith("\n  | busy")
    assert time.monotonic() - began < 40


def test_waits_for_a_processor_count_little_in_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressure = tmp_path / "cpu"
    monkeypatch.setattr(build, "_PRESSURE", pressure)
    assert 9 < build.TimeLimit(10).left <= 10, "a kernel that does not count them"
    pressure.write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=5000000\nfull total=0\n")
    limit = build.TimeLimit(10)
    pressure.write_text("some avg10=9.00 avg60=9.00 avg300=9.00 total=45000000\nfull total=0\n")
    assert 39 < limit.left <= 40, "three quarters of 40 s are given back"


def test_what_a_build_makes_too_large_is_no_fault_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "target/debug").mkdir(parents=True)
    with (tmp_path / "target/debug/chat").open("wb") as file:
        file.truncate(70 << 20)
    build.refuse_large(tmp_path, 10, 70 << 20)
    for files, megabytes, has in (
        (10, 64, "70 MB"), (2, 70, f"more than {program.MOST_FILES:,} files")
    ):  # fmt: skip
        with pytest.raises(build.TooLarge) as caught:
            build.refuse_large(tmp_path, files, megabytes << 20)
        report = caught.value.report
        report["files"] = program.MOST_FILES + 1 if files == 2 else 3
        error = program.refusal(tmp_path, f"cc -c\n{build.SIGN}{json.dumps(report)}\n", megabytes)
        assert isinstance(error, LimitError), "a BuildError would cost points"
        assert f"once it is built, has {has}, and the lab gives a program room" in error.what
        assert "object files" in error.hint


@DOCKER_ONLY
@pytest.mark.thorough
def test_a_build_that_is_too_large_is_refused_before_it_starts(
    folder: Path, shared_engine: LivePeers
) -> None:
    fills = "open('data', 'wb').truncate(70 << 20)"
    large = with_folder(folder, build=[["python3", "-c", fills]])
    for _ in range(2):
        with pytest.raises(LimitError, match="once it is built, has 70 MB"):
            shared_engine.engine.start(["alice"], large, lambda _: None)
    room = {"folders": 80, "memory": 256}
    with_room = with_folder(folder, build=[["python3", "-c", fills]], room=room)
    (session,) = shared_engine.start(["alice"], with_room)
    assert session.ask("hello").ok


@pytest.mark.thorough  # test_benchmark.py has the user and the network of a build
@DOCKER_ONLY
def test_a_build_has_no_network_and_is_not_root(folder: Path, shared_engine: LivePeers) -> None:
    code = (
        "import os, socket, pathlib\n"
        "print(os.getuid(), os.getcwd(), os.getgroups(), [n for _, n in socket.if_nameindex()])\n"
        "pathlib.Path('built').touch()\n"
        "raise SystemExit(3)\n"
    )
    error = refused(shared_engine, with_folder(folder, build=[["python3", "-c", code]]))
    first, *quoted = error.what.splitlines()
    assert first.endswith("…`: it ended with status 3")
    assert quoted == ["  | 10001 /program [] ['lo']"]


@DOCKER_ONLY
def test_a_program_runs_in_a_fresh_copy_of_its_build(
    folder: Path, shared_engine: LivePeers
) -> None:
    built = "import os; os.remove('chat.c'); open('made', 'w').write('so')"
    (folder / "chat.py").write_text(
        "import os\n"
        "print(sorted(os.listdir()), open('made').read(), flush=True)\n"
        "open('chat.log', 'w').write('a log')\n" + (PROGRAMS / "quiet.py").read_text()
    )
    foreign = with_folder(folder, build=[["python3", "-c", built]])
    (session,) = shared_engine.start(["alice"], foreign)
    assert "['chat.py', 'made'] so" in session.transcript.tail(10)
    session.peer.kill()
    session.peer.await_end(5)
    session.close()
    session.peer.start()  # in a fresh copy: its log has gone
    assert isinstance(session.peer, DockerPeer)
    data: bytes = session.peer._api.logs(session.peer.container)
    assert b"chat.log" not in data


@pytest.mark.timeout(400)
@pytest.mark.docker
@pytest.mark.thorough
def test_packages_are_installed_once(folder: Path) -> None:
    said: list[str] = []
    names = [
        image.ensure_packages(said.append, ROOT, wanted)
        for wanted in (["mawk", "bc"], ["bc", "mawk", "bc"])
    ]
    assert len(set(names)) == 1
    assert names[0].startswith("peerlab-packages:")
    assert len(said) <= 2


REFUSED = """\
the command failed with exit status 100: apt-get -qq install -y -d bc no-such-package
WARNING: apt does not have a stable CLI interface.
E: Unable to locate package no-such-package
"""


def test_what_apt_refuses_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise LabError(REFUSED)

    monkeypatch.setattr(packages, "present", lambda _: False)
    monkeypatch.setattr(packages, "pull", lambda _: "it cannot be reached")
    monkeypatch.setattr(packages, "make_base", refuse)
    with pytest.raises(BuildError) as caught:
        packages.ensure_packages(lambda _: None, ROOT, ["no-such-package", "bc"])
    assert caught.value.what == (
        "no image with bc no-such-package: E: Unable to locate package no-such-package"
    )


@pytest.mark.thorough
@pytest.mark.timeout(200)
@DOCKER_ONLY
def test_an_unknown_package_is_an_error(folder: Path, shared_engine: LivePeers) -> None:
    error = refused(shared_engine, with_folder(folder, packages=["no-such-package"]))
    assert "Unable to locate package no-such-package" in error.what
    assert "\n" not in error.what


@DOCKER_ONLY
def test_a_program_in_an_image(folder: Path, shared_engine: LivePeers) -> None:
    name = "peerlab-test-image:1"
    own = image.ensure_image(lambda _: None, ROOT)
    text = (
        f"FROM {own}\nCOPY chat.py /chat.py\nUSER 0\nVOLUME /data\n"
        'ENTRYPOINT ["python3", "/chat.py"]\n'
    )
    (folder / "Dockerfile").write_text(text)
    (folder / "chat.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.getuid(), flush=True)\n"
        + (PROGRAMS / "quiet.py").read_text()
    )
    image.build(name, folder, folder / "Dockerfile", {})
    foreign = started(Start.model_validate({"image": name, "container": ["{port}", "{name}"]}))
    try:
        (session,) = shared_engine.start(["alice"], foreign)
        assert "['6000', 'alice'] 10001" in session.transcript.tail(10)
        assert session.ask("hello").ok
        assert isinstance(session.peer, DockerPeer)
        found = session.peer._inspect()
        assert "/data" in found["HostConfig"]["Tmpfs"]
        assert all(mount["Type"] == "tmpfs" for mount in found["Mounts"])
    finally:
        shared_engine.discard_all()
        command.run("docker", "image", "rm", "--force", name)


@DOCKER_ONLY
def test_an_unknown_image_is_an_error(shared_engine: LivePeers) -> None:
    foreign = started(Start.model_validate({"image": "peerlab-no-such:1", "container": []}))
    error = refused(shared_engine, foreign)
    assert "the image peerlab-no-such:1 is not here, and cannot be pulled: " in error.what
    assert "docker load" in error.hint


def test_a_process_cannot_run_an_image(process_place: Callable[[], LivePeers]) -> None:
    foreign = started(Start.model_validate({"image": "somebodys", "command": ["chat"]}))
    with pytest.raises(EngineError, match="cannot be started as a process"):
        process_place().engine.start(["alice"], foreign, lambda _: None)


@pytest.mark.parametrize(
    "keys",
    [{"build": [["no-such-compiler", "chat.c"]]}, {"command": ["no-such-compiler"]}],
)
def test_a_missing_tool_is_an_error(
    folder: Path, process_place: Callable[[], LivePeers], keys: dict[str, object]
) -> None:
    with pytest.raises(
        EngineError, match=r"^no-such-compiler is missing on this machine$"
    ) as caught:
        process_place().engine.start(["alice"], with_folder(folder, **keys), lambda _: None)
    assert not isinstance(caught.value, BuildError)
    assert "--engine docker" in caught.value.hint


def test_copies_are_removed(folder: Path) -> None:
    copies = Copies({})
    start = with_folder(folder, build=[["{python}", "-c", "open('made', 'w')"]]).start
    copy = copies.built(folder, start)
    assert copies.built(folder, start) == copy
    assert (copy / "made").exists()
    assert not (folder / "made").exists()
    copies.remove()
    copies.remove()
    assert not copy.parent.exists()


def test_processes_that_listen_on_all_addresses_differ_by_port(
    folder: Path, process_place: Callable[[], LivePeers]
) -> None:
    told = ["{python}", str(PROGRAMS / "sockets.py"), "", "{port}"]
    foreign = started(Start.model_validate({"command": told}))
    sessions = process_place().start(["alice", "bob"], foreign)
    alice, bob = (session.peer for session in sessions)
    assert alice.address == bob.address == "127.0.0.1"
    assert alice.port != bob.port
    assert alice.has("127.0.0.1", str(alice.port))
    assert not alice.has("127.0.0.1", str(bob.port))
    assert alice.source != bob.source
    assert all(20_000 <= peer.port < 32_000 for peer in (alice, bob))

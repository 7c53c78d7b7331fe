"""Programs that come as a folder, on every engine, and their images."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import command, image, profile
from orchestrator.engines.choose import reap_processes
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process.copies import Copies
from orchestrator.errors import BuildError, DocumentError, EngineError
from orchestrator.folder import folder_digest
from orchestrator.image import program
from orchestrator.owner import Owner
from orchestrator.paths import ROOT
from orchestrator.profile import Profile
from tests.orchestrator.support import DOCKER_ONLY, PROGRAMS, LivePeers, client_behind, make_engine
from tests.repeats import ON_DOCKER_IF_THOROUGH

SAYING = "import os; print(os.getcwd(), sorted(os.listdir()), flush=True)\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder with a profile, and the folder of its program, seen from there, beside it."""
    folder = tmp_path / "chat"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__/old.pyc").touch()
    (folder / "secret").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe")
    (folder / ".dockerignore").write_text("*\n")
    (folder / "chat.py").write_text(SAYING + (PROGRAMS / "quiet.py").read_text())
    (folder / "chat.py").chmod(0o600)
    text = (PROGRAMS / "profile.yaml").read_text().replace("PROGRAM", '"{folder}/chat.py"')
    text = text.replace("container: []", 'container: [python3, "{folder}/chat.py"]\n  folder: chat')
    (tmp_path / "chat.yaml").write_text(text)
    yield tmp_path
    if shutil.which("docker"):
        for one in images(folder, "{{.ID}}"):  # another build may have taken its name away
            command.run("docker", "image", "rm", "--force", one)


def images(folder: Path, form: str = "{{.Repository}}:{{.Tag}}") -> list[str]:
    """Return the names of all images that are labelled with a folder."""
    label = f"label=peerlab.folder={folder}"
    return command.run("docker", "image", "ls", "--format", form, "--filter", label).split()


def chat_profile(home: Path) -> Profile:
    chat = profile.load(str(home / "chat.yaml"))
    return chat.model_copy(update={"ready_within": 20})


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_a_program_in_a_folder(home: Path, shared_engine: LivePeers) -> None:
    (session,) = shared_engine.start(["alice"], chat_profile(home))
    assert session.ask("hello").ok
    shown = session.transcript.tail(10)
    assert any("/program ['.dockerignore'" in line for line in shown), shown


ENVIRONMENT = """\
import os, shutil, sys
assert os.path.exists(shutil.__cached__), "the library is compiled"
print("found", sys.stdout.write_through, [name for name in os.environ if "PYTHON" in name],
      [os.environ.get(name) for name in ("LANG", "TERM")], bool(shutil.which("mkdir")), flush=True)
"""


FOUND = "found False [] ['C.UTF-8', 'xterm'] True"


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_a_program_finds_what_it_would_find_at_a_terminal(
    home: Path, shared_engine: LivePeers
) -> None:
    chat = home / "chat/chat.py"
    chat.write_text(ENVIRONMENT + chat.read_text())
    (session,) = shared_engine.start(["alice"], chat_profile(home))
    assert session.ask("hello").ok
    assert FOUND in session.transcript.tail(10)


AT_ONCE = """\
import threading
def talk(name):
    for number in range(400):
        print(name * 40, number)
threads = [threading.Thread(target=talk, args=(name,)) for name in "abc"]
[thread.start() for thread in threads], [thread.join() for thread in threads]
"""


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_lines_of_threads_that_print_at_once_stay_whole(
    home: Path, shared_engine: LivePeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal, Python writes a line and its end at once, whatever the lab's own settings."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    chat = home / "chat/chat.py"
    chat.write_text(AT_ONCE + chat.read_text())
    (session,) = shared_engine.start(["alice"], chat_profile(home))
    assert session.ask("hello").ok
    shown = [line for line in session.transcript.screen() if line[:1] in {*"abc"}]
    assert sorted(shown) == sorted(f"{name * 40} {n}" for name in "abc" for n in range(400))


WRITING = "import os; os.path.exists('log') and print('a log', flush=True); open('log', 'w')\n"


@pytest.mark.parametrize("one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True)
def test_what_a_program_writes_does_not_stay(home: Path, shared_engine: LivePeers) -> None:
    chat = home / "chat/chat.py"
    chat.write_text(WRITING + chat.read_text())
    before = folder_digest(home / "chat")
    for names in (["alice", "bob"], ["carol"]):
        for session in shared_engine.start(names, chat_profile(home)):
            assert session.ask("hello").ok
            assert "a log" not in session.transcript.tail(10)
    assert folder_digest(home / "chat") == before


def test_copies_of_ended_runs_are_swept(tmp_path: Path) -> None:
    gone = replace(Owner.this(), started=1)
    copies, mine = Copies({}, gone), Copies({})
    (tmp_path / "chat.py").touch()
    copy, kept = copies.of("1", tmp_path), mine.of("1", tmp_path)
    reap_processes(lambda _: None)
    assert not copy.exists()
    assert kept.exists()
    mine.remove()
    copies.remove()


@DOCKER_ONLY
def test_its_container_is_confined_and_like_a_terminal(
    home: Path, shared_engine: LivePeers
) -> None:
    chat = home / "chat/chat.py"
    chat.write_text(ENVIRONMENT + chat.read_text())
    (session,) = shared_engine.start(["alice"], chat_profile(home))
    peer = session.peer
    assert isinstance(peer, DockerPeer)
    found = peer._inspect()
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Healthcheck"]["Test"] == ["NONE"]
    started_by, given = [*program.STARTED_BY, "0"], ["python3", "/program/chat.py"]
    assert [found["Path"], *found["Args"]] == [*started_by, *given]
    assert found["HostConfig"]["Memory"] == found["HostConfig"]["MemorySwap"] == 128 << 20
    assert found["HostConfig"]["NanoCpus"] == 10**9
    assert found["HostConfig"]["PidsLimit"] == 320
    assert found["HostConfig"]["LogConfig"]["Config"] == {"max-file": "2", "max-size": "8m"}
    assert set(found["HostConfig"]["Tmpfs"]) == {"/tmp", "/program"}
    assert re.fullmatch(r"peerlab-program:\w{12} sha256:\w{64}", shared_engine.engine.image)
    (shown,) = (line for line in session.transcript.tail(10) if line.startswith("/program"))
    assert shown == "/program ['.dockerignore', 'chat.py', 'secret']"
    assert session.ask("hello").ok
    assert FOUND in session.transcript.tail(10)


@pytest.mark.docker
@pytest.mark.thorough
def test_a_folder_is_built_once_and_its_old_images_are_removed(home: Path) -> None:
    said: list[str] = []
    with LivePeers("docker") as place:

        def begin(name: str) -> str:
            place.engine.start([name], chat_profile(home), said.append)
            return place.engine.image.split()[0]

        first = begin("alice")
        assert begin("bob") == first
        (home / "chat/__pycache__/new.pyc").touch()
        assert begin("carol") == first
        assert [line for line in said if "building" in line] == [
            f"building {first} from {home / 'chat'}"
        ]
        (home / "chat/more.txt").touch()
        second = begin("dave")
        assert set(images(home / "chat")) == {first, second}  # the first one is in use
        place.engine.close()
        command.run("docker", "tag", second, "peerlab-test-somebodys:1")  # with all our labels
        (home / "chat/more.txt").unlink()
        assert begin("alice") == first
        assert begin("bob") == first
        (home / "chat/more.txt").write_text("more")
        place.engine.close()
        third = begin("alice")
        assert set(images(home / "chat")) == {third, "peerlab-test-somebodys:1"}


def test_what_is_written_into_a_profile_beside_a_program_builds_no_new_image(home: Path) -> None:
    chat = home / "chat"
    recipe = program.ProgramRecipe(chat, "base", "1", chat_profile(home).start)
    before = recipe.source()
    shutil.copy(home / "chat.yaml", chat / profile.FILE)
    assert recipe.source() == before
    (chat / profile.FILE).write_text("what: the program's own settings\n")
    assert recipe.source() != before


@DOCKER_ONLY
@pytest.mark.thorough  # test_image.py has it for the images of a checkout
def test_images_of_deleted_folders_are_removed_by_the_next_build(
    home: Path, shared_engine: LivePeers
) -> None:
    shared_engine.start(["alice"], chat_profile(home))
    old = images(home / "chat")
    shared_engine.discard_all()
    (home / "chat").rename(home / "talk")
    text = (home / "chat.yaml").read_text().replace("folder: chat", "folder: talk")
    (home / "chat.yaml").write_text(text)
    assert len(old) == 1
    shared_engine.start(["alice"], chat_profile(home))
    assert images(home / "chat") == []
    (new,) = images(home / "talk")
    shared_engine.discard_all()
    command.run("docker", "image", "rm", new)


def test_a_missing_folder_is_a_problem_of_the_profile(home: Path) -> None:
    path = home / "chat.yaml"
    path.write_text(path.read_text().replace("folder: chat", "folder: chatt"))
    with pytest.raises(DocumentError, match=r"chat\.yaml:8:3: no such folder: chatt$"):
        chat_profile(home)


def test_a_folder_needs_the_whole_command(home: Path) -> None:
    path = home / "chat.yaml"
    path.write_text(re.sub(r"container: .*", "container: []", path.read_text()))
    with pytest.raises(DocumentError, match=r":7:3: with a folder, this must be the whole command"):
        chat_profile(home)
    path.write_text(re.sub(r"container: .*\n  folder: chat", "container: []", path.read_text()))
    with pytest.raises(DocumentError, match=r":6:\d+: unknown placeholder {folder}"):
        chat_profile(home)


def test_a_deleted_folder_is_an_error(home: Path, shared_engine: LivePeers) -> None:
    chat, before = chat_profile(home), shared_engine.left()
    shutil.rmtree(home / "chat")
    with pytest.raises(EngineError, match=r"/chat is no folder$"):
        shared_engine.start(["alice"], chat)
    assert shared_engine.left() == before


@DOCKER_ONLY
def test_a_missing_command_is_an_error(home: Path, shared_engine: LivePeers) -> None:
    chat, before = chat_profile(home), shared_engine.left()
    start = chat.start.model_copy(update={"container": ["no-such-program"]})
    says = r"/chat cannot be started: no-such-program: there is no such program$"
    for _ in range(2):
        with pytest.raises(BuildError, match=says):
            shared_engine.start(["alice"], chat.model_copy(update={"start": start}))
    assert shared_engine.left() == before


@pytest.mark.docker
def test_many_threads_look_for_an_image_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    present = image.present

    def counted(name: str, *filters: str) -> bool:
        asked.append(name)
        return present(name, *filters)

    monkeypatch.setattr(image, "present", counted)
    monkeypatch.setattr(image, "_READY", set())
    name = image.ensure_image(lambda _: None, ROOT)
    assert asked == [name]
    made: list[str] = []
    recipe = program.ProgramRecipe(home / "chat", name, "an id", chat_profile(home).start)

    def ensure(_: int) -> str:
        return program.ensure_program_image(made.append, recipe)

    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(ensure, range(8)))
    assert len(made) == len(names) == 1


@pytest.mark.docker
@pytest.mark.thorough
def test_engines_in_many_threads_start_at_the_same_time(home: Path) -> None:
    chat = chat_profile(home)

    def run(number: int) -> Any:
        with make_engine("docker") as engine:
            (peer,) = engine.start(["alice"], chat, lambda _: None)
            running = peer.status().state
            client_behind(engine).close()
            return engine, running

    with ThreadPoolExecutor(3) as pool:
        assert [state for _, state in pool.map(run, range(3))] == ["running"] * 3

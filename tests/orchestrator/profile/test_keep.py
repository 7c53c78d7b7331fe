"""What a profile may keep, and what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.errors import DocumentError

TEXT = """\
name: it
summary: a program
port: 5000
start:
  command: [chat]
  folder: program
  keep:
KEPT
ready: '^ready$'
console: {echo: true}
verbs: {}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a profile, with a program's folder in it."""
    (tmp_path / "program/there").mkdir(parents=True)
    (tmp_path / "program/chat").touch()
    (tmp_path / "program/link").symlink_to(tmp_path)
    return tmp_path


def load(home: Path, *folders: str, text: str = TEXT) -> profile.Profile:
    lines = "\n".join(f"    - {folder}" for folder in folders)
    path = home / "profile.yaml"
    path.write_text(text.replace("KEPT", lines))
    return profile.load(str(path))


def mistakes(home: Path, *folders: str, text: str = TEXT) -> list[str]:
    """Return the mistakes, without the file's name."""
    with pytest.raises(DocumentError) as caught:
        load(home, *folders, text=text)
    return [line.removeprefix(f"{home}/profile.yaml:") for line in caught.value.what.splitlines()]


def test_folders_have_their_shortest_form(home: Path) -> None:
    given = ["./new//notes/", "there", "//srv/data/", "conf.d/"]
    assert load(home, *given).start.keep == ["new/notes", "there", "/srv/data", "conf.d"]
    assert load(home, ".", "/tmp", "/tmp2/.chat").start.keep == [".", "/tmp", "/tmp2/.chat"]


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("''", "text is expected here, not an empty string"),
        ("' '", "no spaces at its ends"),
        ("7", "text is expected here, not the number 7: put it in quotes"),
        ("[a, b]", "text is expected here, not a list"),
        ("..", "leave out `..`"),
        ("notes/../../other", "leave out `..`"),
        ("/srv/../proc", "leave out `..`"),
        ("/", "/ is the system's own"),
        ("//", "/ is the system's own"),
        ("/proc", "/proc is the system's own"),
        ("/proc/self/fd", "/proc/self/fd is the system's own"),
        ("/usr/", "/usr is the system's own"),
        ("/etc/chat", "/etc/chat is the system's own"),
        ("/peerlab/program", "/peerlab/program is the system's own"),
        ("/program", "the program's own folder in a container: write '.'"),
        ("/program/notes", "the program's own folder in a container: write 'notes'"),
        ("'~/.chat'", "the text '~/.chat' stays as it is: nothing is filled in here"),
        ("'{folder}/notes'", "nothing is filled in here"),
        ("$HOME", "nothing is filled in here"),
        ("'*'", "nothing is filled in here"),
        ('"a\\0b"', "no control characters"),
        ("a" * 256, "at most 255 bytes"),
        ("notes.txt", "'notes.txt' looks like a file: keep the folder that it lies in"),
        ("data/chat.db", "'data/chat.db' looks like a file"),
        ("chat", "chat is a file: keep the folder that it lies in"),
        ("chat/notes", "chat is a file"),
        ("link", "link is a link"),
        ("link/notes", "link is a link"),
    ],
)
def test_a_mistake_and_its_position(home: Path, folder: str, why: str) -> None:
    (found,) = mistakes(home, folder)
    assert found.startswith("8:7: ")
    assert why in found


def test_a_folder_is_kept_once(home: Path) -> None:
    assert mistakes(home, "there", "there/") == ["9:7: there is kept already"]
    assert mistakes(home, "a/b", "/srv/x", "a", "/srv") == [
        "8:7: a/b lies in a, which is kept",
        "9:7: /srv/x lies in /srv, which is kept",
    ]
    assert mistakes(home, "there", ".") == ["8:7: there lies in ., which is kept"]


def test_there_are_not_too_many(home: Path) -> None:
    (found,) = mistakes(home, *"abcde")
    assert found.endswith("at most 4 allowed here, not 5")


def test_without_a_folder_of_its_own_a_program_keeps_absolute_ones(home: Path) -> None:
    bare = TEXT.replace("  folder: program\n", "")
    assert load(home, "/program/notes", text=bare).start.keep == ["/program/notes"]
    (found,) = mistakes(home, "notes", text=bare)
    assert found == (
        "7:7: only a program with a `folder` has folders below it: write an absolute path"
    )

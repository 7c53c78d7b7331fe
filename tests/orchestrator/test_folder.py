"""Which files of a folder are the program's own, for its digest and its copy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import LabError
from orchestrator.folder import copy_folder, folder_digest


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    home = tmp_path / "chat"
    (home / "parts").mkdir(parents=True)
    (home / "chat.py").write_text("import parts\n")
    (home / "parts/words.py").write_text("WORDS = 1\n")
    (home / "link").symlink_to("/nowhere")
    return home


@pytest.mark.parametrize(
    "where", ["__pycache__", ".git", ".venv", "parts/__pycache__", "parts/.git"]
)
def test_caches_repositories_and_environments_do_not_count(chat: Path, where: str) -> None:
    before = folder_digest(chat)
    (chat / where).mkdir()
    (chat / where / "index").write_text("x")
    assert folder_digest(chat) == before
    copy_folder(chat, chat.parent / "copy")
    assert not (chat.parent / "copy" / where).exists()
    assert folder_digest(chat.parent / "copy") == before


def test_a_git_file_of_a_worktree_and_a_pipe_do_not_count(chat: Path) -> None:
    before = folder_digest(chat)
    (chat / ".git").write_text("gitdir: elsewhere\n")
    os.mkfifo(chat / "pipe")
    assert folder_digest(chat) == before
    copy_folder(chat, chat.parent / "copy")
    assert {path.name for path in (chat.parent / "copy").iterdir()} == {"chat.py", "link", "parts"}


def test_every_change_changes_the_digest(chat: Path) -> None:
    seen = [folder_digest(chat)]
    (chat / "parts/words.py").write_text("WORDS = 2\n")
    seen.append(folder_digest(chat))
    (chat / "chat.py").chmod(0o755)
    seen.append(folder_digest(chat))
    (chat / "chat.py").rename(chat / "main.py")
    seen.append(folder_digest(chat))
    (chat / "link").unlink()
    (chat / "link").symlink_to("/elsewhere")
    seen.append(folder_digest(chat))
    (chat / "empty").mkdir()
    seen.append(folder_digest(chat))
    assert len(set(seen)) == len(seen)


def test_links_stay_links(chat: Path) -> None:
    copy_folder(chat, chat.parent / "copy")
    assert (chat.parent / "copy/link").readlink() == Path("/nowhere")


def test_a_failed_copy_is_one_message(chat: Path) -> None:
    with pytest.raises(LabError, match=r"^the program in \S+/chat cannot be copied: .*File exists"):
        copy_folder(chat, chat)
    with pytest.raises(LabError, match=r"/gone cannot be copied: .*No such file or directory"):
        copy_folder(chat.parent / "gone", chat.parent / "copy")


def test_a_copy_of_a_read_only_program_may_be_written(chat: Path) -> None:
    before = folder_digest(chat)
    for path in (chat / "chat.py", chat / "parts/words.py"):
        path.chmod(0o444)
    for path in (chat / "parts", chat):
        path.chmod(0o555)
    copy = chat.parent / "copy"
    copy_folder(chat, copy)
    modes = [path.stat().st_mode & 0o777 for path in (copy, copy / "parts", copy / "chat.py")]
    assert modes == [0o755, 0o755, 0o644]
    assert folder_digest(copy) == before
    for path in (chat, chat / "parts"):
        path.chmod(0o755)

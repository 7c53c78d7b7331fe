"""Files are there whole, or not at all, and nothing else is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DocumentError, LabError
from orchestrator.files import write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "in" / "here.txt"
    write_whole(path, "first\r\n")
    write_whole(path, "second \udcff\r\n")
    assert path.read_bytes() == b"second \\udcff\r\n"
    assert names(path.parent) == ["here.txt"]


def test_what_is_refused_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("before")

    def refuse(part: Path) -> None:
        assert part.read_text() == "after"
        assert (part.parent, part.suffix) == (path.parent, path.suffix)
        raise DocumentError("it is wrong")

    with pytest.raises(DocumentError, match="it is wrong"):
        write_whole(path, "after", check=refuse)
    assert path.read_text() == "before"
    assert names(tmp_path) == ["profile.yaml"]


def test_what_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(LabError, match=r"/taken: cannot be written: Is a directory$") as caught:
        write_whole(tmp_path / "taken", "x", hint="elsewhere")
    assert caught.value.hint == "elsewhere"
    assert names(tmp_path) == ["taken"]


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    (tmp_path / "null").symlink_to("/dev/null")
    with pytest.raises(LabError, match=r"/full: cannot be written: No space left on device$"):
        write_whole(tmp_path / "full", "x")
    write_whole(tmp_path / "null", "x")
    assert all((tmp_path / name).is_char_device() for name in ("full", "null"))
    assert names(tmp_path) == ["full", "null"]

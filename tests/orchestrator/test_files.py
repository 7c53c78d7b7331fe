"""Files are written whole or not at all, and one process at a time has a lock."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import DocumentError, LabError
from orchestrator.files import lock_file, write_whole
from orchestrator.paths import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "in" / "here.txt"
    write_whole(path, "first\r\n")
    write_whole(path, "second \udcff\r\n")
    assert path.read_bytes() == b"second \\udcff\r\n"
    assert names(path.parent) == ["here.txt"]


def test_a_refused_file_leaves_the_old_one(tmp_path: Path) -> None:
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


def test_a_failed_write_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(LabError, match=r"/taken: cannot be written: Is a directory$") as caught:
        write_whole(tmp_path / "taken", "x", hint="elsewhere")
    assert caught.value.hint == "elsewhere"
    assert names(tmp_path) == ["taken"]


def test_devices_are_written_to_and_stay(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    (tmp_path / "null").symlink_to("/dev/null")
    with pytest.raises(LabError, match=r"/full: cannot be written: No space left on device$"):
        write_whole(tmp_path / "full", "x")
    write_whole(tmp_path / "null", "x")
    assert all((tmp_path / name).is_char_device() for name in ("full", "null"))
    assert names(tmp_path) == ["full", "null"]


LOCKING = """
import pathlib, sys, time
from orchestrator.files import lock_file
lock = lock_file(pathlib.Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(60)
"""


def test_a_lock_is_released_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    command = [sys.executable, "-c", LOCKING, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(TimeoutError):
            lock_file(path, 0.05)
        other.send_signal(signal.SIGKILL)
    lock = lock_file(path, 20)
    with pytest.raises(TimeoutError):
        lock_file(path)
    lock.release()
    lock_file(path).release()
    with pytest.raises(OSError, match="Is a directory"):
        lock_file(tmp_path)

"""Who owns a mark, and whether that run is gone for certain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orchestrator.files import sweep_folders, temporary_folder
from orchestrator.owner import Owner
from tests.orchestrator.support import ROOT, until

IN_A_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
SAYS_ITS_MARK = (
    "from orchestrator.owner import Owner; print(Owner.this().mark, flush=True); input()"
)
JUDGES = """
import sys
from orchestrator.owner import Owner
print([Owner.parse(mark).is_gone for mark in sys.argv[1:]])
"""

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not Path("/proc/self/ns/pid").exists(),
    reason="only root makes process namespaces, on Linux",
)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_this_process_is_not_gone() -> None:
    owner = Owner.this()
    parsed = Owner.parse(owner.mark)
    assert parsed == owner
    assert not owner.is_gone
    assert replace(owner, started=owner.started + 1).is_gone, "its id was given to another process"


def test_a_process_is_gone_before_anyone_has_waited_for_it(child: subprocess.Popen[bytes]) -> None:
    owner = Owner.of(str(child.pid), child.pid)
    assert not owner.is_gone
    child.kill()
    until(lambda: owner.is_gone, "it to be gone, though it is still a zombie")
    child.wait()
    assert owner.is_gone


def test_setting_the_clock_changes_nothing(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, began = Owner.of(str(child.pid), child.pid), psutil.Process.create_time
    for seconds in (5.0, -86_400.0):
        monkeypatch.setattr(psutil.Process, "create_time", lambda it, by=seconds: began(it) + by)
        assert not owner.is_gone


def test_another_boot_or_machine() -> None:
    owner = Owner.this()
    assert replace(owner, boot="before").is_gone, "this machine was booted again"
    assert not replace(owner, boot="before", host="elsewhere").is_gone
    assert not replace(owner, host="renamed").is_gone, "the same boot is the same machine"


@needs_namespaces
def test_process_namespaces_do_not_confuse_it() -> None:
    inner = subprocess.Popen(
        [*IN_A_NAMESPACE, sys.executable, "-c", SAYS_ITS_MARK],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert inner.stdout
    owner = Owner.parse(inner.stdout.readline().strip())
    assert owner
    assert owner.pid < 10
    assert not owner.is_gone, "though that process of ours started at another time"
    ended = replace(Owner.this(), started=1)
    for words in (IN_A_NAMESPACE, IN_A_NAMESPACE[:-1]):  # also with a /proc that is not its own
        marks = [Owner.this().mark, owner.mark, ended.mark]
        judged = subprocess.run(
            [*words, sys.executable, "-c", JUDGES, *marks],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        assert judged.stdout == "[False, False, False]\n", "what it cannot see is not gone"
    inner.kill()
    inner.communicate()
    until(lambda: owner.is_gone, "the end of the namespace")


def test_ids_of_a_namespace_without_its_own_proc_are_not_mistaken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = replace(Owner.this(), started=1)
    assert owner.is_gone
    monkeypatch.setattr(os, "getpid", lambda: 7)
    assert not owner.is_gone


@pytest.mark.parametrize("mark", ["", "x", "a/b/c/d", "a/b/c/d/-1/0", "a/b/c/d/0/0", "a/b/c/d/e/1"])
def test_a_malformed_mark_has_no_owner(mark: str) -> None:
    assert Owner.parse(mark) is None


def test_folders_of_ended_runs_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = temporary_folder(replace(Owner.this(), started=1))
    mine, foreign = temporary_folder(), tmp_path / "peerlab-of,a,user"
    foreign.mkdir()
    Path(gone.name, "file").touch()
    sweep_folders()
    assert sorted(tmp_path.iterdir()) == sorted([Path(mine.name), foreign])
    mine.cleanup()
    gone.cleanup()

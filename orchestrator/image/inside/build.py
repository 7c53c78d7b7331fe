"""Build a program while its image is built, and check that its command exists.

The argument is a file of instructions. In a container this starts as root and becomes an
ordinary user; on a machine it runs in the program's folder. If the program cannot be
built, the last line is a sign and JSON, which the lab reads.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SIGN = "PEERLAB-CANNOT-BE-BUILT "

_KEPT = 16_384  # last bytes of a command's output
_FILE, _MEMORY = 256 << 20, 2 << 30  # bytes of one file and of one process
PROCESSES = 2_048  # of the user, which containers share
_LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, _FILE),
    (resource.RLIMIT_DATA, _MEMORY),
    (resource.RLIMIT_NPROC, PROCESSES),
)
_DISK = 1 << 30  # bytes in all
_NO_NEW_PRIVILEGES = 38  # Linux: prctl(2), PR_SET_NO_NEW_PRIVS
_CHECKS = 0.2  # seconds between checks of the disk

_PRESSURE = Path("/proc/pressure/cpu")  # Linux 4.20 and later, if the kernel counts it
SLOWEST = 4  # so many times longer may a build take if something always waits for a processor


class Refusal(Exception):  # noqa: N818
    """The program cannot be built: the command, why it failed, and the end of its output."""

    def __init__(self, words: list[str], why: str, printed: bytes | None = None) -> None:
        super().__init__(why)
        self.report: dict[str, object] = {"command": words, "why": why}
        if printed is not None:
            self.report["printed"] = printed.decode("utf-8", "replace")


class TooSlow(Refusal):
    """A command of the build was stopped, because the time for all of them was over."""

    def __init__(self, words: list[str], printed: bytes) -> None:
        super().__init__(words, "it takes too long", printed)
        self.report["slow"] = True


class TooLarge(Refusal):
    """The program was built, and is larger than the room that the lab gives it."""

    def __init__(self, files: int, size: int) -> None:
        super().__init__([], "it is too large once it is built")
        self.report |= {"files": files, "size": size}


class TimeLimit:
    """The time that a build may take; on a busy machine much of it does not count.

    Args:
        seconds: how long it may take on a machine that does nothing else.
    """

    def __init__(self, seconds: float) -> None:
        self._end, self._starved = time.monotonic() + seconds, _starved()

    @property
    def left(self) -> float:
        """The seconds that are left; negative if it is over."""
        spared = (_starved() - self._starved) * (1 - 1 / SLOWEST)
        return self._end + spared - time.monotonic()


def _starved() -> float:
    """Return for how many seconds something has waited for a processor since the machine began."""
    try:
        some, *_ = _PRESSURE.read_text().splitlines()
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1e6


def main() -> None:
    """Follow the instructions in the file named on the command line."""
    wanted = json.loads(Path(sys.argv[1]).read_text())
    limit = TimeLimit(wanted["seconds"])
    limits = _LIMITS if wanted["packed"] else _LIMITS[:-1]  # a user has more processes
    if wanted["packed"]:
        _unpack(Path(wanted["packed"]), wanted["place"], wanted["user"])
    try:
        for words in wanted["build"]:
            _run(words, limit, limits)
        if wanted["build"] and wanted["packed"]:
            refuse_large(Path(os.curdir), *wanted["room"])
            _pack(Path(wanted["packed"]))
        if wanted["start"] and not shutil.which(wanted["start"]):
            why = "there is no such program"
            raise Refusal([wanted["start"]], why)
    except Refusal as refusal:
        sys.stdout.write(f"\n{SIGN}{json.dumps(refusal.report)}\n")
        sys.exit(1)


def _unpack(packed: Path, place: str, user: int) -> None:
    """Copy the program to the folder to build it in, and become the user that will run it."""
    Path(place).mkdir(exist_ok=True)
    os.chown(place, user, user)
    os.chdir(place)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    os.environ |= {"HOME": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108 - inside the container
    shutil.copytree(packed, place, symlinks=True, dirs_exist_ok=True)


def refuse_large(folder: Path, most_files: int, most_bytes: int) -> None:
    """Raise a `TooLarge` if a folder holds more than its copy has room for at a start."""
    found = [path.lstat() for path in folder.rglob("*")]
    size = sum(one.st_size for one in found if not stat.S_ISDIR(one.st_mode))
    if len(found) > most_files or size > most_bytes:
        raise TooLarge(len(found), size)


def _pack(packed: Path) -> None:
    with contextlib.suppress(OSError):
        for path in packed.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.copytree(os.curdir, packed, symlinks=True, dirs_exist_ok=True)


def _run(words: list[str], limit: TimeLimit, limits: Sequence[tuple[int, int]]) -> None:
    """Run one command until it ends, is late, or fills the disk."""
    try:
        running = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _confine(limits),  # noqa: PLW1509 - one thread
        )
    except OSError as error:
        raise Refusal(words, str(error.strerror), b"") from error
    try:
        why, printed = _watch(running, limit, words)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    code = running.wait()
    if why or code:
        raise Refusal(words, why or f"it ended with status {code}", printed)


def _confine(limits: Sequence[tuple[int, int]]) -> None:
    for what, most in limits:
        _, hard = resource.getrlimit(what)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(what, (most, most))


def _watch(
    running: subprocess.Popen[bytes], limit: TimeLimit, words: list[str]
) -> tuple[str, bytes]:
    """Read a command's output until it ends; return why to stop it, and the last output.

    Raises:
        TooSlow: there is no time left.
    """
    assert running.stdout is not None  # noqa: S101 - it is a pipe
    free, printed = _free(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(running.stdout, selectors.EVENT_READ)
        while running.poll() is None or selector.select(0):
            if limit.left < 0:
                raise TooSlow(words, printed)
            if free - _free() > _DISK:
                return "it fills the disk", printed
            if selector.select(_CHECKS):
                data = os.read(running.stdout.fileno(), _KEPT)
                if not data:
                    break
                printed = (printed + data)[-_KEPT:]
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(max(0.0, limit.left))
    if running.poll() is None:
        raise TooSlow(words, printed)
    return "", printed


def _free() -> int:
    found = os.statvfs(os.curdir)
    return found.f_bavail * found.f_frsize


if __name__ == "__main__":
    main()

"""A base image from Debian packages, for machines that reach no image registry.

`apt-get` downloads them into a state directory of its own, and `docker import` takes the
files that are needed. Nothing is installed, the machine's apt stays as it is, and root is
not needed.
"""

from __future__ import annotations

import platform
import re
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from orchestrator import command
from orchestrator.errors import LabError
from orchestrator.files import temporary_folder
from orchestrator.image.recipe import FILES

_BASE = "peerlab.base"  # label of a base image that was assembled here

# A state directory of our own, because the machine's lists may be empty or stale, and none
# of its hooks or extra indexes. Its proxies and keys still apply.
_APT_CONF = """
Dir::State "{0}/state"; Dir::State::status "{0}/status"; Dir::Cache "{0}/cache";
Dir::Etc::SourceList "/dev/null"; Dir::Etc::SourceParts "{0}/sources";
APT::Sandbox::User ""; APT::Install-Recommends "false"; APT::Immediate-Configure "false";
Acquire::Languages "none"; Acquire::Retries "1";
Acquire::http::Timeout "20"; Acquire::https::Timeout "20";
#clear APT::Update;
#clear DPkg::Pre-Install-Pkgs;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::CNF;
"""

_ALTERNATIVES = {"cc": "gcc", "c++": "g++", "awk": "mawk", "nodejs": "node", "python": "python3"}


def make_base(
    name: str,
    packages: Sequence[str],
    unwanted: re.Pattern[str],
    labels: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Assemble a base image and return its name.

    Args:
        name: the image's name.
        packages: the packages, whose dependencies are added.
        unwanted: matches the paths to leave out.
        labels: further labels.

    Raises:
        LabError: there is no apt-get, or one of the steps fails.
    """
    if not shutil.which("apt-get"):
        raise LabError("there is no apt-get to build one from Debian packages")
    with temporary_folder() as folder:
        rootfs, tar = Path(folder, "rootfs"), Path(folder, "rootfs.tar")
        for package in _download(Path(folder), packages):
            command.run("dpkg-deb", "--extract", str(package), str(rootfs))
        _pack(rootfs, tar, unwanted)
        pairs = ({_BASE: "1"} | dict(labels)).items()
        given = [f'LABEL {key}="{value}"' for key, value in pairs]
        changes = [word for label in given for word in ("--change", label)]
        command.docker("docker", "import", *changes, str(tar), name)
    return name


def _download(folder: Path, packages: Sequence[str]) -> list[Path]:
    """Download the packages and their dependencies without touching the machine's apt."""
    for name in ("state/lists/partial", "cache/archives/partial", "sources"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    for source in _distribution_sources():
        shutil.copy(source, folder / "sources")
    conf = folder / "apt.conf"
    conf.write_text(_APT_CONF.format(folder))
    warnings = command.run("apt-get", "-q", "-c", str(conf), "update")  # succeeds even in vain
    command.run(
        "apt-get", "-qq", "-c", str(conf), "install", "-y", "-d", *packages, before=warnings
    )
    return sorted((folder / "cache/archives").glob("*.deb"))


def _distribution_sources() -> set[str]:
    """Return the files that list the distribution's own mirrors; all files if none does.

    A third party's archive may be out of reach, or have another Python.
    """
    fields = "$(SOURCESENTRY) $(COMPONENT) $(REPO_URI)"
    listed = command.run("apt-get", "indextargets", "--format", fields, "Created-By: Packages")
    rows = [line.split() for line in listed.splitlines()]
    name = platform.freedesktop_os_release()["ID"]
    own = re.compile(rf"/{re.escape(name)}(-security|-ports)?(/|$)")
    chosen = {row[0] for row in rows if row[1] == "main" and own.search(urlsplit(row[2]).path)}
    return {entry.rpartition(":")[0] for entry in chosen or {row[0] for row in rows}}


def _pack(rootfs: Path, target: Path, unwanted: re.Pattern[str]) -> None:
    """Write an unpacked system without unwanted files, and the few that packages lack."""

    def trimmed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if unwanted.search(member.name.removeprefix(".")) else _as_roots(member)

    for name, text in FILES.items():
        (rootfs / name).write_text(text)
    _link_programs(rootfs)
    with tarfile.open(target, "w") as tar:
        tar.add(rootfs, arcname=".", filter=trimmed)


def _link_programs(rootfs: Path) -> None:
    """Link programs into the path as install scripts would, such as `java` and `cc`."""
    folder = rootfs / "usr/bin"
    # On an installed Debian /bin and /usr/bin are one folder.
    for program in rootfs.glob("bin/*"):
        if not (folder / program.name).exists():
            (folder / program.name).symlink_to(f"/bin/{program.name}")
    for program in sorted(rootfs.glob("usr/lib/jvm/*/bin/*")):
        if not (folder / program.name).is_symlink():
            (folder / program.name).symlink_to(f"/{program.relative_to(rootfs)}")
    for name, target in _ALTERNATIVES.items():
        if (folder / target).exists() and not (folder / name).exists():
            (folder / name).symlink_to(target)


def _as_roots(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return the member owned by root and readable by all."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode |= 0o555 if member.isdir() else 0o444
    return member

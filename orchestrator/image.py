"""The peers' container image, made out of whatever this machine can reach.

At home `docker pull` brings the base image that peer/Dockerfile names. Where no
registry answers, the base is put together from Debian packages: `apt-get`
downloads them under a state directory of its own, and `docker import` takes the
files that a peer needs. Nothing is installed, the machine's apt is not touched,
and none of it needs root.

It all goes through the `docker` command rather than the API, which builds with
BuildKit where that is present and with the classic builder elsewhere.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from orchestrator import command
from orchestrator.errors import LabError

IMAGE = "peerlab-peer:latest"
"""The image every peer container runs."""

_SOURCE = "peerlab.source"  # label on the peer image: the digest of what it was made from
_BASE = "peerlab.base"  # label on a base image that was put together here

_PULL_SECONDS = 300

_DOCKER_HINT = "see that `docker info` works for you; the process engine needs no Docker"
_BUILDER_HINT = "choose the engine's own builder: `docker buildx use default`"

_PACKAGES = ("python3", "base-files", "libc-bin", "ncurses-base")
"""libc-bin brings the C.UTF-8 locale, ncurses-base the common terminals."""

_TERMINALS = "xterm(-256color)?|screen(-256color)?|tmux(-256color)?|linux|vt100|dumb"

_UNWANTED = re.compile(
    rf"""
    ^(/usr)? /s?bin/ (?!python3)                # no program but Python, not even a shell
    | ^/usr/share/ (?!readline|terminfo)        # documents and translations
    | ^/etc/ (?!debian_version|group|nsswitch|os-release|passwd)
    | ^/ (boot|home|media|mnt|opt|root|srv|var) $
    | /lib/locale/ (?!C\.)
    | /terminfo/./ (?!({_TERMINALS})$)
    | /lib/ (apt|dpkg|init|mime|systemd|sysctl\.d|tmpfiles\.d|valgrind) $
    | /gconv$
    | /python3[^/]*/ (__pycache__|dist-packages|ensurepip|idlelib|lib2to3|pydoc_data
                      |test|tkinter|turtledemo) $
    """,
    re.VERBOSE,
)
"""What is left out of the packages: paths seen from the root, folders as a whole."""

_FILES = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\npeer:x:10001:10001:peer:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\npeer:x:10001:\n",
    # A peer must find its own host name in /etc/hosts before it asks any DNS.
    "etc/nsswitch.conf": "hosts: files dns\n",
}
"""Files that packages leave to their install scripts, which never run here."""

# A state of our own, because the machine's lists may be empty or stale; none of
# the machine's hooks or extra indexes. Proxies and keys still come from there.
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


def ensure_image(say: Callable[[str], None], root: Path) -> str:
    """Return the name of an up-to-date peer image, building it where needed.

    Args:
        say: told one short line for each phase; silent when nothing is to be done.
        root: the folder that holds peer/ and .dockerignore.

    Raises:
        LabError: if Docker does not answer, no base can be had or the build fails.
    """
    source = source_digest(root)
    if not _present(IMAGE, f"label={_SOURCE}={source}"):
        base = _choose_base(say, default_base(root))
        say(f"building {IMAGE} on {base}")
        _build(root, base, source)
    return IMAGE


def source_digest(root: Path) -> str:
    """Return a digest of all that the peer image is made from."""
    paths = [root / ".dockerignore", root / "peer/Dockerfile", *sorted(root.glob("peer/*.py"))]
    files = [(path.name, path.read_bytes()) for path in paths]
    return hashlib.sha256(repr((_fallback_name(), files)).encode()).hexdigest()


def default_base(root: Path) -> str:
    """Return the base image that peer/Dockerfile names."""
    found = re.search(r"^ARG BASE=(\S+)$", (root / "peer/Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        raise LabError("peer/Dockerfile names no base image", hint="give it `ARG BASE=<image>`")
    return found[1]


def _fallback_name() -> str:
    """Return the fallback's name; its tag changes with the recipe above."""
    recipe = repr((_PACKAGES, _UNWANTED.pattern, _FILES))
    return f"peerlab-base:{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def _choose_base(say: Callable[[str], None], default: str) -> str:
    """Return a base image that is present, or bring one in."""
    for name in (default, _fallback_name()):
        if _present(name):
            return name
    say(f"pulling {default}")
    refusal = _pull(default)
    if not refusal:
        return default
    say(f"cannot be pulled here ({refusal}): building the base from Debian packages, once")
    try:
        return _make_base(_fallback_name())
    except LabError as error:
        what = f"no base image: {default} cannot be pulled ({refusal}), and {error.what}"
        raise LabError(what, hint=f"load {default} into Docker once, by `docker load`") from error


def _present(name: str, *filters: str) -> bool:
    """Tell whether an image of this name that fits the filters is there."""
    words = [word for each in (f"reference={name}", *filters) for word in ("--filter", each)]
    return bool(command.run("docker", "image", "ls", "--quiet", *words, hint=_DOCKER_HINT).strip())


def _pull(name: str) -> str:
    """Pull an image; return why it did not come, or nothing when it did."""
    try:
        command.run("docker", "pull", "--quiet", name, seconds=_PULL_SECONDS)
    except LabError as error:
        return error.what.splitlines()[-1].rpartition(": ")[2].strip()
    return ""


def _build(root: Path, base: str, source: str) -> None:
    """Build the peer image and drop the one it replaces."""
    words = ["--build-arg", f"BASE={base}", "--label", f"{_SOURCE}={source}", "--tag", IMAGE]
    command.run(
        "docker", "build", "--force-rm", *words, "--file", str(root / "peer/Dockerfile"), str(root)
    )
    if not _present(IMAGE, f"label={_SOURCE}={source}"):
        # A builder that lives in a container keeps its results to itself.
        raise LabError(f"{IMAGE} was built, but Docker does not have it", hint=_BUILDER_HINT)
    command.run("docker", "image", "prune", "--force", "--filter", f"label={_SOURCE}")


def _make_base(name: str) -> str:
    """Put a base image together from Debian packages and return its name."""
    if not shutil.which("apt-get"):
        raise LabError("there is no apt-get to build one from Debian packages")
    with TemporaryDirectory(prefix="peerlab-base-") as folder:
        rootfs, tar = Path(folder, "rootfs"), Path(folder, "rootfs.tar")
        for package in _download(Path(folder)):
            command.run("dpkg-deb", "--extract", str(package), str(rootfs))
        _pack(rootfs, tar)
        command.run("docker", "import", "--change", f"LABEL {_BASE}=1", str(tar), name)
    return name


def _download(folder: Path) -> list[Path]:
    """Download the packages and all they depend on, without touching the machine's apt."""
    for name in ("state/lists/partial", "cache/archives/partial", "sources"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    for source in _distribution_sources():
        shutil.copy(source, folder / "sources")
    conf = folder / "apt.conf"
    conf.write_text(_APT_CONF.format(folder))
    warnings = command.run("apt-get", "-q", "-c", str(conf), "update")  # ends well even in vain
    command.run(
        "apt-get", "-qq", "-c", str(conf), "install", "-y", "-d", *_PACKAGES, before=warnings
    )
    return sorted((folder / "cache/archives").glob("*.deb"))


def _distribution_sources() -> set[str]:
    """Return the files that name the distribution's own mirrors, or all where none is known.

    A third party's archive may be out of reach, or bring a Python of its own.
    """
    fields = "$(SOURCESENTRY) $(COMPONENT) $(REPO_URI)"
    listed = command.run("apt-get", "indextargets", "--format", fields, "Created-By: Packages")
    rows = [line.split() for line in listed.splitlines()]
    name = platform.freedesktop_os_release()["ID"]
    own = re.compile(rf"/{re.escape(name)}(-security|-ports)?(/|$)")
    chosen = {row[0] for row in rows if row[1] == "main" and own.search(urlsplit(row[2]).path)}
    return {entry.rpartition(":")[0] for entry in chosen or {row[0] for row in rows}}


def _pack(rootfs: Path, target: Path) -> None:
    """Write what a peer needs of an unpacked system, and the few files beside it."""
    for name, text in _FILES.items():
        (rootfs / name).write_text(text)
    with tarfile.open(target, "w") as tar:
        tar.add(rootfs, arcname=".", filter=_trimmed)


def _trimmed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return the member as root's own and readable by all, or nothing if it is unwanted."""
    if _UNWANTED.search(member.name.removeprefix(".")):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode |= 0o555 if member.isdir() else 0o444
    return member

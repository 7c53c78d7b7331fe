"""What the lab's images are made of.

An image's Dockerfile names the base image to pull in `ARG BASE=`, and the programs that the
base needs beside Python in `ARG PROGRAMS=`, as ``program=package``. The rest is here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import LabError

_TERMINALS = "xterm(-256color)?|screen(-256color)?|tmux(-256color)?|linux|vt100|dumb"

_UNWANTED = rf"""
    ^(/usr)? /s?bin/ (?!PROGRAMS)               # no other program, not even a shell
    | ^/usr/share/ (?!readline|terminfo)        # documents and translations
    | ^/etc/ (?!debian_version|group|nsswitch|os-release|passwd|protocols)
    | ^/ (boot|home|media|mnt|opt|root|srv|var) $
    | /lib/locale/ (?!C\.)
    | /terminfo/./ (?!({_TERMINALS})$)
    | /lib/ (apt|dpkg|init|mime|systemd|sysctl\.d|tmpfiles\.d|valgrind) $
    | /(gconv|perl-base) $
    | /python3[^/]*/ (__pycache__|dist-packages|ensurepip|idlelib|lib2to3|pydoc_data
                      |test|tkinter|turtledemo) $
"""
"""Paths to leave out of packages: absolute paths, folders with everything in them."""

_UNREAD = r"^/usr/share/(doc|doc-base|info|lintian|locale|man|bug|icons|applications)$"


def left_out() -> re.Pattern[str]:
    """Return the pattern of paths to leave out of a base on which compilers must run."""
    return re.compile(_UNREAD)


USER = 10_001  # user and group of programs in containers, also in the Dockerfiles; never root

FILES = {
    "etc/passwd": f"root:x:0:0:root:/:/sbin/nologin\npeer:x:{USER}:{USER}:peer:/:/sbin/nologin\n",
    "etc/group": f"root:x:0:\npeer:x:{USER}:\n",
    # a peer must find its own host name in /etc/hosts before it asks DNS.
    "etc/nsswitch.conf": "hosts: files dns\n",
    # nft looks up protocols by name.
    "etc/protocols": "icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\n",
}
"""Files that packages leave to install scripts, which never run here, or do not have."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one image is made of."""

    repository: str  # its name without the tag
    folder: str  # the folder of its Dockerfile and code, relative to the project

    def image(self, root: Path) -> str:
        """Return its name; the tag changes with what goes into it, and with the checkout."""
        # The path too: the next image of one checkout must not replace that of an equal one.
        facts = (self.source(root), str(root))
        return f"{self.repository}:{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"

    def dockerfile(self, root: Path) -> Path:
        """Return the path of its Dockerfile."""
        return root / self.folder / "Dockerfile"

    def base(self, root: Path) -> str:
        """Return the base image that its Dockerfile names.

        Raises:
            LabError: it names none.
        """
        if base := self._argument(root, "BASE"):
            return base
        what = f"{self.folder}/Dockerfile names no base image"
        raise LabError(what, hint="give it `ARG BASE=<image>`")

    def programs(self, root: Path) -> dict[str, str]:
        """Return the package of each program that the base needs beside Python."""
        pairs = self._argument(root, "PROGRAMS").strip('"').split()
        return dict(pair.split("=", 1) for pair in pairs)

    def _argument(self, root: Path, name: str) -> str:
        found = re.search(rf"^ARG {name}=(.+)$", self.dockerfile(root).read_text(), re.MULTILINE)
        return found[1].strip() if found else ""

    def packages(self, root: Path) -> tuple[str, ...]:
        """Return the Debian packages of a base that is assembled here.

        libc-bin brings the C.UTF-8 locale, ncurses-base the common terminals.
        """
        own = sorted(set(self.programs(root).values()))
        return ("python3", "base-files", "libc-bin", "ncurses-base", *own)

    def unwanted(self, root: Path) -> re.Pattern[str]:
        """Return the pattern of paths to leave out of such a base."""
        kept = "|".join(["python3", *(f"{re.escape(name)}$" for name in self.programs(root))])
        return re.compile(_UNWANTED.replace("PROGRAMS", kept), re.VERBOSE)

    def fallback(self, root: Path) -> str:
        """Return the name of such a base; its tag changes with the recipe."""
        facts = (self.packages(root), self.unwanted(root).pattern, FILES)
        return f"peerlab-base:{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"

    def source(self, root: Path) -> str:
        """Return a digest of everything that goes into the image."""
        code = sorted((root / self.folder).glob("*.py"))
        paths = [root / ".dockerignore", self.dockerfile(root), *code]
        files = [(path.name, path.read_bytes()) for path in paths]
        return hashlib.sha256(repr((self.fallback(root), files)).encode()).hexdigest()


PEER = Recipe("peerlab-peer", "peer")  # the image that peers run
SIDECAR = Recipe("peerlab-sidecar", "sidecar")  # the image of sidecars

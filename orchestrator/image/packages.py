"""Base images of programs: Python, the tools of any Debian, and the packages that they need.

Programs that need the same packages share one. Nothing in it is set up for the lab: a program
finds there what it would find at a terminal.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator import command
from orchestrator.errors import BuildError, LabError
from orchestrator.files import temporary_folder
from orchestrator.image.building import PACKAGES, build, present, pull
from orchestrator.image.debian import make_base
from orchestrator.image.recipe import PEER, Recipe, left_out

_NAME = "peerlab-packages"

TOOLS = (
    "bash", "coreutils", "dash", "debianutils", "diffutils", "findutils", "grep", "gzip",
    "hostname", "mawk", "ncurses-bin", "sed", "tar", "util-linux",
)  # fmt: skip
"""What every Debian has and scripts, Makefiles and programs count on: `sh`, `mkdir`, `clear`."""

_INSTALL = """\
RUN apt-get -q update \\
 && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends {packages} \\
 && rm -rf /var/lib/apt/lists/*
"""
# Debian compiles Python's library when it installs it. Without that each program would do it at
# every start, for nothing: a fifth of a second, and its folder of bytecode is read-only.
_COMPILE = (
    "import compileall, re, sysconfig;"
    " less = re.compile('/(tests?|idlelib|lib2to3|tkinter|ensurepip|(site|dist)-packages)/');"
    " compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2, rx=less)"
)
_DOCKERFILE = """\
FROM {base}
{install}RUN ["python3", "-c", "{compile}"]
ENV LANG=C.UTF-8
"""

_BUILDING: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_READY: set[str] = set()  # images that this process found or built


def ensure_packages(say: Callable[[str], None], root: Path, packages: Sequence[str]) -> str:
    """Return the name of an image with Python, tools and some packages, building it if needed.

    Args:
        say: hears a short line for each phase; none if nothing is to be done.
        root: the folder that holds peer/.
        packages: their names.

    Raises:
        BuildError: there is no such package.
        LabError: it cannot be built.
    """
    wanted = sorted(set(packages))
    name = packages_image(root, wanted)
    with _BUILDING[name]:
        if name not in _READY:
            if not present(name):
                _make(say, name, PEER, root, wanted)
            _READY.add(name)
    return name


def packages_image(root: Path, packages: Sequence[str]) -> str:
    """Return the name of the image with some packages; its tag changes with what goes into it."""
    ours = (PEER.base(root), PEER.packages(root), left_out().pattern)
    facts = (*ours, TOOLS, _INSTALL, _DOCKERFILE, _COMPILE, sorted(set(packages)))
    return f"{_NAME}:{hashlib.sha256(repr(facts).encode()).hexdigest()[:12]}"


def _make(
    say: Callable[[str], None], name: str, recipe: Recipe, root: Path, wanted: list[str]
) -> None:
    say(f"making {name} with {' '.join(wanted) or 'the usual tools'}, once")
    try:
        base = recipe.base(root)
        if present(base) or not pull(base):
            _install(name, base, wanted, wanted)  # what was pulled has the tools
        else:
            # Of this command alone: another one may be making the same image.
            bare = f"{name}-bare-{secrets.token_hex(3)}"
            make_base(bare, [*recipe.packages(root), *TOOLS, *wanted], left_out())
            try:
                _install(name, bare, [], wanted)
            finally:
                command.docker("docker", "image", "rm", bare)
    except LabError as error:
        if "Unable to locate package" in error.what or "has no installation" in error.what:
            lines = [line for line in error.what.splitlines() if line.startswith("E: ")]
            raise BuildError(
                f"no image with {' '.join(wanted)}: {'; '.join(lines)}",
                hint="`packages` are Debian's: see packages.debian.org",
            ) from error
        raise


def _install(name: str, base: str, missing: list[str], wanted: list[str]) -> None:
    with temporary_folder() as context:
        dockerfile = Path(context, "Dockerfile")
        install = _INSTALL.format(packages=" ".join(missing)) if missing else ""
        text = _DOCKERFILE.format(base=base, install=install, compile=_COMPILE)
        first, steps = text.split("\n", 1)  # a container in which it is built has the label too
        label = f'LABEL {PACKAGES}="{" ".join(wanted)}"'
        dockerfile.write_text(f"{first}\n{label}\n{steps}")
        build(name, Path(context), dockerfile, {}, has_network=True)

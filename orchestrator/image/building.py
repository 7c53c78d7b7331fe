"""Looking for, pulling, building and pruning images with the `docker` command."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from pathlib import Path

from orchestrator import command, parallel
from orchestrator.errors import LabError
from orchestrator.image.inside.build import PROCESSES

_PULL_SECONDS = 300
_MEMORY = "1g"  # of a build, except with BuildKit, which limits each process
_LIMITS = (
    "--memory", _MEMORY, "--memory-swap", _MEMORY,
    "--cpu-period", "100000", "--cpu-quota", "100000",  # one processor
    "--ulimit", "core=0:0", "--ulimit", "nofile=1024:4096",
    "--ulimit", f"nproc={PROCESSES}:{PROCESSES}",  # `docker build` cannot count a container's
)  # fmt: skip
PROGRAM = "peerlab.program"  # label of a program's image: the digest of its sources
PACKAGES = "peerlab.packages"  # label of a base image: the packages, sorted
BUILT = (PROGRAM, PACKAGES)
"""Labels of images, of which the containers have one as well in which these are built."""

_FOLDER, _HOST = "peerlab.folder", "peerlab.host"  # labels: what an image is built from, and where

_DOCKER_HINT = "check that `docker info` works for you; the process engine needs no Docker"
_VANISHED = (  # the classic builder's words for an image that someone has removed meanwhile
    "unable to find image",
    "unknown parent image",
    "failed to get digest",
    "No such image: sha256:",
)
_TRIES = 3
_STEP = re.compile(r"^Step (\d+)/(\d+) : |^#\d+ \[[^\]\n]*?(\d+)/(\d+)\] ", re.MULTILINE)
"""How the engine's own builder, and BuildKit, begin a step."""

_OLD_ENOUGH = "until=1h"  # a build of another command may be about to name what it has made
_IS_PRUNING = "a prune operation is already running"  # Docker does one at a time
_BUILDER_HINT = "choose the engine's own builder: `docker buildx use default`"


def present(name: str, *filters: str) -> bool:
    """Return whether there is an image of this name that fits the filters."""
    given = (f"reference={name}", *filters)
    words = [word for condition in given for word in ("--filter", condition)]
    listed = command.docker("docker", "image", "ls", "--quiet", *words, hint=_DOCKER_HINT)
    return bool(listed.strip())


def pull(name: str) -> str:
    """Pull an image; return why that failed, or an empty string."""
    try:
        command.docker("docker", "pull", "--quiet", name, seconds=_PULL_SECONDS)
    except LabError as error:
        return error.what.splitlines()[-1].rpartition(": ")[2].strip()
    return ""


def build(
    name: str,
    context: Path,
    file: Path,
    labels: dict[str, str],
    *words: str,
    has_network: bool = False,
) -> None:
    """Build an image, confined as far as `docker build` can: see docs/sandbox.md.

    Args:
        name: the image's name.
        context: the folder whose files it may use.
        file: its Dockerfile.
        labels: its labels.
        words: further options.
        has_network: whether its steps reach a network.

    Raises:
        LabError: it cannot be built, or Docker does not have it afterwards.
    """
    given = [f"{key}={value}" for key, value in labels.items()]
    options = [word for label in given for word in ("--label", label)] + list(words)
    network = "default" if has_network else "none"
    called = [
        "docker", "build", "--force-rm", "--tag", name, "--network", network, *_LIMITS, *options,
        "--file", str(file), str(context),
    ]  # fmt: skip
    for left in reversed(range(_TRIES)):
        try:
            command.docker(*called, heard=_note_step)
        except command.CommandFailedError as error:
            # Someone has removed an image, and with it a step that this build took for made.
            if not left or not any(says in error.printed for says in _VANISHED):
                raise
        else:
            break
    if not present(name, *(f"label={label}" for label in given)):
        # A builder in a container of its own keeps its results.
        raise LabError(f"{name} was built, but Docker does not have it", hint=_BUILDER_HINT)


def _note_step(printed: str) -> None:
    """Note how many steps of a build are done, from what it has printed so far."""
    if steps := _STEP.findall(printed):
        classic, of, number, among = steps[-1]
        parallel.note(int(classic or number) - 1, int(of or among))


def prune(label: str) -> None:
    """Remove images with this label whose names newer ones have taken; a later call may do it.

    Only old ones: an image has no name yet either when another command has just built it.
    """
    filters = ("--filter", f"label={label}", "--filter", _OLD_ENOUGH)
    try:
        command.docker("docker", "image", "prune", "--force", *filters)
    except command.CommandFailedError as error:
        if _IS_PRUNING not in error.printed:
            raise


def home_labels(folder: Path) -> dict[str, str]:
    """Return the labels of an image that is built from a folder: see `drop_others`."""
    return {_FOLDER: str(folder), _HOST: socket.gethostname()}


def drop_others(name: str, folder: Path) -> list[str]:
    """Remove images of a folder's earlier contents and of deleted folders, unless in use.

    Return their names: those that this machine has built under the same name with other tags.
    """
    repository = name.partition(":")[0]
    earlier = _images(repository, f"label={_FOLDER}={folder}")
    others = {*earlier, *_of_gone_folders(repository)} - {name}
    for other in others:
        with contextlib.suppress(LabError):
            command.docker("docker", "image", "rm", other)
    return [*others]


def _images(repository: str, *filters: str) -> list[str]:
    """Return the names of the images that this machine has built."""
    given = (f"reference={repository}", f"label={_HOST}={socket.gethostname()}", *filters)
    words = [word for condition in given for word in ("--filter", condition)]
    form = "{{.Repository}}:{{.Tag}}"
    return command.docker("docker", "image", "ls", "--format", form, *words).split()


def _of_gone_folders(repository: str) -> list[str]:
    mine = _images(repository)
    form = f"{{{{json (index .Config.Labels {json.dumps(_FOLDER)})}}}}"
    try:
        printed = command.docker("docker", "image", "inspect", "--format", form, *mine)
    except LabError:  # another command removed one; the next build removes the others
        return []
    folders = [Path(json.loads(line)) for line in printed.splitlines()]
    return [name for name, folder in zip(mine, folders, strict=True) if not folder.is_dir()]

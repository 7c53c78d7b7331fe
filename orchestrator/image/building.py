"""Looking for, pulling, building and pruning images with the `docker` command."""

from __future__ import annotations

from pathlib import Path

from orchestrator import command
from orchestrator.errors import LabError

_PULL_SECONDS = 300

_DOCKER_HINT = "check that `docker info` works for you; the process engine needs no Docker"
_BUILDER_HINT = "choose the engine's own builder: `docker buildx use default`"


def present(name: str, *filters: str) -> bool:
    """Return whether there is an image of this name that fits the filters."""
    given = (f"reference={name}", *filters)
    words = [word for condition in given for word in ("--filter", condition)]
    return bool(command.run("docker", "image", "ls", "--quiet", *words, hint=_DOCKER_HINT).strip())


def pull(name: str) -> str:
    """Pull an image; return why that failed, or an empty string."""
    try:
        command.run("docker", "pull", "--quiet", name, seconds=_PULL_SECONDS)
    except LabError as error:
        return error.what.splitlines()[-1].rpartition(": ")[2].strip()
    return ""


def build(name: str, context: Path, file: Path, labels: dict[str, str], *words: str) -> None:
    """Build an image.

    Args:
        name: the image's name.
        context: the folder whose files it may use.
        file: its Dockerfile.
        labels: its labels.
        words: further options.

    Raises:
        LabError: it cannot be built, or Docker does not have it afterwards.
    """
    given = [f"{key}={value}" for key, value in labels.items()]
    options = [word for label in given for word in ("--label", label)] + list(words)
    command.run(
        "docker", "build", "--force-rm", "--tag", name, *options, "--file", str(file), str(context)
    )
    if not present(name, *(f"label={label}" for label in given)):
        # A builder in a container of its own keeps its results.
        raise LabError(f"{name} was built, but Docker does not have it", hint=_BUILDER_HINT)


def prune(label: str) -> None:
    """Remove images with this label whose names newer ones have taken."""
    command.run("docker", "image", "prune", "--force", "--filter", f"label={label}")

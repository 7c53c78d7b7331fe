"""Asking the `docker` command for images: whether one is there, pulling, building."""

from __future__ import annotations

from pathlib import Path

from orchestrator import command
from orchestrator.errors import LabError

_PULL_SECONDS = 300

_DOCKER_HINT = "see that `docker info` works for you; the process engine needs no Docker"
_BUILDER_HINT = "choose the engine's own builder: `docker buildx use default`"


def present(name: str, *filters: str) -> bool:
    """Tell whether an image of this name that fits the filters is there."""
    words = [word for each in (f"reference={name}", *filters) for word in ("--filter", each)]
    return bool(command.run("docker", "image", "ls", "--quiet", *words, hint=_DOCKER_HINT).strip())


def pull(name: str) -> str:
    """Pull an image; return why it did not come, or nothing when it did."""
    try:
        command.run("docker", "pull", "--quiet", name, seconds=_PULL_SECONDS)
    except LabError as error:
        return error.what.splitlines()[-1].rpartition(": ")[2].strip()
    return ""


def build(name: str, context: Path, file: Path, labels: dict[str, str], *words: str) -> None:
    """Build an image, and see that it is there.

    Args:
        name: the image's name.
        context: the folder whose files it may take.
        file: its Dockerfile.
        labels: what it is to carry.
        words: further options.

    Raises:
        LabError: it cannot be built, or Docker does not have it then.
    """
    given = [f"{key}={value}" for key, value in labels.items()]
    options = [word for each in given for word in ("--label", each)] + list(words)
    command.run(
        "docker", "build", "--force-rm", "--tag", name, *options, "--file", str(file), str(context)
    )
    if not present(name, *(f"label={each}" for each in given)):
        # A builder that lives in a container keeps its results to itself.
        raise LabError(f"{name} was built, but Docker does not have it", hint=_BUILDER_HINT)


def prune(label: str) -> None:
    """Drop the images with this label that have lost their names to newer ones."""
    command.run("docker", "image", "prune", "--force", "--filter", f"label={label}")

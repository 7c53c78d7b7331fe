"""The lab's container images, built from what this machine can reach.

`docker pull` fetches the base image that a Dockerfile names. If no registry answers, the
base is assembled from Debian packages.

All this uses the `docker` command rather than the API: the command builds with BuildKit if
that is present, else with the classic builder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from orchestrator import command
from orchestrator.errors import LabError
from orchestrator.image.building import build, drop_others, home_labels, present, prune, pull
from orchestrator.image.debian import make_base
from orchestrator.image.packages import ensure_packages, packages_image
from orchestrator.image.recipe import PEER, SIDECAR, Recipe

__all__ = [
    "build",
    "ensure_image",
    "ensure_packages",
    "ensure_sidecar_image",
    "missing_images",
    "name_for_compose",
    "present",
    "prune",
    "pull",
]

_SOURCE = "peerlab.source"  # label of an image: the digest of its sources

_BUILDING = threading.Lock()
_READY: set[str] = set()  # images that this process found or built


def ensure_image(say: Callable[[str], None], root: Path) -> str:
    """Return the name of an up-to-date peer image, building it if needed.

    Args:
        say: hears a short line for each phase; none if nothing is to be done.
        root: the folder that holds peer/ and .dockerignore.

    Raises:
        LabError: Docker does not answer, there is no base, or the build fails.
    """
    return _ensure(PEER, say, root)


def ensure_sidecar_image(say: Callable[[str], None], root: Path) -> str:
    """Return the name of an up-to-date sidecar image, building it if needed.

    Args:
        say: hears a short line for each phase; none if nothing is to be done.
        root: the folder that holds sidecar/ and .dockerignore.

    Raises:
        LabError: Docker does not answer, there is no base, or the build fails.
    """
    return _ensure(SIDECAR, say, root)


def _ensure(recipe: Recipe, say: Callable[[str], None], root: Path) -> str:
    name = recipe.image(root)
    with _BUILDING:
        if name not in _READY:
            if not present(name, _source_label(recipe, root)):
                _build(recipe, say, root, name)
            _READY.add(name)
    return name


def _build(recipe: Recipe, say: Callable[[str], None], root: Path, name: str) -> None:
    """Build an image; remove earlier ones of this checkout, and those of deleted ones."""
    base = _choose_base(recipe, say, root)
    say(f"building {name} on {base}")
    labels = {_SOURCE: recipe.source(root)} | home_labels(root)
    build(
        name,
        root,
        recipe.dockerfile(root),
        labels,
        *("--build-arg", f"BASE={base}"),
        has_network=bool(recipe.programs(root)),  # a base that was pulled lacks them
    )
    _READY.difference_update(drop_others(name, root))
    prune(_SOURCE)


def missing_images(root: Path) -> list[str]:
    """Return the names of the lab's own images that are still to be built.

    Raises:
        LabError: Docker does not answer.
    """
    wanted = {recipe.image(root): _source_label(recipe, root) for recipe in (PEER, SIDECAR)}
    missing = [name for name, label in wanted.items() if not present(name, label)]
    return missing + [name for name in [packages_image(root, ())] if not present(name)]


def _source_label(recipe: Recipe, root: Path) -> str:
    return f"label={_SOURCE}={recipe.source(root)}"


def name_for_compose(root: Path) -> str:
    """Give the peer image, which exists, the name that compose.yaml has for it; return that."""
    name = f"{PEER.repository}:compose"
    command.docker("docker", "tag", PEER.image(root), name)
    return name


def _choose_base(recipe: Recipe, say: Callable[[str], None], root: Path) -> str:
    """Return a base image that is present; fetch or assemble one if needed."""
    default, fallback = recipe.base(root), recipe.fallback(root)
    for name in (default, fallback):
        if present(name):
            return name
    say(f"pulling {default}")
    refusal = pull(default)
    if not refusal:
        return default
    say(f"cannot be pulled here ({refusal}): building the base from Debian packages, once")
    try:
        return make_base(fallback, recipe.packages(root), recipe.unwanted(root))
    except LabError as error:
        what = f"no base image: {default} cannot be pulled ({refusal}), and {error.what}"
        raise LabError(what, hint=f"load {default} into Docker once, by `docker load`") from error

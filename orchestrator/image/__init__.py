"""The lab's container images, made out of whatever this machine can reach.

At home `docker pull` brings the base image that a Dockerfile names. Where no
registry answers, the base is put together from Debian packages.

It all goes through the `docker` command rather than the API, which builds with
BuildKit where that is present and with the classic builder elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import LabError
from orchestrator.image.building import build, present, prune, pull
from orchestrator.image.debian import make_base
from orchestrator.image.packages import ensure_packages
from orchestrator.image.recipe import PEER, SIDECAR, Recipe

__all__ = [
    "IMAGE",
    "build",
    "ensure_image",
    "ensure_packages",
    "ensure_sidecar_image",
    "present",
    "pull",
]

IMAGE = PEER.image
"""The image every peer container runs."""

_SOURCE = "peerlab.source"  # label on an image: the digest of what it was made from

_BUILDING = threading.Lock()
_SEEN_TO: set[str] = set()  # sources whose image this process has found or built


def ensure_image(say: Callable[[str], None], root: Path) -> str:
    """Return the name of an up-to-date peer image, building it where needed.

    Args:
        say: told one short line for each phase; silent when nothing is to be done.
        root: the folder that holds peer/ and .dockerignore.

    Raises:
        LabError: if Docker does not answer, no base can be had or the build fails.
    """
    return _ensure(PEER, say, root)


def ensure_sidecar_image(say: Callable[[str], None], root: Path) -> str:
    """Return the name of an up-to-date sidecar image, building it where needed.

    Args:
        say: told one short line for each phase; silent when nothing is to be done.
        root: the folder that holds sidecar/ and .dockerignore.

    Raises:
        LabError: if Docker does not answer, no base can be had or the build fails.
    """
    return _ensure(SIDECAR, say, root)


def _ensure(recipe: Recipe, say: Callable[[str], None], root: Path) -> str:
    source = recipe.source(root)
    with _BUILDING:
        if source not in _SEEN_TO:
            if not present(recipe.image, f"label={_SOURCE}={source}"):
                _build(recipe, say, root, source)
            _SEEN_TO.add(source)
    return recipe.image


def _build(recipe: Recipe, say: Callable[[str], None], root: Path, source: str) -> None:
    """Build an image and drop the one it replaces."""
    base = _choose_base(recipe, say, root)
    say(f"building {recipe.image} on {base}")
    words = ("--build-arg", f"BASE={base}")
    build(recipe.image, root, recipe.dockerfile(root), {_SOURCE: source}, *words)
    prune(_SOURCE)


def _choose_base(recipe: Recipe, say: Callable[[str], None], root: Path) -> str:
    """Return a base image that is present, or bring one in."""
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

"""The image of a peer's program: built, pulled, or here already."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from orchestrator.engines.base import Say
from orchestrator.engines.docker.client import Client, MissingError, translated
from orchestrator.engines.docker.sandbox import PeerImage
from orchestrator.engines.starting import folder_of, require_start
from orchestrator.errors import BuildError
from orchestrator.image import ensure_image, ensure_packages, program, pull
from orchestrator.paths import ROOT
from orchestrator.profile import Profile


def ensure(client: Client, profile: Profile, say: Say) -> PeerImage:
    """Return the image of a profile's program; build or pull it if needed."""
    require_start(profile)
    folder = folder_of(profile)
    own = ensure_image(say, ROOT)
    if profile.start.image:
        image = _foreign(client, profile.start.image, profile.name, say)
    elif folder:
        image = _described(client, _ensure_program(client, folder, profile, say))
    elif profile.start.packages:
        image = _described(client, ensure_packages(say, ROOT, profile.start.packages))
    else:
        image = _described(client, own)
    return image


def _ensure_program(client: Client, folder: Path, profile: Profile, say: Say) -> str:
    """Return the name of the image of a program that comes as a folder; build it if needed."""
    start = profile.start
    program.refuse_large(folder, start)
    base = ensure_packages(say, ROOT, start.packages)
    recipe = program.ProgramRecipe(folder, base, _described(client, base).id, start)
    return program.ensure_program_image(say, recipe)


def _foreign(client: Client, name: str, profile: str, say: Say) -> PeerImage:
    """Return an image that the lab did not build; pull it if it is not here."""
    with contextlib.suppress(MissingError):
        return _described(client, name)
    say(f"pulling {name}")
    if refusal := pull(name):
        raise BuildError(
            f"{profile}: the image {name} is not here, and cannot be pulled: {refusal}",
            hint="see `start` in the profile; `docker build` or `docker load` brings one",
        )
    return _described(client, name)


def _described(client: Client, image: str) -> PeerImage:
    api: Any = client.api
    with translated(f"there is no {image}"):
        return PeerImage.of(image, api.inspect_image(image))

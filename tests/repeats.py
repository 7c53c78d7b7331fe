"""What `make thorough` adds to `make test`: many more repeats, and the tests marked `thorough`."""

from __future__ import annotations

import os

import pytest

THOROUGH = bool(os.environ.get("PEERLAB_THOROUGH"))


ON_DOCKER = pytest.param("docker", marks=pytest.mark.docker)
"""The other engine, for tests of what differs with it."""

ON_DOCKER_IF_THOROUGH = pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.thorough])
"""The other engine, for tests of what does not: on Docker a test takes five times as long."""


def times(few: int, many: int) -> int:
    """Return how often a test does something: `few` times in the suite, `many` if thorough."""
    return many if THOROUGH else few

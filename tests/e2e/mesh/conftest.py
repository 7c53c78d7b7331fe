"""Each file of these tests has a mesh of its own, so they may run side by side."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.mesh.own_mesh import OwnMesh, done


@pytest.fixture(scope="module", autouse=True)
def own(client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnMesh]:
    """The mesh that every command here uses; nothing of it may be left."""
    with pytest.MonkeyPatch.context() as patch:
        name = f"test-{secrets.token_hex(3)}"
        patch.setenv("PEERLAB_MESH", name)
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        one = OwnMesh(client, name)
        yield one
        one.sidecars()
        done("down")
    assert one.peers() == []
    assert one.networks() == []
    assert one.sidecars() == []

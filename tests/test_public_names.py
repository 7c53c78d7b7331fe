"""What `import peerlab` offers."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import peerlab
from orchestrator.pytest_plugin.lab import Lab


def test_every_public_name_is_there() -> None:
    assert sorted(name for name in peerlab.__all__ if hasattr(peerlab, name)) == peerlab.__all__
    assert dir(peerlab) == peerlab.__all__
    assert peerlab.Lab is Lab
    assert peerlab.__version__ == importlib.metadata.version("peerlab")


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match="module 'peerlab' has no attribute 'Labs'"):
        peerlab.Labs  # noqa: B018


def test_a_check_of_ones_own_does_not_wait_for_pytest() -> None:
    code = "import sys; from peerlab import conclude; print('pytest' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"

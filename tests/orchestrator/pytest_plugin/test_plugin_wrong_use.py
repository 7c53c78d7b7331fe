"""The fixture `lab`, used wrongly: what is told, and whose frames are shown."""

from __future__ import annotations

import pytest

WRONG_USE = """
import pytest

@pytest.mark.peerlab(engine="podman")
def test_engine(lab):
    pass

@pytest.mark.peerlab(limits={"expct": 3})
def test_limit(lab):
    pass

def test_peer(lab):
    lab.peers(0)

def test_half(lab):
    lab.peers(2.5)

def test_nobody(lab):
    lab.peers(1)[0].connect(None)

def test_word(lab):
    lab.expect_verdict("bad")
"""


def test_wrong_use_shows_no_frames_of_the_lab(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(WRONG_USE)
    plugins = ("no:cacheprovider", "no:hypothesispytest")
    words = [word for name in plugins for word in ("-p", name)]
    done = pytester.runpytest_inprocess("--peerlab-engine=process", *words)
    done.assert_outcomes(failed=4, errors=2)
    done.stdout.fnmatch_lines_random([
        "wrong settings of a lab: engine: no such word 'podman': one of auto, docker, process",
        "wrong settings of a lab: limits: unknown key 'expct'; did you mean 'expect'?",
        ">       lab.peers(0)",
        "E       ValueError: at least one peer must be asked for, not 0",
        ">       lab.peers(1)[[]0].connect(None)",
        "E       ValueError: a peer or its name is expected, not None",
        ">       lab.expect_verdict(\"bad\")",
    ])  # fmt: skip
    assert "orchestrator/" not in done.stdout.str()

"""What an interrupted command says, and that it is interrupted once."""

from __future__ import annotations

import signal

import pytest

from orchestrator import cli
from orchestrator.cli.interrupted import Interrupted, leaving
from orchestrator.errors import LabError
from tests.orchestrator.cli.support import peerlab


def fail() -> str:
    raise LabError("Docker does not answer")


def left(*describe: str) -> str:
    """Return what an interrupted command says it leaves; the outermost comes first."""
    outer, inner = describe
    with pytest.raises(Interrupted) as caught, leaving(lambda: outer), leaving(lambda: inner):
        raise Interrupted
    return caught.value.left


def test_the_innermost_says_what_is_left() -> None:
    assert left("a mesh", "a fault") == "a fault"
    assert left("a mesh", "") == "a mesh"


def test_what_is_left_may_be_unknown() -> None:
    with pytest.raises(Interrupted) as caught, leaving(fail):
        raise Interrupted
    assert caught.value.left == "what is left is unknown: Docker does not answer"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_a_command_and_a_second_does_not_disturb_it(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    cleaned = []

    def command() -> None:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)
            cleaned.append(number)

    monkeypatch.setattr(cli, "app", command)
    monkeypatch.setattr(cli.interrupted, "ignore", lambda: None)  # it is for the process's end
    done = peerlab()
    assert (done.returncode, done.stderr) == (130, "interrupted: nothing was left running\n")
    assert cleaned == [number]

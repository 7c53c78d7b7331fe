"""What an interrupted command says, and that it is interrupted once."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator import cli
from orchestrator.cli.interrupted import Interrupted, behind, leaving
from orchestrator.errors import LabError
from tests.orchestrator.cli.support import peerlab


def fail() -> str:
    raise LabError("Docker does not answer", hint="the next command removes it")


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


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
)
def test_the_first_signal_ends_a_command_and_a_second_does_not_disturb_it(
    monkeypatch: pytest.MonkeyPatch, number: int, status: int
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
    assert (done.returncode, done.stderr) == (status, "interrupted: nothing was left running\n")
    assert cleaned == [number]


def test_an_error_while_cleaning_up_is_what_is_left() -> None:
    def command() -> None:
        try:
            raise Interrupted
        finally:
            fail()

    with pytest.raises(LabError) as caught:
        command()
    end = behind(caught.value)
    assert end
    assert end.left == "Docker does not answer; the next command removes it"
    assert behind(LabError("another")) is None


def test_an_error_of_another_thread_hides_no_interruption() -> None:
    def command() -> None:
        try:
            raise Interrupted
        finally:
            with ThreadPoolExecutor(1) as threads:
                threads.submit(fail_for_a_reason).result()

    with pytest.raises(LabError) as caught:
        command()
    end = behind(caught.value)
    assert end
    assert end.left.startswith("Docker does not answer")


def fail_for_a_reason() -> None:
    try:
        raise OSError
    except OSError as error:
        raise LabError("Docker does not answer") from error


def test_runs_side_by_side_note_what_they_left() -> None:
    end = Interrupted()
    end.add_note("cannot clean up: Docker does not answer")
    assert behind(end) is end
    assert end.left == "cannot clean up: Docker does not answer"

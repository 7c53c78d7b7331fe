"""What the end-to-end tests share: the installed command, and what it must leave."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests import json_output
from tests.orchestrator.support import ROOT

PEERLAB = str(Path(sys.executable).with_name("peerlab"))
DEMO = str(ROOT / "scenarios/demo.yaml")
BUSY = 90.0
"""Seconds for a command to get to what a test waits for, on a machine with far too much to do."""

NO_DOCKER = {"DOCKER_HOST": "unix:///nonexistent"}

_started: list[subprocess.Popen[str]] = []

SHORT = """
name: short
why: Two peers talk.
peers: [alice, bob]
steps:
  - connect: {at: alice, to: bob}
  - send: {at: alice, to: bob, text: "hello"}
  - expect: {at: bob, from: alice, message: "hello"}
"""
LONG = """
name: long
why: Two peers talk, and then one waits for what never comes.
peers: [alice, bob]
steps:
  - connect: {at: alice, to: bob}
  - expect: {at: bob, from: alice, message: "never", within: 60}
"""


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a command: no terminal of a certain size, no colours."""
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    return {**kept, "COLUMNS": "200", **changes}


def peerlab(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command; no way of ending shows a traceback."""
    done = subprocess.run(
        [PEERLAB, *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(**changes),
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    if "--json" in words and done.stdout:
        json_output.check(done.stdout)
    return done


def start(words: Sequence[str], **changes: str) -> subprocess.Popen[str]:
    """Start the command and leave it running, until the end of the test at the latest."""
    command = subprocess.Popen(
        [PEERLAB, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(**changes),
        cwd=ROOT,
    )
    _started.append(command)
    return command


def end_all() -> None:
    """End what tests have started and not ended: its warnings would hit some later test."""
    while _started:
        command = _started.pop()
        command.kill()
        command.communicate()

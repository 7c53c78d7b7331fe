"""The command itself: how it ends when it is interrupted early, or fails by its own fault."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.support import environment, start
from tests.orchestrator.support import ROOT

FAILS = """
from orchestrator import cli
def fail(): raise KeyError("of the lab's own\\nmaking")
cli.app = fail
cli.main()
"""


def test_ctrl_c_during_the_imports() -> None:
    under_way = start(["validate", "scenarios"], PYTHONPROFILEIMPORTTIME="1")
    assert under_way.stderr
    for line in under_way.stderr:
        if "orchestrator.errors" in line:  # of the first; there are hundreds more to come
            break
    under_way.send_signal(signal.SIGINT)
    shown, said = under_way.communicate(timeout=30)
    assert under_way.returncode == 130
    assert shown == ""
    assert "Traceback" not in said
    assert said.endswith("interrupted: nothing was begun\n")


def test_a_fault_of_the_labs_own_is_told_in_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILS],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env=environment(TMPDIR=str(tmp_path)),
    )  # fmt: skip
    assert done.returncode == 2
    first, hint = done.stderr.splitlines()
    assert first == 'the lab itself failed: KeyError: "of the lab\'s own\\nmaking"'
    (kept,) = re.findall(r"^hint: its traceback is in (\S+): report it$", hint)
    assert Path(kept).parent == tmp_path
    assert "in fail" in Path(kept).read_text()
